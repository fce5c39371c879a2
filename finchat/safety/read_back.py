"""Reading the ledger again for writes that the server confirmed: what it now says, compared with what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from finchat.books.plan import Proposal, Write
from finchat.connections.toolbox import Toolbox
from finchat.errors import FinchatError
from finchat.events import Emit, Notice, Working
from finchat.safety.journal import Conclusion, Journal, WriteRecord
from finchat.safety.preconditions import AMOUNTS, Fact, change_by, fact_of
from finchat.safety.profile_protocol import Profile, StandingLike
from finchat.safety.results import READ_BACK_DIFFERS, WriteError, WriteResult
from finchat.safety.words import amount_of, deed
from finchat.store.database import StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A committed write that the ledger was not read again for. `before`: the amounts its preconditions had when it
    was sent (what was due, what the credit had left); empty when another run sent it, and then not compared."""

    proposal: Proposal
    write: Write
    record: WriteRecord
    before: Mapping[Fact, Decimal] = field(default_factory=dict)

    @property
    def ledger_id(self) -> str:
        return self.record.ledger_id or ""


async def read_back(
    confirmed: Sequence[Confirmed], *, profile: Profile, toolbox: Toolbox, journal: Journal, emit: Emit
) -> tuple[WriteResult, ...]:
    """What became of confirmed writes, in order; stored in the journal and the log. Never sends anything.

    When the ledger cannot be read, or nothing can be stored, a warning says so, nothing is returned, and the next start
    reads it back.
    """
    if not confirmed:
        return ()
    emit(Working(what="reading back what was written"))
    try:
        standings = await profile.read_back(toolbox, [(c.write, c.ledger_id) for c in confirmed])
    except FinchatError as error:
        many = f"{len(confirmed)} writes were" if len(confirmed) > 1 else f"The {deed(*_of(confirmed[0]))} was"
        text = f"{many} confirmed by the server, but could not be read back: {error.message}."
        emit(Notice(text=f"{text} The next start looks again.", severity="warning"))
        return ()
    found = list(zip(confirmed, compared(confirmed, standings), strict=True))
    for one, conclusion in found:
        if conclusion.error is not None:
            text = f"Read back, the {deed(*_of(one))} is not as it was sent: {conclusion.error.message}."
            emit(Notice(text=text, severity="warning"))
    unseen = [one for one, standing in zip(confirmed, standings, strict=True) if standing.presence == "unreadable"]
    for one in unseen:
        text = f"The {deed(*_of(one))} was confirmed by the server, which offers no way to read it back."
        emit(Notice(text=text, severity="warning"))
    if len(found) > 1 and not unseen and all(conclusion.error is None for _, conclusion in found):
        emit(Notice(text=f"Read back: the ledger shows all {len(found)} writes as they were sent."))
    try:
        stored = journal.read_back([(one.record, conclusion) for one, conclusion in found])
    except StorageError as error:
        emit(Notice(text=f"What was read back could not be stored: {error.message}", severity="warning"))
        return tuple(_told(one.record.result(), conclusion) for one, conclusion in found)
    return tuple(_told(record.result(), v) for record, (_, v) in zip(stored, found, strict=True))


def compared(confirmed: Sequence[Confirmed], standings: Sequence[StandingLike]) -> tuple[Conclusion, ...]:
    """How each write stands. Pure.

    Writes are in the order they were sent: what a document has due now is what the last write on it left, and each
    earlier one left that much and the amounts of those after it more.
    """
    later: dict[Fact, Decimal] = {}
    found: list[Conclusion] = []
    for one, standing in reversed(list(zip(confirmed, standings, strict=True))):
        now = {"amount_due": standing.due, "remaining": standing.remaining}
        left: dict[str, Decimal] = {}
        differences = [standing.disagreement] if standing.disagreement else []
        for condition in one.write.preconditions:
            present, fact = now.get(condition.field), fact_of(condition)
            if condition.field not in AMOUNTS or present is None:
                continue
            by = change_by(one.proposal, one.write, condition)
            left[condition.field] = present + later.get(fact, Decimal(0))
            if standing.presence != "there":
                continue
            later[fact] = later.get(fact, Decimal(0)) + by
            planned = one.before[fact] - by if fact in one.before else None
            if planned is not None and planned != left[condition.field]:
                differences.append(_amount_differs(condition.field, left[condition.field], planned, one.write.currency))
        due_before = next((v for fact, v in one.before.items() if fact[2] == "amount_due"), None)
        found.append(_conclusion(one, standing, differences, due_before, left.get("amount_due")))
    return tuple(reversed(found))


def _conclusion(
    one: Confirmed, standing: StandingLike, differences: Sequence[str], due_before: Decimal | None,
    due_after: Decimal | None,
) -> Conclusion:  # fmt: skip
    where = f"{one.record.server} ({one.record.org_name})"
    what = f"{amount_of(one.write)} on {where}, {one.ledger_id}"
    if standing.presence == "unreadable":
        return Conclusion(outcome="committed", text=f"{what}, was taken but cannot be read back there")
    if standing.presence == "missing":
        knows = "still shows what it took back" if one.write.reverses else "knows nothing of that"
        message = f"the server confirmed it as {one.ledger_id}, but the ledger {knows}"
        return Conclusion(
            outcome="unknown", text=f"whether {where} holds {amount_of(one.write)} is not known: {message}",
            ledger_id=one.ledger_id, due_before=due_before, due_after=due_after,
            error=WriteError(
                code="outcome_unknown", message=message,
                next=f"look in the ledger; then: finchat journal resolve {one.record.name} --committed ID "
                "(or --not-sent)",
            ),
        )  # fmt: skip
    if standing.presence == "deleted":
        differences = ["it was deleted since", *differences]
    if not differences:
        due = "" if due_after is None else f"; {due_after} {one.write.currency} is due after it"
        return Conclusion(
            outcome="committed", text=f"{what}, was read back as it was sent{due}", ledger_id=one.ledger_id,
            due_before=due_before, due_after=due_after,
        )  # fmt: skip
    message = "; ".join(differences)
    return Conclusion(
        outcome="committed", text=f"{what}, was read back and is not as it was sent: {message}",
        ledger_id=one.ledger_id, due_before=due_before, due_after=due_after,
        error=WriteError(
            code=READ_BACK_DIFFERS, message=f"the ledger, read back, does not say what was sent: {message}",
            next=f"look at {one.ledger_id} in the ledger; finchat does not send it again",
        ),
    )  # fmt: skip


def _amount_differs(field: str, present: Decimal, planned: Decimal, currency: str) -> str:
    what = "is due on the document" if field == "amount_due" else "is left of the credit"
    return f"{present} {currency} {what}, not {planned}"


def _told(result: WriteResult, conclusion: Conclusion) -> WriteResult:
    """The result with what the read-back says, its next step included, which the journal does not keep."""
    return replace(
        result, outcome=conclusion.outcome, error=conclusion.error,
        due_before=result.due_before if conclusion.due_before is None else conclusion.due_before,
        due_after=result.due_after if conclusion.due_after is None else conclusion.due_after,
    )  # fmt: skip


def _of(one: Confirmed) -> tuple[Proposal, Write]:
    return one.proposal, one.write
