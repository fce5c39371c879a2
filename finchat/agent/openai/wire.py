"""What both APIs have in common on the wire: server-sent events, JSON documents, words that come in pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from finchat.agent.messages import Broken, TokenUsage, TurnBroken
from finchat.text.redact import redact
from finchat.text.sanitise import one_line

MAX_EVENT_BYTES = 8 * 1024 * 1024  # the last event of a Responses stream repeats the whole turn
MAX_CHARACTERS = 4 * 1024 * 1024  # of one turn's words, or of one turn's arguments
_SURROGATE = re.compile("[\ud800-\udfff]")

_WORDS: Mapping[Broken, str] = {
    "cut": "the model's answer broke off before its end",
    "length": "the model's answer was cut off at its length limit",
    "content_filter": "the endpoint's content filter cut the model's answer off",
    "error": "the endpoint reported an error in the middle of the model's answer",
    "malformed": "the endpoint's answer is not what the API gives",
    "silent": "the model's endpoint sent nothing",
    "too_slow": "the model's answer was not complete in time",
    "too_large": "the model's answer is larger than finchat reads",
}


def broken(why: Broken, detail: str = "", usage: TokenUsage | None = None) -> TurnBroken:
    """A TurnBroken in plain words. `detail` may come from the endpoint: it is made safe and cut."""
    told = told_by_endpoint(detail)
    return TurnBroken(f"{_WORDS[why]}{f': {told}' if told else ''}", why=why, usage=usage)


def told_by_endpoint(text: str, key: str | None = None) -> str:
    """An endpoint's own words for a person: without secrets, on one line, at most 300 characters."""
    return one_line(redact(text[:4000], [key] if key else []), 300)


class EventStream:
    """Server-sent events out of bytes, as the standard has them (CR, LF and CRLF; comments; several data lines).

    Unlike the SDK's reader it bounds an event, refuses what is not UTF-8 with a TurnBroken, and hides no [DONE].
    An event that the stream's end cuts off is none; a last `data: [DONE]` without its blank line is taken.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._name = b""
        self._size = 0
        self._skip_lf = False
        self._started = False

    def feed(self, chunk: bytes) -> Iterator[tuple[str, str]]:
        """(event name or "", data) of each event that is complete now."""
        if not chunk:
            return
        if self._skip_lf:
            chunk = chunk.removeprefix(b"\n")
        for piece in chunk.splitlines(keepends=True):
            self._size += len(piece)
            if self._size > MAX_EVENT_BYTES:
                raise broken("too_large")
            self._line.append(piece)
            if piece.endswith((b"\n", b"\r")):
                yield from self._end_of_line()
        self._skip_lf = chunk.endswith(b"\r")

    def finish(self) -> Iterator[tuple[str, str]]:
        """What the clean end of the stream still gives."""
        self._line.append(b"\n")
        yield from self._end_of_line()
        if self._data == [b"[DONE]"]:
            yield "", "[DONE]"

    def _end_of_line(self) -> Iterator[tuple[str, str]]:
        line = b"".join(self._line).rstrip(b"\r\n")
        self._line.clear()
        if not self._started:
            self._started = True
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                self._data.append(value)
            elif field == b"event":
                self._name = value
            elif not field:
                self._size -= len(line)  # a comment that keeps the connection alive
            return
        if self._data:
            try:
                yield self._name.decode("utf-8"), b"\n".join(self._data).decode("utf-8")
            except UnicodeDecodeError as error:
                raise broken("malformed", "it is not text in UTF-8") from error
        self._data, self._name, self._size = [], b"", 0


def document(text: str | bytes) -> dict[str, Any]:
    """A JSON object. Raises TurnBroken (malformed) for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise broken("malformed", "it is not JSON") from error
    if not isinstance(value, dict):
        raise broken("malformed", "it is no JSON object")
    return value


class Words:
    """A text that comes in pieces. Halves of a surrogate pair in two pieces become their character; a half that stays
    alone becomes a replacement character."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._half = ""
        self._size = 0

    def add(self, piece: str) -> str:
        """What can be shown of the text now."""
        self._size += len(piece)
        if self._size > MAX_CHARACTERS:
            raise broken("too_large")
        if not piece.isascii() or self._half:
            piece = self._mended(piece)
        if piece:
            self._pieces.append(piece)
        return piece

    def whole(self) -> str:
        if self._half:
            self._pieces.append("\ufffd")
            self._half = ""
        return "".join(self._pieces)

    def _mended(self, piece: str) -> str:
        piece, self._half = self._half + piece, ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return mended(piece)


def mended(text: str) -> str:
    """Text with surrogate pairs as their characters and lone surrogates replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _SURROGATE.search(text) else text


def as_text(value: Any) -> str:
    """A field that may be text or absent. Raises TurnBroken (malformed) for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise broken("malformed", "a field that must be text is none")
    return value


def as_mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise broken("malformed", f"{what} is no object")
    return value


def as_list(value: Any, what: str) -> list[Any]:
    """A field that may be a list or absent."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise broken("malformed", f"{what} is no list")
    return value


def as_mappings(value: Any, what: str) -> list[Mapping[str, Any]]:
    """A list of objects, or absent."""
    return [as_mapping(element, f"an element of {what}") for element in as_list(value, what)]


def count(value: Any) -> int:
    """A number of tokens; zero for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0


def error_text(error: Any) -> str:
    """The words of an error object of either API, or of an error that is just text."""
    if isinstance(error, dict):
        for name in ("message", "detail", "code", "type"):
            if isinstance(text := error.get(name), str) and text:
                return text
        return ""
    return error if isinstance(error, str) else ""
