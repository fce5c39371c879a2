"""An answer of a ledger as it was recorded and as it is now: records that came, went and changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from finchat.cassettes.nearest import NOTHING, each_difference
from finchat.cassettes.same import pointer
from finchat.cassettes.shapes import NUMBER
from finchat.cassettes.standing_in import STAND_IN, is_number_stand_in

Place = tuple[str, Any, Any]  # JSON pointer, value as recorded, value now; NOTHING for none
_OF_A_PAGE = frozenset({"count", "total", "next_cursor"})  # beside records: they follow from them
_NAMES = (
    "InvoiceNumber", "CreditNoteNumber", "DocNumber", "Number", "Name", "DisplayName", "AccountName", "Reference",
    "Code", "number", "name", "title",
)  # fmt: skip
_ADDRESS = re.compile(r"[\w.+-]+@(?:[\w-]+\.)*(?:example|invalid|test)(?![\w.-])", re.I)
_PATH = re.compile(r"(?<![\w./-])(?:home|work|elsewhere/\d+)(?=/)")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a record. `id`: what it is told apart by; `name`: what people call it, "" when nothing says."""

    id: str
    name: str
    kind: Literal["added", "gone", "changed"]
    fields: tuple[Place, ...] = ()


@dataclass(slots=True)
class Changes:
    """How an answer differs. `values`: what is no record of a list."""

    records: list[Change] = field(default_factory=list)
    values: list[Place] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.records or self.values)


def changes(recorded: Any, now: Any, tool: str) -> Changes:
    """How an answer of `tool` differs from the recorded one, in which secrets may be replaced by stand-ins: what has
    the form of one counts as the same when it looks alike."""
    found = Changes()
    _compare(recorded, now, tool, "", found)
    return found


def holds_stand_in(value: Any) -> bool:
    """Whether something in a JSON value stands for what was redacted: it cannot be asked for again."""
    if isinstance(value, str):
        return any(True for _ in _stand_ins(value))
    if isinstance(value, Mapping):
        return any(holds_stand_in(each) for each in value.values())
    return isinstance(value, list | tuple) and any(holds_stand_in(each) for each in value)


def _compare(recorded: Any, now: Any, tool: str, where: str, found: Changes) -> None:
    if isinstance(recorded, Mapping) and isinstance(now, Mapping):
        paged = any(_id_of(recorded.get(k), now.get(k), tool) for k in {*recorded, *now})
        for key in sorted({*recorded, *now}):
            if not (paged and key in _OF_A_PAGE):
                place = f"{where}{pointer((None, key))}"
                _compare(recorded.get(key, NOTHING), now.get(key, NOTHING), tool, place, found)
    elif (key := _id_of(recorded, now, tool)) is not None:
        found.records += _records(recorded, now, key)
    else:
        found.values += _different(recorded, now, where)


def _records(recorded: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], key: str) -> Iterator[Change]:
    before, after = ({str(one[key]): one for one in each} for each in (recorded, now))
    for id, one in before.items():
        if id not in after:
            yield Change(id, _name(one), "gone")
        elif fields := tuple(_different(one, after[id], "")):
            yield Change(id, _name(after[id]), "changed", fields)
    for id, one in after.items():
        if id not in before:
            yield Change(id, _name(one), "added")


def _id_of(recorded: Any, now: Any, tool: str) -> str | None:
    """The member by which the records of two lists are told apart; None when they are no lists of records."""
    lists = [each for each in (recorded, now) if each is not NOTHING and each is not None]
    if not lists or not all(isinstance(each, list | tuple) for each in lists):
        return None
    items = [one for each in lists for one in each]
    if not items or not all(isinstance(one, Mapping) for one in items):
        return None
    fitting = [
        name for name in items[0]
        if str(name).endswith(("ID", "Id", "_id")) or str(name).lower() in ("id", "guid", "code", "taxtype")
        if all(isinstance(one.get(name), str | int) for one in items)
        and all(len({str(one[name]) for one in each}) == len(each) for each in lists)
    ]  # fmt: skip
    plain = tool.replace("_", "").lower()
    return max(fitting, key=lambda name: _rank(name, plain), default=None)


def _rank(name: str, tool: str) -> tuple[int, int, int]:
    """What a tool is called after names its records; then any id comes before a code."""
    stem = name.removesuffix("ID").removesuffix("Id").removesuffix("_id").replace("_", "").lower()
    return len(stem) if stem and stem in tool else 0, int(name.lower().endswith("id")), -len(name)


def _name(record: Mapping[str, Any]) -> str:
    return next((str(record[name]) for name in _NAMES if isinstance(record.get(name), str) and record[name]), "")


def _different(recorded: Any, now: Any, where: str) -> Iterator[Place]:
    for place, before, after in each_difference(recorded, now):
        if not _alike(before, after):
            yield f"{where}{place}", before, after


def _alike(recorded: Any, now: Any) -> bool:
    """Whether the present value is as far as can be told the one that a stand-in stands for."""
    if isinstance(recorded, int) and isinstance(now, int):
        recorded, now = str(recorded), str(now)
    if not isinstance(recorded, str) or not isinstance(now, str):
        return False
    spans = sorted(_stand_ins(recorded), key=lambda span: (span[0], -span[1]))
    if not spans:
        return False
    pattern, at = "", 0
    for start, end, any_like_it in spans:
        if start >= at:
            pattern += re.escape(recorded[at:start]) + any_like_it
            at = end
    return re.fullmatch(pattern + re.escape(recorded[at:]), now, re.DOTALL) is not None


def _stand_ins(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a text holds stand-ins, and a pattern of what each can stand for: they have the length of it."""
    for found in STAND_IN.finditer(text):
        yield found.start(), found.end(), f".{{{len(found[0])}}}"
    for found in _ADDRESS.finditer(text):
        yield found.start(), found.end(), r"[^\s@]+@[^\s@]+"
    for found in _PATH.finditer(text):
        yield found.start(), found.end(), r"/\S*?"
    for found in NUMBER.finditer(text):
        plain = "".join(filter(str.isdigit, found[0]))
        rest = text[found.end() : found.end() + 2]
        if "99" in plain and is_number_stand_in(found[0]) and not re.match(r"[.,]\d", rest):
            like_it = "".join("[1-9]" if c in "123456789" else re.escape(c) for c in found[0])  # a zero stays one
            yield found.start(), found.end(), like_it
