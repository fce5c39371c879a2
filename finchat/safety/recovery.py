"""The first thing on an organisation: what became of the writes that an earlier run left open there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass

from finchat.books.documents import Organisation
from finchat.books.plan import Write
from finchat.connections.toolbox import Toolbox
from finchat.errors import ExitCode, FinchatError
from finchat.events import Emit, Notice, Recovered, Waiting
from finchat.safety.journal import OPEN_STATES, Conclusion, Journal, WriteRecord
from finchat.safety.profile_protocol import Profile, SightingLike
from finchat.safety.results import WriteError
from finchat.safety.runs import Run

MAX_WAIT_S = 60.0
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Recovery:
    """What recovery found. `settled` are this organisation's writes as they now stand, `elsewhere` those of others
    that are still open, `in_flight` those of this organisation that a running finchat is at."""

    settled: tuple[WriteRecord, ...] = ()
    elsewhere: tuple[WriteRecord, ...] = ()
    in_flight: tuple[WriteRecord, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """WRITE_UNKNOWN while anything of this organisation is unknown, else DONE."""
        return ExitCode.WRITE_UNKNOWN if any(r.state == "unknown" for r in self.settled) else ExitCode.DONE


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
    return Recovery(tuple(settled), elsewhere, tuple(in_flight))


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
        conclusion = _verdict(record, looks.get(record.name))
        emit(Recovered(write_id=record.name, outcome=conclusion.outcome, text=conclusion.text))
        settled.append(journal.conclude(record, conclusion, event="recovery"))
    return settled


async def _look(journal: Journal, record: WriteRecord, profile: Profile | None, toolbox: Toolbox) -> _Look:
    left = record.seconds_left()  # before looking: what comes after this look was not seen by it
    write = _write_of(journal, record)
    if profile is None or write is None:
        return _Look(None, "finchat does not know how to read it back", False)
    try:
        sighting = await profile.look_for(toolbox, write, known_ids=record.known_ids)
    except FinchatError as error:
        return _Look(None, f"the ledger could not be read: {error.message}", False)
    return _Look(sighting, "", left > 0 and not sighting.found and sighting.certain)


def _verdict(record: WriteRecord, look: _Look | None) -> Conclusion:
    what = f"The write of {record.what}, left open by an earlier run,"
    if look is None:
        return Conclusion(outcome="not_sent", text=f"{what} had been approved but was never sent. Nothing was written.")
    sighting, trouble = look.sighting, look.trouble
    if sighting is not None and sighting.found:
        return Conclusion(
            outcome="committed",
            text=f"{what} is in the ledger as {sighting.ledger_id}.",
            ledger_id=sighting.ledger_id,
            due_before=sighting.due_before,
            due_after=sighting.due_after,
        )
    if sighting is not None and sighting.certain and not look.may_still_come:
        return Conclusion(
            outcome="not_sent",
            text=f"{what} is not in the ledger and can no longer arrive. It was not written; apply its plan again.",
        )
    if look.may_still_come:
        trouble = f"it is not in the ledger yet, and the server may take it for {record.seconds_left():.0f} s more"
    elif sighting is not None:
        trouble = sighting.text or "this server offers no way to read it back"
    return Conclusion(
        outcome="unknown",
        text=f"{what} is still unknown: {trouble}.",
        error=WriteError(
            code="outcome_unknown",
            message=trouble,
            next=f"look in the ledger, then: finchat journal resolve {record.name} --committed ID (or --not-sent)",
        ),
    )


def _write_of(journal: Journal, record: WriteRecord) -> Write | None:
    plan = journal.plan(record.plan_id)
    proposals = plan.proposals if plan is not None else ()
    writes = (w for p in proposals if p.id == record.proposal_id for w in p.writes)
    return next((w for w in writes if w.id == record.write_id), None)
