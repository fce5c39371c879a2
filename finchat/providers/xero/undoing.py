"""What can be taken back of earlier writes, judged by what the ledger holds now, and the writes that do it.

Xero's rules: a payment, bank transaction or transfer that was reconciled is left alone until somebody unreconciles it;
a payment of a batch goes only with its batch; nothing changes in a locked period; a credit that was allocated or
refunded stays until that is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from finchat.books.money import amount_text
from finchat.books.plan import ANY, Effect, Precondition, Write
from finchat.connections.toolbox import Toolbox
from finchat.errors import FinchatError
from finchat.providers.fields import Record
from finchat.providers.writing.context import WriteContext
from finchat.providers.writing.undoing import Found, Need, Obstacle, Written
from finchat.providers.xero.again import read_all
from finchat.providers.xero.parsing import CREDIT_IDS, DOCUMENT_STATUSES
from finchat.providers.xero.reversal import (
    INVOICE,
    arguments_for,
    in_batch,
    invoice_status,
    is_gone,
    reconciled,
    standing_allocation,
    taken_back_by,
)
from finchat.providers.xero.table import TABLE

_LOCK = "its period was locked"
_WORDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "payment": ("deletes the payment", ("it was reconciled in Xero", "put into a batch", _LOCK)),
    "bank_transaction": ("deletes the transaction", ("it was reconciled in Xero", _LOCK)),
    "bank_credit": ("deletes it with its credit", ("it was reconciled in Xero", "allocated or refunded", _LOCK)),
    "bank_transfer": ("deletes the transfer", ("either side was reconciled in Xero", _LOCK)),
    "credit_note": ("voids the credit note", ("something else was allocated or refunded from it", _LOCK)),
    "allocate": ("removes the allocation", (_LOCK,)),
    "invoice.delete": ("deletes the draft", ("it was approved or changed in Xero", _LOCK)),
    "invoice.void": ("voids it", ("something was paid or credited on it", "it was changed in Xero", _LOCK)),
}
_ID: Mapping[str, str] = {str(kind): field for kind, field in CREDIT_IDS.items()}


def undo_words(write: Write, command: str) -> str:
    """How a write that is about to be made can be taken back, or that it cannot: for its approval card."""
    if write.reverses:
        return "not by undo: to write it again, make a new plan"
    if (by := taken_back_by(write)) is None:
        if write.operation == "contact.create":
            return "the new contact stays; archive it in Xero if it is not wanted"
        if write.operation == "invoice.update":
            return "finchat cannot take this back: remove the new line of the invoice in Xero if it is not wanted"
        return "finchat cannot take this back; it would have to be corrected in the ledger by hand"
    subject, _, verb = write.operation.partition(".")
    key = verb if verb == "allocate" else subject
    if subject == "bank_transaction" and str(write.arguments.get("type", "")).partition("-")[2]:
        key = "bank_credit"
    key = by if subject == INVOICE else key
    deed, unless = _WORDS[key]
    return f"{command} {deed}, unless by then {' or '.join(', '.join(unless).rsplit(', ', 1))}"


async def held(toolbox: Toolbox, written: Sequence[Written]) -> Found:
    """What the ledger holds now of what was written: 20 records a call. Raises FinchatError."""

    def wanted(found: Found) -> list[Need]:
        return [need for one in written for need in _needs(one, found)]

    return await read_all(toolbox, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One write, what shows how it stands, and what goes with it. `allocation`: of the credit `record`."""

    one: Written
    kind: str
    id: str
    record: Record
    allocation: Record | None
    credit: tuple[str, Record] | None

    @property
    def made(self) -> Record:
        return self.record if self.allocation is None else self.allocation

    @property
    def day(self) -> date | None:
        """Its own day: what the ledger says, or what was sent."""
        text = self.one.write.arguments.get("date")
        return self.made.optional_date("Date") or (date.fromisoformat(text) if isinstance(text, str) else None)


def taken_back(
    context: WriteContext, one: Written, found: Found, *, id: str, freed: Mapping[str, Decimal],
    depends_on: tuple[str, ...] = (),
) -> Write | Obstacle:  # fmt: skip
    """The write that takes `one` back, or why there is none. Pure.

    `freed`: what earlier writes of the same proposal give back to each credit, by its id.
    """
    if taken_back_by(one.write) is None:
        return _stays(one)
    try:
        case = _case(one, found)
        if isinstance(case, Obstacle):
            return case
        obstacle = _obstacle(case, context.organisation.lock_date, freed)
        return obstacle or _write(case, context, id, depends_on)
    except FinchatError as error:
        return Obstacle("cannot", f"cannot be taken back: {error.message}", error.next or "take it back by hand")


