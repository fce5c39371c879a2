"""The rows of a cassette: which kinds there are, what each must hold, and a cassette as a whole.

A cassette is one JSONL file: a header, the local state that the run read, what was exchanged with servers, the model
and the person in the order it happened, what the run printed, and a seal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from finchat.clock import parse_instant
from finchat.errors import UsageError, VerificationMismatch

VERSION = 1  # of the file; one of a later finchat is not read
LARGEST_FILE = 64 * 1024 * 1024  # bytes

EXCHANGES = ("mcp", "model", "human")  # what a replay answers from
OF_THE_FILE = ("n", "prev", "kind")  # keys of a line that say where it stands and what it is


class CassetteError(VerificationMismatch):
    """A cassette that is not what was recorded: damaged, edited, or of a version that is not known.

    `field` is FILE:LINE, with lines counted from 1.
    """

    code = "cassette"

    def __init__(self, where: str, line: int, why: str, *, next: str | None = None) -> None:
        again = "take the file as it was recorded, or record it again"
        super().__init__(f"{where}, line {line}: {why}", field=f"{where}:{line}", next=next or again)
        self.line = line
        self.why = why


class BadRow(ValueError):
    """A row that lacks what its kind must hold, in words."""


class Row(dict[str, Any]):
    """A row, whole: repeated parts stand in it again. It shares them with other rows, so it is not to be changed.

    A row that was not read from a file has no `n` until it is written.
    """

    @property
    def n(self) -> int:
        """Its number, which is that of its line less one; -1 before it is written."""
        number = self.get("n", -1)
        return number if type(number) is int else -1

    @property
    def line(self) -> int:
        """The line of the file, counted from 1."""
        return self.n + 1

    @property
    def kind(self) -> str:
        return str(self["kind"])

    @property
    def at(self) -> int:
        """Milliseconds since the run began; 0 for a row that says nothing of it."""
        return int(self.get("at", 0))

    @property
    def request(self) -> dict[str, Any]:
        """What was asked, as `Matching.take` is given it. Raises KeyError for a row that is no exchange."""
        return {name: self[name] for name in REQUESTS[self.kind]}


REQUESTS: Mapping[str, tuple[str, ...]] = {
    "mcp": ("server", "method", "params"),
    "model": ("path", "body"),
    "human": ("asks", "prompt"),
}


@dataclass(frozen=True, slots=True)
class Cassette:
    """A cassette that was read and found sound. `rows`: all but header, output and seal."""

    header: Row
    rows: tuple[Row, ...]
    output: Row | None = None
    where: str = ""


_MOST = 10**11  # of anything that is counted, and of milliseconds: three years
Test = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _columns(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 10_000


def _whole(value: Any) -> bool:
    return type(value) is int


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _anything(_value: Any) -> bool:
    return True


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _lists(value: Any) -> bool:
    return _list(value) and all(_list(item) for item in value)


def _or_null(test: Test) -> Test:
    return lambda value: value is None or test(value)


def _one_of(*words: str) -> Test:
    return lambda value: value in words


def _events(value: Any) -> bool:
    return _lists(value) and all(len(pair) == 2 and (pair[0] is None or _text(pair[0])) for pair in value)


def _hashes(value: Any) -> bool:
    return _object(value) and all(_text(item) for item in value.values())


def _seed(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(bytes.fromhex(value))
    except ValueError:
        return False


def _instant(value: Any) -> bool:
    """With years before it and after it, in which the run may go on."""
    try:
        return isinstance(value, str) and 1970 <= parse_instant(value, "clock").year < 9000
    except UsageError:
        return False


def _environment(value: Any) -> bool:
    return _hashes(value) and not any("\0" in name + text or "=" in name or not name for name, text in value.items())


def _variable(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z]\w*", value, re.ASCII) is not None


def _encoding(value: Any) -> bool:
    try:
        return value is None or (isinstance(value, str) and isinstance("".encode(value), bytes))
    except (LookupError, ValueError):
        return False


def _members(must: Mapping[str, Test], may: Mapping[str, Test] | None = None) -> Test:
    """An object with these members, and perhaps others."""

    def test(value: Any) -> bool:
        return (
            _object(value)
            and all(name in value and of(value[name]) for name, of in must.items())
            and all(name not in value or of(value[name]) for name, of in (may or {}).items())
        )

    return test


def _reply(value: Any) -> bool:
    """The result of a message. What finchat reads of one is looked at where it is read."""
    return _object(value)


_MISSED_OPENING = _members(
    {"code": _text, "message": _text, "exit_code": _whole}, {"field": _or_null(_text), "next": _or_null(_text)}
)
_FAILURE = _members(
    {"kind": _one_of("unreachable", "status"), "detail": _text, "status": _or_null(_whole), "headers": _hashes},
    {"document": _anything},
)
_ERROR = _members(
    {"message": _text, "code": _or_null(_whole), "fault": _or_null(_text)},
    {"detail": _text, "refused": _MISSED_OPENING},
)
_MODEL = _or_null(_members({}, {"key_env": _or_null(_variable)}))
_HTTP = _members({"status": _or_null(_whole), "headers": _hashes})


_TERMINAL = _members(
    {"stdin": _flag, "stdout": _flag, "stderr": _flag, "width": _columns, "height": _columns},
    {"term": _or_null(_text), "encoding": _encoding},
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a kind of row must hold, may hold, and of which members it holds at least `least` and at most one."""

    must: Mapping[str, Test]
    may: Mapping[str, Test]
    one_of: tuple[str, ...] = ()
    least: int = 1


