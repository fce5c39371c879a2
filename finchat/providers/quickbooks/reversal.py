"""The writes that take earlier ones back, as one family: deletions of what was created, and a payment freed again from
the document it was put against.

Such a write names in `reverses` what it takes back, and in `verify` the record that must be gone afterwards: {"by":
"gone", "kind", "id", "date"}, where `kind` is the subject of the operation that is taken back. For a freed payment
{"by": "freed", …, "linked_before", "linked_after"} says what of it is put against the document. `document_id`, or
`credit_kind` and `credit_id`, name what is open again by its amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks.again import read_all, record_of
from finchat.providers.quickbooks.payloads import SYNC_TOKEN, links_of, remaining_of, voided
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

# What was written, and the operation that takes it back.
TAKEN_BACK_BY: Mapping[str, str] = {
    "payment.create": "payment.delete",
    "bill_payment.create": "bill_payment.delete",
    "deposit.create": "deposit.delete",
    "purchase.create": "purchase.delete",
    "transfer.create": "transfer.delete",
    "credit_memo.create": "credit_memo.delete",
    "vendor_credit.create": "vendor_credit.delete",
    "invoice.create": "invoice.delete",
    "bill.create": "bill.delete",
    "credit_memo.apply": "payment.delete",
    "vendor_credit.apply": "bill_payment.delete",
    "payment.apply": "payment.unapply",
}
FREES = "payment.unapply"
OPERATIONS = frozenset(TAKEN_BACK_BY.values())


def taken_back_by(write: Write) -> str | None:
    """The operation that takes a write back; None for one that finchat never takes back."""
    return TAKEN_BACK_BY.get(write.operation)


def is_gone(record: Record | None) -> bool:
    """Whether the ledger does not hold a record any more: deleted, or voided."""
    return record is None or voided(record)


def linked_to(record: Record, document_id: str) -> Decimal:
    """What of a payment is put against an invoice."""
    return sum((amount for what, id, amount in links_of(record) if (what, id) == ("Invoice", document_id)), Decimal(0))


def record_kind(operation: str) -> str:
    """What a reversing operation changes or deletes, by the table's singular."""
    return operation.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Reversals:
    """The family of all of them."""

    operations: frozenset[str] = OPERATIONS

    def kind(self, write: Write) -> Kind | None:
        return "delete"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        verify, given = write.verify or {}, write.arguments
        kind, id = record_kind(write.operation), str(verify.get("id", ""))
        subjects = {made.partition(".")[0] for made, by in TAKEN_BACK_BY.items() if by == write.operation}
        yield "reverses", write.reverses.count("/") == 2
        yield "verify.kind", verify.get("kind") in subjects and bool(id) and given["id"] == id
        told = {(c.type, c.id, c.field): c.expected for c in write.preconditions}
        yield "preconditions.SyncToken", told[kind, id, SYNC_TOKEN] == given["SyncToken"]
        yield "preconditions.contents", bool(told[kind, id, "contents"])
        locks = [c for c in write.preconditions if (c.type, c.field) == ("organisation", "lock_date")]
        yield "preconditions.lock_date", len(locks) == 1
        yield "amount", write.amount > 0
        if len(write.link_ids) == 1:
            yield "links.amount", (link.amount, link.currency) == (write.amount, write.currency)
        yield "effects.base_amount", sum((e.base_amount for e in write.effects), Decimal(0)) == 0
        document = verify.get("document_id")
        yield "verify.document_id", document is None or document == link.document_id
        yield "line", all("fingerprints" not in (w.verify or {}) for w in proposal.writes)
        if write.operation == FREES:
            yield from self._frees(write, link)
        else:
            yield "arguments", dict(given) == {"id": id, "SyncToken": given["SyncToken"]}
            yield "verify.by", verify.get("by") == "gone"

    def _frees(self, write: Write, link: Link) -> Iterator[Check]:
        """Only the document's own line goes, or is what it was before."""
        verify, given = write.verify or {}, write.arguments
        before, after = parse_amount(verify["linked_before"]), parse_amount(verify["linked_after"])
        yield "verify.by", verify.get("by") == "freed" and verify.get("document_id") == link.document_id
        yield "verify.linked_after", before - after == write.amount and after >= 0
        if not after:
            wanted: dict[str, Any] = {"remove_lines": [f"Invoice:{link.document_id}"]}
        else:
            (line,) = given["Line"]
            yield "arguments.Line", parse_amount(line["Amount"]) == after
            linked = [{"TxnId": link.document_id, "TxnType": "Invoice"}]
            wanted = {"Line": [{"Amount": line["Amount"], "LinkedTxn": linked}]}
        sent = {
            name: [dict(x) if isinstance(x, Mapping) else x for x in value]
            for name, value in given.items()
            if name not in ("id", "SyncToken")
        }
        if "Line" in sent:
            sent = {"Line": [{**line, "LinkedTxn": [dict(x) for x in line["LinkedTxn"]]} for line in sent["Line"]]}
        yield "arguments", sent == wanted

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        verify = write.verify or {}
        record = record_of(record_kind(write.operation), reply)
        id = record.text("Id", "")
        if id != verify.get("id"):
            return Receipt(disagreement="it says another record")
        if write.operation == FREES:
            present, wanted = linked_to(record, str(verify["document_id"])), parse_amount(verify["linked_after"])
            wrong = "" if present == wanted else f"{present} of it is put against the document, not {wanted}"
        else:
            wrong = "" if record.text("status", "") == "Deleted" else "it does not say that it is gone"
        return Receipt(ledger_id=id, disagreement=wrong)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        id = str((write.verify or {})["id"])
        found = await read_all(toolbox, lambda found: self.needs(write, id, found))
        what = f"{record_kind(write.operation).replace('_', ' ')} {id}"
        if not _done(write, found):
            return Sighting(found=False, text=f"{what} is still as it was")
        due = _due(write, found)
        before = None if due is None else due - write.amount
        return Sighting(found=True, ledger_id=id, due_before=before, due_after=due, text=f"{what} was taken back")

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        verify = write.verify or {}
        yield _need(write)
        if "document_id" in verify:
            yield _document(write)
        if "credit_id" in verify:
            yield str(verify["credit_kind"]), str(verify["credit_id"])

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        verify = write.verify or {}
        credit = found.get((str(verify["credit_kind"]), str(verify["credit_id"]))) if "credit_id" in verify else None
        return Standing(
            presence="there" if _done(write, found) else "missing",
            due=_due(write, found),
            # Of a credit that is gone as well, by a later write, nothing is left whatever came back to it before.
            remaining=None if credit is None or is_gone(credit) else remaining_of(credit),
        )


def _done(write: Write, found: Found) -> bool:
    verify, record = write.verify or {}, found.get(_need(write))
    if write.operation != FREES:
        return is_gone(record)
    freed = parse_amount(str(verify["linked_after"]))
    return is_gone(record) or (record is not None and linked_to(record, str(verify["document_id"])) == freed)


def _need(write: Write) -> Need:
    return record_kind(write.operation), str((write.verify or {})["id"])


def _document(write: Write) -> Need:
    bills = record_kind(write.operation) == "bill_payment"
    return "bill" if bills else "invoice", str((write.verify or {})["document_id"])


def _due(write: Write, found: Found) -> Decimal | None:
    if "document_id" not in (write.verify or {}):
        return None
    document = found.get(_document(write))
    return None if document is None else document.decimal("Balance", Decimal(0))


REVERSALS = Reversals()
