"""What can be taken back of earlier writes, judged by what QuickBooks holds now, and the writes that do it.

Each goes with the SyncToken that was read for it: what somebody changed since stays. Nothing changes in a closed
period; what a deposit took to the bank, or a payment uses, stays until that is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from finchat.books.money import amount_text, parse_amount
from finchat.books.plan import ANY, Effect, Precondition, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.errors import FinchatError
from finchat.providers.fields import Record
from finchat.providers.quickbooks.again import read_all
from finchat.providers.quickbooks.conditions import unchanged
from finchat.providers.quickbooks.families import family_of
from finchat.providers.quickbooks.payloads import deposited, links_of, remaining_of, total
from finchat.providers.quickbooks.reversal import (
    FREES,
    TAKEN_BACK_BY,
    is_gone,
    linked_to,
    record_kind,
    taken_back_by,
)
from finchat.providers.quickbooks.table import TABLE
from finchat.providers.writing.conditions import unlocked
from finchat.providers.writing.context import WriteContext
from finchat.providers.writing.undoing import Found, Need, Obstacle, Written

_LOCK = "its period was closed"
_CHANGED = "it was changed in QuickBooks"
_WORDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "payment.create": ("deletes the payment", ("it was deposited", _CHANGED, _LOCK)),
    "bill_payment.create": ("deletes the payment", (_CHANGED, _LOCK)),
    "deposit.create": ("deletes the deposit", (_CHANGED, _LOCK)),
    "purchase.create": ("deletes the expense", (_CHANGED, _LOCK)),
    "transfer.create": ("deletes the transfer", (_CHANGED, _LOCK)),
    "credit_memo.create": ("deletes the credit memo", ("something else used it", _CHANGED, _LOCK)),
    "vendor_credit.create": ("deletes the credit", ("something else used it", _CHANGED, _LOCK)),
    "credit_memo.apply": ("takes the credit off it again", (_CHANGED, _LOCK)),
    "vendor_credit.apply": ("takes the credit off it again", (_CHANGED, _LOCK)),
    "payment.apply": ("takes the payment off it again", (_CHANGED, _LOCK)),
    "invoice.create": ("deletes it", ("something was paid or credited on it", _CHANGED, _LOCK)),
    "bill.create": ("deletes it", ("something was paid or credited on it", _CHANGED, _LOCK)),
}
_DOCUMENTS = ("invoice", "bill")
_CREDITS = ("credit_memo", "vendor_credit")


def undo_words(write: Write, command: str) -> str:
    """How a write that is about to be made can be taken back, or that it cannot: for its approval card."""
    if write.reverses:
        return "not by undo: to write it again, make a new plan"
    if taken_back_by(write) is None:
        if write.operation in ("customer.create", "vendor.create"):
            return "the new contact stays; make it inactive in QuickBooks if it is not wanted"
        if write.operation == "invoice.update":
            return "finchat cannot take this back: remove the new line of the invoice in QuickBooks if it is not wanted"
        return "finchat cannot take this back; it would have to be corrected in the ledger by hand"
    deed, unless = _WORDS[write.operation]
    return f"{command} {deed}, unless by then {' or '.join(', '.join(unless).rsplit(', ', 1))}"


async def held(toolbox: Toolbox, written: Sequence[Written]) -> Found:
    """What the ledger holds now of what was written: one query for hundreds of a kind. Raises FinchatError."""

    def wanted(found: Found) -> Iterator[Need]:
        for one in written:
            if taken_back_by(one.write) is not None:
                yield _record(one)

    return await read_all(toolbox, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One write, and the record that shows how it stands."""

    one: Written
    kind: str
    id: str
    record: Record

    @property
    def day(self) -> date | None:
        return self.record.optional_date("TxnDate")

    @property
    def applies(self) -> bool:
        return self.one.write.operation == "payment.apply"


