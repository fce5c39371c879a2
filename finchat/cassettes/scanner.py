"""Finds what looks like a secret in a cassette, knowing nothing of what was replaced: by shape and field alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finchat.cassettes.parts import decoded, json_in, members
from finchat.cassettes.pieces import cut_again, pieces_of
from finchat.cassettes.shapes import Shape, of_field, shapes


@dataclass(frozen=True, slots=True)
class Finding:
    """`line` counts from 1; `where` is a JSON pointer into it, empty for a line that is no JSON; `what` never repeats
    the secret itself."""

    line: int
    where: str
    what: str


def scan(cassette: str | Iterable[Mapping[str, Any]]) -> list[Finding]:
    """What looks like a secret in the text of a cassette, or in its rows; none when it can be given away."""
    found: dict[Finding, None] = {}
    for number, row in _numbered(cassette):
        for where, shape in _in(row, ""):
            found.setdefault(Finding(number, where, shape.what))
    return list(found)


def _numbered(cassette: str | Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
    if not isinstance(cassette, str):
        yield from enumerate(cassette, 1)
        return
    for number, line in enumerate(cassette.split("\n"), 1):
        try:
            yield number, json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError):
            yield number, line


def _in(value: Any, where: str, field: str = "", holder: str = "") -> Iterator[tuple[str, Shape]]:
    if isinstance(value, str):
        yield from ((where, shape) for shape in (*of_field(field, value, holder), *shapes(value)))
        yield from ((where, shape) for each in json_in(value) for _, shape in _in(each, "", field))
    elif isinstance(value, Mapping):
        if (file := decoded(value.get("base64"))) is not None:
            yield from _in(file[0], f"{where}/base64")
        if isinstance(events := value.get("events"), list):
            events = deepcopy(events)
            for pieces in pieces_of(events):
                yield from ((f"{where}/events/{pieces.places[0][0]}", shape) for shape in shapes(pieces.text))
                cut_again(events, pieces, [(0, len(pieces.text), "")])  # a piece alone may look like what it is none of
            value = {**value, "events": events}
        for name, place, each in members(value):
            yield from ((f"{where}/{place}", shape) for shape in shapes(name))
            if name != "base64" or file is None:
                yield from _in(each, f"{where}/{place}", name, field)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _in(each, f"{where}/{number}", field, holder)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from ((where, shape) for shape in of_field(field, str(value), holder))