def _case(one: Written, found: Found) -> _Case | Obstacle:
    kind, id = _record(one)
    record = found.get((kind, id))
    if record is None:
        return Obstacle("cannot", f"is not in the ledger as {id}", "look for it there; finchat leaves it alone")
    allocation = _allocation(one, record)
    if allocation is None if _allocates(one) else is_gone(record):
        return Obstacle("gone", "was taken back in the ledger by hand", "nothing is to be done; its bank line is free")
    credit = None if _allocates(one) else _credit(kind, record, found)
    return _Case(one=one, kind=kind, id=id, record=record, allocation=allocation, credit=credit)


def _write(case: _Case, context: WriteContext, id: str, depends_on: tuple[str, ...]) -> Write:
    one = case.one
    by = taken_back_by(one.write)
    assert by is not None
    operation = TABLE[by]
    tool = context.tool(operation.name)
    verify: dict[str, Any] = {"by": "gone", "kind": case.kind, "id": case.id}
    if case.allocation is not None:
        verify["allocation_id"] = case.allocation.text("AllocationID")
    if case.day is not None:
        verify["date"] = case.day.isoformat()
    verify |= _opened(case)
    return Write(
        id=id,
        operation=operation.name,
        resource=operation.resource,
        tool=tool.name,
        tool_sha256=tool.sha256,
        arguments=arguments_for(operation.name, verify),
        amount=one.write.amount,
        currency=one.write.currency,
        link_ids=tuple(link.id for link in one.links),
        preconditions=(*_conditions(case), *_open_again(one, verify), _lock(context)),
        effects=tuple(_opposite(effect) for effect in one.write.effects),
        verify=verify,
        depends_on=depends_on,
        reverses=one.name,
    )


def _obstacle(case: _Case, lock: date | None, freed: Mapping[str, Decimal]) -> Obstacle | None:
    write, own = case.one.write, case.allocation is None
    now = _amount(case.made)
    said = f"{amount_text(now, write.currency)} {write.currency}"
    used = Decimal(0)
    if case.credit is not None:
        kind, credit = case.credit
        given = freed.get(f"{kind} {credit.text(_ID[kind])}", Decimal(0))
        used = credit.decimal("Total") - credit.decimal("RemainingCredit") - given
    status = DOCUMENT_STATUSES.get(case.record.text("Status", ""), "") if case.kind == INVOICE else ""
    settled = case.record.decimal("Total") - case.record.decimal("AmountDue") if case.kind == INVOICE else Decimal(0)
    reasons = (
        (
            bool(settled),
            f"has {amount_text(settled, write.currency)} {write.currency} paid or credited on it",
            "take that back first, by undo of the plan that did it or in Xero, then undo this plan again",
        ),
        (
            case.kind == INVOICE and status != invoice_status(write),
            f"is {status} by now, and was made {invoice_status(write)}" if case.kind == INVOICE else "",
            "void or delete it in Xero by hand",
        ),
        (
            lock is not None and case.day is not None and case.day <= lock,
            f"is dated {case.day}, and the books are locked up to {lock}",
            "have the lock date moved by whoever may do that, or correct it on an open day",
        ),
        (
            own and reconciled(case.record),
            "was reconciled in Xero since",
            "unreconcile it there first, then undo the plan again",
        ),
        (own and in_batch(case.record), "is part of a batch payment", "delete the whole batch in Xero, or leave it"),
        (now != write.amount, f"was changed since: it says {said}", "look at it in Xero and correct it there"),
        (
            bool(used),
            f"is used: {amount_text(used, write.currency)} {write.currency} of it was allocated or refunded since",
            "take that back first, by undo of the plan that did it or in Xero, then undo this plan again",
        ),
    )
    return next((Obstacle("cannot", text, step) for holds, text, step in reasons if holds), None)


def _conditions(case: _Case) -> list[Precondition]:
    """The record is still as it was written, and nobody ticked it off or used it."""
    write = case.one.write
    amount = amount_text(write.amount, write.currency)
    if case.kind == INVOICE:
        type = next(link.type for link in case.one.links)
        told = {"status": invoice_status(write), "amount_due": amount, "currency": write.currency}
        return [Precondition(type=type, id=case.id, field=field, expected=text) for field, text in told.items()]
    told = {"status": "authorised", "amount": amount, "reconciled": "no", "batch": "no"}
    if case.allocation is not None:
        told = {f"allocation {case.allocation.text('AllocationID')}": amount}
    elif case.kind in CREDIT_IDS:
        told = {"remaining": amount}
    conditions = [Precondition(type=case.kind, id=case.id, field=field, expected=text) for field, text in told.items()]
    if case.credit is not None and case.kind not in CREDIT_IDS:
        kind, credit = case.credit
        conditions.append(Precondition(type=kind, id=credit.text(_ID[kind]), field="remaining", expected=amount))
    return conditions


