"""Dates as banks write them. Which number is the day is decided by all rows together, and asked when nothing decides.

A date with a month's name or a four-digit year in front can be read in one way only, and dates with points between
their parts are day first; with a year of two digits only where that makes days of late (`08.11.04` is a year of a
Japanese era). What is left (`03/04/2026`) is decided by values above 12, by days that lie in the future, by
the period the file states, and by the order of the rows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from finchat.books.matching.text import fold

Order = Literal["dmy", "mdy", "ymd"]
Direction = Literal["ascending", "descending"]

_TIME = re.compile(r"(?<=\d)(?:T|\s*,?\s+)\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?\s*"
                   r"(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?$")  # fmt: skip
_PARTS = re.compile(r"(\d{1,4})\s*([-/.\s])\s*(\d{1,2})\s*\2\s*(\d{1,4})\.?", re.ASCII)
_SOLID = re.compile(r"\d{8}|\d{6}", re.ASCII)
_NAMED = re.compile(r"(?:\w{2,10}[.,]?\s+)?(\d{1,4})(?:st|nd|rd|th)?\.?[\s/-]*(?:de\s+)?([^\W\d_]{3,12})\.?,?"
                    r"[\s/-]*(?:de\s+)?(\d{1,4})")  # fmt: skip
_NAME_FIRST = re.compile(r"([^\W\d_]{3,12})\.?[\s/-]+(\d{1,2})(?:st|nd|rd|th)?,?[\s/-]+(\d{4}|\d{2})")
_MONTHS = (
    "january janvier januar januari enero gennaio janeiro styczen stycznia leden ledna tammikuu jan ene gen sty led",
    "february fevrier februar februari febrero febbraio fevereiro luty lutego unor unora helmikuu feb fev fevr lut",
    "march mars marz maart marzo marco marzec marca brezen brezna maaliskuu mar mrz mrt maa maerz",
    "april avril abril aprile kwiecien kwietnia duben dubna huhtikuu apr avr abr kwi",
    "may mai mei mayo maggio maio maj maja kveten kvetna toukokuu mag",
    "june juin juni junio giugno junho czerwiec czerwca cerven cervna kesakuu jun giu cze",
    "july juillet juli julio luglio julho lipiec lipca cervenec cervence heinakuu jul juil lug lip",
    "august aout augustus agosto sierpien sierpnia srpen srpna elokuu augusti aug ago agu sie",
    "september septembre septiembre settembre setembro wrzesien wrzesnia zari syyskuu sep sept set wrz",
    "october octobre oktober octubre ottobre outubro pazdziernik pazdziernika rijen rijna lokakuu oct okt ott out paz",
    "november novembre noviembre novembro listopad listopada listopadu marraskuu nov lis",
    "december decembre dezember diciembre dicembre dezembro grudzien grudnia prosinec prosince joulukuu desember dec "
    "dez dic des gru",
)
_MONTH_OF = {name: n for n, names in reversed(list(enumerate(_MONTHS, 1))) for name in names.split()}
_FUTURE = dt.timedelta(days=7)  # payments a bank has noted already, no further
_PAST = dt.timedelta(days=3660)  # a two-digit year read the wrong way round is older
_LATELY = dt.timedelta(days=800)  # in which a date with points and two digits each is taken for day first unasked
_EARLIEST = 1990
_ENOUGH = 5  # distinct days in order: by chance once in sixty files


@dataclass(frozen=True, slots=True)
class Undecided(Exception):
    """Both orders fit every row. `samples`: cells, and what each order makes of them."""

    samples: tuple[tuple[str, dt.date, dt.date], ...]


class NotADate(ValueError):
    """A cell is no date."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """A date in parts. `order` is set where the writing itself decides it; the month of a name is its number."""

    parts: tuple[int, int, int]
    order: Order | None
    wide: bool = False  # the year has four digits
    pointed: bool = False  # points between the parts, and two digits each: the month is never first


def looks_like_date(text: str) -> bool:
    cell = _cell(text)
    return cell is not None and any(_date(cell, order) for order in _orders(cell))


def orders(cells: Sequence[str]) -> tuple[Order, ...]:
    """The orders in which every cell is a date. Raises NotADate naming the first cell that is none in any."""
    left: tuple[Order, ...] = ("dmy", "mdy", "ymd")
    for text in dict.fromkeys(cells):
        cell = _cell(text)
        here = () if cell is None else tuple(o for o in _orders(cell) if _date(cell, o))
        if cell is None or not here:
            raise NotADate(f"{text[:30]!r} is not a date")
        if cell.order is None:
            left = tuple(o for o in left if o in here)
        if not left:
            raise NotADate(f"{text[:30]!r} is not a date in the order of the others")
    return left


def decide(
    cells: Sequence[str],
    *,
    today: dt.date,
    period: tuple[dt.date, dt.date] | None = None,
    direction: Direction | None = None,
) -> Order:
    """The order of a column. `period` is what the file states of itself, `direction` what its running balance shows.

    Raises NotADate when a cell is no date, Undecided when two orders fit equally well.
    """
    fitting = orders(cells)
    if len(fitting) == 1:
        return fitting[0]
    distinct = list(dict.fromkeys(cells))
    cores = [c for c in (_cell(text) for text in distinct) if c is not None]
    if all(c.order is not None for c in cores):
        return next((c.order for c in cores if c.order is not None), fitting[0])
    read = {order: read_all(cells, order) for order in fitting}

    def recent(days: Sequence[dt.date]) -> bool:
        return max(days) <= today + _FUTURE and min(days) >= today - _PAST

    if all(c.pointed or c.order == "dmy" for c in cores) and "dmy" in read:
        late = max(read["dmy"]) >= today - _LATELY
        if late and recent(read["dmy"]) and ("ymd" not in read or _nearer(read["dmy"], read["ymd"], today)):
            return "dmy"
    elif len({tuple(days) for days in read.values()}) == 1:
        return fitting[0]
    if all(c.pointed for c in cores) and recent(read["dmy"]) and not recent(read["ymd"]):
        raise _undecided(cells, read)  # of years ago, or of another calendar
    for sound in (
        recent,
        lambda days: period is None or (period[0] <= min(days) and max(days) <= period[1]),
        lambda days: direction is None or _runs(days, direction),
        lambda days: len(set(days)) < _ENOUGH or _runs(days, "ascending") or _runs(days, "descending"),
    ):
        left = {order: days for order, days in read.items() if sound(days)}
        read = left or read
        if len({tuple(days) for days in read.values()}) == 1:
            return next(iter(read))
    raise _undecided(cells, read)


def _undecided(cells: Sequence[str], read: Mapping[Order, Sequence[dt.date]]) -> Undecided:
    first, second, *_ = read
    differing = [n for n, (a, b) in enumerate(zip(read[first], read[second], strict=True)) if a != b]
    return Undecided(tuple((cells[n], read[first][n], read[second][n]) for n in differing[:3]))


def _nearer(days: Sequence[dt.date], others: Sequence[dt.date], today: dt.date) -> bool:
    """The days lie closer together than the others, or as close and nearer to today."""
    spans = [(max(d) - min(d), abs(today - max(d))) for d in (days, others)]
    return spans[0] <= spans[1]


def decided(cells: Sequence[str]) -> bool:
    """Whether the cells by themselves tell the orders apart: `05/05/2026` says nothing of the bank's next file."""
    fitting = orders(cells)
    return len(fitting) == 1 or len({tuple(read_all(cells, order)) for order in fitting}) > 1


