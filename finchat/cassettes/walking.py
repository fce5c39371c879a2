"""Walking over the rows of a cassette to replace parts of texts, wherever the texts are: in tables, packed cells, files
of other encodings, JSON inside of texts, the pieces of a stream."""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finchat.cassettes.parts import decoded, is_table
from finchat.cassettes.pieces import cut_again, pieces_of

Replacement = tuple[int, int, str]
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_COLON = re.compile(r"\s*:")
_JSON_LINE = re.compile(r"^\s*[{\[]", re.MULTILINE)


class Walk:
    """What is replaced is told by `spans` and `number`."""

    def spans(self, text: str, field: str) -> list[Replacement]:
        """What of a text is replaced, in order; nothing overlaps. `field`: the name that it has in JSON."""
        raise NotImplementedError

    def number(self, value: Any, field: str) -> Any:
        """What a number becomes."""
        return value

    def walked(self, value: Any, field: str = "") -> Any:
        """The JSON value, all its texts and numbers replaced; the names of its members stay."""
        if isinstance(value, str):
            return self.text(value, field)
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return [self.walked(each, field) for each in value]
        return value if value is None or isinstance(value, bool) else self.number(value, field)

    def text(self, text: str, field: str = "") -> str:
        """A text; where it is JSON, or a line of it is, the strings and numbers in that, each as what it is there."""
        return put(text, self._all(text, field))

    def _all(self, text: str, field: str) -> list[Replacement]:
        if not _JSON_LINE.search(text):
            return self.spans(text, field)
        if _is_json(text):
            return list(self._in_json(text, 0))
        found: list[Replacement] = []
        at = 0
        for line in text.splitlines(keepends=True):
            if _JSON_LINE.match(line) and _is_json(line):
                found += self._in_json(line, at)
            else:
                found += ((at + start, at + end, instead) for start, end, instead in self.spans(line, field))
            at += len(line)
        return found

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        done: dict[str, Any] = {}
        if (file := decoded(value.get("base64"))) is not None:
            done["base64"] = base64.b64encode(self.text(file[0]).encode(file[1])).decode()
        if is_table(value):
            columns = value["columns"]
            done |= {"columns": columns, "sql": value.get("sql", [])}
            done["rows"] = [
                [self.walked(cell, column) for column, cell in zip(columns, row, strict=False)] for row in value["rows"]
            ]
        walked = {name: done[name] if name in done else self.walked(each, name) for name, each in value.items()}
        if isinstance(events := value.get("events"), list):
            for pieces in pieces_of(events):
                cut_again(walked["events"], pieces, self._all(pieces.text, ""))
        return walked

    def _in_json(self, text: str, shift: int) -> Iterator[Replacement]:
        """The strings of JSON, read as JSON reads them and written as they were, and the numbers between them, which
        are of the field before them."""
        at, field = 0, ""
        for found in _STRING.finditer(text):
            yield from self._numbers(text, at, found.start(), shift, field)
            at = found.end()
            before = json.loads(found[0])
            if _COLON.match(text, at):
                field = before
            elif (after := self.text(before, field)) != before:
                escapes = found[0].isascii() and not before.isascii()
                yield shift + found.start(), shift + at, json.dumps(after, ensure_ascii=escapes or after.isascii())
        yield from self._numbers(text, at, len(text), shift, field)

    def _numbers(self, text: str, start: int, end: int, shift: int, field: str) -> Iterator[Replacement]:
        for found in _NUMBER.finditer(text, start, end):
            value = int(found[0]) if found[0].lstrip("-").isdigit() else Decimal(found[0])
            if (changed := self.number(value, field)) != value:
                yield shift + found.start(), shift + found.end(), str(changed)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?![\d.eE])", re.ASCII)


class Apart:
    """Parts of a text, none overlapping another. `parts`: in their order."""

    def __init__(self, first: Sequence[Replacement] = ()) -> None:
        self.parts = sorted(first)

    def add(self, part: Replacement) -> None:
        """Take a part, unless it overlaps one that is there."""
        place = bisect(self.parts, part)
        before, after = self.parts[place - 1 : place], self.parts[place : place + 1]
        if all(each[1] <= part[0] for each in before) and all(part[1] <= each[0] for each in after):
            self.parts.insert(place, part)


def put(text: str, spans: Sequence[Replacement]) -> str:
    """The text with the spans replaced."""
    parts: list[str] = []
    at = 0
    for start, end, instead in spans:
        parts += (text[at:start], instead)
        at = end
    return "".join([*parts, text[at:]])
