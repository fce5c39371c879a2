"""What Xero says of a write: in its reply, and when payments and allocations are read back in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, get_args

from finchat.books.plan import Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.errors import FinchatError
from finchat.providers.fields import Record
from finchat.providers.xero.again import credit_records, document_records, first, single
from finchat.providers.xero.parsing import CREDIT_IDS, CreditKind

Presence = Literal["there", "deleted", "missing", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroReceipt:
    """The guard's Receipt, told by its fields."""

    ledger_id: str | None = None
    due_after: Decimal | None = None
    disagreement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroStanding:
    """The guard's Standing, told by its fields."""

    presence: Presence
    due: Decimal | None = None
    remaining: Decimal | None = None
    disagreement: str = ""


def receipt(write: Write, result: CallResult) -> XeroReceipt:
    """What the reply says was done, compared with what was sent. Pure."""
    reply = first(result)
    if reply is None:
        return XeroReceipt(disagreement="the answer holds no record")
    try:
        if write.operation == "payment.create":
            return _payment_receipt(write, Record(reply, "Xero payment", "PaymentID"))
        if write.operation.endswith(".allocate"):
            return _allocation_receipt(write, Record(reply, "Xero allocation", "AllocationID"))
    except FinchatError as error:
        return XeroReceipt(disagreement=error.message)
    ids = (value for key, value in reply.items() if key.endswith("ID") and isinstance(value, str) and value)
    id = next(ids, None)
    return XeroReceipt(ledger_id=id, disagreement="" if id else "the answer names no id")


async def read_back(toolbox: Toolbox, written: Sequence[tuple[Write, str]]) -> list[XeroStanding]:
    """How confirmed writes stand, in the same order. Raises FinchatError when the ledger cannot be read."""
    documents: dict[str, None] = {}
    credits: dict[CreditKind, dict[str, None]] = {}
    for write, _ in written:
        verify = write.verify or {}
        if _readable(write):
            documents[str(verify["document_id"])] = None
        if (kind := _credit_kind(write)) is not None:
            credits.setdefault(kind, {})[str(verify["credit_id"])] = None
    found, *lists = await asyncio.gather(
        document_records(toolbox, list(documents)),
        *(credit_records(toolbox, kind, list(ids)) for kind, ids in credits.items()),
    )
    by_id = {record.text("InvoiceID"): record for record in found}
    credit_by_id = {
        record.text(CREDIT_IDS[kind]): record for kind, rows in zip(credits, lists, strict=True) for record in rows
    }
    standings = [_standing(write, id, by_id, credit_by_id) for write, id in written]
    absent = [
        n for n, (write, _) in enumerate(written)
        if write.operation == "payment.create" and standings[n].presence == "missing"
    ]  # fmt: skip
    alone = await asyncio.gather(*(single(toolbox, "payment.get", written[n][1]) for n in absent))
    for n, row in zip(absent, alone, strict=True):
        if row is not None:
            standings[n] = _taken_back(standings[n], Record(row, "Xero payment", "PaymentID"))
    return standings


def pair(verify: Mapping[str, Any]) -> str | None:
    """The name of an allocation to which the server gives no id: CREDIT:DOCUMENT."""
    if "credit_id" not in verify or "document_id" not in verify:
        return None
    return f"{verify['credit_id']}:{verify['document_id']}"


def _payment_receipt(write: Write, reply: Record) -> XeroReceipt:
    document = reply.child("Invoice", "InvoiceID")
    id = reply.text("PaymentID", "") or None
    wrong = _differs(write, reply.optional_decimal("Amount"), document.text("InvoiceID", ""))
    if reply.text("Status", "AUTHORISED") == "DELETED":
        wrong = "it says that the payment is deleted"
    return XeroReceipt(
        ledger_id=id, due_after=document.optional_decimal("AmountDue"),
        disagreement="the answer names no PaymentID" if id is None else wrong,
    )  # fmt: skip


