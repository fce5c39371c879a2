"""The figures that stand in a text, and every value each of them can mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finchat.agent.facts import Unit
from finchat.agent.grounding.lexicon import COUNT_NOUNS, COUNT_WORDS, DOCUMENT_NOUNS, MONTHS

LONGEST_NUMBER = 30  # characters; what is longer is no amount of any ledger

_MONTH = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + ")"
_SYMBOLS = {
    "US$": "USD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "C$": "CAD",
    "CA$": "CAD",
    "S$": "SGD",
    "HK$": "HKD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
}
DOLLARS = frozenset(
    [
        "USD",
        "AUD",
        "NZD",
        "CAD",
        "SGD",
        "HKD",
        "FJD",
        "TWD",
        "BBD",
        "BZD",
        "BMD",
        "KYD",
        "JMD",
        "LRD",
        "NAD",
        "SBD",
        "TTD",
        "XCD",
        "BSD",
        "BND",
        "GYD",
        "SRD",
    ]
)
# ISO 4217, without codes that are English words (ALL, TOP, TRY, CUP, PEN, SOS).
CODES = DOLLARS | frozenset(
    [
        "EUR",
        "GBP",
        "JPY",
        "CNY",
        "CHF",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "RON",
        "BGN",
        "ISK",
        "TRY",
        "INR",
        "IDR",
        "MYR",
        "THB",
        "PHP",
        "VND",
        "KRW",
        "PKR",
        "LKR",
        "BDT",
        "NPR",
        "ZAR",
        "NGN",
        "KES",
        "GHS",
        "EGP",
        "MAD",
        "TND",
        "AED",
        "SAR",
        "QAR",
        "KWD",
        "BHD",
        "OMR",
        "JOD",
        "ILS",
        "MXN",
        "BRL",
        "ARS",
        "CLP",
        "COP",
        "UYU",
        "PYG",
        "UAH",
        "RUB",
        "GEL",
        "KZT",
        "PGK",
        "WST",
        "VUV",
        "XPF",
        "XAF",
        "XOF",
        "ETB",
        "UGX",
        "TZS",
        "RWF",
        "BWP",
        "ZMW",
        "MUR",
        "MNT",
        "KHR",
        "LAK",
        "MMK",
        "MOP",
    ]
)
_WORDS = {"dollars": DOLLARS, "dollar": DOLLARS, "euros": {"EUR"}, "euro": {"EUR"}, "pounds": {"GBP"}, "yen": {"JPY"}}
_SCALES = {
    "k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "millions": 6, "bn": 9, "b": 9, "billion": 9,
}  # fmt: skip
_UNITS = dict(
    zip(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        range(20),
        strict=True,
    )
)
_TENS = dict(
    zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], range(20, 100, 10), strict=True)
)
_MULTIPLES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_ANY_WORD = "(?:" + "|".join([*sorted([*_UNITS, *_TENS], key=len, reverse=True), *_MULTIPLES]) + ")"

_CODE = "(?-i:" + "|".join(sorted(CODES)) + ")"
_PREFIX = rf"(?:(?:US|AU?|NZ|CA?|S|HK)?\$|[€£¥₹₩]|(?<![^\W_]){_CODE}(?=\s?[-−(]?[\d$]))"
_SUFFIX = rf"(?:[€£¥₹₩$]|{_CODE}(?![^\W_])|(?:dollars?|euros?|pounds|yen)(?![^\W_]))"
_GROUPED = (
    r"\d{1,3}(?P<group>[,.'’\u00a0\u202f\u2009])\d{3}(?:(?P=group)\d{3}){0,6}(?:[.,]\d{1,6})?(?![\d]|[.,]\d)"
    # A plain space marks groups only before decimals or a currency: "3 500" may be two figures.
    rf"|\d{{1,3}}(?:\ \d{{3}}){{1,6}}(?:[.,]\d\d(?!\d|[.,]\d)|(?=\s?{_SUFFIX}))"
)
_PLAIN = r"\d++(?:[.,]\d++)?"
_TOKEN = re.compile(
    rf"""
    (?P<guid>(?<![^\W_])[0-9a-fA-F]{{8}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{12}}(?![^\W_]))
  | (?P<iso>(?<![^\W_])(?:19|20|21)\d\d[-/](?:0?[1-9]|1[0-2])[-/](?:0?[1-9]|[12]\d|3[01])(?!\d)(?:T[\d:.]{{4,15}}Z?)?)
  | (?P<daymonth>(?<![^\W_])(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?[\s-]{{1,2}}(?:of\s)?(?P<m1>{_MONTH})(?![^\W\d_])\.?
      (?:[\s,'’-]{{1,2}}(?P<y1>\d{{4}}|(?<=-|'|’)\d\d)(?!\d|[.,]\d))?)
  | (?P<monthday>(?<![^\W_])(?P<m2>{_MONTH})(?![^\W\d_])\.?\s(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|[.,]\d|\s?%|[^\W_])
      (?:,?\s(?P<y2>\d{{4}})(?!\d|[.,]\d))?)
  | (?P<slashed>(?<![^\W_])(?P<a>\d{{1,2}})(?P<sep>[/.-])(?P<b>\d{{1,2}})(?P=sep)(?P<y3>\d{{4}}|\d\d)(?![\d]|[./-]\d))
  | (?P<clock>(?<![^\W_])\d{{1,2}}:\d\d(?::\d\d)?(?!\d))
  | (?P<ordinal>(?<![^\W_])\d{{1,3}}(?:st|nd|rd|th)(?![^\W_]))
  | (?P<amount>
      (?:(?<![^\W_])|(?<=[$€£¥₹₩]))(?<!\d[.,])
      (?P<paren>\((?=[^()\s]{{1,24}}\)|[A-Z]{{3}}\s[\d.,]{{1,20}}\)))?
      (?P<sign1>(?<![^\W_])(?<![%)])[-−–+](?=\S))?(?:(?P<prefix>{_PREFIX})\s?)?(?P<sign2>(?<=[A-Z$€£¥₹₩\s])[-−])?
      (?P<number>{_GROUPED}|{_PLAIN}|(?<=[$€£¥])\.\d{{1,6}})
      (?:(?P<percent>\s?%|[\s-]per\s?cent(?![^\W_])|\s?(?:pp|ppt)(?![^\W_])|[\s-]percentage[\s-]points?)
        |(?P<times>x(?![^\W_]|\s?\d)|×(?!\s?\d)|\stimes(?![^\W_]))
        |(?P<scale>(?:k|K|m|M|mn|bn|b)(?![^\W_])|\s(?:thousand|millions?|billion)(?![^\W_]))?
          (?:\s?(?P<suffix>{_SUFFIX}))?)
      (?P<close>\))?)
  | (?P<document>(?<![^\W_])[^\W\d_]{{1,12}}[-/#]?\d[^\W_]{{0,40}}(?:[-/][^\W_]{{1,40}}){{0,4}})
  | (?P<words>(?<![^\W_]){_ANY_WORD}(?:(?:\s|-|\sand\s){_ANY_WORD}){{0,9}}(?![^\W_])
      (?P<wpercent>[\s-]per\s?cent(?![^\W_]))?(?:\s(?P<wsuffix>dollars?|euros?|pounds|yen)(?![^\W_]))?)
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What an answer quotes.
QUOTE = re.compile(r"“([^“”\n]{3,300})”|\"([^\"\n]{3,300})\"|«([^«»\n]{3,300})»|‘([^‘’\n]{3,300})’")
_AFTER = re.compile(r"[\s-]{1,2}([^\W\d_]+(?:['’]s)?)")
_DAYS = re.compile(r"[\s-]{0,2}(?:calendar[\s-])?days?(?![^\W_])", re.IGNORECASE)
_APPROXIMATE = re.compile(
    r"(?:\b(?:about|around|approximately|approx\.?|roughly|nearly|almost|some|circa|c\.)\s|[~≈]\s?)[^\w\s]{0,4}\Z",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    rf"(?:(?<![^\W_])(?:{'|'.join(sorted(DOCUMENT_NOUNS))})(?:\s(?:no\.?|number|nr\.?))?[\s:]\s{{0,2}}[#*_`]{{0,3}}|#)\Z",
    re.IGNORECASE,
)
_NEVER_A_NUMBER = re.compile(r"(?:FY|Q|H|YE|CY)['’]?\d+(?:[-/]\d+)?\Z|COVID-?19\Z|[A-Z]\d\Z|e\d+\Z", re.IGNORECASE)
_DAY_SPAN = re.compile(r"\d+-days?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One figure as it stands in a text, code points `start` to `end`.

    `numbers`: what the digits can mean, best reading first; `step`: the value of the last place shown (0.01, or 1000
    for "12k"). `currencies`: those the sign or code beside it can mean; empty when none is named. `noun`: what is
    counted ("invoices"), or "days". `bare`: a number without sign, currency or noun, whose unit the words tell.
    """

    start: int
    end: int
    text: str
    unit: Unit
    numbers: tuple[Decimal, ...] = ()
    step: Decimal = Decimal(1)
    dates: tuple[date, ...] = ()
    name: str = ""
    currencies: frozenset[str] = frozenset()
    noun: str = ""
    bare: bool = False
    negative: bool = False
    points: bool = False  # percentage points
    times: bool = False
    yearless: bool = False

    @property
    def plain(self) -> str:
        if self.dates:
            return self.dates[0].isoformat()
        if self.numbers:
            return f"{self.numbers[0]:f}"
        return self.name or self.text


def figures(text: str, as_of: date, *, cell: bool = False) -> Iterator[Shown]:
    """The figures of a text, in order. `cell`: the text is a whole table cell, where (5.00) is minus five."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        for name in ("guid", "iso", "daymonth", "monthday", "slashed", "clock", "ordinal", "amount", "document"):
            if match.group(name) is not None:
                kind = name
                break
        else:
            kind = "words"
        shown = _read(kind, match, text, as_of, cell)
        if shown is not None:
            yield shown


def _read(kind: str, match: re.Match[str], text: str, as_of: date, cell: bool) -> Shown | None:
    start, end = match.span()
    if kind in {"clock", "ordinal"}:
        return None
    if kind in {"iso", "daymonth", "monthday", "slashed"}:
        return _date(kind, match, text, as_of)
    if kind == "guid":
        return _identifier(text, start, end)
    if kind == "document":
        return _document(match.group(), text, start, end)
    if kind == "words":
        return _spelled(match, text)
    return _amount(match, text, cell)


def _identifier(text: str, start: int, end: int) -> Shown:
    return Shown(start=start, end=end, text=text[start:end], unit="identifier", name=text[start:end])


def _document(token: str, text: str, start: int, end: int) -> Shown | None:
    """INV-0042, PO77, BILL/2026/4 are numbers of documents; Q3, FY26, e3, A4 are not."""
    if _NEVER_A_NUMBER.match(token):
        return None
    digits = sum(char.isdigit() for char in token)
    letters = re.match(r"[^\W\d_]+", token)
    parted = any(char in "-/#" for char in token)
    if digits >= 3 or (letters and len(letters.group()) >= 2 and letters.group().isupper() and (parted or digits == 2)):
        return _identifier(text, start, end)
    return None


def _date(kind: str, match: re.Match[str], text: str, as_of: date) -> Shown | None:
    yearless = False
    days: list[date | None] = []
    if kind == "iso":
        year, month, day = (int(part) for part in re.split(r"[-/]", match.group()[:10].split("T")[0]))
        days = [_day(year, month, day)]
    elif kind == "slashed":
        year = _year(match["y3"])
        a, b = int(match["a"]), int(match["b"])
        days = [_day(year, b, a), _day(year, a, b)]
    else:
        day, word, year_text = (
            (match["d1"], match["m1"], match["y1"]) if kind == "daymonth" else (match["d2"], match["m2"], match["y2"])
        )
        if kind == "monthday" and word[0].islower():
            return None  # "it may 12": a verb
        month = MONTHS[word.casefold().rstrip(".")]
        if year_text is None:
            yearless = True
            near = [_day(as_of.year + shift, month, int(day)) for shift in (0, -1, 1)]
            nearest = min((d for d in near if d), key=lambda d: abs((d - as_of).days), default=None)
            days = [near[0], nearest]
        else:
            days = [_day(_year(year_text), month, int(day))]
    found = tuple(dict.fromkeys(day for day in days if day is not None))
    start, end = match.start(), match.end()
    if text[end - 1] == "." and kind != "iso":
        end -= 1
    return Shown(start=start, end=end, text=text[start:end], unit="date", dates=found, yearless=yearless)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year(text: str) -> int:
    year = int(text)
    return year + 2000 if year < 100 else year


def _amount(match: re.Match[str], text: str, cell: bool) -> Shown | None:
    prefix, suffix = match["prefix"], match["suffix"]
    start, end = match.span()
    digits = match["number"]
    currencies = _currencies(prefix) if prefix else frozenset[str]()
    if suffix:
        # "$500 AUD" is said twice; "$500 EUR" is neither.
        currencies = (currencies & _currencies(suffix) or frozenset({"?"})) if prefix else _currencies(suffix)
    both = bool(match["paren"]) and bool(match["close"])
    if match["paren"] and not both:
        start = max(start, match.start("paren") + 1)
    if match["close"] and not (both and end == match.end()):
        end = min(end, match.start("close"))
    if both and not (start == match.start() and end == match.end()):
        both = False
    if both and not cell:  # "Acme (500.00)" is an aside in prose; its value stands inside
        start, end = match.start("paren") + 1, match.start("close")
    while start < end and text[start].isspace():
        start += 1
    signed = bool(match["sign2"]) or bool(match["sign1"] and match["sign1"] in "-−–" and start <= match.start("sign1"))
    if signed and match["sign1"] == "–" and not (start == 0 or text[start - 1] in " \t(|"):
        signed = False
    sign_alone = text[start] in "–" and start > 0 and text[start - 1].isspace() and not cell
    if sign_alone:
        signed, start = False, start + 1
    readings, places, grouped = _readings(digits, bool(currencies))
    if not readings:
        return Shown(start=start, end=end, text=text[start:end], unit="number")
    negative = signed or (both and cell)
    if match["percent"]:
        points = "p" in match["percent"].replace("per", "") or "point" in match["percent"]
        step = Decimal(1).scaleb(-places)
        numbers = tuple(-n if negative else n for n in readings)
        return Shown(
            start=start, end=end, text=text[start:end], unit="percent", numbers=numbers, step=step,
            negative=negative, points=points,
        )  # fmt: skip
    scale = _SCALES[match["scale"].strip().casefold()] if match["scale"] else 0
    if match["scale"] and match["scale"] in {"m", "b"} and not currencies and places == 0 and not scale:
        scale = 0
    step = Decimal(1).scaleb(scale - places)
    numbers = tuple((-n if negative else n).scaleb(scale) for n in readings)
    common = {"start": start, "end": end, "text": text[start:end], "numbers": numbers, "step": step}
    if match["times"]:
        return Shown(**common, unit="number", times=True)
    if not currencies and not match["scale"]:
        before = text[max(0, start - 40) : start]
        if not grouped and places == 0 and _is_identifier(digits, before):
            return _identifier(text, start, end)
        if _DAYS.match(text, end) and places == 0:
            return Shown(**common, unit="number", noun="days", negative=negative)
        if places == 0 and (noun := count_noun(text, end)):
            return Shown(**common, unit="count", noun=noun)
    if _APPROXIMATE.search(text[max(0, start - 16) : start]) and places == 0 and not scale:
        zeros = len(digits) - len(digits.rstrip("0,. '’"))
        zeros = sum(char == "0" for char in digits[len(digits) - zeros :]) if zeros else 0
        common["step"] = Decimal(1).scaleb(min(zeros, max(0, len(str(abs(int(readings[0])))) - 1)))
    bare = not currencies and not match["scale"] and places != 2
    return Shown(**common, unit="money", currencies=currencies, bare=bare, negative=negative)


def _is_identifier(digits: str, before: str) -> bool:
    if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
        return True
    return bool(_NUMBERED.search(before)) and len(digits) <= 20


def _currencies(mark: str) -> frozenset[str]:
    if mark == "$":
        return DOLLARS
    if mark.upper() in _SYMBOLS:
        return frozenset({_SYMBOLS[mark.upper()]})
    if mark in CODES:
        return frozenset({mark})
    return frozenset(_WORDS.get(mark.casefold(), ()))


def _readings(digits: str, money: bool) -> tuple[tuple[Decimal, ...], int, bool]:
    """What a run of digits and separators can mean, the number of decimals shown, and whether groups are marked."""
    if len(digits) > LONGEST_NUMBER:
        return (), 0, False
    marks = [char for char in digits if not char.isdigit()]
    plain = "".join(char if char.isdigit() else "." for char in digits)
    if not marks:
        return (Decimal(digits),), 0, False
    whole, _, fraction = plain.rpartition(".")
    last = marks[-1]
    as_grouped = Decimal(plain.replace(".", ""))
    if last not in ",.":
        return (as_grouped,), 0, True
    as_decimal = Decimal((whole.replace(".", "") or "0") + "." + fraction)
    if len(marks) > 1:
        if set(marks) == {last}:
            return (as_grouped,), 0, True
        return (as_decimal,), len(fraction), True
    if len(fraction) != 3 or not 1 <= len(whole) <= 3 or whole.startswith("0"):
        return (as_decimal,), len(fraction), False
    if last == ",":
        return (as_grouped,), 0, True
    # 1.234: a decimal in English; a group on the continent, and then the places shown are none.
    return ((as_grouped,), 0, True) if money else ((as_decimal,), 3, False)


def count_noun(text: str, end: int) -> str:
    """The noun that a number counts ("3 open sales invoices"), or nothing."""
    for _ in range(6):
        match = _AFTER.match(text, end)
        if match is None:
            return ""
        word = match[1].casefold()
        if word in COUNT_NOUNS:
            follow = _AFTER.match(text, match.end())
            if not (follow and follow[1].casefold() in COUNT_NOUNS):
                return word
        elif word not in COUNT_WORDS:
            return ""
        end = match.end()
    return ""


def _spelled(match: re.Match[str], text: str) -> Shown | None:
    """ "two thousand five hundred": a figure when it is an amount, a percentage or counts something."""
    end = match.end()
    suffix, percent = match["wsuffix"], match["wpercent"]
    tail = len(percent or "") + (len(suffix) + 1 if suffix else 0)
    words = re.split(r"[\s-]+", match.group()[: len(match.group()) - tail].casefold())
    value = _value([word for word in words if word != "and"])
    common = {"start": match.start(), "end": end, "text": match.group()}
    if value is None:
        return None
    number = Decimal(value)
    if percent:
        return Shown(**common, unit="percent", numbers=(number,))
    if suffix:
        return Shown(**common, unit="money", numbers=(number,), currencies=_currencies(suffix))
    if _DAYS.match(text, end):
        return Shown(**common, unit="number", numbers=(number,), noun="days")
    if noun := count_noun(text, end):
        return Shown(**common, unit="count", numbers=(number,), noun=noun)
    if any(word in _MULTIPLES for word in words) and len(words) > 1:
        return Shown(**common, unit="money", numbers=(number,), bare=True)
    return None


def _value(words: list[str]) -> int | None:
    total = part = 0
    for word in words:
        if word in _UNITS:
            part += _UNITS[word]
        elif word in _TENS:
            part += _TENS[word]
        elif word == "hundred":
            part = max(part, 1) * 100
        else:
            total += max(part, 1) * _MULTIPLES[word]
            part = 0
    return total + part if words else None
