"""What a model's stream carries in pieces, put together, and cut again where it was cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_DELTA = "delta"
_ORDER = ("item_id", "output_index", "content_index", "summary_index")  # what tells two texts of one answer apart
_NO_TEXTS = frozenset({"id", "type", "role", "name", "index"})
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Pieces:
    """One text of a stream: where each of its pieces stands in the events, and the pieces."""

    places: tuple[Place, ...]
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.parts)


def pieces_of(events: Sequence[Any]) -> list[Pieces]:
    """The texts that come in more than one event, as [name, data] of a model row hold them."""
    found: dict[tuple[Any, ...], list[tuple[Place, str]]] = {}
    for number, event in enumerate(events):
        if not isinstance(event, list | tuple) or len(event) != 2 or not isinstance(event[1], Mapping):
            continue
        data = event[1]
        whose = (data.get("type"), *(str(data.get(name)) for name in _ORDER))
        for place, called, text in _texts(data, (), (), False):
            found.setdefault((whose, called), []).append(((number, 1, *place), text))
    return [
        Pieces(tuple(place for place, _ in each), tuple(text for _, text in each))
        for each in found.values()
        if len(each) > 1
    ]


def cut_again(events: list[Any], pieces: Pieces, spans: Sequence[tuple[int, int, str]]) -> None:
    """Put the pieces with `spans` of their whole text replaced into the events: a character for a character; what is
    longer than it was goes with its last one."""
    cut: list[str] = []
    at = 0
    for part in pieces.parts:
        end = at + len(part)
        out, here = [], at
        for start, stop, instead in spans:
            if stop <= at or start >= end:
                continue
            out.append(part[here - at : max(start, at) - at] if start > here else "")
            first = max(start, at) - start
            last = len(instead) if stop <= end else min(end - start, len(instead))
            out.append(instead[first:last])
            here = min(stop, end)
        cut.append("".join([*out, part[here - at :]]))
        at = end
    for place, text in zip(pieces.places, cut, strict=True):
        holder: Any = events
        for step in place[:-1]:
            holder = holder[step]
        holder[place[-1]] = text


def _texts(value: Any, place: Place, called: Place, inside: bool) -> Iterator[tuple[Place, Place, str]]:
    """The texts of a delta: where each stands, and what it is called, by the index that an element of a list has."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if not isinstance(each, str):
                yield from _texts(each, (*place, name), (*called, name), inside or name == _DELTA)
            elif name == _DELTA or (inside and name not in _NO_TEXTS):
                yield (*place, name), (*called, name), each
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            index = each.get("index", number) if isinstance(each, Mapping) else number
            yield from _texts(each, (*place, number), (*called, index), inside)