def taken_back(
    context: WriteContext, one: Written, found: Found, *, id: str, freed: Mapping[str, Decimal],
    depends_on: tuple[str, ...] = (),
) -> Write | Obstacle:  # fmt: skip
    """The write that takes `one` back, or why there is none. Pure.

    `freed`: what earlier writes of the same proposal give back to each credit, by `KIND ID`.
    """
    if taken_back_by(one.write) is None:
        return _stays(one)
    try:
        kind, record_id = _record(one)
        record = found.get((kind, record_id))
        if record is None or is_gone(record):
            text = "was deleted in QuickBooks by hand" if record is None else "was voided in QuickBooks by hand"
            return Obstacle("gone", text, "nothing is to be done; its bank line is free")
        case = _Case(one=one, kind=kind, id=record_id, record=record)
        return _obstacle(case, context.organisation.lock_date, freed) or _write(case, context, id, depends_on)
    except (FinchatError, ValueError) as error:
        said = error.message if isinstance(error, FinchatError) else str(error)
        return Obstacle("cannot", f"cannot be taken back: {said}", "take it back in QuickBooks by hand")


def _write(case: _Case, context: WriteContext, id: str, depends_on: tuple[str, ...]) -> Write:
    one = case.one
    by = taken_back_by(one.write)
    assert by is not None
    operation = TABLE[by]
    tool = context.tool(operation.name)
    verify: dict[str, Any] = {"by": "gone", "kind": one.write.operation.partition(".")[0], "id": case.id}
    if case.day is not None:
        verify["date"] = case.day.isoformat()
    verify |= _opened(one)
    arguments: dict[str, Any] = {"id": case.id, "SyncToken": case.record.text("SyncToken")}
    if by == FREES:
        more, linked = _freed(case)
        arguments |= more
        verify |= {"by": "freed", **linked}
    return Write(
        id=id,
        operation=operation.name,
        resource=operation.resource,
        tool=tool.name,
        tool_sha256=tool.sha256,
        arguments=arguments,
        amount=one.write.amount,
        currency=one.write.currency,
        link_ids=tuple(link.id for link in one.links),
        preconditions=(
            *unchanged(case.kind, case.record.data), *_open_again(one, verify), unlocked(context.organisation)
        ),
        effects=tuple(_opposite(effect) for effect in one.write.effects),
        verify=verify,
        depends_on=depends_on,
        reverses=one.name,
    )  # fmt: skip


def _freed(case: _Case) -> tuple[dict[str, Any], dict[str, str]]:
    """The change that takes a payment off a document: its line goes, or is what it was before."""
    write, currency = case.one.write, case.one.write.currency
    document = str((write.verify or {})["document_id"])
    before = linked_to(case.record, document)
    after = before - write.amount
    linked = {"linked_before": amount_text(before, currency), "linked_after": amount_text(after, currency)}
    if not after:
        return {"remove_lines": [f"Invoice:{document}"]}, linked
    line = {"Amount": linked["linked_after"], "LinkedTxn": [{"TxnId": document, "TxnType": "Invoice"}]}
    return {"Line": [line]}, linked


def _obstacle(case: _Case, lock: date | None, freed: Mapping[str, Decimal]) -> Obstacle | None:
    write, record = case.one.write, case.record
    said = f"{amount_text(total(record), write.currency)} {write.currency}"
    reasons = (
        (
            lock is not None and case.day is not None and case.day <= lock,
            f"is dated {case.day}, and the books are closed up to {lock}",
            "have the closing date moved by whoever may do that, or correct it on an open day",
        ),
        (
            case.kind == "payment" and not case.applies and deposited(record),
            "was taken to the bank by a deposit since",
            "take the deposit back first, then undo this plan again",
        ),
        (
            not case.applies and total(record) != _total(write),
            f"was changed since: it says {said}",
            "look at it in QuickBooks and correct it there",
        ),
        (
            case.applies and linked_to(record, _document_of(write)) < write.amount,
            "was put elsewhere since",
            "look at it in QuickBooks and correct it there",
        ),
        (
            not case.applies and case.kind in ("payment", "bill_payment") and _linked_elsewhere(case),
            "was put against something else since",
            "take that back first, by undo of the plan that did it or in QuickBooks, then undo this plan again",
        ),
        (
            bool(wrong := _differs(case)),
            f"was changed since: {wrong}",
            "look at it in QuickBooks and correct it there",
        ),
        (
            bool(used := _used(case, freed)),
            f"is used: {amount_text(used, write.currency)} {write.currency} of it was paid, credited or applied since",
            "take that back first, by undo of the plan that did it or in QuickBooks, then undo this plan again",
        ),
    )
    return next((Obstacle("cannot", text, step) for holds, text, step in reasons if holds), None)


