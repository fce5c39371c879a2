"""Everything of the company in Texas that is no transaction, in the shape in which QuickBooks answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from finchat.sandbox.company import chart
from finchat.sandbox.company.draws import decimal, month_end
from finchat.sandbox.company.parties import Party
from finchat.sandbox.company.records import TAX_RATES
from finchat.sandbox.company.us_chart import SERVICES, STOCK, UsChart, currency_ref
from finchat.sandbox.company.vocabulary_us import GOODS, STOCKED
from finchat.sandbox.company.vocabulary_us import SERVICES as SERVICE_GOODS
from finchat.sandbox.company.world import World

Json = dict[str, Any]
# The vendor writes instants in its own Pacific time, wherever the company is.
_PACIFIC = ZoneInfo("America/Los_Angeles")
TIME_ZONE = "America/Chicago"
COUNTER_ITEM, RETURNS_ITEM = "Counter sales", "Goods returned"
TAX_CODE = "2"
LOCATIONS = ("Austin", "Dallas", "Houston")
CLASSES = ("Workshop", "Showroom", "On Site")
METHODS = (
    ("Cash", "NON_CREDIT_CARD"),
    ("Check", "NON_CREDIT_CARD"),
    ("Visa", "CREDIT_CARD"),
    ("ACH", "NON_CREDIT_CARD"),
)
TERMS = (("Due on receipt", 0), ("Net 10", 10), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
_STREETS = ("Mesquite Ln", "Old Mill Rd", "S 1st St", "Cedar Bend Dr", "Ranch Road 12", "Railyard Ave", "E Commerce St")
_PEOPLE = (("Dolores", "Ruckert"), ("Emmett", "Sayles"), ("Yolanda", "Pruitt"), ("Hank", "Villarreal"))
_STARTING_QUANTITY = 600


def metadata(day: date, draw: Random) -> dict[str, str]:
    """Made at some moment of that working day and not touched since."""
    moment = time(8 + draw.randrange(9), draw.randrange(60), draw.randrange(60))
    stamp = datetime.combine(day, moment, _PACIFIC).isoformat()
    return {"CreateTime": stamp, "LastUpdatedTime": stamp}


def ref(value: str, name: str) -> dict[str, str]:
    return {"value": value, "name": name}


class Lists:
    """The lists of one company. `ids` maps the generator's ids of parties to QuickBooks'."""

    def __init__(self, world: World, books: UsChart) -> None:
        self._world = world
        self._books = books
        self._draw = world.stream("lists")
        self._opened = world.start - timedelta(days=30)
        parties = world.parties
        buyers = [*parties.customers, parties.till]
        others = [party for party in parties.all if party not in buyers]
        self.customers = {party: str(count) for count, party in enumerate(buyers, 1)}
        self.vendors = {party: str(count) for count, party in enumerate(others, len(buyers) + 1)}
        self.ids = {party.id: identity for party, identity in (self.customers | self.vendors).items()}
        self._next_name = len(self.ids) + 1
        goods = [name for name, *_rest in GOODS]
        self.items = {
            name: str(count) for count, name in enumerate(("Services", "Hours", COUNTER_ITEM, RETURNS_ITEM, *goods), 1)
        }
        self.locations = {name: str(count) for count, name in enumerate(LOCATIONS, 1)}
        self.classes = {name: str(count) for count, name in enumerate(CLASSES, 1)}
        self.employees: dict[str, str] = {}

    def party(self, party: Party) -> dict[str, str]:
        return ref(self.ids[party.id], party.name)

    def item(self, name: str) -> dict[str, str]:
        return ref(self.items[name], name)

    def collections(self) -> dict[str, list[Json]]:
        """Every list, in an order in which each record finds what it refers to."""
        found: dict[str, list[Json]] = {
            "CompanyInfo": [self._company()],
            "Preferences": [self._preferences()],
            "Account": self._books.accounts(self._meta()),
            "TaxAgency": [self._agency()],
            "TaxRate": [self._tax_rate()],
            "TaxCode": self._tax_codes(),
            "Term": [self._term(count, *term) for count, term in enumerate(TERMS, 1)],
            "PaymentMethod": [
                self._record(str(count), Name=name, Active=True, Type=kind)
                for count, (name, kind) in enumerate(METHODS, 1)
            ],
            "Department": [
                self._record(identity, Name=name, SubDepartment=False, FullyQualifiedName=name, Active=True)
                for name, identity in self.locations.items()
            ],
            "Class": [
                self._record(identity, Name=name, SubClass=False, FullyQualifiedName=name, Active=True)
                for name, identity in self.classes.items()
            ],
            "Customer": [self._customer(party, identity) for party, identity in self.customers.items()],
            "Vendor": [self._vendor(party, identity) for party, identity in self.vendors.items()],
        }
        found["Customer"] += self._further_customers()
        found["Employee"] = [self._employee(*name) for name in _PEOPLE]
        found["Item"] = self._items()
        found["ExchangeRate"] = self._exchange_rates()
        found["Budget"] = [self._budget()]
        found["TimeActivity"] = self._hours()
        return found

    # -- the company

    def _company(self) -> Json:
        address = self._address("Austin", "TX", "787")
        return self._record(
            "1",
            CompanyName=self._books.legal_name,
            LegalName=self._books.legal_name,
            CompanyAddr=address,
            CustomerCommunicationAddr=address,
            LegalAddr=address,
            PrimaryPhone=self._phone(),
            CompanyStartDate=self._opened.isoformat(),
            EmployerId=self._books.employer_id,
            FiscalYearStartMonth="January",
            Country="US",
            Email={"Address": "books@company.example"},
            WebAddr={},
            SupportedLanguages="en",
            DefaultTimeZone=TIME_ZONE,
            NameValue=[
                {"Name": "NeoEnabled", "Value": "true"},
                {"Name": "IndustryType", "Value": "Wholesale trade"},
                {"Name": "CompanyType", "Value": "LLC"},
                {"Name": "SubscriptionStatus", "Value": "PAID"},
                {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
                {"Name": "Sandbox", "Value": "true"},
            ],
        )

    def _preferences(self) -> Json:
        return self._record(
            "1",
            AccountingInfoPrefs={
                "UseAccountNumbers": True,
                "TrackDepartments": True,
                "DepartmentTerminology": "Location",
                "ClassTrackingPerTxn": False,
                "ClassTrackingPerTxnLine": True,
                "CustomerTerminology": "Customers",
                "FirstMonthOfFiscalYear": "January",
                "TaxYearMonth": "January",
                "BookCloseDate": self._world.period_lock.isoformat(),
            },
            ProductAndServicesPrefs={
                "ForSales": True,
                "ForPurchase": True,
                "QuantityWithPriceAndRate": True,
                "QuantityOnHand": True,
            },
            SalesFormsPrefs={
                "AllowDeposit": True,
                "AllowDiscount": True,
                "AllowEstimates": True,
                "AllowServiceDate": False,
                "AllowShipping": True,
                "AutoApplyCredit": False,
                "AutoApplyPayments": False,
                "CustomTxnNumbers": False,
                "DefaultTerms": {"value": "4"},
                "UsingProgressInvoicing": False,
            },
            EmailMessagesPrefs={},
            VendorAndPurchasesPrefs={"TrackingByCustomer": True, "BillableExpenseTracking": True},
            TimeTrackingPrefs={"UseServices": True, "BillCustomers": True, "WorkWeekStartDate": "Monday"},
            TaxPrefs={"UsingSalesTax": True, "TaxGroupCodeRef": {"value": TAX_CODE}},
            CurrencyPrefs={"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}},
            ReportPrefs={"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
            OtherPrefs={"NameValue": [{"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": "Thank you!"}]},
        )

    # -- taxes, terms, items

    def _agency(self) -> Json:
        return self._record(
            "1",
            DisplayName=self._world.parties.revenue.name,
            TaxTrackedOnPurchases=False,
            TaxTrackedOnSales=True,
        )

    def _tax_rate(self) -> Json:
        return self._record(
            "1",
            Name="Texas State and City",
            Description="Texas State and City",
            Active=True,
            RateValue=Decimal(TAX_RATES["TAX"]).scaleb(-2),
            AgencyRef={"value": "1"},
            SpecialTaxType="NONE",
            DisplayType="ReadOnly",
        )

    def _tax_codes(self) -> list[Json]:
        applied = {
            "TaxRateDetail": [
                {
                    "TaxRateRef": ref("1", "Texas State and City"),
                    "TaxTypeApplicable": "TaxOnAmount",
                    "TaxOrder": 0,
                }
            ]
        }
        nothing: Json = {"TaxRateDetail": []}
        return [
            self._record("TAX", Name="TAX", Description="TAX", Active=True, Taxable=True, TaxGroup=False),
            self._record("NON", Name="NON", Description="NON", Active=True, Taxable=False, TaxGroup=False),
            self._record(
                TAX_CODE, Name="Texas", Description="Texas", Active=True, Taxable=True, TaxGroup=True,
                SalesTaxRateList=applied, PurchaseTaxRateList=nothing,
            ),
        ]  # fmt: skip

    def _term(self, count: int, name: str, days: int) -> Json:
        return self._record(
            str(count), Name=name, Active=True, Type="STANDARD", DiscountPercent=0, DueDays=days, DiscountDays=0
        )

    def _items(self) -> list[Json]:
        income = {SERVICES: self._books.ref(SERVICES), chart.SALES: self._books.ref(chart.SALES)}
        prices = {name: (low + high) // 200 * 100 for name, low, high in GOODS}
        made = []
        for name, identity in self.items.items():
            service = name in ("Services", "Hours", *SERVICE_GOODS)
            record = self._record(
                identity,
                Name=name,
                Description=name,
                Active=True,
                FullyQualifiedName=name,
                Taxable=not service,
                UnitPrice=decimal(prices.get(name, 0)),
                Type="Inventory" if name in STOCKED else "Service" if service else "NonInventory",
                IncomeAccountRef=income[SERVICES if service else chart.SALES],
                PurchaseCost=0,
                TrackQtyOnHand=name in STOCKED,
            )
            if not service:
                record["ExpenseAccountRef"] = self._books.ref(chart.PURCHASES)
            if name in STOCKED:
                record |= {
                    "Sku": f"SKU-{identity}",
                    "PurchaseDesc": name,
                    "PurchaseCost": decimal(prices[name] // 200 * 100),
                    "AssetAccountRef": self._books.ref(STOCK),
                    "QtyOnHand": _STARTING_QUANTITY,
                    "InvStartDate": self._opened.isoformat(),
                }
            made.append(record)
        return made

    # -- names

    def _customer(self, party: Party, identity: str) -> Json:
        record = self._person(party, identity)
        record |= {
            "Taxable": party.taxed,
            "Job": False,
            "BillWithParent": False,
            "PreferredDeliveryMethod": "Email" if party.role == "customer" else "Print",
            "FullyQualifiedName": party.name,
        }
        if party.taxed:
            record["DefaultTaxCodeRef"] = {"value": TAX_CODE}
        if self._draw.random() < 0.6:
            record["SalesTermRef"] = ref("4", "Net 30")
        return record

    def _further_customers(self) -> list[Json]:
        """A project under a customer, and one that is no longer traded with."""
        parent, identity = next(iter(self.customers.items()))
        project = f"{parent.name}:Kitchen refit"
        return [
            self._name(
                "Kitchen refit", FullyQualifiedName=project, Job=True, Level=1, Taxable=parent.taxed,
                ParentRef=ref(identity, parent.name), BillWithParent=False,
            ),
            self._name(
                "Vanished Cannery Inc (deleted)", FullyQualifiedName="Vanished Cannery Inc (deleted)", Job=False,
                Taxable=False, BillWithParent=False, Active=False,
            ),
        ]  # fmt: skip

    def _vendor(self, party: Party, identity: str) -> Json:
        record = self._person(party, identity)
        record |= {"Vendor1099": False, "AcctNum": f"{self._draw.randrange(10**4, 10**6)}"}
        if party.role == "supplier":
            record["TermRef"] = ref("4", "Net 30")
        return record

    def _person(self, party: Party, identity: str) -> Json:
        slug = "".join(letter for letter in party.name.lower() if letter.isascii() and letter.isalpha())[:18]
        town, _space, state = party.town.rpartition(" ")
        record = self._record(
            identity,
            DisplayName=party.name,
            CompanyName=party.name,
            PrintOnCheckName=party.name,
            Active=True,
            CurrencyRef=currency_ref(party.currency),
            BillAddr=self._address(*((party.town, "", "") if party.foreign else (town.title(), state, "78"))),
        )
        if party.role != "office":
            record["PrimaryEmailAddr"] = {"Address": f"ap@{slug}.example"}
            record["PrimaryPhone"] = self._phone()
        return record

    def _name(self, name: str, **fields: Any) -> Json:
        identity = str(self._next_name)
        self._next_name += 1
        usual = {"DisplayName": name, "PrintOnCheckName": name, "Active": True, "CurrencyRef": currency_ref("USD")}
        return self._record(identity, **(usual | fields))

    def _employee(self, given: str, family: str) -> Json:
        record = self._name(f"{given} {family}", GivenName=given, FamilyName=family, BillableTime=False)
        del record["CurrencyRef"]
        record["HiredDate"] = self._opened.isoformat()
        self.employees[record["DisplayName"]] = record["Id"]
        return record

    # -- the rest

    def _exchange_rates(self) -> list[Json]:
        """A rate a day, home units for one foreign unit."""
        rates: list[Json] = []
        for day in range((self._world.anchor - self._world.start).days + 1):
            on = self._world.start + timedelta(days=day)
            rates += [
                {
                    "SourceCurrencyCode": currency,
                    "TargetCurrencyCode": "USD",
                    "Rate": self._world.rates.at(currency, on),
                    "AsOfDate": on.isoformat(),
                    "domain": "QBO",
                    "sparse": False,
                    "MetaData": {"LastUpdatedTime": datetime.combine(on, time(5), _PACIFIC).isoformat()},
                }
                for currency in self._world.country.middle_rates
            ]
        return rates

    def _budget(self) -> Json:
        year = self._world.anchor.year
        details = [
            {
                "BudgetDate": f"{year}-{month:02d}-01",
                "Amount": decimal(amount),
                "AccountRef": self._books.ref(part),
            }
            for part, amount in ((chart.SALES, 9_500_000), (chart.PURCHASES, 3_200_000), (chart.WAGES, 1_600_000))
            for month in range(1, 13)
        ]
        return self._record(
            "1", Name=f"Budget {year}", StartDate=f"{year}-01-01", EndDate=f"{year}-12-31", Active=True,
            BudgetType="ProfitAndLoss", BudgetEntryType="Monthly", BudgetDetail=details,
        )  # fmt: skip

    def _hours(self) -> list[Json]:
        """A month of work on customers' sites."""
        made: list[Json] = []
        last = month_end(self._world.anchor, 1)
        customers = [party for party in self.customers if not party.foreign]
        for count in range(1, 17):
            name, identity = self._draw.choice(sorted(self.employees.items()))
            day = last - timedelta(days=self._draw.randrange(28))
            made.append(
                self._record(
                    str(count),
                    TxnDate=day.isoformat(),
                    NameOf="Employee",
                    EmployeeRef=ref(identity, name),
                    CustomerRef=self.party(self._draw.choice(customers)),
                    ItemRef=self.item("Installation, per hour"),
                    BillableStatus=self._draw.choice(("Billable", "NotBillable")),
                    Taxable=False,
                    HourlyRate=Decimal(85),
                    Hours=self._draw.randrange(1, 8),
                    Minutes=self._draw.choice((0, 15, 30, 45)),
                    Description="Installation on site",
                )
            )
        return made

    # -- building blocks

    def _meta(self) -> dict[str, str]:
        return metadata(self._opened, self._draw)

    def _record(self, identity: str, **fields: Any) -> Json:
        common = {"domain": "QBO", "sparse": False, "Id": identity, "SyncToken": "0", "MetaData": self._meta()}
        return {**fields, **common}

    def _address(self, town: str, state: str, zip_start: str) -> Mapping[str, str]:
        street = f"{self._draw.randrange(100, 9900)} {self._draw.choice(_STREETS)}"
        found = {"Line1": street, "City": town}
        if state:
            rest = 5 - len(zip_start)
            code = f"{zip_start}{self._draw.randrange(10**rest):0{rest}d}"
            found |= {"CountrySubDivisionCode": state, "PostalCode": code, "Country": "USA"}
        return found

    def _phone(self) -> dict[str, str]:
        return {"FreeFormNumber": f"(512) 555-{self._draw.randrange(100, 10_000):04d}"}
