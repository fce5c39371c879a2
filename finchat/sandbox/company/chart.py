"""The organisation, its chart of accounts and its tax rates, in Xero's own shape."""

from __future__ import annotations

from datetime import date
from typing import Any

from finchat.sandbox.company.draws import guid, stream, vendor_date, vendor_instant
from finchat.sandbox.company.vocabulary import COMPANIES

BANK = "090"
SAVINGS = "091"
FOREIGN = "092"
SALES = "200"
INTEREST = "270"
FEES = "404"
MERCHANT_FEES = "405"
COURIERS = "425"
GENERAL = "429"
OFFICE = "453"
STATIONERY = "461"
REPAIRS = "473"
SUBSCRIPTIONS = "485"
TELEPHONE = "489"
WAGES = "477"
RENT = "469"
FUEL = "449"
CLEARING = "615"
MERELY_CALLED_CLEARING = "617"
DEPOSITS_HELD = "835"
GST = "820"
OWNER_FUNDS = "970"
DRAWINGS = "980"

CARD = "850"
HISTORICAL = "840"
TRANSFERS = "879"
PURCHASES = "300"
SUBCONTRACTORS = "310"
POWER = "445"
RECEIVABLES = "610"
# Bank account -> its currency; the organisation keeps its books in NZD.
BANK_ACCOUNTS = {BANK: "NZD", SAVINGS: "NZD", FOREIGN: "USD"}