def _differs(case: _Case) -> str:
    """What the record says differently than it was written, its note apart: taking it back would move something else
    than was written. "" for nothing, and for a payment that was only put against a document."""
    write = case.one.write
    family = family_of(write.operation)
    if case.applies or family is None:
        return ""
    data = {**case.record.data, "PrivateNote": str((write.verify or {}).get("token", ""))}
    return family.receipt(write, data, CallResult()).disagreement


def _total(write: Write) -> Decimal:
    """What the record came to when it was written: a payment that links a credit to a document, to nothing."""
    return Decimal(0) if write.operation in ("credit_memo.apply", "vendor_credit.apply") else write.amount


def _linked_elsewhere(case: _Case) -> bool:
    """Whether a payment is put against more than it was written for."""
    sent = sum((parse_amount(line["Amount"]) for line in case.one.write.arguments.get("Line", ())), Decimal(0))
    return sum((amount for _, _, amount in links_of(case.record)), Decimal(0)) > sent


def _used(case: _Case, freed: Mapping[str, Decimal]) -> Decimal:
    """What of a document was settled, or of a credit used, by others than the writes taken back before."""
    if case.kind in _DOCUMENTS:
        return total(case.record) - case.record.decimal("Balance", Decimal(0))
    if case.kind in _CREDITS:
        return total(case.record) - remaining_of(case.record) - freed.get(f"{case.kind} {case.id}", Decimal(0))
    return Decimal(0)


def _opened(one: Written) -> dict[str, str]:
    """What is open again afterwards: the document, and the credit that was put against it."""
    found: dict[str, str] = {}
    verify = one.write.verify or {}
    if "document_id" in verify:
        found["document_id"] = str(verify["document_id"])
    if one.write.operation.endswith(".apply"):
        found["credit_kind"] = str(verify["credit_kind"])
        if (id := _credit_id(one)) is not None:
            found["credit_id"] = id
        else:
            del found["credit_kind"]
    return found


def _credit_id(one: Written) -> str | None:
    """The credit that was put against a document: one of the ledger, or what an earlier write of the proposal made."""
    if "credit_id" in (one.write.verify or {}):
        return str((one.write.verify or {})["credit_id"])
    for line in one.write.arguments["Line"]:
        for link in line["LinkedTxn"]:
            if isinstance(link["TxnId"], Mapping):
                return one.ids.get(str(link["TxnId"].get("$from", "")).partition(".")[0])
    return None


def _open_again(one: Written, verify: Mapping[str, Any]) -> list[Precondition]:
    """What is due and left just before, whatever it is: the read-back proves that it grew by the amount."""
    conditions = []
    if "document_id" in verify:
        kind = next(link.type for link in one.links if link.document_id == verify["document_id"])
        conditions.append(Precondition(type=kind, id=str(verify["document_id"]), field="amount_due", expected=ANY))
    if "credit_id" in verify:
        kind, id = str(verify["credit_kind"]), str(verify["credit_id"])
        conditions.append(Precondition(type=kind, id=id, field="remaining", expected=ANY))
    return conditions


def _record(one: Written) -> Need:
    """The record that shows how the write stands: what it made, or the payment it changed."""
    return record_kind(TAKEN_BACK_BY[one.write.operation]), one.ledger_id


def _document_of(write: Write) -> str:
    return str((write.verify or {})["document_id"])


def _stays(one: Written) -> Obstacle:
    if one.write.operation in ("customer.create", "vendor.create"):
        return Obstacle("stays", "stays in the ledger", "make it inactive in QuickBooks if nothing else uses it")
    if one.write.operation == "invoice.update":
        return Obstacle("stays", "stays on the invoice", "remove that line in QuickBooks by hand")
    return Obstacle("stays", "is nothing that finchat takes back", "correct it in QuickBooks by hand")


def _opposite(effect: Effect) -> Effect:
    return replace(effect, amount=-effect.amount, base_amount=-effect.base_amount)