def _allocation_receipt(write: Write, reply: Record) -> XeroReceipt:
    document = reply.child("Invoice", "InvoiceID")
    id = reply.text("AllocationID", "") or pair(write.verify or {})
    wrong = _differs(write, reply.optional_decimal("Amount"), document.text("InvoiceID", ""))
    return XeroReceipt(ledger_id=id, due_after=document.optional_decimal("AmountDue"), disagreement=wrong)


def _differs(write: Write, amount: Decimal | None, document_id: str) -> str:
    """What a record of the write says differently from what was sent; "" when it agrees."""
    wanted = str((write.verify or {}).get("document_id", ""))
    if amount != write.amount:
        return f"it says {'no amount' if amount is None else amount}, not {write.amount}"
    if document_id != wanted:
        return f"it says document {document_id or '(none)'}, not {wanted}"
    return ""


def _standing(
    write: Write, id: str, documents: Mapping[str, Record], credits: Mapping[str, Record]
) -> XeroStanding:  # fmt: skip
    verify = write.verify or {}
    if not _readable(write):
        return XeroStanding(presence="unreadable")
    document = documents.get(str(verify["document_id"]))
    due = None if document is None else document.decimal("AmountDue")
    odd = "the document is not in the ledger any more" if document is None else _status_differs(document)
    if _credit_kind(write) is not None:
        standing = _allocation_standing(write, id, credits.get(str(verify["credit_id"])))
    else:
        standing = _payment_standing(write, id, document)
    return replace(standing, due=due, disagreement="; ".join(text for text in (standing.disagreement, odd) if text))


def _payment_standing(write: Write, id: str, document: Record | None) -> XeroStanding:
    listed = document.children("Payments", "PaymentID") if document is not None else []
    payment = next((p for p in listed if p.text("PaymentID", "") == id), None)
    if payment is None:
        return XeroStanding(presence="missing")
    wrong = _differs(write, payment.optional_decimal("Amount"), str((write.verify or {})["document_id"]))
    day, wanted = payment.optional_date("Date"), write.arguments.get("date")
    if not wrong and day is not None and day.isoformat() != wanted:
        wrong = f"the payment is dated {day}, not {wanted}"
    return XeroStanding(presence="there", disagreement=wrong)


def _allocation_standing(write: Write, id: str, credit: Record | None) -> XeroStanding:
    if credit is None:
        return XeroStanding(presence="missing", disagreement="the credit is not in the ledger any more")
    remaining, wanted = credit.decimal("RemainingCredit"), str((write.verify or {})["document_id"])
    for allocation in credit.children("Allocations", "AllocationID"):
        document = allocation.child("Invoice", "InvoiceID").text("InvoiceID", "")
        name = allocation.text("AllocationID", "") or f"{(write.verify or {})['credit_id']}:{document}"
        if name == id:
            gone = allocation.flag("IsDeleted")
            wrong = _differs(write, allocation.optional_decimal("Amount"), document or wanted)
            return XeroStanding(presence="deleted" if gone else "there", remaining=remaining, disagreement=wrong)
    return XeroStanding(presence="missing", remaining=remaining)


def _taken_back(standing: XeroStanding, payment: Record) -> XeroStanding:
    """A payment that its document does not list, but the ledger knows."""
    if payment.text("Status", "AUTHORISED") == "DELETED":
        return replace(standing, presence="deleted")
    document = payment.child("Invoice", "InvoiceID").text("InvoiceID", "(none)")
    wrong = f"the payment stands on document {document}, which does not list it"
    return replace(standing, presence="there", disagreement="; ".join(t for t in (wrong, standing.disagreement) if t))


def _status_differs(document: Record) -> str:
    status, due = document.text("Status", ""), document.decimal("AmountDue")
    wanted = "AUTHORISED" if due else "PAID"
    return "" if status in ("", wanted) else f"the document is {status} with {due} due"


def _readable(write: Write) -> bool:
    return "document_id" in (write.verify or {}) and (
        write.operation == "payment.create" or _credit_kind(write) is not None
    )


def _credit_kind(write: Write) -> CreditKind | None:
    """Which kind of credit an allocation uses; None for any other write."""
    kind = (write.verify or {}).get("credit_kind") if write.operation.endswith(".allocate") else None
    return next((known for known in get_args(CreditKind) if known == kind), None)
