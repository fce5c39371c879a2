"""The chain of a cassette: each line holds the hash of the line before, and the last one its own as well.

It shows that a file was changed by hand or by accident, and where. It is no signature: whoever has finchat can chain
and seal what they like.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finchat.canonical import canonical_json

LINK_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Break:
    """The line (counted from 1) at which a file stops being what was written, and why."""

    line: int
    why: str


def link(line: bytes) -> str:
    """What the next line says of this one: the first 32 hex digits of the SHA-256 of its bytes, less its end."""
    return hashlib.sha256(line).hexdigest()[:LINK_DIGITS]


def sealed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The last row with its own hash: nothing comes after it that could hold it."""
    rest = {name: value for name, value in row.items() if name != "sha256"}
    return {**rest, "sha256": link(canonical_json(rest).encode("utf-8"))}


def breaks(lines: Sequence[bytes], rows: Sequence[Mapping[str, Any]]) -> Iterator[Break]:
    """Where the lines of a file stop being what was written; nothing when they never do. `rows`: the lines as read."""
    misnumbered = _misnumbered(rows)
    if misnumbered is not None:
        yield misnumbered
        return
    changed = sorted(set(_changed(lines, rows)))
    for place in changed:
        yield Break(place + 1, "it was changed after it was written")
    if not changed:
        yield from _end(rows)


def _end(rows: Sequence[Mapping[str, Any]]) -> Iterator[Break]:
    seals = [place for place, row in enumerate(rows) if row.get("kind") == "seal"]
    if not seals:
        yield Break(len(rows), "the file ends here without its seal: the rest was cut off")
    elif seals[0] != len(rows) - 1:
        yield Break(seals[0] + 2, f"the recording ended with the seal on line {seals[0] + 1}; this line was added")
    elif rows[-1].get("rows") != len(rows) - 1:
        yield Break(len(rows), "the seal counts another number of rows")


def _misnumbered(rows: Sequence[Mapping[str, Any]]) -> Break | None:
    numbers = [row.get("n") for row in rows]
    for place, number in enumerate(numbers):
        if type(number) is int and number == place:
            continue
        if type(number) is not int:
            return Break(place + 1, f"it has no number; it is the place of row {place}")
        if number < place:
            return Break(place + 1, f"row {number} stands here again, after line {number + 1}: a line was put in twice")
        if place in numbers:
            other = numbers.index(place) + 1
            return Break(place + 1, f"row {number} stands where row {place} belongs, which is on line {other}")
        gone = f"row {place} is" if number == place + 1 else f"rows {place} to {number - 1} are"
        return Break(place + 1, f"{gone} missing before row {number}: lines were taken out, or its number was changed")
    return None


def _changed(lines: Sequence[bytes], rows: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """Lines, counted from 0, that the next one, or itself, does not know."""
    last = len(rows) - 1
    follows = [True] + [rows[place].get("prev") == link(lines[place - 1]) for place in range(1, len(rows))]
    sound_end = rows[last].get("kind") != "seal" or _is_sealed(rows[last])
    for place in range(1, len(rows)):
        if not follows[place]:
            # This line does not know the one before. When the one after does not know this line either, it is this
            # line that was changed.
            yield place - 1 if (follows[place + 1] if place < last else sound_end) else place
    if not sound_end:
        yield last


def _is_sealed(row: Mapping[str, Any]) -> bool:
    try:
        return bool(sealed(row)["sha256"] == row.get("sha256"))
    except (TypeError, ValueError):
        return False