def read_all(cells: Sequence[str], order: Order) -> list[dt.date]:
    """Every cell in one order. Raises NotADate naming the cell."""
    return [read(text, order) for text in cells]


@lru_cache(maxsize=4096)
def read(text: str, order: Order) -> dt.date:
    """A cell in an order; writing that decides the order itself goes before. Raises NotADate."""
    cell = _cell(text)
    found = None if cell is None else _date(cell, cell.order or order)
    if found is None:
        raise NotADate(f"{text[:30]!r} is not a date" + ("" if cell is None else f" ({order})"))
    return found


def _runs(days: Sequence[dt.date], direction: Direction) -> bool:
    pairs = pairwise(days)
    return all(a <= b for a, b in pairs) if direction == "ascending" else all(a >= b for a, b in pairs)


@lru_cache(maxsize=4096)
def _cell(text: str) -> _Cell | None:
    bare = text.strip().strip("'\"")
    if not 6 <= len(bare) <= 40 or not any(c.isdigit() for c in bare):
        return None
    bare = _TIME.sub("", bare)
    if found := _PARTS.fullmatch(bare):
        return _in_parts(*found.groups())
    if _SOLID.fullmatch(bare):
        return _solid(bare)
    if found := _NAMED.fullmatch(bare):
        return _with_name(found[1], found[2], found[3])
    if found := _NAME_FIRST.fullmatch(bare):
        return _with_name(found[2], found[1], found[3])
    return None


def _in_parts(first: str, mark: str, second: str, third: str) -> _Cell | None:
    parts = (int(first), int(second), int(third))
    if len(first) == 4:
        return _Cell(parts, "ymd", wide=True)
    if len(first) == 3 or len(third) in (1, 3):
        return None
    wide = len(third) == 4
    return _Cell(parts, "dmy" if mark == "." and wide else None, wide=wide, pointed=mark == "." and not wide)


def _with_name(first: str, name: str, last: str) -> _Cell | None:
    month = _MONTH_OF.get(fold(name))
    if month is None:
        return None
    if len(first) == 4:
        return _Cell((int(first), month, int(last)), "ymd", wide=True)
    return _Cell((int(first), month, int(last)), "dmy", wide=len(last) == 4)


def _solid(digits: str) -> _Cell | None:
    if len(digits) == 8:
        if 1900 <= int(digits[:4]) <= 2199 and _valid(int(digits[:4]), int(digits[4:6]), int(digits[6:])):
            return _Cell((int(digits[:4]), int(digits[4:6]), int(digits[6:])), "ymd", wide=True)
        return _Cell((int(digits[:2]), int(digits[2:4]), int(digits[4:])), None, wide=True)
    return _Cell((int(digits[:2]), int(digits[2:4]), int(digits[4:])), None)


def _orders(cell: _Cell) -> tuple[Order, ...]:
    if cell.order is not None:
        return (cell.order,)
    if cell.pointed:
        return ("dmy", "ymd")
    return ("dmy", "mdy") if cell.wide else ("dmy", "mdy", "ymd")


def _date(cell: _Cell, order: Order) -> dt.date | None:
    first, second, third = cell.parts
    if order == "ymd":
        year, month, day = first, second, third
    elif order == "dmy":
        day, month, year = first, second, third
    else:
        month, day, year = first, second, third
    if not cell.wide:
        if year > 99:
            return None
        year += 2000 if year < 80 else 1900
    return dt.date(year, month, day) if _valid(year, month, day) else None


def _valid(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return _EARLIEST <= year <= 2199