SHAPES: Mapping[str, Shape] = {
    "header": Shape(
        {
            "cassette": _whole, "finchat": _text, "command": _texts, "clock": _instant, "seed": _seed,
            "terminal": _TERMINAL,
        },
        {
            "title": _text, "timezone": _text, "locale": _or_null(_text), "environment": _environment, "user": _text,
            "model": _MODEL, "settings": _object, "policy": _object, "prompts": _hashes,
            "catalogues": _hashes, "redaction": _whole,
        },
    ),
    "file": Shape({"path": _text}, {"text": _text, "base64": _text}, ("text", "base64")),
    "table": Shape({"path": _text, "name": _text, "sql": _texts, "columns": _texts, "rows": _lists}, {}),
    "local": Shape({"name": _text, "value": _anything}, {"at": _number, "took": _number}),
    "mcp": Shape(
        {"at": _number, "server": _text, "method": _text, "params": _or_null(_object)},
        {"took": _number, "http": _HTTP, "result": _reply, "error": _ERROR, "refused": _MISSED_OPENING},
        ("result", "error", "refused"),
    ),
    # Without an answer: `ended` says how the wait for one did.
    "model": Shape(
        {"at": _number, "path": _text, "body": _object},
        {
            "took": _number, "stream": _flag, "status": _or_null(_whole), "type": _or_null(_text), "ended": _text,
            "words": _text, "events": _events, "document": _anything, "failure": _FAILURE,
        },
        ("events", "document", "failure"), least=0,
    ),
    "human": Shape(
        {"at": _number, "asks": _text, "prompt": _text},
        {"took": _number, "line": _anything, "interrupted": _flag},
    ),
    "fault": Shape({"on": _number, "fault": _one_of("drop", "delay", "429", "garbage")}, {"seconds": _number}),
    "output": Shape({"exit_code": _whole, "stdout": _texts, "stderr": _texts}, {}),
    "seal": Shape({"rows": _number, "by": _text, "sha256": _text}, {}),
}  # fmt: skip


def check_shape(row: Mapping[str, Any]) -> None:
    """Raises BadRow when a row lacks what its kind must hold or holds it in another form. Further members pass: they
    are a later finchat's, which changes VERSION when one of them must be understood."""
    kind = row.get("kind")
    shape = SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise BadRow(f"it is of a kind that is not known: {kind!r}")
    for name, test in shape.must.items():
        if name not in row:
            raise BadRow(f"a {kind} row must hold {name!r}")
        if not test(row[name]):
            raise BadRow(f"the {name!r} of a {kind} row is not what it must be")
    for name, test in shape.may.items():
        if name in row and not test(row[name]):
            raise BadRow(f"the {name!r} of a {kind} row is not what it must be")
    if shape.one_of and not shape.least <= sum(name in row for name in shape.one_of) <= 1:
        raise BadRow(f"a {kind} row holds {'' if shape.least else 'at most '}one of {', '.join(shape.one_of)}")


def unknown_members(row: Mapping[str, Any]) -> list[str]:
    """The names in a row that this finchat does not know."""
    shape = SHAPES[row["kind"]]
    return sorted(set(row) - set(shape.must) - set(shape.may) - set(OF_THE_FILE))
