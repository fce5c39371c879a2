"""What the year and the week are written into: the ledger, the statement, unused amounts and exchange rates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from finchat.sandbox.company.chart import Chart
from finchat.sandbox.company.draws import days_before, month_end, stream
from finchat.sandbox.company.feed import Line
from finchat.sandbox.company.parties import Parties, Party, make_parties
from finchat.sandbox.company.records import ONE, Item, Ledger, base_cents
from finchat.sandbox.company.vocabulary import GOODS, PURCHASES

YEAR = 364
WEEK = 7


class World:
    """One company under construction, from `start` to `anchor`; the week begins on `week`."""

    def __init__(self, seed: int, anchor: date) -> None:
        self.seed = seed
        self.anchor = anchor
        self.start = days_before(anchor, YEAR)
        self.week = days_before(anchor, WEEK - 1)
        self.period_lock = month_end(anchor, 4)
        self.chart = Chart(seed, self.start)
        self.parties: Parties = make_parties(seed)
        self.ledger = Ledger(stream(seed, anchor, "ids"))
        self.rates = Rates(stream(seed, anchor, "rates"), self.start, anchor)
        self.lines: list[Line] = []
        self._taken: set[int] = set()

    @property
    def year_end_lock(self) -> date:
        """The last 31 March on or before the period lock."""
        lock = self.period_lock
        return date(lock.year if (lock.month, lock.day) >= (3, 31) else lock.year - 1, 3, 31)

    def stream(self, name: str) -> Random:
        return stream(self.seed, self.anchor, name)

    def line(self, line: Line) -> Line:
        self.lines.append(line)
        return line

    def take(self, *amounts: int) -> bool:
        """Reserve amounts that nothing else may have, or none of them when one is in use."""
        if len(set(amounts)) < len(amounts) or not self._taken.isdisjoint(amounts):
            return False
        self._taken.update(amounts)
        return True

    def amount(self, draw: Random, low: int, high: int) -> int:
        """An unused amount of cents in the range."""
        while not self.take(amount := draw.randrange(low, high)):
            continue
        return amount

    def sale(self, draw: Random, party: Party) -> tuple[Item, ...]:
        """Lines of an invoice whose total no other document or line has."""
        return next(items for items in self.sales(draw, party) if self.take(_total(items)))

    def sales(self, draw: Random, party: Party) -> Iterator[tuple[Item, ...]]:
        """Lines of invoices, one after the other; the caller reserves the total."""
        tax = "ZERORATED" if party.foreign else "OUTPUT2"
        while True:
            yield tuple(
                Item(what, draw.randrange(1, 7), draw.randrange(low, high, 5) + draw.choice((0, 0, 49)), "200", tax)
                for what, low, high in draw.sample(GOODS, draw.choice((1, 1, 2, 3)))
            )

    def purchase(self, draw: Random, party: Party) -> tuple[Item, ...]:
        """Lines of a bill whose total no other document or line has."""
        tax = "NONE" if party.foreign else "INPUT2"
        inclusive = not party.foreign and draw.random() < 0.4
        while True:
            items = tuple(
                Item(what, 1, draw.randrange(low, high), account, tax, inclusive)
                for what, account, low, high in draw.sample(PURCHASES, draw.choice((1, 1, 2)))
            )
            if self.take(_total(items)):
                return items

    def rate(self, party: Party, day: date) -> Decimal:
        return self.rates.at(party.currency, day)

    def nzd(self, party: Party, cents: int, day: date) -> int:
        return base_cents(cents, self.rate(party, day))

    def statement_day(self, draw: Random, recorded: date) -> date:
        """When an entry of the year reached the statement: mostly the same day, never in the week."""
        lag = draw.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, -1))
        day = recorded + timedelta(days=lag)
        return min(max(day, self.start), days_before(self.week, 1))

    def week_day(self, draw: Random, first: int = 0, last: int = WEEK - 1) -> date:
        """A day of the week, counted from its first; a weekend seldom."""
        day = self.week + timedelta(days=draw.randrange(first, last + 1))
        if day.weekday() > 4 and draw.random() < 0.7:
            day = self.week + timedelta(days=draw.randrange(first, last + 1))
        return day


class Rates:
    """Foreign units for one NZD, day by day: Xero's way round."""

    def __init__(self, draw: Random, first: date, last: date) -> None:
        self._first = first
        self._days: dict[str, list[Decimal]] = {}
        for currency, middle in (("AUD", 91_500), ("USD", 59_800)):
            value = middle
            days: list[Decimal] = []
            for _day in range((last - first).days + 1):
                value += draw.randrange(-160, 161) + (middle - value) // 12
                days.append(Decimal(value).scaleb(-5))
            self._days[currency] = days

    def at(self, currency: str, day: date) -> Decimal:
        """The rate of that day; 1 for NZD."""
        if currency == "NZD":
            return ONE
        return self._days[currency][max(0, (day - self._first).days)]


def _total(items: tuple[Item, ...]) -> int:
    return sum(item.gross for item in items)