# code, name, type, tax type, system account, takes payments
_ACCOUNTS: tuple[tuple[str, str, str, str, str, bool], ...] = (
    (BANK, "Business Account", "BANK", "NONE", "", False),
    (SAVINGS, "Savings", "BANK", "NONE", "", False),
    (FOREIGN, "US Dollar Account", "BANK", "NONE", "", False),
    (SALES, "Sales", "REVENUE", "OUTPUT2", "", False),
    ("205", "Discounts Allowed", "REVENUE", "OUTPUT2", "", False),
    ("260", "Other Revenue", "REVENUE", "OUTPUT2", "", False),
    (INTEREST, "Interest Income", "REVENUE", "NONE", "", False),
    ("300", "Purchases", "DIRECTCOSTS", "INPUT2", "", False),
    ("310", "Subcontractors", "DIRECTCOSTS", "INPUT2", "", False),
    (FEES, "Bank Fees", "EXPENSE", "NONE", "", False),
    (MERCHANT_FEES, "Merchant Fees", "EXPENSE", "INPUT2", "", False),
    (COURIERS, "Freight & Courier", "EXPENSE", "INPUT2", "", False),
    (GENERAL, "General Expenses", "EXPENSE", "INPUT2", "", False),
    ("433", "Insurance", "EXPENSE", "INPUT2", "", False),
    ("445", "Light, Power, Heating", "EXPENSE", "INPUT2", "", False),
    (FUEL, "Motor Vehicle Expenses", "EXPENSE", "INPUT2", "", False),
    (OFFICE, "Office Expenses", "EXPENSE", "INPUT2", "", False),
    (STATIONERY, "Printing & Stationery", "EXPENSE", "INPUT2", "", False),
    (RENT, "Rent", "EXPENSE", "INPUT2", "", False),
    (REPAIRS, "Repairs & Maintenance", "EXPENSE", "INPUT2", "", False),
    (WAGES, "Wages & Salaries", "EXPENSE", "NONE", "", False),
    (SUBSCRIPTIONS, "Subscriptions", "EXPENSE", "INPUT2", "", False),
    (TELEPHONE, "Telephone & Internet", "EXPENSE", "INPUT2", "", False),
    ("497", "Bank Revaluations", "EXPENSE", "NONE", "BANKCURRENCYGAIN", False),
    ("498", "Unrealised Currency Gains", "EXPENSE", "NONE", "UNREALISEDCURRENCYGAIN", False),
    ("499", "Realised Currency Gains", "EXPENSE", "NONE", "REALISEDCURRENCYGAIN", False),
    ("610", "Accounts Receivable", "CURRENT", "NONE", "DEBTORS", False),
    (CLEARING, "Card & Wallet Receipts", "CURRLIAB", "NONE", "", True),
    (MERELY_CALLED_CLEARING, "Old Clearing", "CURRLIAB", "NONE", "", True),
    ("620", "Withholding Tax Paid", "CURRENT", "NONE", "", False),
    ("630", "Inventory", "INVENTORY", "NONE", "", False),
    ("710", "Plant & Equipment", "FIXED", "INPUT2", "", False),
    ("711", "Less Accumulated Depreciation on Plant", "FIXED", "NONE", "", False),
    ("800", "Accounts Payable", "CURRLIAB", "NONE", "CREDITORS", False),
    (GST, "GST", "CURRLIAB", "NONE", "GST", False),
    (DEPOSITS_HELD, "Customer Deposits Held", "CURRLIAB", "NONE", "", False),
    ("840", "Historical Adjustment", "CURRLIAB", "NONE", "HISTORICAL", False),
    ("860", "Rounding", "CURRLIAB", "NONE", "ROUNDING", False),
    ("879", "Bank Transfers", "CURRENT", "NONE", "BANKTRANSFERS", False),
    ("900", "Term Loan", "TERMLIAB", "NONE", "", False),
    ("960", "Retained Earnings", "EQUITY", "NONE", "RETAINEDEARNINGS", False),
    (OWNER_FUNDS, "Owner Funds Introduced", "EQUITY", "NONE", "", False),
    (DRAWINGS, "Owner Drawings", "EQUITY", "NONE", "", False),
)
_CLASSES = {
    "BANK": "ASSET",
    "CURRENT": "ASSET",
    "INVENTORY": "ASSET",
    "FIXED": "ASSET",
    "CURRLIAB": "LIABILITY",
    "TERMLIAB": "LIABILITY",
    "EQUITY": "EQUITY",
    "REVENUE": "REVENUE",
    "EXPENSE": "EXPENSE",
    "DIRECTCOSTS": "EXPENSE",
}
# Tracking category -> its options.
TRACKING = {"Region": ("North Island", "South Island", "Head Office"), "Team": ("Workshop", "Showroom", "On Site")}
_TAXES = (
    ("15% GST on Income", "OUTPUT2", 15, True, False),
    ("15% GST on Expenses", "INPUT2", 15, False, True),
    ("Zero Rated", "ZERORATED", 0, True, True),
    ("GST on Imports", "GSTONIMPORTS", 0, False, True),
    ("No GST", "NONE", 0, True, True),
)