def _opened(case: _Case) -> dict[str, str]:
    """What is open again afterwards: the document, and the credit that was allocated from or refunded."""
    one, found = case.one, dict[str, str]()
    documents = [link for link in one.links if link.document_id and link.type in ("invoice", "bill")]
    if documents and one.write.operation in _SETTLING:
        found["document_id"] = documents[0].document_id
    refunded = next((kind for kind in CREDIT_IDS if f"{kind}_id" in one.write.arguments), None)
    if _allocates(one):
        found |= {"credit_kind": case.kind, "credit_id": case.id}
    elif refunded is not None and one.write.operation == "payment.create":
        found |= {"credit_kind": refunded, "credit_id": str(one.write.arguments[f"{refunded}_id"])}
    return found


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


def _lock(context: WriteContext) -> Precondition:
    lock = context.organisation.lock_date
    expected = lock.isoformat() if lock else "none"
    return Precondition(type="organisation", id=context.organisation.id, field="lock_date", expected=expected)


_SETTLING = frozenset({"payment.create", *(f"{kind}.allocate" for kind in CREDIT_IDS)})


def _allocates(one: Written) -> bool:
    return one.write.operation.endswith(".allocate")


def _record(one: Written) -> Need:
    """The record that shows how the write stands: what it made, or the credit it allocated from."""
    kind = one.write.operation.partition(".")[0]
    if not _allocates(one):
        return kind, one.ledger_id
    given = one.write.arguments.get(f"{kind}_id")
    if isinstance(given, Mapping):  # the credit was made by an earlier write of the proposal
        given = one.ids.get(str(given.get("$from", "")).partition(".")[0], "")
    return kind, str(given)


def _needs(one: Written, found: Found) -> list[Need]:
    if taken_back_by(one.write) is None:
        return []
    need = _record(one)
    record = found.get(need)
    made = [] if record is None or need[0] != "bank_transaction" else _made_by(record)
    return [need, *made]


def _made_by(transaction: Record) -> list[Need]:
    """The overpayment or prepayment that a bank transaction made."""
    pairs = (("overpayment", "OverpaymentID"), ("prepayment", "PrepaymentID"))
    return [(kind, transaction.text(key)) for kind, key in pairs if transaction.text(key, "")]


def _credit(kind: str, record: Record, found: Found) -> tuple[str, Record] | None:
    """The credit that goes with what is taken back, when there is one: the credit note itself, or what a bank
    transaction made."""
    if kind in CREDIT_IDS:
        return kind, record
    for need in _made_by(record) if kind == "bank_transaction" else []:
        if (made := found.get(need)) is not None:
            return need[0], made
    return None


def _allocation(one: Written, credit: Record) -> Record | None:
    """The allocation that was written: by its id, or where the server gave none, the only one like it."""
    if not _allocates(one):
        return None
    if (named := standing_allocation(credit, one.ledger_id)) is not None:
        return named
    if ":" not in one.ledger_id:
        return None
    document = one.ledger_id.partition(":")[2]
    like = [
        allocation
        for allocation in credit.children("Allocations", "AllocationID")
        if allocation.child("Invoice", "InvoiceID").text("InvoiceID", "") == document
        and allocation.decimal("Amount") == one.write.amount
        and allocation.text("AllocationID", "")
        and not allocation.flag("IsDeleted")
    ]
    return like[0] if len(like) == 1 else None


def _amount(record: Record) -> Decimal:
    total = record.optional_decimal("Total")
    return record.decimal("Amount") if total is None else total


def _stays(one: Written) -> Obstacle:
    if one.write.operation == "contact.create":
        return Obstacle("stays", "stays in the ledger", "archive it in Xero if nothing else uses it")
    if one.write.operation == "invoice.update":
        return Obstacle("stays", "stays on the invoice", "remove that line in Xero by hand")
    return Obstacle("stays", "is nothing that finchat takes back", "correct it in Xero by hand")


def _opposite(effect: Effect) -> Effect:
    return replace(effect, amount=-effect.amount, base_amount=-effect.base_amount)
