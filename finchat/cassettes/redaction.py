"""Secrets taken out of the rows of a cassette before they are written, each for a stand-in that is the same everywhere.

What is taken: the secrets that finchat was given, exactly as they are; and by shape and by field (see `shapes`) keys,
tokens, bearer strings and passwords, e-mail addresses, numbers of bank accounts and cards, the tenant that a token is
for, the names of a person's folders. A value that is found once, by its field say, is taken wherever it stands: learn
all rows before the first is replaced, as `rows` does.
"""

from __future__ import annotations

import base64
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any
from urllib.parse import quote, quote_plus

from finchat.cassettes.hashes import Digest, rehashed
from finchat.cassettes.parts import decoded, is_table, json_in, members
from finchat.cassettes.pieces import cut_again, pieces_of
from finchat.cassettes.shapes import (
    GUID,
    SOMEBODY,
    Shape,
    is_date,
    looks_random,
    of_field,
    plain_field,
    secrets_of_url,
    shapes,
)
from finchat.cassettes.standing_in import STAND_IN, StandIns, is_reserved, is_stand_in
from finchat.cassettes.walking import Apart, Replacement, put
from finchat.settings import Settings
from finchat.text.redact import secrets_of

VERSION = 1  # of the rules, in a cassette's header
_SHORTEST = 6  # characters of a secret that is looked for wherever it may stand
_SHORTEST_WORD = 4  # of one that is looked for as a word by itself
_GROUPS = re.compile(r"\d+", re.ASCII)
_MOST_GROUPS = 9  # of digits, in which a number may be written
_FEWEST_DIGITS = 6
_CUT_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]*")
_ROUNDS = 6
_STRING = re.compile(r'"(?:[^"\\\n]++|\\.)*+"?')  # one that is not closed is passed over whole, once
_COLON = re.compile(r"\s*:")
_FEWEST_OF_A_CUT = 8  # characters of a known secret that tell it
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token)\s+")
_ASKS_FOR_A_SECRET = re.compile(r"(?i)pass(?:word|phrase)|\bPIN\b")


