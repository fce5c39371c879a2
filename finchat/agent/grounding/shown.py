"""The figures that stand in a text, and every value each of them can mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from finchat.agent.facts import Unit
from finchat.agent.grounding.digits import MULTIPLES, TENS, UNITS, round_zeros, spelled, written
from finchat.agent.grounding.lexicon import COUNT_NOUNS, COUNT_WORDS, DOCUMENT_NOUNS, MONTHS, words_of

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
DOLLARS = words_of("USD AUD NZD CAD SGD HKD FJD TWD BBD BZD BMD KYD JMD LRD NAD SBD TTD XCD BSD BND GYD SRD")
# ISO 4217, without codes that are English words (ALL, TOP, CUP, PEN, SOS).
CODES = DOLLARS | words_of(
    "EUR GBP JPY CNY CHF SEK NOK DKK PLN CZK HUF RON BGN ISK TRY INR IDR MYR THB PHP VND KRW PKR LKR BDT NPR ZAR"
    " NGN KES GHS EGP MAD TND AED SAR QAR KWD BHD OMR JOD ILS MXN BRL ARS CLP COP UYU PYG UAH RUB GEL KZT PGK WST"
    " VUV XPF XAF XOF ETB UGX TZS RWF BWP ZMW MUR MNT KHR LAK MMK MOP"
)
_WORDS = {"dollars": DOLLARS, "dollar": DOLLARS, "euros": {"EUR"}, "euro": {"EUR"}, "pounds": {"GBP"}, "yen": {"JPY"}}
_SCALES = {
    "k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "millions": 6, "bn": 9, "b": 9, "billion": 9,
}  # fmt: skip
_ANY_WORD = "(?:" + "|".join([*sorted([*UNITS, *TENS], key=len, reverse=True), *MULTIPLES]) + ")"

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
_NEVER_A_NUMBER = re.compile(r"(?:FY|Q|H|YE|CY)['’]?\d+(?:[-/]\d+)?\Z|COVID-?19\Z|[A-Z]\d\Z|e\d{1,5}\Z", re.IGNORECASE)
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
    orders: tuple[str, ...] = ()  # of 12/11/2026: which of day and month can come first, a date for each

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
    if kind in {"iso", "daymonth", "monthday", "slashed"}:
        return _date(kind, match, text, as_of)
    if kind in {"guid", "document"}:
        return _identifier(text, start, end) if kind == "guid" else _document(match.group(), text, start, end)
    if kind in {"amount", "words"}:
        return _amount(match, text, cell) if kind == "amount" else _spelled(match, text)
    return None  # a time of day, an ordinal


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
    days: list[date | None]
    slashed = kind == "slashed"
    if kind == "iso":
        days = [_day(*(int(part) for part in re.split(r"[-/]", match.group()[:10].split("T")[0])))]
    elif slashed:
        a, b, year = int(match["a"]), int(match["b"]), _year(match["y3"])
        days = [_day(year, b, a), _day(year, a, b)]
    else:
        day, word, year_text = (match[name + ("1" if kind == "daymonth" else "2")] for name in "dmy")
        if kind == "monthday" and word[0].islower():
            return None  # "it may 12": a verb
        month = MONTHS[word.casefold().rstrip(".")]
        days = [_day(_year(year_text), month, int(day))] if year_text else _near(as_of, month, int(day))
    start, end = match.start(), match.end() - (text[match.end() - 1] == ".")
    orders = tuple(order for order, day in zip(("day", "month"), days, strict=False) if day) if slashed else ()
    found = tuple(dict.fromkeys(day for day in days if day is not None))
    return Shown(start=start, end=end, text=text[start:end], unit="date", dates=found, orders=orders)


def _near(as_of: date, month: int, day: int) -> list[date | None]:
    """A day without a year: of this year, or the nearest."""
    days = [_day(as_of.year + shift, month, day) for shift in (0, -1, 1)]
    return [days[0], min((d for d in days if d), key=lambda d: abs((d - as_of).days), default=None)]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year(text: str) -> int:
    year = int(text)
    return year + 2000 if year < 100 else year


def _amount(match: re.Match[str], text: str, cell: bool) -> Shown | None:
    start, end, negative = _extent(match, text, cell)
    currencies = _currency_beside(match["prefix"], match["suffix"])
    number = written(match["number"], money=bool(currencies))
    if number is None:
        return Shown(start=start, end=end, text=text[start:end], unit="number")
    scale = _SCALES[match["scale"].strip().casefold()] if match["scale"] else 0
    value = number.number.copy_negate() if negative else number.number
    shown = Shown(
        start=start, end=end, text=text[start:end], unit="money", numbers=(value.scaleb(scale),),
        step=Decimal(1).scaleb(scale - number.places), currencies=currencies, negative=negative,
        bare=not currencies and not match["scale"] and number.places != 2,
    )  # fmt: skip
    if match["percent"]:
        points = "point" in match["percent"] or "pp" in match["percent"]
        return replace(shown, unit="percent", currencies=frozenset(), bare=False, points=points)
    if match["times"]:
        return replace(shown, unit="number", currencies=frozenset(), bare=False, times=True)
    if shown.bare and number.places == 0:
        return _whole(shown, match["number"], text, grouped=number.grouped)
    return _approximate(shown, text) if number.places == 0 and not scale else shown


def _extent(match: re.Match[str], text: str, cell: bool) -> tuple[int, int, bool]:
    """Where an amount stands, and whether it is negative: by a minus, or by parentheses around a whole cell. In prose
    "Acme (500.00)" is an aside, whose value stands inside."""
    start, end = match.span()
    both = bool(match["paren"] and match["close"])
    if not cell or not both:
        start = match.start("paren") + 1 if match["paren"] else start
        end = match.start("close") if match["close"] else end
    start += len(text[start:end]) - len(text[start:end].lstrip())
    sign = match["sign2"] or match["sign1"] or ""
    # A dash with a space before it parts two words: "Acme –500".
    dash = sign == "–" and not cell and start > 0 and text[start - 1].isspace()
    negative = (both and cell) or (sign in {"-", "−", "–"} and not dash)
    return (start + 1 if dash and text[start] == "–" else start), end, negative


def _currency_beside(prefix: str | None, suffix: str | None) -> frozenset[str]:
    """ "$500 AUD" says it twice; "$500 EUR" is in neither."""
    if prefix and suffix:
        return _currencies(prefix) & _currencies(suffix) or frozenset({"?"})
    return _currencies(prefix or suffix or "")


def _whole(shown: Shown, digits: str, text: str, *, grouped: bool) -> Shown:
    """A whole number alone: that of a document, of days, of what is counted, or an amount."""
    if not grouped and _is_identifier(digits, text[max(0, shown.start - 40) : shown.start]):
        return _identifier(text, shown.start, shown.end)
    if _DAYS.match(text, shown.end):
        return replace(shown, unit="number", noun="days", bare=False)
    if noun := count_noun(text, shown.end):
        return replace(shown, unit="count", noun=noun, bare=False)
    return _approximate(shown, text)


def _approximate(shown: Shown, text: str) -> Shown:
    """ "about 12,000" is a number of thousands."""
    if not _APPROXIMATE.search(text[max(0, shown.start - 16) : shown.start]):
        return shown
    return replace(shown, step=Decimal(1).scaleb(round_zeros(shown.numbers[0])))


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
    suffix, percent = match["wsuffix"], match["wpercent"]
    tail = len(percent or "") + (len(suffix) + 1 if suffix else 0)
    words = re.split(r"[\s-]+", match.group()[: len(match.group()) - tail].casefold())
    number = Decimal(spelled(words))
    shown = Shown(start=match.start(), end=match.end(), text=match.group(), unit="money", numbers=(number,))
    if percent:
        return replace(shown, unit="percent")
    if suffix:
        return replace(shown, currencies=_currencies(suffix))
    if _DAYS.match(text, match.end()):
        return replace(shown, unit="number", noun="days")
    if noun := count_noun(text, match.end()):
        return replace(shown, unit="count", noun=noun)
    return replace(shown, bare=True) if len(words) > 1 and not MULTIPLES.keys().isdisjoint(words) else None
