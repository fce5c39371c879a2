"""The chart of accounts of the company in Texas, in QuickBooks' own shape."""

from __future__ import annotations

from typing import Any

from finchat.sandbox.company import chart
from finchat.sandbox.company.country import UNITED_STATES
from finchat.sandbox.company.vocabulary_us import COMPANIES, OFFICE

SERVICES = "services"
DISCOUNTS = "205"
PAYABLES = "800"
STOCK = "630"
PLANT = "710"
WORN = "711"
LOAN = "900"
DEPRECIATION = "depreciation"

# The Ids that these accounts have in the vendor's own sample companies; clients' tests know them.
_USUAL_IDS = {
    SERVICES: 1, "960": 2, chart.CLEARING: 4, PAYABLES: 33, chart.HISTORICAL: 34, chart.BANK: 35, chart.SAVINGS: 36,
    chart.CARD: 42, chart.SALES: 79, chart.PURCHASES: 80, STOCK: 81, chart.RECEIVABLES: 84, DISCOUNTS: 86,
}  # fmt: skip
# part, number, name, type, sub type. Parts that end in a currency hold that one.
_ACCOUNTS: tuple[tuple[str, str, str, str, str], ...] = (
    (SERVICES, "4100", "Services", "Income", "ServiceFeeIncome"),
    (chart.SALES, "4000", "Sales of Product Income", "Income", "SalesOfProductIncome"),
    (DISCOUNTS, "4200", "Discounts given", "Income", "DiscountsRefundsGiven"),
    ("unapplied", "4900", "Unapplied Cash Payment Income", "Income", "UnappliedCashPaymentIncome"),
    (chart.PURCHASES, "5000", "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    (chart.SUBCONTRACTORS, "5100", "Contract Labor", "Cost of Goods Sold", "CostOfLaborCos"),
    (chart.COURIERS, "5200", "Shipping & Delivery", "Expense", "ShippingFreightDelivery"),
    (chart.FEES, "6000", "Bank Charges & Fees", "Expense", "BankCharges"),
    (chart.MERCHANT_FEES, "6010", "Merchant Processing Fees", "Expense", "BankCharges"),
    (chart.GENERAL, "6100", "Shop Supplies", "Expense", "SuppliesMaterials"),
    ("433", "6150", "Insurance", "Expense", "Insurance"),
    (chart.POWER, "6200", "Utilities", "Expense", "Utilities"),
    (chart.FUEL, "6250", "Vehicle Fuel", "Expense", "Auto"),
    (chart.OFFICE, "6300", "Office Expenses", "Expense", "OfficeGeneralAdministrativeExpenses"),
    (chart.STATIONERY, "6310", "Printing & Paper", "Expense", "OfficeGeneralAdministrativeExpenses"),
    (chart.RENT, "6400", "Rent & Lease", "Expense", "RentOrLeaseOfBuildings"),
    (chart.REPAIRS, "6450", "Repairs & Maintenance", "Expense", "RepairMaintenance"),
    (chart.WAGES, "6500", "Payroll Expenses", "Expense", "PayrollExpenses"),
    (chart.SUBSCRIPTIONS, "6550", "Dues & Subscriptions", "Expense", "DuesSubscriptions"),
    (chart.TELEPHONE, "6600", "Phone & Internet", "Expense", "Utilities"),
    (chart.INTEREST, "7000", "Interest Earned", "Other Income", "InterestEarned"),
    ("exchange", "8000", "Exchange Gain or Loss", "Other Expense", "ExchangeGainOrLoss"),
    (DEPRECIATION, "8100", "Depreciation", "Other Expense", "Depreciation"),
    (chart.BANK, "1000", "Checking", "Bank", "Checking"),
    (chart.SAVINGS, "1010", "Savings", "Bank", "Savings"),
    (chart.FOREIGN, "1020", "Toronto CAD", "Bank", "Checking"),
    (chart.RECEIVABLES, "1100", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    ("610 CAD", "1101", "Accounts Receivable (A/R) - CAD", "Accounts Receivable", "AccountsReceivable"),
    ("610 EUR", "1102", "Accounts Receivable (A/R) - EUR", "Accounts Receivable", "AccountsReceivable"),
    (chart.CLEARING, "1200", "Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    (STOCK, "1300", "Inventory Asset", "Other Current Asset", "Inventory"),
    ("620", "1400", "Prepaid Expenses", "Other Current Asset", "PrepaidExpenses"),
    (PLANT, "1500", "Machinery & Equipment", "Fixed Asset", "MachineryAndEquipment"),
    (WORN, "1510", "Accumulated Depreciation", "Fixed Asset", "AccumulatedDepreciation"),
    (PAYABLES, "2000", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
    ("800 CAD", "2001", "Accounts Payable (A/P) - CAD", "Accounts Payable", "AccountsPayable"),
    ("800 EUR", "2002", "Accounts Payable (A/P) - EUR", "Accounts Payable", "AccountsPayable"),
    (chart.CARD, "2100", "Visa", "Credit Card", "CreditCard"),
    (chart.GST, "2200", f"{OFFICE[1]} Payable", "Other Current Liability", "SalesTaxPayable"),
    (LOAN, "2500", "Notes Payable", "Long Term Liability", "NotesPayable"),
    (chart.HISTORICAL, "3000", "Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
    ("960", "3100", "Retained Earnings", "Equity", "RetainedEarnings"),
    (chart.OWNER_FUNDS, "3200", "Owner's Investment", "Equity", "PartnerContributions"),
    (chart.DRAWINGS, "3300", "Owner's Draws", "Equity", "PartnerDistributions"),
)
_CLASSES = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Cost of Goods Sold": "Expense",
    "Expense": "Expense",
    "Other Expense": "Expense",
}
_CURRENCY_NAMES = {"USD": "United States Dollar", "CAD": "Canadian Dollar", "EUR": "Euro"}


def currency_ref(currency: str) -> dict[str, str]:
    return {"value": currency, "name": _CURRENCY_NAMES[currency]}


class UsChart:
    """The accounts of one seeded company; the generator names them by the part they play."""

    def __init__(self, seed: int) -> None:
        draw = UNITED_STATES.stream(seed, "chart")
        free = (number for number in range(1, 100) if number not in _USUAL_IDS.values())
        self.ids = {part: str(_USUAL_IDS.get(part) or next(free)) for part, *_rest in _ACCOUNTS}
        self.legal_name, self.short_name = UNITED_STATES.stream(seed, "trading name").choice(COMPANIES)
        self.employer_id = f"{draw.randrange(10, 100)}-{draw.randrange(10**6, 10**7)}"
        accounts = (chart.BANK, chart.SAVINGS, chart.FOREIGN)
        self.numbers = {part: UNITED_STATES.account_number(draw).partition("-")[2] for part in accounts}

    def name(self, part: str) -> str:
        return next(name for found, _number, name, *_rest in _ACCOUNTS if found == part)

    def code(self, part: str) -> str:
        return next(number for found, number, *_rest in _ACCOUNTS if found == part)

    def ref(self, part: str) -> dict[str, str]:
        return {"value": self.ids[part], "name": self.name(part)}

    def accounts(self, metadata: dict[str, str]) -> list[dict[str, Any]]:
        return [
            {
                "Name": name,
                "SubAccount": False,
                "FullyQualifiedName": name,
                "Active": True,
                "Classification": _CLASSES[kind],
                "AccountType": kind,
                "AccountSubType": sub_type,
                "AcctNum": number,
                "CurrencyRef": currency_ref(self._currency(part)),
                "domain": "QBO",
                "sparse": False,
                "Id": self.ids[part],
                "SyncToken": "0",
                "MetaData": metadata,
            }
            for part, number, name, kind, sub_type in _ACCOUNTS
        ]

    def _currency(self, part: str) -> str:
        """That of the account, when it holds a foreign one."""
        last = part.rpartition(" ")[2]
        return last if last in _CURRENCY_NAMES else UNITED_STATES.bank_accounts.get(part, UNITED_STATES.currency)
