"""What a run did until it was stopped, in words made by code: the model has no part in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from finchat.agent.events import Called
from finchat.agent.tray import Tray
from finchat.text.sanitise import one_line

_WORDS = {"done": "done", "failed": "failed", "refused": "refused", "not_executed": "not made"}
_LONGEST = 80
_MOST = 20


def summary(why: str, calls: Sequence[Called], tray: Tray) -> str:
    """Why the run ended, its calls by tool and outcome, its plans, and what was written."""
    lines = [f"Stopped before the answer was complete: {why}."]
    if calls:
        counted = Counter((f"{one.server}:{one.tool}" if one.server else one.tool, one.outcome) for one in calls)
        rows = [
            f"{number} × {one_line(tool, _LONGEST)} {_WORDS[outcome]}" for (tool, outcome), number in counted.items()
        ]
        more = f", and {len(rows) - _MOST} more" if len(rows) > _MOST else ""
        lines.append(f"Calls until then: {', '.join(rows[:_MOST])}{more}.")
    else:
        lines.append("No tool was called.")
    waiting = [one.plan.id for one in tray.waiting()]
    if waiting:
        lines.append(f"Saved and waiting for a person: {', '.join(f'plan {id}' for id in waiting)}.")
    outcomes = Counter(
        result.outcome or result.decision for settled in tray.settled().values() for result in settled.results
    )
    if pending := outcomes.pop("pending", 0):
        lines.append(f"Writes that a person left undecided: {pending}.")
    written = outcomes.pop("committed", 0)
    lines.append("Nothing was written." if not written else f"Writes that the ledger confirmed: {written}.")
    if unknown := outcomes.pop("unknown", 0):
        lines.append(f"Writes whose outcome is not known yet: {unknown}; see `finchat journal show`.")
    return "\n".join(lines)
