"""The one output sink: human, json or quiet. stdout carries results, stderr carries everything else."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Literal, TextIO, cast

from finchat.errors import FinchatError, plain
from finchat.text.redact import redact
from finchat.text.sanitise import in_json, one_line, visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from finchat.ui.answers import Answers

    Renderable = RenderableType  # for those who may not know rich

Mode = Literal["human", "json", "quiet"]
ERROR_SCHEMA = "finchat.error/1"
_LONGEST = 4_000  # characters of what an error says: it may hold a stranger's words


class NotWritten(FinchatError):
    """The result could not be written to where stdout goes; what the command did before stands."""

    code = "result_not_written"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"cannot write the result: {plain(error)}",
            next="free some space or write it elsewhere; what was written to the ledger: finchat journal show --all",
        )


@dataclass(frozen=True)
class Sink:
    """Where a command's words go.

    human: results on stdout, talk on stderr. quiet: results and errors only. json: one document on stdout, no talk.
    `stdout` and `stderr` are given only by tests; `answers` by a recording and its replay.
    """

    mode: Mode = "human"
    stdout: IO[str] | None = None
    stderr: IO[str] | None = None
    answers: Answers | None = None

    @property
    def interactive(self) -> bool:
        """A person can be asked: stdin and stderr are terminals and no --json."""
        return self.mode != "json" and is_terminal(sys.stdin) and is_terminal(self.stderr or sys.stderr)

    @cached_property
    def out(self) -> Console:
        return _console(self._stdout)

    @cached_property
    def err(self) -> Console:
        return _console(self._stderr)

    @cached_property
    def _stdout(self) -> Steady:
        return Steady(self.stdout or sys.stdout, results=True)

    @cached_property
    def _stderr(self) -> Steady:
        return Steady(self.stderr or sys.stderr)

    def data(self, renderable: RenderableType = "") -> None:
        """A result for a reader. Strings are plain text, never markup; nothing is printed in json mode."""
        if self.mode != "json":
            self.out.print(_clean(renderable))

    def talk(self, renderable: RenderableType = "") -> None:
        """Words beside the result: human mode only."""
        if self.mode == "human":
            self.err.print(_clean(renderable))

    def card(self, renderable: RenderableType = "") -> None:
        """Cards and prompts: what a person must see before deciding, in every mode that can ask."""
        self.err.print(_clean(renderable))

    def document(self, document: Mapping[str, Any]) -> None:
        """The one JSON document of a --json run. Raises TypeError for a float: money is never one."""
        self.json(json.dumps(document, ensure_ascii=False, indent=2, default=_refuse))

    def json(self, text: str) -> None:
        """JSON text and a line feed, to stdout: strangers' characters that a terminal would act on, and those that its
        encoding lacks, as JSON escapes."""
        shown = in_json(text)
        try:
            shown.encode(self._stdout.encoding)
        except (UnicodeEncodeError, LookupError):
            shown = "".join(char if char.isascii() else json.dumps(char)[1:-1] for char in shown)
        self.raw(f"{shown}\n")

    def raw(self, text: str) -> None:
        """Text of finchat's own making, to stdout byte for byte (a program, a ready line)."""
        self._stdout.write(text)
        self._stdout.flush()

    def raw_bytes(self, data: bytes) -> None:
        """A file of finchat's own making, to stdout byte for byte whatever stdout's encoding."""
        self._stdout.write_bytes(data)
        self._stdout.flush()

    def error(self, error: FinchatError) -> None:
        """One plain sentence with the next step; the error document in json mode."""
        if self.mode == "json" and not isinstance(error, NotWritten):
            self.document(error_document(error))
            return
        width = _size(self._stderr)[0] if self._stderr.isatty() else 0
        self._stderr.write(error_text(error, width))
        self._stderr.flush()


