"""A cassette of nobody's: names, addresses and references replaced, amounts multiplied, the same by the same.

A word of a name becomes another of its length whose letters follow from the letters before them, under a key that is
thrown away: a name that the bank cut is still the beginning of the whole one. With `near` one letter always becomes the
same other: words that are nearly the same stay so, at the price that somebody with patience may read them. Which of the
two does is for the caller to try: he replays what comes of it, and refuses when the run no longer follows.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from finchat.agent.personal import free_text, personal, said
from finchat.agent.plain_words import PLAIN_WORDS, WORDS_OF_BANKS
from finchat.cassettes.amounts import amounts_in, has_commas, is_amount, scaled, unequal
from finchat.cassettes.hashes import Digest, rehashed
from finchat.cassettes.parts import json_in, members
from finchat.cassettes.rows import Cassette
from finchat.cassettes.shapes import is_date, plain_field
from finchat.cassettes.walking import Replacement, Walk
from finchat.errors import FinchatError
from finchat.prompts import folder

FACTORS = (2, 3, 5, 7)  # what amounts are multiplied by, one of them at random
_WORD = re.compile(r"(?<![\w$])[^\W\d_]{3,}(?![\w])|(?<![\w$])[^\W\d_]{3,}(?=\d)")
_DIGITS = re.compile(
    r"(?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<![0-9a-z])[0-9a-f]{32,64}(?![0-9a-z])|\bfc-[a-z0-9]{10}\b)"
    r"|(?<![\d.,])\d{4,}(?![\d%]|[.,]\d)", re.ASCII,
)  # fmt: skip
_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
_NUMBER_FIELDS = re.compile(r"number$|reference$|^ref$|^narration$|^memo$|^description$|^particulars$|^payee$")
_TEXT_FIELDS = re.compile(r"^(?:narration|memo|description|particulars|reference|ref|payee|details|analysiscode)$")
_ZONE = re.compile(r"\b(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[\w/+-]+")
_VOWELS, _CONSONANTS, _TENS = "aeiou", "bcdfghjklmnpqrstvwxyz", "123456789"
_OF_ADDRESSES = frozenset({"example", "invalid", "test", "mail", "www", "http", "https", "com", "org", "net"})
_OWN = ("tools", "prompts", "sql", "catalogues", "seed", "environment", "terminal", "timezone", "headers")
_FIELDS = """
accountid bankaccountid code contactid currency currencycode date duedate finchat id invoiceid kind method model path
server status tool tooluseid type updateddateutc
"""
_KEPT_FIELDS = frozenset(_FIELDS.split())


class CannotAnonymise(FinchatError):
    """Something in the cassette does not fit together any more once its amounts are multiplied."""

    code = "not_anonymised"


def anonymise(
    cassette: Cassette, *, factor: int | None = None, near: bool = False, key: bytes | None = None,
    digest: Digest | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The header and rows of a cassette, anonymised; the caller replays them and seals what that prints.

    `factor`: the whole number that amounts are multiplied by. `key`: for tests alone. `digest`: see `rehashed`.
    Raises CannotAnonymise when a sum of a document that held does not hold any more, UsageError never.
    """
    before = [_plain(cassette.header), *(_plain(row) for row in cassette.rows)]
    by = factor if factor is not None else secrets.choice(FACTORS)
    walk = _Anonymous(before, by, key or secrets.token_bytes(32), near=near)
    after = [walk.row(row) for row in before]
    for one, other in zip(before, after, strict=True):
        if broken := unequal(list(_values(other))) - unequal(list(_values(one))):
            raise CannotAnonymise(
                f"a sum does not hold any more: {sorted(broken)[0]}",
                next="report it with the name of the server; the cassette itself is as it was",
            )
    return rehashed(before, after, digest=digest)