class Chart:
    """The accounts of one seeded company by code."""

    def __init__(self, seed: int, start: date) -> None:
        draw = stream(seed, "chart")
        self.organisation_id = guid(draw)
        # A stream for each, so that one account more changes no other and no name.
        self.ids = {code: guid(stream(seed, "account", code)) for code, *_rest in _ACCOUNTS}
        self.legal_name, self.short_name = stream(seed, "trading name").choice(COMPANIES)
        self.number_at_bank = f"02-{draw.randrange(100, 1300):04d}-{draw.randrange(10**6, 10**7)}-00"
        stem = self.number_at_bank[:-2]
        self.numbers = {BANK: self.number_at_bank, SAVINGS: f"{stem}30", FOREIGN: f"{stem}97"}
        own = stream(seed, "tracking")
        self._tracking = {name: (guid(own), {o: guid(own) for o in options}) for name, options in TRACKING.items()}
        self._updated = vendor_instant(start, draw)

    def accounts(self) -> list[dict[str, Any]]:
        return [self._account(row) for row in _ACCOUNTS]

    def _account(self, row: tuple[str, str, str, str, str, bool]) -> dict[str, Any]:
        code, name, kind, tax, system, payments = row
        record: dict[str, Any] = {
            "AccountID": self.ids[code],
            "Code": code,
            "Name": name,
            "Status": "ACTIVE",
            "Type": kind,
            "TaxType": tax,
            "Class": _CLASSES[kind],
            "EnablePaymentsToAccount": payments,
            "ShowInExpenseClaims": False,
            "UpdatedDateUTC": self._updated,
        }
        if system:
            record["SystemAccount"] = system
        if kind == "BANK":
            record |= {
                "BankAccountNumber": self.numbers[code].replace("-", ""),
                "BankAccountType": "BANK",
                "CurrencyCode": BANK_ACCOUNTS[code],
            }
        return record

    def code(self, part: str) -> str:
        return part

    def name(self, code: str) -> str:
        return next(name for found, name, *_rest in _ACCOUNTS if found == code)

    def tracking_categories(self) -> list[dict[str, Any]]:
        return [
            {
                "Name": name,
                "Status": "ACTIVE",
                "TrackingCategoryID": category,
                "Options": [
                    {
                        "TrackingOptionID": identity,
                        "Name": option,
                        "Status": "ACTIVE",
                        "HasValidationErrors": False,
                        "IsDeleted": False,
                        "IsArchived": False,
                        "IsActive": True,
                    }
                    for option, identity in options.items()
                ],
            }
            for name, (category, options) in self._tracking.items()
        ]

    def tracked(self, name: str, option: str) -> dict[str, str]:
        """One entry of a line's Tracking."""
        category, options = self._tracking[name]
        return {
            "TrackingCategoryID": category,
            "TrackingOptionID": options[option],
            "Name": name,
            "Option": option,
        }

    def organisation(self, *, created: date, period_lock: date, year_end_lock: date) -> dict[str, Any]:
        return {
            "OrganisationID": self.organisation_id,
            "Name": f"{self.legal_name.removesuffix(' Limited')} (Demo)",
            "LegalName": self.legal_name,
            "PaysTax": True,
            "Version": "NZ",
            "OrganisationType": "COMPANY",
            "BaseCurrency": "NZD",
            "CountryCode": "NZ",
            "IsDemoCompany": True,
            "OrganisationStatus": "ACTIVE",
            "TaxNumber": "111-222-333",
            "FinancialYearEndDay": 31,
            "FinancialYearEndMonth": 3,
            "SalesTaxBasis": "INVOICE",
            "SalesTaxPeriod": "TWOMONTHS",
            "DefaultSalesTax": "Tax Exclusive",
            "DefaultPurchasesTax": "Tax Exclusive",
            "PeriodLockDate": vendor_date(period_lock),
            "EndOfYearLockDate": vendor_date(year_end_lock),
            "CreatedDateUTC": vendor_date(created),
            "OrganisationEntityType": "COMPANY",
            "Timezone": "NEWZEALANDSTANDARDTIME",
            "ShortCode": "!" + self.organisation_id[:5],
            "Edition": "BUSINESS",
            "Class": "DEMO",
            "Addresses": [{"AddressType": "POBOX", "City": "Napier", "PostalCode": "4110", "Country": "New Zealand"}],
            "Phones": [],
            "ExternalLinks": [],
            "PaymentTerms": {},
        }


def tax_rates() -> list[dict[str, Any]]:
    return [
        {
            "Name": name,
            "TaxType": tax_type,
            "Status": "ACTIVE",
            "DisplayTaxRate": rate,
            "EffectiveRate": rate,
            "CanApplyToAssets": True,
            "CanApplyToEquity": True,
            "CanApplyToExpenses": expenses,
            "CanApplyToLiabilities": True,
            "CanApplyToRevenue": revenue,
            "TaxComponents": [{"Name": "GST", "Rate": rate, "IsCompound": False}],
        }
        for name, tax_type, rate, revenue, expenses in _TAXES
    ]
