"""What an answer and a read-back mean for a write. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from finchat.books.plan import Write
from finchat.connections.toolbox import CallError, CallResult
from finchat.safety.journal import Conclusion, WriteRecord
from finchat.safety.profile_protocol import SightingLike
from finchat.safety.results import WriteError, WriteOutcome
from finchat.safety.words import amount_of


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known of a write after its send. `left_s`: how long the vendor could still work on it when it was
    looked for; `trouble` says why there is no sighting; `doubt`, what is wrong with the server's answer."""

    settled_id: str | None
    error: CallError | None
    sighting: SightingLike | None
    trouble: str
    left_s: float
    doubt: str = ""


def conclusion(write: Write, where: str, record: WriteRecord, seen: Seen) -> Conclusion:
    """How a write stands, from the reply and the read-back together. Pure."""
    sighting, deed = seen.sighting, f"{amount_of(write)} on {where}"
    if sighting is not None and sighting.found:
        ledger_id = sighting.ledger_id or seen.settled_id
        return Conclusion(
            outcome="committed", text=f"{where} took {amount_of(write)}, read back as {ledger_id}",
            ledger_id=ledger_id, due_before=sighting.due_before, due_after=sighting.due_after,
        )  # fmt: skip
    if seen.settled_id is not None and not seen.doubt and (sighting is None or not sighting.certain):
        return Conclusion(
            outcome="committed", text=f"{where} took {amount_of(write)} as {seen.settled_id}, not read back",
            ledger_id=seen.settled_id,
        )  # fmt: skip
    certain = sighting is not None and sighting.certain
    if certain and seen.settled_id is None and seen.left_s <= 0 and seen.error is not None:
        message = f"{seen.error.message}; it is not in the ledger and can no longer arrive"
        return Conclusion(
            outcome="not_sent", text=f"{deed} is not in the ledger: {seen.error.message}",
            error=WriteError(code=seen.error.code, message=message, next="apply the plan again"),
        )  # fmt: skip
    disagree = seen.doubt or "the server's answer and the ledger do not agree"
    why = seen.error.message if seen.error is not None else disagree
    trouble = seen.trouble or (sighting.text if sighting is not None else "")
    return Conclusion(
        outcome="unknown", text=f"whether {where} took {amount_of(write)} is not known: {why}",
        ledger_id=seen.settled_id,
        error=WriteError(
            code="outcome_unknown", message=f"{why}; {trouble}" if trouble else why,
            next=f"run finchat again: it looks first; or finchat journal resolve {record.name} --committed ID",
        ),
    )  # fmt: skip


def surprises_in(what: str, seen: Seen) -> list[str]:
    """What the reply and the look at the ledger showed that was not expected, although the write was done. Pure."""
    sighting, found = seen.sighting, list[str]()
    if sighting is None or not sighting.found:
        return found
    if seen.doubt:
        found.append(f"{what}: the server's answer was odd ({seen.doubt}), but the ledger shows it.")
    if seen.settled_id is not None and sighting.ledger_id not in (None, seen.settled_id):
        found.append(f"The server said {seen.settled_id}, the ledger shows {sighting.ledger_id}: look at both.")
    return found


def proves_undone(error: CallError) -> bool:
    """401 and 429 are said before the vendor looks at the request. Not when the server itself says that it does not
    know: a server that tries again inside hears them of its second try."""
    if error.outcome == "unknown":
        return False
    return error.status in (401, 429) or error.code in ("unauthorized", "rate_limited")


def write_error(error: CallError) -> WriteError:
    return WriteError(code=error.code, message=error.message, field=error.field, next=error.next)


def unclear(code: str, message: str) -> CallResult:
    """An answer that never came."""
    return CallResult(error=CallError(code=code, message=message, outcome="unknown"))


def refused_by_server(write: Write, where: str, error: CallError) -> Conclusion:
    """An error that proves the write did not happen: failed when the vendor looked at it, else not sent."""
    outcome: WriteOutcome = "failed" if error.outcome == "failed" and not proves_undone(error) else "not_sent"
    text = f"{where} did not take {amount_of(write)}: {error.message}"
    return Conclusion(outcome=outcome, text=text, error=write_error(error))
