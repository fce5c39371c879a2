"""How a request differs from what was recorded, in words for people."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from finchat.cassettes.content import content
from finchat.cassettes.rows import Row
from finchat.cassettes.same import Place, pointer

SHOWN = 8  # differences
_COUNTED = 100  # differences after which one row is as far away as another
_LONGEST = 60  # characters of a value
_AROUND = 24  # characters shown before the first difference of two texts


def nearest(
    kind: str, asked: Mapping[str, Any], recorded: Sequence[tuple[Row, Mapping[str, Any]]], used: Collection[int]
) -> tuple[Row, tuple[str, ...]] | None:
    """The recorded request most like the one asked, and at most SHOWN of their differences; None without any.

    One to the same tool comes before one to another; then the fewest differences count, then whether it is unused.
    """
    best: tuple[tuple[bool, int, bool, int], Row, list[str]] | None = None
    for row, request in recorded:
        other = words(kind, request) != words(kind, asked)
        most = _COUNTED if best is None or other != best[0][0] else best[0][1] + 1
        found = differences(request, asked, most)
        rank = (other, len(found), row.n in used, row.n)
        if best is None or rank < best[0]:
            best = (rank, row, found)
    if best is None:
        return None
    _, row, found = best
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return row, (*found[:SHOWN], *more)


def differences(recorded: Any, now: Any, most: int = SHOWN) -> list[str]:
    """The first `most` differences of two values, each by its JSON pointer and with both values."""
    found: list[str] = []
    for place, before, after in _differences(recorded, now, None):
        found.append(f"{pointer(place) or 'it'} {_told(before, after)}")
        if len(found) == most:
            break
    return found


def each_difference(recorded: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every difference of two values: its JSON pointer and both values, NOTHING where there is none."""
    return ((pointer(place), before, after) for place, before, after in _differences(recorded, now, None))


def words(kind: str, request: Mapping[str, Any]) -> str:
    """What a request is, in a few words."""
    if kind == "mcp":
        params = request.get("params") or {}
        return " ".join(str(part) for part in (request["server"], request["method"], params.get("name")) if part)
    if kind == "model":
        return f"the model, {request['path']}"
    return f"the person ({request['asks']}): {shown(request['prompt'])}"


class _Nothing:
    """What stands where one of two values has no member."""


NOTHING = _Nothing()


def _differences(recorded: Any, now: Any, place: Place) -> Iterator[tuple[Place, Any, Any]]:
    if isinstance(recorded, Mapping) and isinstance(now, Mapping):
        for key in sorted({*recorded, *now}):
            yield from _differences(recorded.get(key, NOTHING), now.get(key, NOTHING), (place, key))
    elif isinstance(recorded, list | tuple) and isinstance(now, list | tuple):
        yield from _in_lists(recorded, now, place)
    elif recorded is NOTHING or now is NOTHING or content(recorded) != content(now):
        yield place, recorded, now


def _in_lists(recorded: Sequence[Any], now: Sequence[Any], place: Place) -> Iterator[tuple[Place, Any, Any]]:
    before, after = [content(item) for item in recorded], [content(item) for item in now]
    first = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    last = 0
    while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
        last += 1
    for index in range(first, max(len(before), len(after)) - last):
        old = recorded[index] if index < len(before) - last else NOTHING
        new = now[index] if index < len(after) - last else NOTHING
        yield from _differences(old, new, (place, index))


def _told(before: Any, after: Any) -> str:
    if before is NOTHING:
        return f"was not recorded, now {shown(after)}"
    if after is NOTHING:
        return f"recorded {shown(before)}, now missing"
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > _LONGEST:
        first = next(
            (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
        )
        begin = max(0, first - _AROUND)
        return f"from character {first + 1} on: recorded {_part(before, begin)}, now {_part(after, begin)}"
    return f"recorded {shown(before)}, now {shown(after)}"


def _part(text: str, begin: int) -> str:
    part = text[begin : begin + _LONGEST]
    return f"{'…' if begin else ''}{content(part)}{'…' if begin + _LONGEST < len(text) else ''}"


def shown(value: Any) -> str:
    """A value as JSON, shortened."""
    text = content(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
