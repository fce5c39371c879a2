"""Phrases of time in a text, as the periods they can mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from finchat.agent.facts import FactPeriod
from finchat.agent.grounding.lexicon import MONTHS, in_order
from finchat.books.periods import financial_year_start

_MON = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")(?![^\W\d_])\.?"
_YEAR = r"(?:19|20)\d\d(?![\d]|[.,]\d)"
_DAY = (
    rf"(?:{_YEAR}-\d\d-\d\d|\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MON}(?:,?\s{_YEAR})?"
    rf"|{_MON}\s\d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,?\s{_YEAR})?|\d{{1,2}}/\d{{1,2}}/\d{{4}})"
)
_TO = r"\s?(?:-|–|—|\bto\b|\buntil\b|\btill\b|\bthrough\b|\bthru\b)\s?(?:the\s)?"
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_COUNTS = {
    word: n for n, word in enumerate(in_order("one two three four five six seven eight nine ten eleven twelve"), 1)
} | {"fourteen": 14, "thirty": 30, "sixty": 60, "ninety": 90}
_N = r"(?:\d{1,3}|" + "|".join(_COUNTS) + ")"
_FY = r"(?:FY|(?:financial|fiscal)\syear)"
_YEARS = rf"(?:{_YEAR}(?:\s?[-/–]\s?\d\d(?:\d\d)?(?!\d))?|['’]?\d\d(?:\s?[-/–]\s?['’]?\d\d)?(?!\d))"

_PHRASE = re.compile(
    rf"""(?<![^\W_])(?:
    (?P<asof>(?:as\s(?:of|at)|position\sat|balance\sat|at\sthe\send\sof\sday)\s(?:today,?\s?[(]?)?(?P<asof_day>{_DAY}))
  | (?P<between>(?:from\s)?(?P<b1>{_DAY}){_TO}(?P<b2>{_DAY})|between\s(?P<b3>{_DAY})\sand\s(?P<b4>{_DAY}))
  | (?P<days>(?:(?:from|between)\s)?(?P<da>\d{{1,2}}){_TO}(?P<db>\d{{1,2}})\s(?P<dm>{_MON})(?:,?\s(?P<dy>{_YEAR}))?)
  | (?P<daysus>(?P<um>{_MON})\s(?P<ua>\d{{1,2}})\s?[-–]\s?(?P<ub>\d{{1,2}})(?!\d)(?:,?\s(?P<uy>{_YEAR}))?)
  | (?P<ended>(?:the\s)?(?:(?P<en>{_N})[\s-])?
      (?P<eu>(?:financial\s|fiscal\s)?(?:quarter|year|month|months|half[\s-]year))
      \s(?:ended|ending|to|until)\s(?:on\s)?(?P<ed>{_DAY}|{_MON}\s{_YEAR}))
  | (?P<months>(?P<ma>{_MON})(?:\s(?P<may>{_YEAR}))?{_TO}(?P<mb>{_MON})(?:\s(?P<mby>{_YEAR}))?(?!\s\d))
  | (?P<quarter>(?:(?P<qr>same|last|previous|prior|preceding|this|current|past)\s)?(?:financial\s|fiscal\s)?
      (?:(?P<qn>Q[1-4])|(?P<qw>first|second|third|fourth|1st|2nd|3rd|4th)\squarter|(?P<qq>quarter))(?!\sto\sdate)(?![^\W_])
      (?:(?:\sof|,)?\s?(?:the\s)?(?:(?P<qfy>{_FY})\s?(?P<qfyy>{_YEARS})|(?:calendar\s)?(?P<qy>{_YEAR}|['’]\d\d(?!\d))))?)
  | (?P<half>(?:(?P<hn>H[12])|(?P<hw>first|second)\shalf)(?![^\W_])
      (?:\s?(?:of\s)?(?:the\s)?(?:(?P<hfy>{_FY})\s?(?P<hfyy>{_YEARS})?|(?P<hy>{_YEAR})))?)
  | (?P<rolling>(?:last|past|previous|trailing)\s(?P<rn>{_N})[\s-](?P<ru>day|week|month|quarter|year)s?(?![^\W_]))
  | (?P<todate>(?P<tu>year|quarter|month)[\s-]to[\s-]date|YTD|QTD|MTD|so\sfar\sthis\s(?P<su>year|quarter|month))
  | (?P<fy>{_FY}\s?(?P<fyy>{_YEARS}))
  | (?P<relative>(?P<rel>last|previous|prior|preceding|this|current|next)\s(?P<kind>(?:financial|fiscal|calendar)\s)?
      (?P<unit>month|year|week)(?![^\W_]))
  | (?P<today>today)(?![^\W_])
  | (?P<since>(?<!due\s)(?<!late\s)(?<!open\s)(?<!owing\s)(?<!unpaid\s)(?<!overdue\s)(?<!outstanding\s)
      since\s(?P<sd>{_DAY}))
  | (?P<until>(?<!due\s)(?<!payable\s)(?<!valid\s)(?<!paid\s)(?:until|up\sto|through)\s(?P<ud>{_DAY}))
  | (?P<month>(?P<mm>{_MON})(?!\s\d{{1,2}}(?:st|nd|rd|th)?(?!\d))(?:,?\s(?:of\s)?(?P<my>{_YEAR}))?)
  | (?P<isomonth>{_YEAR}-(?:0[1-9]|1[0-2])(?![\d-]))
  | (?P<year>(?P<yp>(?:in|during|for|of|calendar|year|full-year|throughout|by|since|until|end\sof|vs\.?|versus|and|to
      |from|than|with|early|late|mid|the)[\s-]{{1,2}})(?P<yy>{_YEAR})(?![^\W_]|\s?(?:%|dollars|euros|pounds)))
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_MONTH_IN_USE = re.compile(
    r"(?:in|for|during|of|since|until|by|to|from|and|through|between|last|this|early|late|vs|versus)\s\Z", re.I
)


_DAY_BEFORE = re.compile(r"\d(?:st|nd|rd|th)?(?:\sof)?[\s-]\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of time in a text, and the periods it can mean; none: it cannot be told."""

    start: int
    end: int
    periods: frozenset[FactPeriod]
    weak_year: bool = False  # a lone year after "for" or "of", which may be an amount


def _end_of_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _shift(year: int, month: int, by: int) -> tuple[int, int]:
    index = year * 12 + month - 1 + by
    return index // 12, index % 12 + 1


def _months(year: int, month: int, count: int) -> FactPeriod:
    """`count` whole months that end with a month."""
    first = _shift(year, month, 1 - count)
    return FactPeriod(first=date(*first, 1), last=_end_of_month(year, month))


class Calendar:
    """Periods as an organisation's financial year and the day of "today" have them."""

    def __init__(self, as_of: date, year_end: tuple[int, int]) -> None:
        self.as_of = as_of
        self.end_month = year_end[0]
        self.year_start = financial_year_start(as_of, end_month=year_end[0], end_day=year_end[1])

    def phrases(self, text: str) -> Iterator[Phrase]:
        """The phrases of time in a text, in order."""
        for match in _PHRASE.finditer(text):
            try:
                phrase = self._read(match, text)
            except (ValueError, OverflowError, KeyError):
                continue
            if phrase is not None:
                yield phrase

    def _read(self, match: re.Match[str], text: str) -> Phrase | None:
        kind = next(
            name
            for name in (
                "asof", "between", "days", "daysus", "ended", "months", "quarter", "half", "rolling", "todate", "fy",
                "relative", "today", "since", "until", "month", "isomonth", "year",
            )
            if match[name] is not None
        )  # fmt: skip
        start, end = match.span()
        if kind in {"month", "months"} and _DAY_BEFORE.search(text[max(0, start - 8) : start]):
            return None  # a date
        if kind == "month":
            word = match["mm"]
            if not word[0].isupper() or (
                word.casefold() in {"may", "mar", "march", "sep", "jan", "dec"}
                and match["my"] is None
                and not _MONTH_IN_USE.search(text[max(0, start - 12) : start])
                and word.casefold() in {"may", "march"}
            ):
                return None
        periods = getattr(self, f"_{kind}")(match)
        if periods is None:
            return None
        weak = kind == "year" and match["yp"].strip().casefold() in {
            "for",
            "of",
            "by",
            "to",
            "from",
            "than",
            "with",
            "and",
            "the",
        }
        if kind == "year":
            start = match.start("yy")
        if text[end - 1] == ".":
            end -= 1
        return Phrase(start, end, frozenset(periods), weak)

    def _day(self, text: str, default_year: int | None = None) -> date:
        text = text.strip().casefold().replace(".", "")
        if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
            a, b, slashed = int(match[1]), int(match[2]), int(match[3])
            return date(slashed, b, a) if b <= 12 else date(slashed, a, b)
        words = re.findall(r"[^\W_]+", text)
        month = next(MONTHS[word] for word in words if word in MONTHS)
        numbers = [int(re.sub(r"\D", "", word)) for word in words if word[0].isdigit()]
        day = next(n for n in numbers if n <= 31)
        year = next((n for n in numbers if n > 31), None)
        if year is None and default_year is None:
            day_here = date(self.as_of.year, month, day)
            return day_here if day_here <= self.as_of + timedelta(days=92) else date(self.as_of.year - 1, month, day)
        return date(year or default_year or self.as_of.year, month, day)

    def _asof(self, match: re.Match[str]) -> list[FactPeriod]:
        return [FactPeriod(first=None, last=self._day(match["asof_day"]))]

    def _today(self, match: re.Match[str]) -> list[FactPeriod]:
        return [FactPeriod(first=None, last=self.as_of), FactPeriod(first=self.as_of, last=self.as_of)]

    def _between(self, match: re.Match[str]) -> list[FactPeriod]:
        last = self._day(match["b2"] or match["b4"])
        first = self._day(match["b1"] or match["b3"], last.year)
        if first > last:
            first = first.replace(year=last.year - 1)
        return [FactPeriod(first=first, last=last)]

    def _days(self, match: re.Match[str]) -> list[FactPeriod]:
        tail = match["dm"] + (" " + match["dy"] if match["dy"] else "")
        return [FactPeriod(first=self._day(f"{match['da']} {tail}"), last=self._day(f"{match['db']} {tail}"))]

    def _daysus(self, match: re.Match[str]) -> list[FactPeriod]:
        tail = match["um"] + (" " + match["uy"] if match["uy"] else "")
        return [FactPeriod(first=self._day(f"{match['ua']} {tail}"), last=self._day(f"{match['ub']} {tail}"))]

    def _since(self, match: re.Match[str]) -> list[FactPeriod]:
        return [FactPeriod(first=self._day(match["sd"]), last=self.as_of)]

    def _until(self, match: re.Match[str]) -> list[FactPeriod]:
        return [FactPeriod(first=None, last=self._day(match["ud"]))]

    def _ended(self, match: re.Match[str]) -> list[FactPeriod]:
        if re.fullmatch(rf"{_MON}\s{_YEAR}", match["ed"], re.IGNORECASE):
            word, year = match["ed"].casefold().replace(".", "").split()
            last = _end_of_month(int(year), MONTHS[word])
        else:
            last = self._day(match["ed"])
        unit = match["eu"].casefold().split()[-1]
        length = {"quarter": 3, "year": 12, "month": 1, "months": 1}.get(unit, 6)
        length *= _number(match["en"]) if match["en"] else 1
        if last == _end_of_month(last.year, last.month):
            return [_months(last.year, last.month, length)]
        year, month = _shift(last.year, last.month, -length)
        return [
            FactPeriod(
                first=date(year, month, min(last.day, 28)) + timedelta(days=last.day - min(last.day, 28) + 1), last=last
            )
        ]

    def _months(self, match: re.Match[str]) -> list[FactPeriod] | None:
        first, last = (MONTHS[match[name].casefold().rstrip(".")] for name in ("ma", "mb"))
        if not match["ma"][0].isupper():
            return None
        if match["mby"]:
            year = int(match["mby"])
        else:
            year = (
                self.as_of.year
                if (self.as_of.year, last) <= (self.as_of.year, self.as_of.month)
                else self.as_of.year - 1
            )
        first_year = int(match["may"]) if match["may"] else year - (first > last)
        return [FactPeriod(first=date(first_year, first, 1), last=_end_of_month(year, last))]

    def _latest_month(self, month: int) -> int:
        return self.as_of.year if month <= self.as_of.month else self.as_of.year - 1

    def _month(self, match: re.Match[str]) -> list[FactPeriod]:
        month = MONTHS[match["mm"].casefold().rstrip(".")]
        year = int(match["my"]) if match["my"] else self._latest_month(month)
        return self._so_far(_months(year, month, 1))

    def _isomonth(self, match: re.Match[str]) -> list[FactPeriod]:
        year, month = (int(part) for part in match["isomonth"].split("-"))
        return self._so_far(_months(year, month, 1))

    def _so_far(self, period: FactPeriod) -> list[FactPeriod]:
        """A period that is still running is also meant up to today."""
        assert period.first is not None
        if period.first <= self.as_of < period.last:
            return [period, FactPeriod(first=period.first, last=self.as_of)]
        return [period]

    def _fiscal_end(self, text: str) -> date:
        """FY26, FY2026, FY2025/26: the year that ends in 2026."""
        numbers = re.findall(r"\d+", text)
        year = int(numbers[-1])
        if year < 100:
            year += 2000
        if self.year_start.month == 1 and self.year_start.day == 1:
            return date(year, 12, 31)
        return date(year, self.year_start.month, self.year_start.day) - timedelta(days=1)

    def _fiscal(self, text: str) -> FactPeriod:
        last = self._fiscal_end(text)
        following = last + timedelta(days=1)
        return FactPeriod(first=date(following.year - 1, following.month, following.day), last=last)

    def _fy(self, match: re.Match[str]) -> list[FactPeriod]:
        return self._so_far(self._fiscal(match["fyy"]))

    def _quarter_of(self, start: date, number: int) -> FactPeriod:
        """The numbered quarter of the financial year that begins on a day."""
        year, month = _shift(start.year, start.month, 3 * number - 1)
        return _months(year, month, 3) if start.day == 1 else FactPeriod(first=start, last=start)

    def _current_quarter(self, back: int) -> FactPeriod:
        months = (self.as_of.year - self.year_start.year) * 12 + self.as_of.month - self.year_start.month
        year, month = _shift(self.year_start.year, self.year_start.month, 3 * (months // 3 - back) + 2)
        return _months(year, month, 3)

    def _quarter(self, match: re.Match[str]) -> list[FactPeriod] | None:
        relative = (match["qr"] or "").casefold()
        name = match["qn"] or match["qw"]
        if name is None:
            if relative in {"last", "past"}:
                return [self._current_quarter(1)]
            if relative in {"previous", "prior", "preceding"}:
                return [self._current_quarter(1), self._current_quarter(2)]
            if relative in {"this", "current"}:
                return self._so_far(self._current_quarter(0))
            return [] if relative == "same" else None
        number = int(name[1]) if match["qn"] else _NTH[name.casefold()]
        if match["qfy"]:
            first = self._fiscal(match["qfyy"]).first
            assert first is not None
            return self._so_far(self._quarter_of(first, number))
        month = 3 * number
        if match["qy"]:
            year = int(match["qy"].lstrip("'’"))
            year += 2000 if year < 100 else 0
        else:
            year = self._latest_month(month - 2)
        return self._so_far(_months(year, month, 3))

    def _half(self, match: re.Match[str]) -> list[FactPeriod]:
        number = int(match["hn"][1]) if match["hn"] else _NTH[match["hw"].casefold()]
        if match["hfy"]:
            start = self._fiscal(match["hfyy"]).first if match["hfyy"] else self.year_start
            assert start is not None
            return self._so_far(_months(*_shift(start.year, start.month, 6 * number - 1), 6))
        year = int(match["hy"]) if match["hy"] else self._latest_month(6 * number - 5)
        return self._so_far(_months(year, 6 * number, 6))

    def _rolling(self, match: re.Match[str]) -> list[FactPeriod]:
        count, unit = _number(match["rn"]), match["ru"].casefold()
        if unit in {"day", "week"}:
            days = count * (7 if unit == "week" else 1)
            one = timedelta(days=1)
            return [
                FactPeriod(first=self.as_of - timedelta(days=days) + one, last=self.as_of),
                FactPeriod(first=self.as_of - timedelta(days=days), last=self.as_of),
                FactPeriod(first=self.as_of - timedelta(days=days), last=self.as_of - one),
            ]
        months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
        whole = _months(*_shift(self.as_of.year, self.as_of.month, -1), months)
        year, month = _shift(self.as_of.year, self.as_of.month, -months)
        same_day = date(year, month, min(self.as_of.day, _end_of_month(year, month).day))
        return [
            whole,
            _months(self.as_of.year, self.as_of.month, months),
            FactPeriod(first=same_day, last=self.as_of),
            FactPeriod(first=same_day + timedelta(days=1), last=self.as_of),
        ]

    def _todate(self, match: re.Match[str]) -> list[FactPeriod]:
        word = match["tu"] or match["su"] or {"y": "year", "q": "quarter", "m": "month"}[match["todate"][0].casefold()]
        unit = word.casefold()
        if unit == "year":
            return [FactPeriod(first=self.year_start, last=self.as_of)]
        first = self.as_of.replace(day=1) if unit == "month" else self._current_quarter(0).first
        return [FactPeriod(first=first, last=self.as_of)]

    def _relative(self, match: re.Match[str]) -> list[FactPeriod] | None:
        rel, unit, kind = match["rel"].casefold(), match["unit"].casefold(), (match["kind"] or "").strip().casefold()
        if rel == "next":
            return []
        current = rel in {"this", "current"}
        if unit == "week":
            monday = self.as_of - timedelta(days=self.as_of.weekday() + (0 if current else 7))
            return self._so_far(FactPeriod(first=monday, last=monday + timedelta(days=6)))
        if unit == "month":
            return self._so_far(_months(*_shift(self.as_of.year, self.as_of.month, 0 if current else -1), 1))
        back = 0 if current else 1
        periods: list[FactPeriod] = []
        if kind != "calendar":
            first = date(self.year_start.year - back, self.year_start.month, self.year_start.day)
            last = date(first.year + 1, first.month, first.day) - timedelta(days=1)
            periods += self._so_far(FactPeriod(first=first, last=last))
        if not kind or kind == "calendar":
            year = self.as_of.year - back
            periods += self._so_far(FactPeriod(first=date(year, 1, 1), last=date(year, 12, 31)))
        return periods

    def _year(self, match: re.Match[str]) -> list[FactPeriod]:
        year = int(match["yy"])
        return self._so_far(FactPeriod(first=date(year, 1, 1), last=date(year, 12, 31)))


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _COUNTS[text.casefold()]
