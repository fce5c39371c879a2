"""What left the machine for the model, as a person reads it: every part once, whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from finchat.agent.sent import SentPart, SentRequest
from finchat.text.redact import redact
from finchat.text.sanitise import one_line, visible

_NAMES = {
    "instructions": "instructions",
    "tool": "tool offered",
    "user": "question or finchat's own words",
    "assistant": "the model's earlier words",
    "reasoning": "the model's encrypted reasoning",
    "call": "the model's earlier call",
    "output": "answer of tool",
}


def sent_view(entries: Iterable[SentRequest]) -> str:
    """All requests of a run; what an earlier one had shown is counted, not repeated."""
    return "\n".join(line for entry in entries for line in _request(entry)) or "Nothing was sent."


def _request(entry: SentRequest) -> Iterator[str]:
    where = one_line(f"{entry.destination} ({entry.model}, {entry.api})", 120)
    yield f"Sent to {where}: request {entry.number}, {entry.bytes:,} bytes, about {entry.tokens:,} tokens"
    if entry.again:
        yield f"  {entry.again} part{'s' * (entry.again != 1)} again, as shown above"
    for part in entry.new:
        yield from _part(part)


def _part(part: SentPart) -> Iterator[str]:
    label = f" {one_line(part.label, 80)}" if part.label else ""
    yield f"  {_NAMES[part.kind]}{label} ({part.bytes:,} bytes)"
    if part.kind == "reasoning":  # nobody but the endpoint can read it
        return
    for line in redact(part.text).split("\n"):
        yield f"    {visible(line)}"