class Redaction:
    """Replaces what is secret, the same by the same. `secrets`: values that are known; `paths`: what absolute paths are
    called in a replay; `names`: words such as the name of the user, and what stands for them; `digest`: see `rehashed`.
    What was replaced once is left as it is."""

    def __init__(
        self,
        secrets: Iterable[str] = (),
        paths: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
        *,
        digest: Digest | None = None,
    ) -> None:
        self._stand_ins = StandIns()
        self._known: dict[str, str] = {}  # as it may be written: what it stands for
        self._typed: set[str] = set()  # what was typed where a prompt asked for a secret
        self._pattern: re.Pattern[str] | None = None
        for secret in sorted(set(secrets), key=lambda each: (-len(each), each)):
            self._know(secret)
            if scheme := _SCHEME.match(secret):
                self._know(secret[scheme.end() :])
        self._paths = {path.rstrip("/\\"): name for path, name in (paths or {}).items() if path.strip("/\\")}
        self._names = dict(names or {})
        self._digest = digest
        self._places = _alternatives(
            [rf"(?<![\w.~/-]){re.escape(p)}(?![\w-]|\.\w)" for p in sorted(self._paths, key=len, reverse=True)]
        )
        self._words = _alternatives([rf"(?<![\w-]){re.escape(name)}(?![\w-])" for name in self._names if name])

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """All rows of a cassette, its header among them: learned first, then replaced, then hashed anew."""
        for row in rows:
            self.learn(row)
        return rehashed(rows, [self._replaced(row) for row in rows], digest=self._digest, numbers=self.numbers)

    @property
    def numbers(self) -> list[tuple[str, str]]:
        """Account and card numbers as they were written, and what stands for them."""
        return list(self._stand_ins.numbers.items())

    def learn(self, value: Any, field: str = "", holder: str = "") -> None:
        """Find what is secret in a JSON value, so that it is replaced wherever it stands."""
        if isinstance(value, Mapping):
            self._learn_row(value)
            file = decoded(value.get("base64"))
            if file is not None:
                self._learn_text(file[0])
            for name, _, each in members(value):
                self._learn_text(name)
                if name != "base64" or file is None:
                    self.learn(each, name, field)
        elif isinstance(value, list | tuple):
            for each in value:
                self.learn(each, field, holder)
        elif isinstance(value, str):
            self._learn_text(value, field, holder)
        elif isinstance(value, int) and not isinstance(value, bool):
            for shape in of_field(field, str(value), holder):
                self._stand_in(shape, str(value))

    def value(self, value: Any) -> Any:
        """The JSON value with stand-ins. Learns it too, so that what stands late in it is replaced early in it."""
        self.learn(value)
        return self._replaced(value)

    def text(self, text: str) -> str:
        """The text with stand-ins."""
        self._learn_text(text)
        return self._text(text)

    def _replaced(self, value: Any, field: str = "", holder: str = "") -> Any:
        if isinstance(value, str):
            return self._field(value, field, holder)
        if isinstance(value, list | tuple):
            return [self._replaced(each, field, holder) for each in value]
        if isinstance(value, Mapping):
            done: dict[str, Any] = {}
            if (file := decoded(value.get("base64"))) is not None:
                done["base64"] = base64.b64encode(self._text(file[0]).encode(file[1])).decode()
            if is_table(value):
                done["rows"] = [self._cells(value["columns"], row) for row in value["rows"]]
            replaced = {
                self._text(str(name)): done[name] if name in done else self._replaced(each, str(name), field)
                for name, each in value.items()
            }
            if isinstance(replaced.get("events"), list):
                replaced["events"] = self._events(value["events"], replaced["events"])
            return replaced
        if isinstance(value, int) and not isinstance(value, bool) and of_field(field, str(value), holder):
            return int(self._field(str(value), field, holder))
        return value

    def _cells(self, columns: Sequence[str], row: Sequence[Any]) -> list[Any]:
        return [self._replaced(cell, column) for column, cell in zip(columns, row, strict=False)]

    def _field(self, text: str, field: str, holder: str) -> str:
        found = [(s.start, s.end, self._stand_in(s, text[s.start : s.end])) for s in of_field(field, text, holder)]
        if field == "line" and not found and text in self._typed:
            return self._stand_ins.secret(text)
        return self._clean(put(text, self._spans(text, found))) if found else self._text(text)

    def _text(self, text: str) -> str:
        if text[:64].lstrip()[:1] in ("{", "["):
            text = self._in_json(text)
        spans = self._spans(text)
        return self._clean(put(text, spans)) if spans else text

    def _in_json(self, text: str) -> str:
        """The strings of JSON inside of a text, read as JSON reads them and written as they were."""
        parts: list[str] = []
        at, field = 0, ""
        for found in _STRING.finditer(text):
            try:
                before = json.loads(found[0])
            except ValueError:
                continue
            if _COLON.match(text, found.end()):
                field, after = before, self._text(before)
            else:
                after = self._field(before, field, "")
            if after != before:
                parts += (text[at : found.start()], json.dumps(after, ensure_ascii=text.isascii()))
                at = found.end()
        return "".join([*parts, text[at:]])

    def _clean(self, text: str) -> str:
        """Where something was replaced, what is left beside it may look like a secret in its turn."""
        for _ in range(_ROUNDS):
            if not (spans := self._spans(text)):
                break
            text = put(text, spans)
        return text

    def _spans(self, text: str, first: Sequence[Replacement] = ()) -> list[Replacement]:
        """What is replaced in a text, in order, nothing overlapping: the surest first."""
        found = Apart(first)
        for each in self._candidates(text):
            found.add(each)
        return found.parts

    def _candidates(self, text: str) -> Iterator[Replacement]:
        if self._pattern is None and self._known:
            self._pattern = _alternatives([_as_known(k) for k in sorted(self._known, key=len, reverse=True)])
        if self._pattern is not None:
            for m in self._pattern.finditer(text):
                yield m.start(), m.end(), self._written(m[0])
        if self._places is not None:
            for m in self._places.finditer(text):
                yield m.start(), m.end(), self._paths[m[0]]
        for shape in shapes(text):
            yield shape.start, shape.end, self._stand_in(shape, text[shape.start : shape.end])
        yield from self._numbers(text)
        yield from self._cut(text)
        if self._words is not None:
            for m in self._words.finditer(text):
                yield m.start(), m.end(), self._names[m[0]]

    def _numbers(self, text: str) -> Iterator[Replacement]:
        """Numbers that were seen elsewhere, however they are written here."""
        groups = list(_GROUPS.finditer(text))
        for first, group in enumerate(groups):
            digits, end = "", group.start()
            for each in groups[first : first + _MOST_GROUPS]:
                if each.start() - end > 1 or (digits and text[end] not in " -/."):
                    break
                digits, end = digits + each[0], each.end()
                if len(digits) < _FEWEST_DIGITS or (known := self._stand_ins.known_number(digits)) is None:
                    continue
                written = text[group.start() : end]
                if not is_date(written):
                    given = iter(known)
                    yield group.start(), end, "".join(next(given) if c.isdigit() else c for c in written)

    def _cut(self, text: str) -> Iterator[Replacement]:
        """The beginning of what was seen whole elsewhere: finchat cuts texts to size."""
        if "@" in text:
            for m in _CUT_EMAIL.finditer(text):
                if (instead := self._stand_ins.cut_email(m[0])) is not None:
                    yield m.start(), m.end(), instead
        for known in self._known:
            at = text.find(known[:_FEWEST_OF_A_CUT]) if len(known) > _FEWEST_OF_A_CUT else -1
            while at >= 0:
                there = zip(known, text[at : at + len(known)], strict=False)
                length = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], there))
                yield at, at + length, self._written(known)[:length]
                at = text.find(known[:_FEWEST_OF_A_CUT], at + length)

    def _stand_in(self, shape: Shape, written: str) -> str:
        if shape.kind == "email":
            at = "%40" if "@" not in written else "@"
            return self._stand_ins.email(written.replace("%40", "@")).replace("@", at)
        if shape.kind == "number":
            return self._stand_ins.number(written)
        if shape.kind == "user":
            return SOMEBODY
        return self._written(written)

    def _written(self, secret: str) -> str:
        """The stand-in of a secret, however the secret is written."""
        return self._stand_ins.secret(self._known.get(secret, secret))

    def _know(self, secret: str) -> None:
        if len(secret) < _SHORTEST_WORD or secret in self._known or is_stand_in(secret) or is_reserved(secret):
            return
        if len(secret) < _SHORTEST and not any(map(str.isdigit, secret)):
            return
        escaped = json.dumps(secret)[1:-1]
        for written in (secret, escaped, quote(secret, safe=""), quote(secret), quote_plus(secret)):
            self._known.setdefault(written, secret)
        self._pattern = None

    def _learn_row(self, row: Mapping[str, Any]) -> None:
        """What of a row as a whole tells that something in it is secret."""
        if isinstance(prompt := row.get("prompt"), str) and _ASKS_FOR_A_SECRET.search(prompt):
            line = row.get("line")
            if isinstance(line, str) and line and not is_stand_in(line):
                self._typed.add(line)
                self._know(line)
        if row.get("kind") == "file" and str(row.get("path", "")).endswith(".toml"):
            with suppress(tomllib.TOMLDecodeError, RecursionError):  # its text is looked at all the same
                self._learn_settings(tomllib.loads(str(row.get("text", ""))))
        if isinstance(row.get("mcpServers"), Mapping):
            self._learn_settings({"servers": row["mcpServers"]})
        if isinstance(events := row.get("events"), list):
            for piece in pieces_of(events):
                self._learn_text(piece.text)

    def _learn_settings(self, table: Mapping[str, Any]) -> None:
        self.learn(table)
        servers = table.get("servers")
        for server in servers.values() if isinstance(servers, Mapping) else ():
            if not isinstance(server, Mapping):
                continue
            if isinstance(url := server.get("url"), str):
                for secret in secrets_of_url(url):
                    self._know(secret)
            for name in ("env", "headers"):
                if isinstance(given := server.get(name), Mapping):
                    values = {str(k): v for k, v in given.items() if isinstance(v, str)}
                    held = {value for key, value in values.items() if of_field(key, value, name)}
                    for secret in sorted(secrets_of(values) | held):
                        self._know(secret)
            for secret in _of_arguments(server.get("args")):
                self._know(secret)

    def _learn_text(self, text: str, field: str = "", holder: str = "") -> None:
        named = of_field(field, text, holder)
        within = list(json_in(text))
        for value in within:
            self.learn(value, field)
        if within:  # what a text of it holds besides is found when it is replaced
            return
        for shape in (*of_field(field, text, holder, stand_ins=True), *shapes(text, stand_ins=True)):
            self._stand_ins.taken(text[shape.start : shape.end])
        if "x" in text or "redacted" in text:
            for found in STAND_IN.finditer(text):
                self._stand_ins.taken(found[0])
        for shape in (*named, *shapes(text)):
            written = text[shape.start : shape.end]
            self._stand_in(shape, written)
            if shape.kind == "secret" and (looks_random(written) or (shape in named and GUID.fullmatch(written))):
                self._know(written)

    def _events(self, before: Sequence[Any], replaced: list[Any]) -> list[Any]:
        """A stream's events: what comes in pieces is replaced as a whole and cut where it was."""
        for piece in pieces_of(before):
            cut_again(replaced, piece, self._spans(piece.text))
        for _ in range(_ROUNDS):
            found = [(piece, spans) for piece in pieces_of(replaced) if (spans := self._spans(piece.text))]
            if not found:
                break
            for piece, spans in found:
                cut_again(replaced, piece, spans)
        return replaced