class Steady:
    """A stream whose reader may leave (`| head -1`): the rest is dropped, and the command goes on to its own end.

    A character that the terminal's encoding lacks is written as an escape. A closed stream takes nothing. What cannot
    be written for another reason (a full disk) raises NotWritten where it was a result, and is dropped otherwise.
    """

    def __init__(self, stream: IO[str] | None, *, results: bool = False) -> None:
        self._stream = stream
        self._results = results
        with suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

    def write(self, text: str) -> int:
        if self._stream is not None:
            try:
                self._stream.write(text)
            except OSError as error:
                self._failed(error)
        return len(text)

    def write_bytes(self, data: bytes) -> None:
        if self._stream is not None:
            try:
                self._stream.flush()
                cast("TextIO", self._stream).buffer.write(data)
            except OSError as error:
                self._failed(error)

    def flush(self) -> None:
        if self._stream is not None:
            try:
                self._stream.flush()
            except OSError as error:
                self._failed(error)

    def isatty(self) -> bool:
        return is_terminal(self._stream)

    def fileno(self) -> int:
        if self._stream is None:
            raise OSError("the stream is closed")
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def _failed(self, error: OSError) -> None:
        self._gone()
        if self._results and not isinstance(error, BrokenPipeError):
            raise NotWritten(error) from error

    def _gone(self) -> None:
        """Point the file itself at nothing: what still sits in its buffer must not fail again at exit."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
        self._stream = None


def error_document(error: FinchatError) -> dict[str, Any]:
    """`finchat.error/1`."""
    return {
        "schema": ERROR_SCHEMA,
        "error": {
            "code": error.code,
            "message": redact(error.message),
            "field": error.field,
            "next": None if error.next is None else redact(error.next),
        },
        "exit_code": int(error.exit_code),
    }


def error_text(error: FinchatError, width: int = 0) -> str:
    """`finchat: sentence` and the next step on its own line; with a `width` lines end at spaces, never in a command."""
    text = _lines(f"finchat: {one_line(redact(error.message), _LONGEST)}", width, commands=False)
    if error.next:
        text += _lines(f"  next: {one_line(redact(error.next), _LONGEST)}", width, commands=True)
    return text


def _lines(text: str, width: int, *, commands: bool) -> str:
    """The text over lines of at most `width` columns (0: one line); a command too long for one is left whole, where
    `commands` are to be looked for: what strangers say is none."""
    if not width or _cells(text) <= width:
        return f"{text}\n"
    margin = " " * (len(text) - len(text.lstrip()))
    # From `: finchat …` to the end of the clause, the command stays together: it is there to be copied.
    parts = re.split(r"(?<=: )(finchat [^;()]*?)(?=[;,.()] |[;)]|$)", text) if commands else [text]
    words = [w for i, part in enumerate(parts) for w in ([part.strip()] if i % 2 else _words(part, width - 8)) if w]
    lines, line = [], margin
    for word in words:
        apart = "" if not line.strip() or word[0] in ";,)" else " "
        if line.strip() and _cells(line + apart + word) > width:
            lines.append(line)
            line, apart = margin + "  ", ""
        line += apart + word
    return "\n".join([*lines, line]) + "\n"


def _words(text: str, width: int) -> Iterator[str]:
    """The words of a text, in pieces of at most `width` columns."""
    for given in text.split():
        word = given
        while _cells(word) > width:
            from finchat.ui.chat.filling import fitting

            cut = fitting(word, width) or 1
            yield word[:cut]
            word = word[cut:]
        yield word


def _cells(text: str) -> int:
    """Columns that clean text takes."""
    if text.isascii():
        return len(text)
    from finchat.ui.chat.filling import cells

    return cells(text)


def is_terminal(stream: IO[str] | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _clean(renderable: RenderableType) -> RenderableType:
    """A string's lines stay lines, and nothing else in it is acted on; what is drawn was cleaned by its view."""
    if isinstance(renderable, str):
        return "\n".join(map(visible, renderable.split("\n")))
    return renderable


def _console(stream: Steady) -> Console:
    from finchat.ui.hanging import HangingConsole

    columns, rows = _size(stream)
    return HangingConsole(
        file=cast("IO[str]", stream),
        markup=False,
        highlight=False,
        emoji=False,
        width=columns,
        height=rows,
        legacy_windows=False,
    )


def _size(stream: Steady) -> tuple[int, int]:
    """Columns and rows of the terminal, a dumb one too. A pipe gets COLUMNS, or a width that suits a log."""
    if stream.isatty():
        try:
            size = os.get_terminal_size(stream.fileno())
        except (OSError, ValueError):  # it only stands for a terminal
            size = shutil.get_terminal_size()
        return (size.columns or 80), (size.lines or 25)
    given = os.environ.get("COLUMNS", "")
    return (int(given) if given.isdigit() and int(given) >= 40 else 100), 25


def _refuse(value: object) -> str:
    raise TypeError(f"{type(value).__name__} has no place in a JSON document; write amounts as strings")