class _Anonymous(Walk):
    def __init__(self, rows: Sequence[Mapping[str, Any]], factor: int, key: bytes, *, near: bool) -> None:
        self._factor = factor
        self._key = key
        self._near = near
        self._alphabets: dict[tuple[str, str], dict[str, str]] = {}
        self._in_file = self._commas = False
        self._scales = True
        own = {word for row in rows for text in _own_texts(row) for word in _words(text)} | _OF_ADDRESSES
        own |= {word for file in folder().rglob("*.md") for word in _words(file.read_text("utf-8"))}
        own |= {part for row in rows for text in _texts(row) for zone in _ZONE.findall(text) for part in _words(zone)}
        found = [each for row in rows for each in _personal(row)]
        self._names = {word for text in found for word in _words(text)} - own - PLAIN_WORDS - WORDS_OF_BANKS
        self._known_numbers = {number for row in rows for number in _references(row)}

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row; the settings are none of the ledger's amounts."""
        text = row.get("text")
        self._in_file = row["kind"] in ("file", "table")
        self._commas = isinstance(text, str) and has_commas(text)
        self._scales = not str(row.get("path", "")).endswith("finchat.toml")
        own = ("kind", "at", "took", *_OWN, *(("name", "path") if row["kind"] in ("file", "table") else ()))
        kept = {name: row[name] for name in own if name in row}
        if row["kind"] == "header":  # the question in a command, not its words
            kept["command"] = [self.text(word) if " " in word else word for word in row["command"]]
        return {**self.walked({name: each for name, each in row.items() if name not in kept}), **kept}

    def walked(self, value: Any, field: str = "") -> Any:
        if isinstance(value, str) and plain_field(field) in _KEPT_FIELDS:
            return value
        if field in _OWN:
            return value
        if field == "instructions" or (isinstance(value, Mapping) and value.get("role") in ("system", "developer")):
            before, self._scales = self._scales, False  # figures in what finchat tells a model are none of the ledger's
            try:
                return super().walked(value)
            finally:
                self._scales = before
        return super().walked(value, field)

    def number(self, value: Any, field: str) -> Any:
        return scaled(value, self._factor) if self._scales and is_amount(field, value) else value

    def spans(self, text: str, field: str) -> list[Replacement]:
        found = list(self._amounts(text, field))
        for each in (*self._references(text), *self._words(text)):
            if not any(each[0] < other[1] and other[0] < each[1] for other in found):
                found.append(each)
        return sorted(found)

    def _amounts(self, text: str, field: str) -> Iterator[Replacement]:
        if self._scales:
            yield from amounts_in(text, self._factor, field, commas=self._commas, prose=not self._in_file)

    def _references(self, text: str) -> Iterator[Replacement]:
        for found in _DIGITS.finditer(text):
            if found["id"] is None and found[0] in self._known_numbers:
                yield found.start(), found.end(), self._other(found[0])

    def _words(self, text: str) -> Iterator[Replacement]:
        for found in _WORD.finditer(text):
            if _folded(found[0]) in self._names:
                yield found.start(), found.end(), self._other(found[0])

    def _other(self, word: str) -> str:
        """The word with each letter and digit replaced; accents, capitals and zeros stay."""
        out: list[str] = []
        before = ""
        for character in unicodedata.normalize("NFD", word):
            small = character.lower()
            group = next((g for g in (_VOWELS, _CONSONANTS, _TENS) if small in g), None)
            if group is None:
                out.append(character)
                continue
            other = self._alphabet(group, "" if self._near else before)[small]
            out.append(other.upper() if character.isupper() else other)
            before += small
        return unicodedata.normalize("NFC", "".join(out))

    def _alphabet(self, group: str, before: str) -> Mapping[str, str]:
        if (group, before) not in self._alphabets:
            mixed = list(group)
            Random(hmac.digest(self._key, f"{group} {before}".encode(), "sha256")).shuffle(mixed)
            self._alphabets[group, before] = dict(zip(group, mixed, strict=True))
        return self._alphabets[group, before]


def _personal(row: Mapping[str, Any]) -> Iterator[str]:
    """What in a row names somebody: by its field, in the texts of a bank or a document, and in what was typed."""
    if row["kind"] == "human":
        yield from (text for _, text in said(str(row.get("line") or "")))
    elif row["kind"] == "header":
        yield from (text for word in row.get("command", ()) for _, text in said(word))
    elif row["kind"] in ("mcp", "file", "table") and row.get("method") != "tools/list":
        for value in _values({name: each for name, each in row.items() if name not in ("kind", "path", "name", "sql")}):
            yield from (text for kind, text in personal(value) if kind != "Text")
            for field, text in _fields(value):
                if _TEXT_FIELDS.search(plain_field(field)):
                    yield from (word for _, word in free_text(text))
        if _is_statement(row):
            yield from (word for _, word in free_text(row["text"]))


def _is_statement(row: Mapping[str, Any]) -> bool:
    """Whether a file is what a bank sends: no JSON, and none of finchat's own."""
    text = row.get("text")
    own = str(row.get("path", "")).endswith((".toml", ".jsonl", ".json"))
    return row["kind"] == "file" and isinstance(text, str) and not own and not list(json_in(text))


def _references(row: Mapping[str, Any]) -> Iterator[str]:
    """Digits of the numbers of documents, and of what stands in the texts of a bank."""
    for value in _values(row):
        for field, text in _fields(value):
            if _NUMBER_FIELDS.search(plain_field(field)):
                found = (each[0] for each in _DIGITS.finditer(text) if each["id"] is None)
                yield from (n for n in found if not _YEAR.fullmatch(n) and not (len(n) == 8 and is_date(n)))


def _fields(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for name, _, each in members(value):
            yield from _fields(each, name)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _fields(each, field)


def _values(value: Any) -> Iterator[Any]:
    """A value, and each that is JSON inside of its texts."""
    yield value
    for text in _texts(value):
        for each in json_in(text):
            yield from _values(each)


def _own_texts(row: Mapping[str, Any]) -> Iterator[str]:
    """What finchat and the servers say themselves, in every run alike."""
    if row["kind"] == "mcp" and row.get("method") == "tools/list":
        yield from _texts(row.get("result"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _words(text: str) -> Iterator[str]:
    yield from (_folded(found[0]) for found in _WORD.finditer(text))


def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word)
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "header", **{name: each for name, each in row.items() if name not in ("n", "prev")}}
