"""Two cassettes side by side: rows paired by what was asked, and how the two of a pair differ.

What differs between any two recordings of one thing does not count: when it happened and how long it took, the seed and
what was drawn from it (ids of plans, keys, marks), how many calls of an API's limit were left, and in which pieces, and
under which ids, a model's words came.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from finchat.cassettes.content import content
from finchat.cassettes.matching import stable
from finchat.cassettes.nearest import each_difference, words
from finchat.cassettes.rows import EXCHANGES, Cassette, Row
from finchat.cassettes.turns import turn_of

_OF_THE_RUN = frozenset({"n", "prev", "at", "took"})
_NOT_COMPARED = frozenset({"kind", "cassette", "clock", "seed", "prompts", "catalogues"})  # of headers
_VOLATILE_META = frozenset({"dev.finchat/rate-limit"})  # of answers
# What finchat draws by chance, and what a ledger does for what is made in it.
_DRAWN = re.compile(
    r"\b(?:\d{8}-[0-9a-z]{8}|(?:call|fc|msg|rs)_[0-9A-Za-z]+|data-[0-9a-f]{16}|fc-[0-9a-z]{8,}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,64}|[0-9]{8}-[0-9]{6}-[0-9a-z]{4,})\b"
)
_INSTANT = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| UTC|\+00:00)?")
_LASTED = re.compile(r"(?<![\w.,])\d+(?:\.\d+)? (?:s|ms|seconds)\b")
_AROUND = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """What was asked, with its row in either cassette (None where it was not asked), and how the two differ: JSON
    pointer, value in the first, value in the second (NOTHING for none)."""

    what: str
    a: Row | None
    b: Row | None
    differences: tuple[tuple[str, Any, Any], ...]


def pairs(a: Cassette, b: Cassette) -> list[Pair]:
    """Every row of two cassettes, in the order of the first; those of the second alone come last."""
    one, other = _neutral(a), _neutral(b)
    ours, theirs = set(_drawn(one)), set(_drawn(other))
    first, second = _renamed(one, ours - theirs), _renamed(other, theirs - ours)
    found = [_pair(x, y) for x, y in _matched(first, second)]
    originals = {id(new): old for new, old in zip((*first, *second), (*_rows(a), *_rows(b)), strict=True)}
    return [
        Pair(pair.what, originals.get(id(pair.a)), originals.get(id(pair.b)), pair.differences)
        for pair in sorted(found, key=lambda pair: (pair.a is None, (pair.a or pair.b or Row()).n))
    ]


def headers(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """How two headers differ, but for clock and seed; prompts and catalogues are told by name."""
    one, other = ({k: v for k, v in h.items() if k not in _OF_THE_RUN | _NOT_COMPARED} for h in (a, b))
    return list(each_difference(one, other))


def changed_names(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> list[str]:
    """The names whose values are not the same in both."""
    one, other = a or {}, b or {}
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _rows(cassette: Cassette) -> list[Row]:
    return [*cassette.rows, *([cassette.output] if cassette.output is not None else [])]


def _neutral(cassette: Cassette) -> list[Row]:
    """The rows without the time they happened at and what it made of them."""
    began = datetime.fromisoformat(cassette.header["clock"]).replace(tzinfo=None)

    def text(given: str) -> str:
        return _LASTED.sub("… s", _INSTANT.sub(lambda found: _instant(found[0], began), given))

    return [_changed(row, text) for row in _rows(cassette)]


def _instant(text: str, began: datetime) -> str:
    try:
        when = datetime.fromisoformat(text.replace(" UTC", "").removesuffix("Z").removesuffix("+00:00"))
    except ValueError:
        return text
    return "…" if abs(when - began) < _AROUND else text


def _changed(row: Row, text: Callable[[str], str]) -> Row:
    """A row with each text of it changed. Only exchanges with a model and what was printed hold words of finchat's."""
    kept = {name: value for name, value in row.items() if name not in _OF_THE_RUN - {"n"}}
    if row.kind == "mcp" and isinstance(kept.get("result"), Mapping):
        meta = kept["result"].get("_meta")
        if isinstance(meta, Mapping):
            left = {name: value for name, value in meta.items() if name not in _VOLATILE_META}
            kept["result"] = {**kept["result"], "_meta": left}
        kept.pop("http", None)
    if row.kind == "model" and not {"events", "document"}.isdisjoint(kept):
        text_of_turn, calls = turn_of(row)
        said = {"text": text_of_turn, "calls": [{"name": c.name, "arguments": c.arguments} for c in calls]}
        kept = {name: value for name, value in kept.items() if name not in ("events", "document")} | {"answer": said}
    return Row(kept if row.kind in {"mcp", "table", "file"} else _each_text(kept, text))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _each_text(item, change) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(item, change) for item in value]
    return value


def _drawn(rows: Sequence[Row]) -> Iterator[str]:
    """What may have been drawn by chance, in the order of first sight."""
    for row in rows:
        yield from _DRAWN.findall(content({name: value for name, value in row.items() if name != "n"}))


def _renamed(rows: Sequence[Row], drawn: set[str]) -> list[Row]:
    """The rows, what one of two recordings alone has drawn called by its order of first sight."""
    names: dict[str, str] = {}

    def text(given: str) -> str:
        return _DRAWN.sub(lambda m: names.setdefault(m[0], f"«{len(names) + 1}»") if m[0] in drawn else m[0], given)

    return [Row(_each_text(row, text)) for row in rows]


def _matched(first: Sequence[Row], second: Sequence[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    """The same question first; then, in their order, questions to the same tool; then what has no other."""
    left_a, left_b = list(first), list(second)
    for key in (_exactly, _roughly):
        waiting: dict[str, deque[Row]] = {}
        for row in left_b:
            waiting.setdefault(key(row), deque()).append(row)
        unpaired = []
        taken: set[int] = set()
        for row in left_a:
            same = waiting.get(key(row))
            if same:
                other = same.popleft()
                taken.add(id(other))
                yield row, other
            else:
                unpaired.append(row)
        left_a, left_b = unpaired, [row for row in left_b if id(row) not in taken]
    yield from ((row, None) for row in left_a)
    yield from ((None, row) for row in left_b)


def _exactly(row: Row) -> str:
    return content([_roughly(row), stable(row.kind, row.request)]) if row.kind in EXCHANGES else _roughly(row)


def _roughly(row: Row) -> str:
    return what(row)


def what(row: Row) -> str:
    """What a row is about, in a few words, the same for all that are about the same."""
    if row.kind in EXCHANGES:
        return words(row.kind, row.request)
    if row.kind in {"file", "table"}:
        return f"{row['path']}{' ' + row['name'] if row.kind == 'table' else ''}"
    if row.kind == "fault":
        return f"{row['fault']} on a row"
    return f"local {row['name']}" if row.kind == "local" else row.kind


def _pair(a: Row | None, b: Row | None) -> Pair:
    either = a if a is not None else b
    assert either is not None
    if a is None or b is None:
        return Pair(what(either), a, b, ())
    one, other = (_compared(row) for row in (a, b))
    return Pair(what(either), a, b, tuple(each_difference(one, other)))


def _compared(row: Row) -> dict[str, Any]:
    left_out = {"n", "kind", *({"on"} if row.kind == "fault" else ())}
    kept = {name: value for name, value in row.items() if name not in left_out}
    if row.kind in EXCHANGES:
        kept |= stable(row.kind, row.request)
    return kept
