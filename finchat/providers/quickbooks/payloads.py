"""The pieces that QuickBooks' payloads are made of, and what they say when they are read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from finchat.books.money import amount_text, parse_amount
from finchat.providers.fields import Record
from finchat.providers.writing.rates import Rate

Role = Literal["customer", "vendor"]
# What a document, and a credit of its contact, is called in a link between transactions.
DOCUMENTS: Mapping[str, str] = {"invoice": "Invoice", "bill": "Bill"}
CREDITS: Mapping[str, str] = {"invoice": "CreditMemo", "bill": "VendorCredit"}
SYNC_TOKEN = "SyncToken"
# Xero's words for the parts of an address, and QuickBooks'.
ADDRESS = {
    "AddressLine1": "Line1", "AddressLine2": "Line2", "AddressLine3": "Line3", "AddressLine4": "Line4", "City": "City",
    "Region": "CountrySubDivisionCode", "PostalCode": "PostalCode", "Country": "Country",
}  # fmt: skip
_MONEY = ("DepositToAccountRef", "AccountRef", "FromAccountRef")


def ref(id: Any) -> dict[str, Any]:
    return {"value": id}


def party(id: Any, role: Role) -> dict[str, Any]:
    """A customer or vendor where either may stand."""
    return {"value": id, "type": role.capitalize()}


def linked(txn_type: str, id: Any, amount: Decimal, currency: str) -> dict[str, Any]:
    """A line of a payment: what it takes of one transaction."""
    return {"Amount": amount_text(amount, currency), "LinkedTxn": [{"TxnId": id, "TxnType": txn_type}]}


def in_currency(currency: str, base: str, rate: Rate | None) -> dict[str, Any]:
    """What says in which currency, and at which rate, a transaction is; nothing in base currency."""
    if currency == base:
        return {}
    return {"CurrencyRef": ref(currency)} | ({} if rate is None else {"ExchangeRate": rate.vendor})


def lines_sent(payment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines a payment has, as they are sent again. Raises ValueError for a line that links none or several."""
    found = []
    for line in payment.get("Line") or ():
        (link,) = list(line.get("LinkedTxn") or [])
        found.append({"Amount": line["Amount"], "LinkedTxn": [{"TxnId": link["TxnId"], "TxnType": link["TxnType"]}]})
    return found


def reference(record: Record, *path: str) -> str:
    """The id that a reference holds, at a path of fields; "" for none."""
    value: Any = record.data
    for name in (*path, "value"):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def currency_of(record: Record, base: str = "") -> str:
    return reference(record, "CurrencyRef") or base


def links_of(record: Record) -> list[tuple[str, str, Decimal]]:
    """(what, id, amount) of every transaction that the lines of a payment or deposit link."""
    found = []
    for line in record.children("Line", "Id"):
        for link in line.children("LinkedTxn", "TxnId"):
            found.append((link.text("TxnType"), link.text("TxnId"), line.decimal("Amount", Decimal(0))))
    return found


def deposited(record: Record) -> bool:
    """Whether a deposit took the money of a payment or receipt to a bank."""
    return any(link.text("TxnType", "") == "Deposit" for link in record.children("LinkedTxn", "TxnId"))


def money_account(record: Record) -> str:
    """The account the money of a record lands in or leaves; "" for one without."""
    for name in _MONEY:
        if found := reference(record, name):
            return found
    for outer, inner in (("CheckPayment", "BankAccountRef"), ("CreditCardPayment", "CCAccountRef")):
        if found := reference(record, outer, inner):
            return found
    return ""


def voided(record: Record) -> bool:
    """A voided transaction stays with nothing in it, and says so in its note."""
    note = record.text("PrivateNote", "")
    return note.startswith("Voided") and not total(record) and not any(amount for *_, amount in links_of(record))


def remaining_of(credit: Record) -> Decimal:
    """What a credit memo, a supplier's credit or a payment has left."""
    for name in ("UnappliedAmt", "RemainingCredit", "Balance"):
        if (left := credit.optional_decimal(name)) is not None:
            return left
    return Decimal(0)


def total(record: Record) -> Decimal:
    """What a transaction comes to."""
    found = record.optional_decimal("TotalAmt")
    return record.decimal("Amount", Decimal(0)) if found is None else found


def contents(kind: str, record: Record) -> str:
    """What a person would look at in a transaction, so that a change of it is told and not only noticed."""
    said: list[str] = [f"{total(record)} {currency_of(record)}".rstrip(), f"of {record.text('TxnDate', '?')}"]
    for name in ("CustomerRef", "VendorRef", "EntityRef"):
        if isinstance(who := record.data.get(name), Mapping) and who.get("name"):
            said.append(f"for {who['name']}")
    if account := money_account(record):
        said.append(f"at account {account}")
    if links := links_of(record):
        said.append("with " + ", ".join(f"{amount} on {what} {id}" for what, id, amount in links))
    if note := record.text("PrivateNote", ""):
        said.append(f"noted {note!r}")
    return ", ".join(said)


def amounts(lines: Iterable[Mapping[str, Any]]) -> Decimal:
    """The sum of the amounts of lines that were sent."""
    return sum((parse_amount(line["Amount"]) for line in lines), Decimal(0))


def only_link(line: Mapping[str, Any]) -> tuple[str, Any]:
    """(what, id) of the one transaction that a line links. Raises ValueError for another line."""
    links: Sequence[Mapping[str, Any]] = line["LinkedTxn"]
    (link,) = links
    return str(link["TxnType"]), link["TxnId"]
