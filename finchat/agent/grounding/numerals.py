"""Numbers that are written so that no figure is read from them: none of them may stand in an answer unmarked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from finchat.agent.grounding.lexicon import COUNT_NOUNS
from finchat.agent.grounding.shown import CODES, figures

_CODE = "(?-i:" + "|".join(sorted(CODES)) + ")"
_MONEY = rf"(?:{_CODE}(?![^\W_])|dollars?\b|euros?\b|pounds\b|[$€£¥])"
_SMALL = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    "|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
# Amounts in words that name no exact number, and words of number in other languages.
_WORDS = re.compile(
    rf"""
    \b(?:(?:half|quarter|third|tenth)\s(?:of\s)?)?(?:an?\s|several\s|some\s|many\s|few\s|couple\sof\s|tens\sof\s)?
      (?:(?:dozens?|hundreds?|thousands?|millions?|billions?|trillions?|grand(?=\s{_MONEY}))(?:\sof(?=\s))?[\s-]?)+(?![^\W_])
  | (?<![^\W_])(?:{_SMALL})\s{_MONEY}
  | (?<![^\W_])[^\W\d_]*(?:hundert|tausend|millionen|milliarden?)[^\W\d_]*
  | (?<![^\W_])(?:\w+cientos|quinientos|millones|mille(?=\s{_MONEY})
      |(?:deux|trois|quatre|cinq|six|sept|huit|neuf)\scents?)
    (?![^\W_])
  | (?-i:(?<![^\W_])[MDCLXVI]+)\s{_MONEY}
  | (?<![^\W_])e\d{{1,5}}\]?\s{_MONEY}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_RELATIVE = re.compile(
    r"(?<![^\W_])(?:doubl(?:ed|es|ing)|tripl(?:ed|es|ing)|trebled|quadrupl(?:ed|es|ing)|halv(?:ed|es|ing)"
    r"|(?:twice|(?:three|four|five|ten)\stimes)\s(?:as|what|the)|(?:two|three|four|five|ten)fold"
    r"|(?<!first\s)(?<!second\s)(?<!last\s)(?:one\s|a\s)?half\s(?:of(?!\s(?:\d{4}|FY|the\s(?:financial\s)?year))|the\s(?:total|revenue|sales|balance|amount|invoices|customers|bills))"
    r"|(?:an?|one|two|three|four)[\s-](?:thirds?|quarters?|fifths?|tenths?)\sof"
    r"|(?<=owes )(?:twice|double|half)|(?<=owe )(?:twice|double|half))(?![^\W_])",
    re.IGNORECASE,
)
_SAME = re.compile(
    r"(?<![^\W_])(?:owes?|owed|owing|paid|due|has|have|too|also)\s(?:[^\W\d_]+\s){0,2}"
    r"(?P<same>the\ssame(?:\s(?:amount|sum|again))?|just\sas\smuch|as\smuch|an\sequal\s(?:amount|sum)|likewise)"
    r"(?=[\s*_]*(?:[.,;:!?)]|\Z|\n|NZD|and\s|to\s))",
    re.IGNORECASE,
)
_HEX = re.compile(r"(?<![^\W_])0[xX][0-9A-Fa-f]{2,}(?![^\W_])|(?<![^\W_])\d+(?:[.,]\d+)?[eE][+]?\d{1,3}(?![^\W_])")
# A group of three that goes on after a whole amount: "2,611.67 NZD 000".
_GOES_ON = re.compile(
    rf"\d[.,]\d{{1,2}}[ \u00a0\u2007\u2009\u202f]?(?:{_CODE}|[$€£¥])?[\u00a0\u2007\u2009\u202f]+\d{{3}}(?![\d.,/-])"
    rf"|\d[.,]\d{{1,2}}\s?(?:{_CODE}|[$€£¥])?\s000(?!\d)",
)
_LISTED = re.compile(
    r"^[ \t]*(?:>\s?)*[ \t]*(?P<head>#{1,6}[ \t]+)?[*_]{0,2}\(?(?P<number>\d{1,3})[.)][*_]{0,2}[ \t]+"
    r"(?P<word>[^\W\d_]*)", re.MULTILINE,
)  # fmt: skip
_ADDRESS = re.compile(r"https?://[^\s)>\]]{1,2000}")
_AMOUNT = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d\d)?")
_FORMATS = frozenset("*_`~")
_WHY = "it is written so that it cannot be checked"
_MOST = 500


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number, code points `start` to `end`. `whole`: figures read inside it are not what it shows."""

    start: int
    end: int
    why: str = _WHY
    whole: bool = True


def numerals(text: str, read: str, known: Iterable[tuple[int, int]], as_of: date) -> Iterator[Numeral]:
    """The oddly written numbers of an answer, `read` as masked for reading; nothing within `known` names."""
    named = bytearray(len(text) + 1)
    for start, end in known:
        named[start:end] = b"\x01" * (end - start)
    for count, one in enumerate(_all(text, read, as_of)):
        if count >= _MOST:  # no answer holds so many: nothing in it is read at all
            yield Numeral(0, len(text))
            return
        if not all(named[one.start : one.end]):
            yield one


def _all(text: str, read: str, as_of: date) -> Iterator[Numeral]:
    for match in _HEX.finditer(read):
        yield Numeral(match.start(), match.end())
    for match in _GOES_ON.finditer(read):
        yield Numeral(match.start(), match.end())
    for address in _ADDRESS.finditer(text):
        for match in _AMOUNT.finditer(text, address.start(), address.end()):
            yield Numeral(match.start(), match.end())
    yield from _listed(read)
    yield from _signs(read)
    yield from _broken(read, as_of)
    for pattern in (_WORDS, _RELATIVE):
        for match in pattern.finditer(read):
            start, end = match.start(), match.start() + len(match.group().rstrip())
            why = _WHY if pattern is _WORDS else "a comparison that is not recomputed; give both figures"
            yield Numeral(start, end, why, whole=False)
    for match in _SAME.finditer(read):
        yield Numeral(match.start("same"), match.end("same"), "an amount that is not named", whole=False)


def _listed(read: str) -> Iterator[Numeral]:
    """Numbers before list items that do not count the items."""
    last = 0
    for match in _LISTED.finditer(read):
        number = int(match["number"])
        counts = match["word"].islower() and match["word"] in COUNT_NOUNS
        if match["head"] and not counts:
            continue
        # A number goes on from the one before it, or takes up that of an outer list; a jump is no position.
        if counts or number > last + 1:
            yield Numeral(match.start("number"), match.end("number"), "it does not number the item it stands at")
            continue
        last = number


def _signs(read: str) -> Iterator[Numeral]:
    """Circled digits, fractions, numerals of other scripts: characters with a value that are no decimal digits."""
    at = 0
    while at < len(read):
        char = read[at]
        if ord(char) < 128 or char.isdecimal() or unicodedata.numeric(char, None) is None:
            at += 1
            continue
        start = at
        while at < len(read) and unicodedata.numeric(read[at], None) is not None:
            at += 1
        footnote = all(c in "⁰¹²³⁴⁵⁶⁷⁸⁹" for c in read[start:at]) and start > 0 and not read[start - 1].isspace()
        letters = read[start - 1 : start].isalpha() or read[at : at + 1].isalpha()
        if not footnote and not (letters and unicodedata.category(read[start]) == "Lo"):
            yield Numeral(start, at)


def _broken(read: str, as_of: date) -> Iterator[Numeral]:
    """Numbers with emphasis or invisible characters between their letters or digits."""
    kept: list[int] = []
    dropped: list[int] = []  # how many characters were taken out before each kept one
    gone = 0
    for at, char in enumerate(read):
        if unicodedata.category(char) == "Cf" or (char in _FORMATS and _inside(read, at)):
            gone += 1
            continue
        kept.append(at)
        dropped.append(gone)
    if not gone:
        return
    joined = "".join(read[at] for at in kept)
    for shown in figures(joined, as_of):
        if dropped[shown.start] != dropped[shown.end - 1] and shown.unit != "identifier":
            yield Numeral(kept[shown.start], kept[shown.end - 1] + 1)


def _inside(read: str, at: int) -> bool:
    """The mark stands within a word or number: f**iv**e."""
    first, last = at, at + 1
    while first > 0 and read[first - 1] in _FORMATS:
        first -= 1
    while last < len(read) and read[last] in _FORMATS:
        last += 1
    if last - first > 3 or first == 0 or last >= len(read):
        return False
    return read[first - 1].isalnum() and read[last].isalnum()
