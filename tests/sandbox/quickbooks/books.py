"""A small company to try things on, and a client that speaks to it without a socket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from finchat.clock import Clock
from finchat.sandbox import exact_json
from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
from finchat.sandbox.quickbooks.service import Call, Service

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TODAY = "2026-11-20"
SALES, CHECKING, SAVINGS, CARD, RENT, STOCK, COGS, UNDEPOSITED = "1", "2", "3", "42", "5", "6", "7", "8"
RECEIVABLES, PAYABLES, DISCOUNTS, EQUITY, EUROS = "9", "10", "86", "12", "13"
AMY, FREEMAN, LANE, HANS = "1", "2", "3", "4"
BOB, KLAUS, PAT = "5", "6", "7"
SERVICE, PUMP = "1", "2"


def account(id: str, name: str, kind: str, sub: str, **more: Any) -> dict[str, Any]:
    return {"Id": id, "Name": name, "AccountType": kind, "AccountSubType": sub, **more}


def ref(id: str) -> dict[str, str]:
    return {"value": id}


COMPANY: dict[str, list[dict[str, Any]]] = {
    "Preferences": [
        {
            "CurrencyPrefs": {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}},
            "TaxPrefs": {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "2"}},
        }
    ],
    "Account": [
        account(SALES, "Services", "Income", "ServiceFeeIncome"),
        account(CHECKING, "Checking", "Bank", "Checking"),
        account(SAVINGS, "Savings", "Bank", "Savings"),
        account(CARD, "Visa", "Credit Card", "CreditCard"),
        account(RENT, "Rent", "Expense", "RentOrLeaseOfBuildings"),
        account(STOCK, "Inventory Asset", "Other Current Asset", "Inventory"),
        account(COGS, "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
        account(UNDEPOSITED, "Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
        account(RECEIVABLES, "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
        account(PAYABLES, "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
        account(DISCOUNTS, "Discounts given", "Income", "DiscountsRefundsGiven"),
        account(EQUITY, "Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
        account(EUROS, "Euro account", "Bank", "Checking", CurrencyRef=ref("EUR")),
    ],
    "Customer": [
        {"Id": AMY, "DisplayName": "Amy's Bird Sanctuary", "BillAddr": {"Id": "2", "Line1": "4581 Finch St."}},
        {"Id": FREEMAN, "DisplayName": "Freeman Sporting Goods"},
        {"Id": LANE, "DisplayName": "55 Twin Lane", "ParentRef": ref(FREEMAN)},
        {"Id": HANS, "DisplayName": "Hans GmbH", "CurrencyRef": ref("EUR")},
    ],
    "Vendor": [
        {"Id": BOB, "DisplayName": "Bob's Burger Joint"},
        {"Id": KLAUS, "DisplayName": "Klaus KG", "CurrencyRef": ref("EUR")},
    ],
    "Employee": [{"Id": PAT, "DisplayName": "Pat Lee"}],
    "Item": [
        {"Id": SERVICE, "Name": "Services", "Type": "Service", "IncomeAccountRef": ref(SALES)},
        {
            "Id": PUMP, "Name": "Pump", "Type": "Inventory", "IncomeAccountRef": ref(SALES), "QtyOnHand": 10,
            "ExpenseAccountRef": ref(COGS), "AssetAccountRef": ref(STOCK), "PurchaseCost": 8, "UnitPrice": 15,
            "InvStartDate": "2026-01-01", "Taxable": True,
        },
    ],
    "Term": [{"Id": "1", "Name": "Net 15", "DueDays": 15}],
    "PaymentMethod": [{"Id": "1", "Name": "Check"}],
    "Class": [{"Id": "1", "Name": "East"}],
    "Department": [{"Id": "1", "Name": "Main Street"}],
    "TaxAgency": [{"Id": "1", "DisplayName": "Board of Equalization"}],
    "TaxRate": [{"Id": "3", "Name": "California", "RateValue": 8, "AgencyRef": ref("1")}],
    "TaxCode": [
        {"Id": "2", "Name": "California", "SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": ref("3")}]}},
        {"Id": "TAX", "Name": "TAX"},
        {"Id": "NON", "Name": "NON"},
    ],
    "ExchangeRate": [{"SourceCurrencyCode": "EUR", "AsOfDate": "2026-01-01", "Rate": 2}],
}  # fmt: skip


class Books:
    """A client of one company: each call is one request, answered as (status, JSON)."""

    def __init__(self, back_end: QuickBooksBackEnd) -> None:
        self.back_end = back_end
        self.service = Service(back_end)

    def call(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        sent = b"" if body is None else exact_json.write(body).encode()
        call = Call(method, tuple(path.split("/")), query, sent, "", f"/v3/company/1/{path}")
        answer = self.service.answer(call)
        return answer.status, exact_json.read(answer.content)

    def post(self, entity: str, body: Any, **query: str) -> dict[str, Any]:
        """The object of a write that goes well."""
        status, found = self.call("POST", entity.lower(), body, **query)
        assert status == 200, found
        made: dict[str, Any] = found[entity]
        return made

    def get(self, entity: str, id: str) -> dict[str, Any]:
        status, found = self.call("GET", f"{entity.lower()}/{id}")
        assert status == 200, found
        made: dict[str, Any] = found[entity]
        return made

    def query(self, text: str) -> list[dict[str, Any]]:
        """The records a query finds."""
        status, found = self.call("GET", "query", query=text)
        assert status == 200, found
        listed = [value for value in found["QueryResponse"].values() if isinstance(value, list)]
        records: list[dict[str, Any]] = listed[0] if listed else []
        return records

    def refused(self, entity: str, body: Any, **query: str) -> tuple[str, str]:
        """(code, detail) of a write that is refused; nothing was written by it."""
        before = self.snapshot()
        status, found = self.call("POST", entity.lower(), body, **query)
        assert status == 400, found
        assert self.snapshot() == before
        problem = found["Fault"]["Error"][0]
        return problem["code"], problem["Detail"]

    def snapshot(self) -> list[tuple[Any, ...]]:
        rows = self.back_end.db.execute("SELECT entity, id, sync, updated, body FROM record ORDER BY seq")
        return [tuple(row) for row in rows]

    def moved(self) -> dict[str, int]:
        """Every account's balance in home hundredths, where there is one."""
        return {id: held.amount for id, held in self.back_end.ledger.balances().items() if held.amount}

    def invoice(self, amount: Any = 100, customer: str = AMY, **more: Any) -> dict[str, Any]:
        return self.post("Invoice", {"CustomerRef": ref(customer), "Line": [sold(amount)], **more})

    def bill(self, amount: Any = 100, vendor: str = BOB, **more: Any) -> dict[str, Any]:
        return self.post("Bill", {"VendorRef": ref(vendor), "Line": [spent(amount)], **more})

    def pay(self, amount: Any, *documents: Mapping[str, Any], customer: str = AMY, **more: Any) -> dict[str, Any]:
        """A payment with a line for each document, of what is open of it."""
        lines = [{"Amount": d["Balance"], "LinkedTxn": [linked("Invoice", d)]} for d in documents]
        return self.post("Payment", {"CustomerRef": ref(customer), "TotalAmt": amount, "Line": lines, **more})


def sold(amount: Any, item: str = SERVICE, **more: Any) -> dict[str, Any]:
    detail = {"ItemRef": ref(item), **more}
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def spent(amount: Any, account: str = RENT) -> dict[str, Any]:
    detail = {"AccountRef": ref(account)}
    return {"Amount": amount, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}


def linked(entity: str, document: Mapping[str, Any]) -> dict[str, str]:
    return {"TxnId": document["Id"], "TxnType": entity}


def token(record: Mapping[str, Any]) -> dict[str, str]:
    return {"Id": record["Id"], "SyncToken": record["SyncToken"]}


@contextmanager
def company() -> Iterator[Books]:
    back_end = QuickBooksBackEnd(":memory:", Clock(NOW))
    back_end.load(COMPANY)
    try:
        yield Books(back_end)
    finally:
        back_end.close()
