"""Stand-ins for names and contact data: what leaves for the model holds `Contact-07`, what comes back the real name.

What is replaced: everything learned (see `personal`), in whatever case, spacing and punctuation, with or without
accents, inside JSON escapes and HTML entities, as whole words; and by their shape alone e-mail addresses, international
phone numbers and IBANs. What goes out as it is: amounts, dates, document numbers, account and tax codes, ids, the names
of tools, servers, accounts and items, and what no rule of `personal` finds. A value of a single letter, or of fewer
than seven digits and nothing else, is left: it would take amounts and codes with it. So is a plain word (`plain_words`)
in small letters, even where a contact is called so.

Real text that looks like a stand-in gets a stand-in itself, so that nothing in the books can pass for one.
`back(out(text)) == text`, always.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise
from typing import Any, get_args

from finchat.agent import personal
from finchat.agent.evidence.store import NOT_FOLLOWED, QUERY
from finchat.agent.personal import EMAIL, IBAN, INTERNATIONAL_PHONE, LETTERS, NUMBER_AFTER, PersonalKind
from finchat.agent.plain_words import PLAIN_WORDS
from finchat.connections.own_tools import OWN_SERVER
from finchat.connections.toolbox import CallResult

_MAIL_END = "@stand-in.invalid"  # so that a stand-in for an address still reads as one
_HYPHEN = r"(?:[-\u2010-\u2013]|\\u201[0-3])"  # models like to write typographic ones
_START = r"(?:(?<![^\W_])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4}))"  # no letter or digit before, save an escape's own
_STAND_IN = re.compile(
    rf"{_START}({'|'.join(get_args(PersonalKind))}){_HYPHEN}(\d{{1,6}})(v\d{{1,4}})?(?:{re.escape(_MAIL_END)})?(?![^\W_])",
    re.I,
)
_LONGEST = 64  # no stand-in is longer, however it is spelled
_FIRST_LETTER = re.compile(rf"{_START}[A-Za-z]")
_BEGUN = re.compile(
    rf"(?:{'|'.join(kind[:length] for kind in get_args(PersonalKind) for length in range(len(kind), 0, -1))})\Z"
    rf"|(?:{'|'.join(get_args(PersonalKind))})(?:{_HYPHEN}(?:\d{{0,6}}(?:v\d{{0,4}})?(?:@[a-z.-]{{0,16}})?)"
    r"|\\(?:u(?:2(?:01?)?)?)?)\Z",
    re.I,
)

_IDEOGRAPHS = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # written without spaces: each is a word
_HIDDEN = r"\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff"  # belongs to the word that it is in
_TOKEN = re.compile(rf"[{_IDEOGRAPHS}]|(?:(?![{_IDEOGRAPHS}])[^\W_]|(?<!^)[{_HIDDEN}])+")
_ASCII_TOKEN = re.compile("[A-Za-z0-9]+")
_GAP = re.compile(r"[\s&+.,'\u2018\u2019/()@\u2010-\u2013_-]{0,5}")
_DIGIT_GAP = re.compile(r"[ \t\u00a0./()+-]{0,3}")
_ESCAPE = re.compile(
    r"(?:\\+u[0-9a-fA-F]{4})+|\\+[nrtbf\"/\\]|&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos|nbsp);"
)
_ESCAPE_BEFORE = re.compile(r"\\(?:[nrtbf]|u[0-9a-fA-F]{4})\Z")
_NUMBER = re.compile(r"[-./#]\d")  # after a few letters: both are a document's number
_UNIT = re.compile(r"\\+u([0-9a-fA-F]{4})")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_CUT_SIGN = ("\u2026", "...")
_CUT = 3  # letters and digits that are left of a value cut short, at least, to be seen as one
_DIGITS = 7
_HEAD = 3
_FEW = 50


@dataclass(slots=True)
class _Known:
    """A value to be replaced. `gaps`: what stands between its words; `number`: of its stand-ins, once it has any."""

    kind: PersonalKind
    value: str
    key: str
    gaps: frozenset[str]
    prefix: str
    suffix: str
    number: int = 0
    tokens: dict[str, str] = field(default_factory=dict)  # how it was written → stand-in


class StandIns:
    """The stand-ins of one session. The same value has the same one from its first use on; `v2`, `v3` … are other
    spellings of it, and CONTACT-07 or contact-07 its spelling in capitals or small letters."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._keys: list[str] = []  # sorted
        self._unsorted: list[str] = []
        self._heads: set[str] = set()
        self._longest_gap = 5
        self._counts: dict[PersonalKind, int] = {}
        self._numbered: dict[tuple[str, int], _Known] = {}
        self._surfaces: dict[str, str] = {}  # stand-in → what it stands for, as it was written
        self._letters: set[str] = set()  # that document numbers begin with
        self._news: list[str] = []  # for `news_since`: the first words of everything learned, in order

    # What is known

    def learn(self, result: CallResult, *, server: str = "", tool: str = "") -> None:
        """The names and contact data in the answer of a tool. Of finchat's own `query` only rows are looked at: the
        rest is its own words, and the model's."""
        if (server, tool) == (OWN_SERVER, QUERY):
            if result.structured is not None:
                self._add_all(_of_query(result.structured))
            return
        for data in (result.structured, _as_data(result.text) if result.text else None):
            self._add_all(personal.personal(data))
            self._letters.update(map(_folded, personal.number_letters(data)))
        if result.error is not None:
            self._add_all(personal.free_text(result.error.message))

    def preload(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """The contact list: records with a name and whatever else each has."""
        self._add_all(personal.personal(list(rows), "contacts"))

    def learn_said(self, text: str) -> None:
        """What a person typed: contact data and what looks like a name."""
        self._add_all(personal.said(text))

    def add(self, kind: PersonalKind, value: str) -> None:
        """One value to be replaced from now on, when it can be (see the head of this module)."""
        for spelled in {value, _decoded(value)[0]}:
            words = list(_tokens(spelled))
            key = "".join(_folded(word[0]) for word in words)
            if not _replaceable(key):
                continue
            gaps = frozenset(spelled[a.end() : b.start()] for a, b in pairwise(words))
            self._longest_gap = max(self._longest_gap, *map(len, gaps), 0)
            if key in self._known:  # the same words with other signs between them
                self._known[key].gaps |= gaps
                continue
            known = _Known(kind, value, key, gaps, spelled[: words[0].start()], spelled[words[-1].end() :])
            self._known[key] = known
            self._unsorted.append(key)
            self._heads.add(key[:_HEAD])
            self._news += [_folded(words[0][0]), key]

    def news_since(self, count: int) -> tuple[int, frozenset[str]]:
        """How much is known now, and what was learned after `count`: what such values begin with, as `words_of`."""
        return len(self._news), frozenset(self._news[count:])

    @staticmethod
    def words_of(text: str) -> frozenset[str]:
        """The words of a text in the form that values are compared in."""
        return frozenset(_folded(word[0]) for word in _tokens(_decoded(text)[0]))

    def _add_all(self, found: Iterable[tuple[PersonalKind, str]]) -> None:
        for kind, value in found:
            self.add(kind, value)

    # Out

    def out(self, text: str, *, own: bool = False) -> str:
        """The text with stand-ins. `own`: finchat's own words, in which no withheld word of free text is replaced."""
        parts: list[str] = []
        at = 0
        for start, end, known in self._matches(text, own=own):
            parts += [text[at:start], self._stand_in(known, text[start:end])]
            at = end
        masked = "".join([*parts, text[at:]])
        if self.back(masked) != text:  # fail closed, whatever the text is
            return self._stand_in(self._whole(text), text)
        return masked

    def _matches(self, text: str, *, own: bool) -> list[tuple[int, int, _Known]]:
        """What is to be replaced, in order and apart: start and end in `text`."""
        decoded, raw = _decoded(text)
        spans: list[tuple[int, int, _Known | PersonalKind]] = [
            (raw[start], raw[end], known) for start, end, known in self._values(decoded, own=own)
        ]
        if decoded != text:  # what looks like an escape may be none
            spans += self._values(text, own=own)
        spans += [(raw[start], raw[end], kind) for start, end, kind in _shapes(decoded)]
        spans += [(*found.span(), "Text") for found in _STAND_IN.finditer(text)]
        apart: list[tuple[int, int, _Known | PersonalKind]] = []
        for start, end, what in sorted(spans, key=lambda span: (span[0], -span[1])):
            first, last = _whole_words(text, start, end)
            if not apart or first > apart[-1][1]:
                apart.append((first, last, what))
            elif last > apart[-1][1]:  # two that overlap, or touch, become one
                apart[-1] = (apart[-1][0], last, "Text")
        return [
            (first, last, what if isinstance(what, _Known) else self._of(what, text[first:last]))
            for first, last, what in apart
        ]

    def _values(self, text: str, *, own: bool) -> Iterator[tuple[int, int, _Known]]:
        """The known values in a text, the longest first where several begin."""
        self._sort()
        words = list(_tokens(text))
        folded = [_folded(word[0]) for word in words]
        index = 0
        while index < len(words):
            found = self._longest(text, words, folded, index, own=own)
            if found is None:
                index += 1
                continue
            yield found
            while index < len(words) and words[index].start() < found[1]:
                index += 1

    def _sort(self) -> None:
        if len(self._unsorted) < _FEW:
            for key in self._unsorted:
                insort(self._keys, key)
        else:
            self._keys = sorted(self._keys + self._unsorted)
        self._unsorted.clear()

    def _longest(
        self, text: str, words: list[re.Match[str]], folded: list[str], index: int, *, own: bool
    ) -> tuple[int, int, _Known] | None:
        """The longest known value that begins with the word at `index`."""
        if folded[index][:_HEAD] not in self._heads and len(folded[index]) >= _HEAD:
            return None
        found: tuple[int, int, _Known] | None = None
        sure: tuple[int, int, _Known] | None = None  # what has a name goes before words that may be one
        key, gaps, last = "", list[str](), index
        while last < len(words):
            if last > index:
                gap = text[words[last - 1].end() : words[last].start()]
                if len(gap) > self._longest_gap:
                    break
                gaps.append(gap)
            key += folded[last]
            place = bisect_left(self._keys, key)
            if place == len(self._keys) or not self._keys[place].startswith(key):
                break
            start, end = words[index].start(), words[last].end()
            known = self._known[self._keys[place]]
            whole = known.key == key
            if (
                (whole or (len(key) >= _CUT and text.startswith(_CUT_SIGN, end)))
                and not (whole and known.kind in _DOUBTFUL and self._begins_number(folded[last], text, end))
                and _may_be(known, text[start:end], own=own)
                and all(_joins(known, gap) for gap in gaps)
            ):
                found = (*(_with_signs(known, text, start, end) if whole else (start, end)), known)
                if known.kind in _NAMED:
                    sure = found
            last += 1
        return sure or found

    def _begins_number(self, letters: str, text: str, end: int) -> bool:
        """Whether the word that ends there is the letters of a document's number."""
        if len(letters) >= LETTERS:
            return False
        after = NUMBER_AFTER if letters in self._letters else _NUMBER
        return after.match(text, end) is not None

    def _of(self, kind: PersonalKind, value: str) -> _Known:
        """What stands for a value that was found by its shape."""
        self.add(kind, value)
        key = "".join(_folded(word[0]) for word in _tokens(value))
        return self._known.get(key) or self._whole(value)

    def _whole(self, text: str) -> _Known:
        """What stands for a piece of text as it is, and for nothing else."""
        key = f"\0{text}"  # no key of words is like that
        return self._known.setdefault(key, _Known("Text", text, key, frozenset(), "", ""))

    def _stand_in(self, known: _Known, surface: str) -> str:
        token = known.tokens.get(surface)
        if token is None:
            token = known.tokens[surface] = self._new_stand_in(known, surface)
            self._surfaces[token] = surface
        return token

    def _new_stand_in(self, known: _Known, surface: str) -> str:
        if not known.number:
            number = self._counts.get(known.kind, 0) + 1
            while _folded(f"{known.kind}{number:02d}") in self._known:
                number += 1
            self._counts[known.kind] = known.number = number
            self._numbered[known.kind.casefold(), number] = known
        end = _MAIL_END if known.kind == "Email" else ""
        name = f"{known.kind}-{known.number:02d}"
        if surface == known.value:
            return name + end
        if not end:
            for changed, spelled in ((known.value.upper(), name.upper()), (known.value.lower(), name.lower())):
                if surface == changed and spelled not in self._surfaces:
                    return spelled
        return f"{name}v{len(known.tokens) + 2}{end}"

    # Back

    def back(self, text: str) -> str:
        """What was replaced by `out`, put back exactly as it stood there. A stand-in that nobody gave out stays."""
        return _STAND_IN.sub(lambda found: self._meant(found)[0], text)

    def reveal(self, text: str, *, start: int = 0) -> str:
        """Words of the model with the real names: as `back`, with what stood in JSON escapes or entities in plain.
        What is before `start` is only looked at, and left out."""
        parts = []
        for found in _STAND_IN.finditer(text, start):
            parts += [text[start : found.start()], self._meant(found)[1]]
            start = found.end()
        return "".join([*parts, text[start:]])

    def reveal_json(self, text: str, *, sql: bool = False) -> str:
        """JSON text of the model (a call's arguments) with the real names, escaped. `sql`: they are in SQL strings."""

        def put(found: re.Match[str]) -> str:
            exact, real = self._meant(found)
            if exact == found[0]:
                return exact
            return json.dumps(real.replace("'", "''") if sql else real, ensure_ascii=False)[1:-1]

        return _STAND_IN.sub(put, text)

    def _meant(self, found: re.Match[str]) -> tuple[str, str]:
        """What a stand-in stands for: as it was written, and in plain."""
        surface = self._surfaces.get(found[0])
        if surface is None:
            known = self._numbered.get((found[1].casefold(), int(found[2])))
            # Another spelling of a stand-in (Contact-7, contact\u201107) means the same value.
            return (known.value, known.value) if known is not None else (found[0], found[0])
        return surface, _decoded(surface)[0]


def beginning_of_stand_in(text: str, start: int) -> int:
    """Where a stand-in may begin that the end of the text cuts off; else the text's end. Not before `start`."""
    for found in _FIRST_LETTER.finditer(text, max(start, len(text) - _LONGEST)):
        if _BEGUN.match(text, found.start()):
            return found.start()
    return len(text)


_DOUBTFUL = frozenset({"Text", "Name"})
_NAMED = frozenset({"Contact", "Organisation", "Payee"})


def _replaceable(key: str) -> bool:
    return len(key) >= (_DIGITS if key.isdigit() else 2)


def _may_be(known: _Known, surface: str, *, own: bool) -> bool:
    """Whether a text is this value: a plain word in small letters is itself."""
    if own and known.kind in _DOUBTFUL:
        return False
    small = surface == surface.lower() != surface.upper()
    return not (small and surface != known.value and not known.gaps and known.key in PLAIN_WORDS)


def _joins(known: _Known, gap: str) -> bool:
    """Whether two words with this between them can be of one value."""
    return gap in known.gaps or (_DIGIT_GAP if known.key.isdigit() else _GAP).fullmatch(gap) is not None


def _with_signs(known: _Known, text: str, start: int, end: int) -> tuple[int, int]:
    """The match with the signs that the value begins and ends with, where they are there."""
    if known.prefix and text.endswith(known.prefix, 0, start):
        start -= len(known.prefix)
    if known.suffix and text.startswith(known.suffix, end):
        end += len(known.suffix)
    return start, end


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without a letter or digit directly before or after it: there a stand-in would not be seen."""
    while start and text[start - 1].isalnum() and not _ESCAPE_BEFORE.search(text, max(start - 6, 0), start):
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return start, end


def _shapes(text: str) -> Iterator[tuple[int, int, PersonalKind]]:
    """What is contact data by its shape alone."""
    if "@" in text:
        for found in EMAIL.finditer(text):
            yield found.start(), found.end(), "Email"
    if "+" in text:
        for found in INTERNATIONAL_PHONE.finditer(text):
            yield found.start(), found.end(), "Phone"
    for found in IBAN.finditer(text):
        if _is_iban(found[0]):
            yield found.start(), found.end(), "BankAccount"


def _is_iban(text: str) -> bool:
    """By its check digits (ISO 7064, mod 97-10)."""
    plain = text.replace(" ", "")
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def _tokens(text: str) -> Iterator[re.Match[str]]:
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).finditer(text)


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", word)
    return "".join(c for c in apart if unicodedata.category(c) not in ("Mn", "Cf")).upper().casefold()


def _decoded(text: str) -> tuple[str, list[int] | range]:
    """The text with JSON escapes and HTML entities resolved, and for each place in it the place in `text`."""
    if "\\" not in text and "&" not in text:
        return text, range(len(text) + 1)
    parts: list[str] = []
    places: list[int] = []
    at = 0
    for found in _ESCAPE.finditer(text):
        parts.append(text[at : found.start()])
        places += range(at, found.start())
        for char, start in _resolved(found):
            parts.append(char)
            places += [start] * len(char)
        at = found.end()
    parts.append(text[at:])
    places += range(at, len(text) + 1)
    return "".join(parts), places


def _resolved(found: re.Match[str]) -> Iterator[tuple[str, int]]:
    escape = found[0]
    if escape[0] == "&":
        yield unescape(escape), found.start()
    elif "u" in escape[:-1]:
        units = list(_UNIT.finditer(escape))
        index = 0
        while index < len(units):
            code = int(units[index][1], 16)
            start = found.start() + units[index].start()
            if 0xD800 <= code < 0xDC00 and index + 1 < len(units):
                low = int(units[index + 1][1], 16)
                if 0xDC00 <= low < 0xE000:
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                    index += 1
            yield chr(code), start
            index += 1
    else:
        yield _CONTROLS.get(escape[-1], escape[-1]), found.start()


def _of_query(answer: Mapping[str, Any]) -> Iterator[tuple[PersonalKind, str]]:
    """What is personal in the rows of a query; its columns are called as the model likes, so their fields are asked."""
    columns = answer.get("lineage", {}).get("columns", ())
    fields = {str(each["name"]): str(each["field"]) for each in columns if each["is"] != NOT_FOLLOWED}
    return personal.of_rows(answer["rows"], fields)


def _as_data(text: str) -> Any:
    """A text answer as the JSON it holds, else as free text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
