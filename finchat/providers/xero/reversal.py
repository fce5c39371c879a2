"""The writes that take earlier ones back, as one family: deletions of payments, bank transactions, transfers and drafts
of invoices, removals of allocations, and voids of credit notes and invoices.

Such a write names in `reverses` what it takes back, and in `verify` the record that must be gone afterwards:
{"by": "gone", "kind", "id", "date"}, with `allocation_id` for an allocation of that credit, and `document_id` or
`credit_kind` and `credit_id` for what is open again by its amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finchat.books.money import amount_text, parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero.family import Check, Family, XeroReceipt, XeroSighting, XeroStanding
from finchat.providers.xero.parsing import CREDIT_IDS

# What was written, and the operation that takes it back.
TAKEN_BACK_BY: Mapping[str, str] = {
    "payment.create": "payment.delete",
    "bank_transaction.create": "bank_transaction.delete",
    "bank_transfer.create": "bank_transfer.delete",
    "credit_note.create": "credit_note.void",
    **{f"{kind}.allocate": f"{kind}.deallocate" for kind in CREDIT_IDS},
}
# An invoice or bill by its status: a draft is deleted, an approved one voided, which stays in the ledger as such.
INVOICE = "invoice"
_INVOICE_BY: Mapping[str, tuple[str, str]] = {
    "DRAFT": ("invoice.delete", "draft"), "SUBMITTED": ("invoice.delete", "submitted"),
    "AUTHORISED": ("invoice.void", "open"),
}  # fmt: skip
OPERATIONS = frozenset({*TAKEN_BACK_BY.values(), "invoice.delete", "invoice.void"})
_ID: Mapping[str, str] = {
    INVOICE: "InvoiceID",
    "payment": "PaymentID",
    "bank_transaction": "BankTransactionID",
    "bank_transfer": "BankTransferID",
    **{str(kind): field for kind, field in CREDIT_IDS.items()},
}
_GONE = frozenset({"DELETED", "VOIDED"})
_YES = {True: "yes", False: "no"}


def taken_back_by(write: Write) -> str | None:
    """The operation that takes a write back; None for one that finchat never takes back."""
    if write.operation == "invoice.create":
        return _INVOICE_BY[str(write.arguments["status"])][0]
    return TAKEN_BACK_BY.get(write.operation)


def invoice_status(write: Write) -> str:
    """How the books call the status that an invoice or bill was made with: what it must still have to be taken back."""
    return _INVOICE_BY[str(write.arguments["status"])][1]


def is_gone(record: Record | None, allocation_id: str = "") -> bool:
    """Whether the ledger does not hold a record any more: deleted, voided, or not there at all. With `allocation_id`,
    whether the credit `record` does not have that allocation."""
    if record is None:
        return True
    if allocation_id:
        return standing_allocation(record, allocation_id) is None
    return record.text("Status", "") in _GONE


def standing_allocation(credit: Record, allocation_id: str) -> Record | None:
    """The allocation of a credit by its id, unless it was removed."""
    allocations = credit.children("Allocations", "AllocationID")
    return next(
        (a for a in allocations if a.text("AllocationID", "") == allocation_id and not a.flag("IsDeleted")), None
    )


def facts_of(kind: str, record: Record) -> dict[str, str]:
    """What the ledger says of a record that is to be taken back, as the text of preconditions."""
    if kind in CREDIT_IDS:
        return {
            f"allocation {a.text('AllocationID')}": amount_text(a.decimal("Amount"), record.text("CurrencyCode", ""))
            for a in record.children("Allocations", "AllocationID")
            if a.text("AllocationID", "") and not a.flag("IsDeleted")
        }
    amount = record.decimal("Total" if kind == "bank_transaction" else "Amount")
    return {
        "status": record.text("Status", "AUTHORISED").lower(),
        "amount": format(amount, "f"),
        "reconciled": _YES[reconciled(record)],
        "batch": _YES[in_batch(record)],
    }


def reconciled(record: Record) -> bool:
    """Whether somebody ticked it, or one side of a transfer, against the bank statement in the ledger."""
    return any(record.flag(name) for name in ("IsReconciled", "FromIsReconciled", "ToIsReconciled"))


def in_batch(record: Record) -> bool:
    """Whether a payment is part of a batch payment, which can only be taken back as a whole."""
    batch = record.child("BatchPayment", "BatchPaymentID")
    return bool(record.text("BatchPaymentID", "") or batch.text("BatchPaymentID", "") or batch.data)


def arguments_for(operation: str, verify: Mapping[str, Any]) -> dict[str, str]:
    """The whole payload: nothing but what names the record, and for a void the status."""
    kind, id = str(verify["kind"]), str(verify["id"])
    if operation.endswith(".deallocate"):
        return {f"{kind}_id": id, "id": str(verify["allocation_id"])}
    if operation.endswith(".void"):
        return {"id": id, "status": "VOIDED"}
    if operation == "invoice.delete":
        return {"id": id, "status": "DELETED"}
    return {"id": id}


def ledger_id_of(write: Write) -> str:
    """The id of what is gone once the write is done: of the allocation, or of the record itself."""
    verify = write.verify or {}
    return str(verify.get("allocation_id") or verify.get("id", ""))


@dataclass(frozen=True, slots=True)
class Reversals:
    """The family of all of them."""

    operations: frozenset[str] = OPERATIONS

    def kind(self, write: Write) -> Kind | None:
        return "void" if write.operation.endswith(".void") else "delete"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        verify = write.verify or {}
        kind, id = write.operation.partition(".")[0], str(verify.get("id", ""))
        yield "reverses", write.reverses.count("/") == 2
        yield "verify.by", (verify.get("by"), verify.get("kind")) == ("gone", kind) and bool(id)
        yield "verify.allocation_id", bool(verify.get("allocation_id")) == write.operation.endswith(".deallocate")
        yield "arguments", dict(write.arguments) == arguments_for(write.operation, verify)
        yield "amount", write.amount > 0
        yield "links.amount", (link.amount, link.currency) == (write.amount, write.currency)
        yield from self._conditions(write, kind, id)
        yield "effects.base_amount", sum((e.base_amount for e in write.effects), Decimal(0)) == 0
        document = verify.get("document_id")
        yield "verify.document_id", document is None or document == link.document_id
        yield "line", all("fingerprints" not in (w.verify or {}) for w in proposal.writes)

    def _conditions(self, write: Write, kind: str, id: str) -> Iterator[Check]:
        told = {(c.type, c.id, c.field): c.expected for c in write.preconditions}
        locks = [c for c in write.preconditions if (c.type, c.field) == ("organisation", "lock_date")]
        yield "preconditions.lock_date", len(locks) == 1
        if kind in CREDIT_IDS:
            verify = write.verify or {}
            field = f"allocation {verify['allocation_id']}" if "allocation_id" in verify else "remaining"
            yield f"preconditions.{field}", parse_amount(told[kind, id, field]) == write.amount
            return
        if kind == INVOICE:
            names = {c.type for c in write.preconditions if c.id == id}
            yield "preconditions.type", len(names) == 1 and names <= {"invoice", "bill"}
            (name,) = names
            # Nothing was paid or credited: all of it is due. What has not moved the ledger takes nothing back from it.
            yield "preconditions.amount_due", parse_amount(told[name, id, "amount_due"]) == write.amount
            statuses = ("open",) if write.operation == "invoice.void" else ("draft", "submitted")
            yield "preconditions.status", told[name, id, "status"] in statuses
            yield "effects", bool(write.effects) == (write.operation == "invoice.void")
            return
        yield "preconditions.amount", parse_amount(told[kind, id, "amount"]) == write.amount
        for field, wanted in (("status", "authorised"), ("reconciled", "no"), ("batch", "no")):
            yield f"preconditions.{field}", told[kind, id, field] == wanted

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> XeroReceipt:
        verify = write.verify or {}
        kind = str(verify.get("kind", ""))
        if write.operation.endswith(".deallocate"):
            record = Record(reply, "Xero allocation", "AllocationID")
            same = record.text("AllocationID", "") in ("", verify.get("allocation_id"))
            done = record.flag("IsDeleted")
        else:
            record = Record(reply, f"Xero {kind.replace('_', ' ')}", _ID[kind])
            same = record.text(_ID[kind], "") == verify.get("id")
            done = record.text("Status", "") in _GONE
        wrong = "" if same and done else "it says another record" if done else "it does not say that it is gone"
        return XeroReceipt(ledger_id=ledger_id_of(write) if same else None, disagreement=wrong)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> XeroSighting:
        from finchat.providers.xero.again import read_all

        id = ledger_id_of(write)
        found = await read_all(toolbox, lambda found: self.needs(write, id, found))
        record = found.get(_need(write))
        what = f"{str((write.verify or {}).get('kind', '')).replace('_', ' ')} {id}"
        if not is_gone(record, str((write.verify or {}).get("allocation_id", ""))):
            return XeroSighting(found=False, text=f"{what} is still in the ledger")
        due = _due(write, found)
        before = None if due is None else due - write.amount
        return XeroSighting(found=True, ledger_id=id, due_before=before, due_after=due, text=f"{what} is gone")

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        verify = write.verify or {}
        wanted = [_need(write)]
        if "document_id" in verify:
            wanted.append(("document", str(verify["document_id"])))
        if "credit_id" in verify:
            wanted.append((str(verify["credit_kind"]), str(verify["credit_id"])))
        return wanted

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        verify = write.verify or {}
        gone = is_gone(found.get(_need(write)), str(verify.get("allocation_id", "")))
        credit = found.get((str(verify["credit_kind"]), str(verify["credit_id"]))) if "credit_id" in verify else None
        return XeroStanding(
            presence="there" if gone else "missing",
            due=_due(write, found),
            # Of a credit that is gone as well, by a later write, nothing is left whatever came back to it before.
            remaining=None if credit is None or is_gone(credit) else credit.decimal("RemainingCredit"),
        )


def _need(write: Write) -> Need:
    verify = write.verify or {}
    return str(verify.get("kind", "")), str(verify.get("id", ""))


def _due(write: Write, found: Found) -> Decimal | None:
    document = found.get(("document", str((write.verify or {}).get("document_id", ""))))
    return None if document is None else document.decimal("AmountDue")


REVERSALS: tuple[Family, ...] = (Reversals(),)
