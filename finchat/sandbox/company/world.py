"""What the year and the week are written into: the ledger, the statement, unused amounts and exchange rates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Protocol

from finchat.sandbox.company.chart import CLEARING, SALES
from finchat.sandbox.company.country import ONE, Country
from finchat.sandbox.company.draws import days_before, month_end
from finchat.sandbox.company.feed import Claim, Line
from finchat.sandbox.company.parties import Parties, Party, make_parties
from finchat.sandbox.company.records import BankTransaction, Document, Item, Ledger, Payment, tax_on_total

YEAR = 364
WEEK = 7


class Chart(Protocol):
    """The accounts of a company. The generator names them by the part they play, a constant of `chart`."""

    ids: dict[str, str]
    numbers: dict[str, str]
    legal_name: str
    short_name: str

    def name(self, part: str) -> str: ...

    def code(self, part: str) -> str:
        """The account's number in the books."""
        ...


class World:
    """One company under construction, from `start` to `anchor`; the week begins on `week`."""

    def __init__(self, country: Country, seed: int, anchor: date, chart: Chart) -> None:
        self.country = country
        self.seed = seed
        self.anchor = anchor
        self.start = days_before(anchor, YEAR)
        self.week = days_before(anchor, WEEK - 1)
        self.period_lock = month_end(anchor, 4)
        self.chart = chart
        self.parties: Parties = make_parties(country, seed)
        self.ledger = Ledger(self.stream("ids"), country)
        self.rates = Rates(country, self.stream("rates"), self.start, anchor)
        self.lines: list[Line] = []
        self.check_numbers = count(self.stream("checks").randrange(1_100, 8_000))
        self._taken: set[int] = set()

    @property
    def year_end_lock(self) -> date:
        """The last end of a financial year on or before the period lock."""
        lock, end = self.period_lock, self.country.year_end
        return date(lock.year if (lock.month, lock.day) >= end else lock.year - 1, *end)

    def stream(self, name: str) -> Random:
        return self.country.stream(self.seed, self.anchor, name)

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
        country = self.country
        tax = country.export_tax if party.foreign else country.sales_tax if party.taxed else country.no_tax
        while True:
            items = tuple(
                Item(what, draw.randrange(1, 7), draw.randrange(low, high, 5) + draw.choice((0, 0, 49)), SALES, tax)
                for what, low, high in draw.sample(country.words.GOODS, draw.choice((1, 1, 2, 3)))
            )
            if not country.tax_on_total or sum(item.tax for item in items) == tax_on_total(items):
                yield items

    def purchase(self, draw: Random, party: Party) -> tuple[Item, ...]:
        """Lines of a bill whose total no other document or line has."""
        country = self.country
        tax = country.import_tax if party.foreign else country.purchase_tax
        inclusive = not party.foreign and draw.random() < 0.4
        while True:
            items = tuple(
                Item(what, 1, draw.randrange(low, high), account, tax, inclusive)
                for what, account, low, high in draw.sample(country.words.PURCHASES, draw.choice((1, 1, 2)))
            )
            if self.take(_total(items)):
                return items

    def rate(self, party: Party, day: date) -> Decimal:
        return self.rates.at(party.currency, day)

    def home(self, party: Party, cents: int, day: date) -> int:
        """Cents of the party's currency in that of the books, at the day's rate."""
        return self.country.home_cents(cents, self.rate(party, day))

    def counter_sale(self, draw: Random, day: date) -> BankTransaction:
        """Sold over the counter; the money waits in the clearing account."""
        item = Item("Counter sales", 1, self.amount(draw, 4_000, 40_000), SALES, self.country.counter_tax, True)
        return self.ledger.money("RECEIVE", self.parties.till, day, [item], account=CLEARING)

    def pay_by_check(self, document: Document, day: date) -> Payment:
        """Pay a bill in full; the payment's reference is the check's number."""
        return self.ledger.pay(document, day, document.due, reference=str(next(self.check_numbers)))

    def check_line(self, payment: Payment, day: date, scenario: str = "history") -> Line:
        """The bank pays a recorded check."""
        payment.on_statement = day
        claim = Claim("payment", (payment.id,))
        return self.line(
            Line(day, False, payment.bank_cents, "check", words=payment.reference, scenario=scenario, claim=claim)
        )

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
    """Exchange rates day by day, the vendor's way round (`Country.home_for_one`)."""

    def __init__(self, country: Country, draw: Random, first: date, last: date) -> None:
        self._first = first
        self._days: dict[str, list[Decimal]] = {}
        for currency, middle in country.middle_rates.items():
            value = middle
            days: list[Decimal] = []
            for _day in range((last - first).days + 1):
                value += draw.randrange(-160, 161) + (middle - value) // 12
                days.append(Decimal(value).scaleb(-5))
            self._days[currency] = days

    def at(self, currency: str, day: date) -> Decimal:
        """The rate of that day; 1 for the currency of the books."""
        if currency not in self._days:
            return ONE
        return self._days[currency][max(0, (day - self._first).days)]


def _total(items: tuple[Item, ...]) -> int:
    return sum(item.gross for item in items)
