"""The lists transactions draw on: people, accounts, items, terms, tax; and the company itself."""

from __future__ import annotations

from finchat.servers.quickbooks.arguments import (
    ADDRESS,
    EMAIL,
    PHONE,
    REF,
    WEB,
    Field,
    an_object,
    day,
    flag,
    inner,
    number,
    ref,
    text,
    words,
)
from finchat.servers.quickbooks.entities.entity import ALL, NAMED, READ, Entity
from finchat.servers.quickbooks.entities.sales import TRACKING
from finchat.servers.table import one_of, records

_ACTIVE = flag("Active", "False takes it out of use: QuickBooks hides it and never deletes it.", "q")
_CURRENCY = ref("CurrencyRef", "ISO code of the currency as value; it cannot be changed later.")


def _person(*more: Field) -> tuple[Field, ...]:
    return (
        text("DisplayName", "Name it goes by; unique among customers, suppliers and employees.", "qr", words(500)),
        text("GivenName", "First name.", "q", words(100)),
        text("MiddleName", "Middle name.", "q", words(100)),
        text("FamilyName", "Last name.", "q", words(100)),
        text("Title", "Title.", "", words(16)),
        text("Suffix", "Suffix of the name.", "", words(16)),
        text("PrintOnCheckName", "Name on checks.", "q", words(110)),
        _ACTIVE,
        inner("PrimaryPhone", "Phone.", "", PHONE),
        inner("Mobile", "Mobile phone.", "", PHONE),
        inner("PrimaryEmailAddr", "E-mail.", "", EMAIL),
        *more,
    )


_COMPANY = (
    text("CompanyName", "Name of the company.", "q", words(100)),
    inner("AlternatePhone", "Another phone.", "", PHONE),
    inner("Fax", "Fax.", "", PHONE),
    inner("WebAddr", "Web site.", "", WEB),
    inner("BillAddr", "Billing address.", "", ADDRESS),
    _CURRENCY,
)
_NOT_RENAMED = "A name is unique among customers, suppliers and employees."
CUSTOMER = Entity(
    name="Customer",
    singular="customer",
    plural="customers",
    what="customer",
    fields=_person(
        *_COMPANY,
        inner("ShipAddr", "Shipping address.", "", ADDRESS),
        text("FullyQualifiedName", "Name with those above it.", "qo"),
        number("Balance", "What the customer owes, in the customer's currency.", "qo"),
        number("BalanceWithJobs", "With the customers below it.", "qo"),
        flag("Taxable", "Whether sales to it are taxed.", "q"),
        ref("DefaultTaxCodeRef", "Tax code of its sales."),
        ref("SalesTermRef", "Payment terms."),
        ref("PaymentMethodRef", "Usual payment method."),
        ref("ParentRef", "The customer this one belongs to."),
        flag("Job", "Whether it is a job of its parent.", "q"),
        flag("BillWithParent", "Whether its parent is billed."),
        text("PreferredDeliveryMethod", "How documents reach it.", "", one_of("Print", "Email", "None")),
        text("ResaleNum", "Resale number.", "", words(16)),
        text("Notes", "Notes.", "", words(2000)),
    ),
    examples=(
        "SELECT * FROM Customer WHERE DisplayName LIKE '%Bird%'",
        "SELECT * FROM Customer WHERE Balance > '0' ORDERBY Balance DESC",
        "SELECT * FROM Customer WHERE Active IN (true, false)",
    ),
    verbs=NAMED,
    named=True,
    computed=frozenset(("Balance", "BalanceWithJobs")),
    note=_NOT_RENAMED,
)
VENDOR = Entity(
    name="Vendor",
    singular="vendor",
    plural="vendors",
    what="supplier",
    fields=_person(
        *_COMPANY,
        number("Balance", "What is owed to it, in its currency.", "qo"),
        text("AcctNum", "Our account number with it.", "", words(100)),
        flag("Vendor1099", "Whether it gets a 1099."),
        ref("TermRef", "Payment terms."),
        text("TaxIdentifier", "Tax number; QuickBooks shows it masked.", "", words(20)),
    ),
    examples=(
        "SELECT * FROM Vendor WHERE DisplayName = 'Amy\\'s Bird Sanctuary'",
        "SELECT * FROM Vendor WHERE Balance > '0'",
    ),
    verbs=NAMED,
    named=True,
    computed=frozenset(("Balance",)),
    note=_NOT_RENAMED,
)
EMPLOYEE = Entity(
    name="Employee",
    singular="employee",
    plural="employees",
    what="employee",
    fields=_person(
        inner("PrimaryAddr", "Address.", "", ADDRESS),
        text("EmployeeNumber", "Number.", "", words(100)),
        text("SSN", "Social security number; QuickBooks shows it masked.", "", words(100)),
        flag("BillableTime", "Whether its time is billed."),
        number("BillRate", "Rate its time is billed at."),
        day("HiredDate", "First day."),
        day("ReleasedDate", "Last day."),
    ),
    examples=("SELECT * FROM Employee WHERE FamilyName = 'Jones'",),
    verbs=NAMED,
    named=True,
)
ACCOUNT = Entity(
    name="Account",
    singular="account",
    plural="accounts",
    what="account",
    fields=(
        text("Name", "Name, unique.", "qr", words(100)),
        text("AccountType", "Type, such as Bank, Expense, Income, Accounts Receivable.", "q", words(60)),
        text("AccountSubType", "Detail type, such as Checking. It or AccountType is needed.", "q", words(60)),
        text("AcctNum", "Number.", "q", words(20)),
        text("Description", "Description.", "", words(100)),
        _ACTIVE,
        text("Classification", "Asset, Liability, Equity, Revenue or Expense.", "qo"),
        text("FullyQualifiedName", "Name with those above it.", "qo"),
        number("CurrentBalance", "Balance today, in its currency.", "qo"),
        number("CurrentBalanceWithSubAccounts", "With the accounts below it.", "o"),
        flag("SubAccount", "Whether it is below another.", "q"),
        ref("ParentRef", "The account above it."),
        ref("TaxCodeRef", "Tax code used with it."),
        _CURRENCY,
    ),
    examples=(
        "SELECT * FROM Account WHERE AccountType = 'Bank'",
        "SELECT * FROM Account WHERE AccountType IN ('Accounts Receivable', 'Accounts Payable')",
    ),
    verbs=NAMED,
    named=True,
    computed=frozenset(("CurrentBalance", "CurrentBalanceWithSubAccounts")),
)
ITEM = Entity(
    name="Item",
    singular="item",
    plural="items",
    what="product or service",
    fields=(
        text("Name", "Name, unique.", "qr", words(100)),
        text("Type", "What it is.", "qr", one_of("Service", "NonInventory", "Inventory", "Category")),
        text("Sku", "Stock-keeping unit.", "q", words(100)),
        text("Description", "Text on sales lines.", "q", words(4000)),
        number("UnitPrice", "Price when sold.", "q"),
        ref("IncomeAccountRef", "Account of its sales; needed for what is sold."),
        text("PurchaseDesc", "Text on purchase lines.", "", words(1000)),
        number("PurchaseCost", "Price when bought."),
        ref("ExpenseAccountRef", "Account of its cost; needed for inventory."),
        ref("AssetAccountRef", "Account of its stock; needed for inventory."),
        flag("TrackQtyOnHand", "Whether its quantity is tracked: true for inventory."),
        number("QtyOnHand", "Quantity at the start; afterwards QuickBooks counts.", "q"),
        day("InvStartDate", "Day the quantity is of."),
        flag("Taxable", "Whether its sales are taxed."),
        ref("SalesTaxCodeRef", "Tax code of its sales."),
        ref("PurchaseTaxCodeRef", "Tax code of its purchases."),
        ref("ParentRef", "The category or item above it."),
        flag("SubItem", "Whether it is below another."),
        text("FullyQualifiedName", "Name with those above it.", "qo"),
        _ACTIVE,
    ),
    examples=("SELECT * FROM Item WHERE Type = 'Inventory'", "SELECT * FROM Item WHERE Name LIKE 'Design%'"),
    verbs=NAMED,
    named=True,
)


