"""Filling an empty company with records in the API's own shape, through the code that a POST goes through.

Ids, dates, tokens and times are as given. Balances are worked out from what is posted, and links from what settles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finchat.errors import UsageError
from finchat.sandbox.quickbooks.entities import ENTITIES, Entity
from finchat.sandbox.quickbooks.errors import Fault
from finchat.sandbox.quickbooks.payloads import without_nulls
from finchat.sandbox.quickbooks.records import SINGLE, Record, Records
from finchat.sandbox.quickbooks.values import instant, stored_instant
from finchat.sandbox.quickbooks.writing import Writer

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd

# What refers to something comes after it.
_ORDER = (
    "CompanyInfo", "Preferences", "ExchangeRate", "TaxAgency", "TaxRate", "TaxCode", "Term", "PaymentMethod", "Class",
    "Department", "Account", "Vendor", "Customer", "Employee", "Item", "Budget",
    "Estimate", "PurchaseOrder", "TimeActivity", "Purchase", "Bill", "VendorCredit", "Invoice", "CreditMemo",
    "SalesReceipt", "RefundReceipt", "JournalEntry", "Transfer", "Payment", "BillPayment", "Deposit", "Attachable",
)  # fmt: skip
_HEAD = ("Id", "SyncToken", "MetaData", "domain", "sparse", "status")
_NUMBERS = {"Invoice": "sales", "CreditMemo": "sales", "SalesReceipt": "sales", "RefundReceipt": "sales",
            "Estimate": "estimate", "PurchaseOrder": "order", "JournalEntry": "journal"}  # fmt: skip
# What a company cannot do without.
_COMPANY = {"CompanyName": "Sandbox Company", "Country": "US", "FiscalYearStartMonth": "January"}
_PREFERENCES = {"CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}}}


def load(back_end: QuickBooksBackEnd, collections: Mapping[str, list[dict[str, Any]]], *, realm: str) -> None:
    """Raises UsageError when the company is not empty, or naming the record and what is wrong with it."""
    unknown = collections.keys() - ENTITIES.keys()
    if unknown:
        raise UsageError(f"not an entity of QuickBooks Online: {', '.join(sorted(unknown))}", field="collections")
    if not back_end.empty:
        raise UsageError("the sandbox company is not empty", next="run: finchat sandbox reset --vendor quickbooks")
    records = Records(back_end)
    writer = Writer(records)
    whole = {name: list(found) for name, found in collections.items()}
    whole["CompanyInfo"] = whole.get("CompanyInfo") or [dict(_COMPANY)]
    whole["Preferences"] = whole.get("Preferences") or [dict(_PREFERENCES)]
    loaded: list[tuple[str, int, str, str]] = []
    with back_end.transaction():
        back_end.db.execute("INSERT INTO company(id, realm) VALUES(1, ?)", (realm,))
        for name in _ORDER:
            entity = ENTITIES[name]
            for item in _sorted(entity, whole.get(name, ())):
                try:
                    made = _load_one(records, writer, entity, item)
                    loaded.append((made.updated, made.sync, name, made.id))
                except (Fault, KeyError, ValueError, TypeError, ArithmeticError) as error:
                    which = f"{name} {item.get('Id', '') if isinstance(item, dict) else ''}".strip()
                    raise UsageError(f"{which} cannot be loaded: {error}", field=name) from error
        writer.flush()
        # What settled or moved a record later was history already: it changed when the records say.
        back_end.db.executemany("UPDATE record SET updated = ?, sync = ? WHERE entity = ? AND id = ?", loaded)


def _sorted(entity: Entity, items: Any) -> list[dict[str, Any]]:
    """Those that stand below another after it; transactions by date and Id."""
    if entity.kind == "transaction":
        return sorted(items, key=lambda item: (str(item.get("TxnDate", "")), _whole(item.get("Id"))))
    by_id = {str(item.get("Id")): item for item in items}

    def depth(item: Mapping[str, Any]) -> int:
        seen, above = 0, item
        while seen < 10 and (above := by_id.get(str((above.get("ParentRef") or {}).get("value")), {})):
            seen += 1
        return seen + (10 if item.get("Type") == "Group" else 0)

    return sorted(items, key=depth)


def _load_one(records: Records, writer: Writer, entity: Entity, given: Mapping[str, Any]) -> Record:
    body: dict[str, Any] = without_nulls({name: value for name, value in given.items() if name not in _HEAD})
    record = _record(records, entity, given)
    if entity.kind == "list":
        writer.complete_name(record, body, checked=False)
    elif entity.kind == "transaction":
        if (run := _NUMBERS.get(entity.name)) is not None and body.get("DocNumber"):
            records.taken(f"number:{run}", str(body["DocNumber"]))
        # As if it had been there with these lines: they keep their Ids, and nothing is copied from the customer.
        was = Record(entity, record.id, dict(body))
        writer.save_transaction(record, body, was)
    else:
        record.body = body
        if entity.name == "ExchangeRate":
            record.name, record.date = str(body["SourceCurrencyCode"]), str(body.get("AsOfDate", "2000-01-01"))
            body.setdefault("TargetCurrencyCode", records.back_end.home_currency)
        elif entity.name not in SINGLE:
            record.name = str(body.get("Name") or body.get("FileName") or "")
        records.insert(record)
    return record


def _record(records: Records, entity: Entity, given: Mapping[str, Any]) -> Record:
    times = given.get("MetaData") or {}
    stamp = records.back_end.stamp()
    created, updated = (
        stored_instant(instant(times[name])) if name in times else stamp for name in ("CreateTime", "LastUpdatedTime")
    )
    if given.get("Id"):
        id = str(given["Id"])
        records.taken(entity.sequence, id)
    else:
        id = "1" if entity.name in SINGLE else records.next_id(entity.sequence)
    return Record(entity, id, {}, sync=int(given.get("SyncToken", 0)), created=created, updated=updated)


def _whole(value: Any) -> int:
    text = str(value or "0")
    return int(text) if text.isdigit() else 0
