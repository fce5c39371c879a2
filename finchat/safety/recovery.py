"""The first thing on an organisation: what became of the writes that an earlier run left open or not read back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass

from finchat.books.documents import Organisation
from finchat.books.plan import Proposal, Write
from finchat.connections.toolbox import Toolbox
from finchat.errors import ExitCode, FinchatError, worst
from finchat.events import Emit, Notice, Recovered, Waiting
from finchat.safety.journal import OPEN_STATES, Conclusion, Journal, WriteRecord
from finchat.safety.profile_protocol import Profile, SightingLike
from finchat.safety.read_back import Confirmed, read_back
from finchat.safety.results import WriteError, WriteResult, exit_code_of
from finchat.safety.runs import Run
from finchat.safety.words import of_line

MAX_WAIT_S = 60.0
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Recovery:
    """What recovery found. `settled` are this organisation's writes as they now stand, `elsewhere` those of others
    that are still open, `in_flight` those of this organisation that a running finchat is at. `read_back` are those
    that an earlier run committed and ended before it could read them back."""

    settled: tuple[WriteRecord, ...] = ()
    elsewhere: tuple[WriteRecord, ...] = ()
    in_flight: tuple[WriteRecord, ...] = ()
    read_back: tuple[WriteResult, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """WRITE_UNKNOWN while anything of this organisation is unknown; MISMATCH when a read-back differs."""
        codes = [ExitCode.WRITE_UNKNOWN for r in self.settled if r.state == "unknown"]
        return worst([*codes, exit_code_of(self.read_back)])


async def recover(
    journal: Journal, run: Run, organisation: Organisation, profile: Profile | None, toolbox: Toolbox, *, emit: Emit,
    sleep: Sleep,
) -> Recovery:  # fmt: skip
    """Settle the open writes of one organisation whose owner is gone; name the others.

    Never sends anything. Waits visibly, up to 60 s in all, until the vendor can no longer be working on them.
    Raises StorageError when the journal cannot be written.
    """
    everything = journal.writes(states=OPEN_STATES)
    here = [r for r in everything if (r.server, r.org_id) == (organisation.server, organisation.id)]
    elsewhere = tuple(r for r in everything if r not in here and not run.is_alive(r.run_id))
    for record in elsewhere:
        emit(Notice(
            text=f"A write of {record.what} from an earlier run is still open; it is settled when that is used next.",
            severity="warning",
        ))  # fmt: skip
    settled: list[WriteRecord] = []
    in_flight: list[WriteRecord] = []
    with ExitStack() as held:
        # The lock of a gone owner is kept meanwhile, so that two starts do not settle the same write.
        others = {r.run_id for r in here} - {run.id}
        gone = {run_id: held.enter_context(run.take_over(run_id)) for run_id in others}
        ours = []
        for record in here:
            if record.run_id == run.id and record.state != "unknown":
                continue  # this very process is at it
            if record.run_id != run.id and not gone[record.run_id]:
                in_flight.append(record)
            elif adopted := journal.adopt(record):
                ours.append(adopted)
        if ours:
            settled = await _settle(journal, ours, profile, toolbox, emit=emit, sleep=sleep)
    for record in in_flight:
        emit(Notice(text=f"Another finchat is writing right now: {record.what}.", severity="info"))
    unread = _not_read_back(journal, run, organisation)
    found: tuple[WriteResult, ...] = ()
    if profile is not None:
        found = await read_back(unread, profile=profile, toolbox=toolbox, journal=journal, emit=emit)
    return Recovery(tuple(settled), elsewhere, tuple(in_flight), found)


def _not_read_back(journal: Journal, run: Run, organisation: Organisation) -> list[Confirmed]:
    """What was committed by a run that ended before its read-back, and by the recovery just now.

    Without the amounts of before: only the writes themselves are compared, for what is due may rightly have changed.
    """
    confirmed = []
    for record in journal.not_read_back(organisation.server, organisation.id):
        gone = record.run_id == run.id or not run.is_alive(record.run_id)
        if gone and (planned := _planned(journal, record)) is not None:
            confirmed.append(Confirmed(proposal=planned[0], write=planned[1], record=record))
    return confirmed


@dataclass(frozen=True, slots=True)
class _Look:
    """One try to find a write. `may_still_come`: the vendor may have been working on it when we looked."""

    sighting: SightingLike | None
    trouble: str
    may_still_come: bool


async def _settle(
    journal: Journal,
    records: list[WriteRecord],
    profile: Profile | None,
    toolbox: Toolbox,
    *,
    emit: Emit,
    sleep: Sleep,
) -> list[WriteRecord]:
    looks: dict[str, _Look] = {}
    for record in records:
        if record.state != "approved":
            looks[record.name] = await _look(journal, record, profile, toolbox)
    waiting = [r for r in records if r.name in looks and looks[r.name].may_still_come]
    left = max((s for r in waiting if (s := r.seconds_left()) <= MAX_WAIT_S), default=0.0)
    if left > 0:
        reason = "an earlier write may still be under way at the server"
        emit(Waiting(server=toolbox.server, seconds=left, reason=reason))
        await sleep(left)
        for record in waiting:
            looks[record.name] = await _look(journal, record, profile, toolbox)
    settled = []
    for record in records:
        conclusion, said = _verdict(journal, record, looks.get(record.name))
        emit(Recovered(write_id=record.name, outcome=conclusion.outcome, text=said))
        settled.append(journal.conclude(record, conclusion, event="recovery"))
    return settled


async def _look(journal: Journal, record: WriteRecord, profile: Profile | None, toolbox: Toolbox) -> _Look:
    left = record.seconds_left()  # before looking: what comes after this look was not seen by it
    planned = _planned(journal, record)
    if profile is None or planned is None:
        return _Look(None, "finchat does not know how to read it back", False)
    try:
        sighting = await profile.look_for(toolbox, planned[1], known_ids=record.known_ids)
    except FinchatError as error:
        return _Look(None, f"the ledger could not be read: {error.message}", False)
    return _Look(sighting, "", left > 0 and not sighting.found and sighting.certain)


def _verdict(journal: Journal, record: WriteRecord, look: _Look | None) -> tuple[Conclusion, str]:
    """How an open write ends, for the record, and the same in a person's words."""
    what = f"The write of {record.what}, left open by an earlier run,"
    planned = _planned(journal, record)
    plain = f"The {of_line(*planned) if planned is not None else f'write of {record.what}'}, begun by an earlier run,"
    again = f"to write it: finchat apply {record.plan_id}"
    if look is None:
        text = "had been approved but was never sent. Nothing was written"
        return Conclusion(outcome="not_sent", text=f"{what} {text}."), f"{plain} {text}; {again}"
    sighting, trouble = look.sighting, look.trouble
    if sighting is not None and sighting.found:
        conclusion = Conclusion(
            outcome="committed",
            text=f"{what} is in the ledger as {sighting.ledger_id}.",
            ledger_id=sighting.ledger_id,
            due_before=sighting.due_before,
            due_after=sighting.due_after,
        )
        return conclusion, f"{plain} is in the ledger. Nothing is left to do for it."
    # What the server once confirmed is never taken for not sent, whatever the ledger shows.
    if sighting is not None and sighting.certain and not look.may_still_come and record.ledger_id is None:
        text = "is not in the ledger and can no longer arrive. It was not written"
        return Conclusion(outcome="not_sent", text=f"{what} {text}; apply its plan again."), f"{plain} {text}; {again}"
    if look.may_still_come:
        trouble = f"it is not in the ledger yet, and the server may take it for {record.seconds_left():.0f} s more"
    elif record.ledger_id is not None and sighting is not None and sighting.certain:
        trouble = f"the server confirmed it as {record.ledger_id}, but the ledger does not show it"
    elif sighting is not None:
        trouble = sighting.text or "this server offers no way to read it back"
    step = f"look in the ledger, then: finchat journal resolve {record.name} --committed ID (or --not-sent)"
    conclusion = Conclusion(
        outcome="unknown",
        text=f"{what} is still unknown: {trouble}.",
        ledger_id=record.ledger_id,
        error=WriteError(code="outcome_unknown", message=trouble, next=step),
    )
    return conclusion, f"{plain} is still unknown: {trouble}; {step}"


def _planned(journal: Journal, record: WriteRecord) -> tuple[Proposal, Write] | None:
    """The proposal and write of a record, from the plan as the journal keeps it."""
    plan = journal.plan(record.plan_id)
    proposals = plan.proposals if plan is not None else ()
    pairs = ((p, w) for p in proposals if p.id == record.proposal_id for w in p.writes)
    return next(((p, w) for p, w in pairs if w.id == record.write_id), None)