def _list(name: str, singular: str, plural: str, what: str, *more: Field) -> Entity:
    return Entity(
        name=name,
        singular=singular,
        plural=plural,
        what=what,
        fields=(text("Name", "Name, unique.", "qr", words(100)), _ACTIVE, *more),
        examples=(f"SELECT * FROM {name}",),  # noqa: S608 — QuickBooks' language, of our own words
        verbs=NAMED,
        named=True,
    )


_BELOW = (
    ref("ParentRef", "The one above it."),
    text("FullyQualifiedName", "Name with those above it.", "qo"),
)
DEPARTMENT = _list(
    "Department",
    "department",
    "departments",
    "location (department)",
    flag("SubDepartment", "Whether it is below another."),
    *_BELOW,
)
CLASS = _list("Class", "class", "classes", "class", flag("SubClass", "Whether it is below another."), *_BELOW)
TERM = _list(
    "Term",
    "term",
    "terms",
    "payment term",
    number("DueDays", "Days until a document is due."),
    number("DiscountPercent", "Discount for early payment, per cent."),
    number("DiscountDays", "Days within which it is given."),
)
PAYMENT_METHOD = _list(
    "PaymentMethod",
    "payment_method",
    "payment_methods",
    "payment method",
    text("Type", "Kind.", "", one_of("CREDIT_CARD", "NON_CREDIT_CARD")),
)
TIME_ACTIVITY = Entity(
    name="TimeActivity",
    singular="time_activity",
    plural="time_activities",
    what="time entry",
    fields=(
        text("NameOf", "Whose time it is.", "r", one_of("Employee", "Vendor")),
        ref("EmployeeRef", "With NameOf Employee: who.", "q"),
        ref("VendorRef", "With NameOf Vendor: who.", "q"),
        ref("CustomerRef", "The customer it was for.", "q"),
        ref("ItemRef", "The service."),
        day("TxnDate", "Day; today when left out.", "q"),
        number("Hours", "Hours."),
        number("Minutes", "Minutes."),
        number("HourlyRate", "Rate."),
        text("BillableStatus", "Whether it is billed.", "", one_of("Billable", "NotBillable", "HasBeenBilled")),
        flag("Taxable", "Whether it is taxed."),
        text("Description", "What was done."),
        *TRACKING,
    ),
    examples=("SELECT * FROM TimeActivity WHERE TxnDate >= '2026-11-01'",),
    verbs=ALL,
)
TAX_CODE = Entity(
    name="TaxCode",
    singular="tax_code",
    plural="tax_codes",
    what="tax code",
    fields=(
        text("Name", "Name.", "qo"),
        text("Description", "Description.", "o"),
        flag("Active", "Whether it is in use.", "qo"),
        flag("Taxable", "Whether it taxes.", "o"),
        flag("TaxGroup", "Whether it holds several rates.", "o"),
        inner("SalesTaxRateList", "Rates of sales.", "o"),
        inner("PurchaseTaxRateList", "Rates of purchases.", "o"),
    ),
    examples=("SELECT * FROM TaxCode",),
    verbs=READ,
)
TAX_RATE = Entity(
    name="TaxRate",
    singular="tax_rate",
    plural="tax_rates",
    what="tax rate",
    fields=(
        text("Name", "Name.", "qo"),
        text("Description", "Description.", "o"),
        flag("Active", "Whether it is in use.", "qo"),
        number("RateValue", "Per cent.", "o"),
        ref("AgencyRef", "The agency it is due to.", "o"),
    ),
    examples=("SELECT * FROM TaxRate",),
    verbs=READ,
)
TAX_AGENCY = Entity(
    name="TaxAgency",
    singular="tax_agency",
    plural="tax_agencies",
    what="tax agency",
    fields=(text("DisplayName", "Name, unique.", "qr", words(100)),),
    examples=("SELECT * FROM TaxAgency",),
    verbs=("list", "get", "create"),
)
EXCHANGE_RATE = Entity(
    name="ExchangeRate",
    singular="exchange_rate",
    plural="exchange_rates",
    what="exchange rate",
    fields=(
        text("SourceCurrencyCode", "The currency one unit of which is meant.", "qo"),
        text("TargetCurrencyCode", "The home currency.", "o"),
        day("AsOfDate", "Its day.", "qo"),
        number("Rate", "Units of the home currency for one unit of the source currency.", "o"),
    ),
    examples=("SELECT * FROM ExchangeRate WHERE SourceCurrencyCode = 'EUR' AND AsOfDate = '2026-11-20'",),
    verbs=("list",),
)
ATTACHABLE = Entity(
    name="Attachable",
    singular="attachable",
    plural="attachables",
    what="note or attached file",
    fields=(
        text("Note", "The note.", "", words(2000)),
        text("FileName", "Name of the file.", "qo"),
        text("Category", "Kind of file.", "", words(60)),
        Field(
            "AttachableRef",
            "The records it is attached to, such as EntityRef with type Invoice and the Id as value.",
            "object",
            {
                **records(
                    an_object(
                        {
                            "EntityRef": an_object(
                                {"type": words(40), "value": REF["properties"]["value"]}, "type", "value"
                            ),
                            "IncludeOnSend": {"type": "boolean"},
                        },
                        "EntityRef",
                    )
                ),
                "examples": [[{"EntityRef": {"type": "Invoice", "value": "145"}}]],
            },
        ),
    ),
    examples=("SELECT * FROM Attachable",),
    verbs=ALL,
)
COMPANY_INFO = Entity(
    name="CompanyInfo",
    singular="company_info",
    plural="company_info",
    what="company",
    fields=(
        text("CompanyName", "Name.", "qo"),
        text("LegalName", "Legal name.", "o"),
        text("Country", "Country.", "o"),
        text("FiscalYearStartMonth", "First month of the financial year.", "o"),
    ),
    examples=("SELECT * FROM CompanyInfo",),
    verbs=READ,
)
PREFERENCES = Entity(
    name="Preferences",
    singular="preferences",
    plural="preferences",
    what="preferences of the company",
    fields=(
        inner("AccountingInfoPrefs", "Financial year, closing date (BookCloseDate), classes, locations.", "o"),
        inner("CurrencyPrefs", "Home currency, whether several are used.", "o"),
        inner("SalesFormsPrefs", "Defaults of sales forms.", "o"),
    ),
    examples=("SELECT * FROM Preferences",),
    verbs=("list",),
)
LISTS = (
    CUSTOMER,
    VENDOR,
    EMPLOYEE,
    ACCOUNT,
    ITEM,
    DEPARTMENT,
    CLASS,
    TERM,
    PAYMENT_METHOD,
    TIME_ACTIVITY,
    TAX_CODE,
    TAX_RATE,
    TAX_AGENCY,
    EXCHANGE_RATE,
    ATTACHABLE,
    COMPANY_INFO,
    PREFERENCES,
)