def known_secrets(settings: Settings, environ: Mapping[str, str]) -> set[str]:
    """What finchat was given that lets one in: the model's key; of each server what its environment, headers, arguments
    and URL hold; what of this environment has the name of a secret and the look of one."""
    found = {settings.model.key or ""}
    for server in settings.servers.values():
        found |= secrets_of(server.env, server.headers)
        found |= {value for name, value in server.headers.items() if of_field(name, value, "headers")}
        found |= {value for name, value in server.env.items() if of_field(name, value, "env")}
        found |= set(_of_arguments(server.args))
        if server.url:
            found |= set(secrets_of_url(server.url))
    found |= {value for value in secrets_of(environ) if looks_random(value)}
    found |= {environ[name] for name in ("XERO_TENANT_ID", "QUICKBOOKS_REALM_ID") if environ.get(name)}
    return found - {""}


def _of_arguments(arguments: Any) -> Iterator[str]:
    """The secrets among the words of a command: `--api-key abc`, `TOKEN=abc`, a URL."""
    words = [word for word in arguments if isinstance(word, str)] if isinstance(arguments, list | tuple) else []
    for before, word in zip(["", *words], words, strict=False):
        if "://" in word:
            yield from secrets_of_url(word)
        name, given, value = word.rpartition("=")
        if not given:
            name = before if before.startswith("-") else ""
        if of_field(plain_field(name), value, "headers" if plain_field(name) in ("header", "h") else ""):
            yield value


def _alternatives(patterns: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(patterns)) if patterns else None


def _as_known(secret: str) -> str:
    """A short secret is looked for as a word of its own: in longer ones its letters mean nothing."""
    plain = re.escape(secret)
    return rf"(?<![\w]){plain}(?![\w])" if len(secret) < _SHORTEST else plain
