"""Money without documents: the year's habits as they were booked, and this week's lines of each, not booked yet.

Every habit has its payee, its words on the statement and its coding. Most are uniform; one payee is booked here and
there, one was moved to another account this quarter, one was seen once, and one asks for an unusual amount this week.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import cycle
from typing import Literal

from finchat.sandbox.company import chart
from finchat.sandbox.company.bank_words import Channel
from finchat.sandbox.company.draws import days_before, months_before
from finchat.sandbox.company.feed import Claim, Coded, Line
from finchat.sandbox.company.parties import Party
from finchat.sandbox.company.records import Item
from finchat.sandbox.company.world import WEEK, World

Tracking = tuple[tuple[str, str], ...]
_PRINTED = ("{name}", "{name} {town}", "SQ *{name}", "{first}* {rest}", "{name} {country}")
_DRAWN = (150_000, 180_000, 200_000)
_INTRODUCED = (500_000, 750_000, 1_000_000)
_ACCOUNT_FEES = (1_250, 1_250, 1_475)
_RECODED_DAYS = 90


@dataclass(frozen=True, slots=True)
class _Booking:
    account: str
    tax_type: str
    tracking: Tracking = ()


@dataclass(slots=True, eq=False)
class _Habit:
    """One payee's money. `due` is the day of its next line, in the demo week; `booked` what the year holds of it."""

    scenario: str
    party: Party
    channel: Channel
    printed: str
    says: str
    booking: _Booking
    due: date
    receives: bool = False
    held_in: str = chart.BANK
    decision: Literal["propose", "ask", "either"] = "propose"
    why: str = "uniform"
    booked: list[_Booking] = field(default_factory=list)


class Habits:
    """All habits of one company. `history` is written before the week, and before anything else takes amounts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._draw = world.stream("habits")
        self._country = world.country
        self._kept = world.country.stream(world.seed, "habits")  # what is the same for a seed on any day
        self._next: list[tuple[_Habit, int]] = []

    def history(self) -> None:
        """Book the year."""
        self._subscriptions()
        self._bank()
        self._owner()
        self._on_the_road()
        self._uneven()

    def week(self) -> None:
        """The lines nobody has booked yet: one of each habit, and payees never seen before."""
        for habit, cents in self._next:
            line = self._line(habit, habit.due, cents, habit.scenario)
            line.residuals.append(("unrelated", cents))
            line.settled_by = ("receive_money" if habit.receives else "spend_money",)
            line.coded = Coded(
                habit.party,
                habit.booking.account,
                habit.booking.tax_type,
                habit.booking.tracking,
                habit.decision,
                habit.why,
                cents,
                len(habit.booked),
                tuple(sorted({(b.account, b.tax_type) for b in habit.booked})),
            )
        words = self._draw.choice(self._country.words.NEWCOMERS)
        cents = self._world.amount(self._draw, 6_000, 44_000)
        line = self._world.line(
            Line(
                self._day(), False, cents, "card", words=words, scenario="coded_new_payee", settled_by=("spend_money",)
            )
        )
        line.residuals.append(("unrelated", cents))
        line.coded = Coded(None, chart.GENERAL, self._country.purchase_tax, (), "ask", "new_payee", cents)

    # -- the habits

    def _subscriptions(self) -> None:
        """The same amount, a similar amount, and one that rose and now asks for a whole year at once."""
        parties, draw, kept = self._world.parties, self._draw, self._kept
        price = self._world.amount(kept, 3_900, 12_900)
        host = self._habit(
            "coded_subscription",
            parties.host,
            "card",
            "Web hosting",
            _Booking(chart.SUBSCRIPTIONS, self._country.purchase_tax),
        )
        self._repeat(host, self._monthly(host.due), lambda _day: price)
        plan = kept.randrange(8_000, 17_000)
        head_office: Tracking = (("Region", self._country.head_office),)
        carrier = self._habit(
            "coded_subscription",
            parties.carrier,
            "debit",
            "Broadband and phones",
            _Booking(chart.TELEPHONE, self._country.purchase_tax, head_office),
        )
        self._repeat(
            carrier,
            self._monthly(carrier.due),
            self._within(plan * 97 // 100, plan * 103 // 100),
        )
        before, after = (self._world.amount(kept, low, low + 400) for low in (4_400, 4_900))
        rose = days_before(self._world.week, 150)
        software = self._habit(
            "coded_unusual_amount",
            parties.software,
            "card",
            "Design software, one seat",
            _Booking(chart.SUBSCRIPTIONS, self._country.purchase_tax, (*head_office, ("Team", "Showroom"))),
        )
        software.decision, software.why = "ask", "unusual_amount"
        self._repeat(
            software,
            self._monthly(software.due),
            lambda day: before if day < rose else after,
            now=self._world.amount(draw, after * 9, after * 11),
        )

    def _bank(self) -> None:
        """Account fees, card fees and interest; the other two accounts have fees and interest of their own."""
        parties, draw = self._world.parties, self._draw
        fees = _Booking(chart.FEES, self._country.no_tax)
        fee = self._habit("coded_bank_fee", parties.bank, "fee", "Bank fee", fees)
        self._repeat(fee, self._monthly(fee.due), lambda _day: draw.choice(_ACCOUNT_FEES))
        cards = self._habit(
            "coded_card_fee",
            parties.acquirer,
            "debit",
            "Card processing fees",
            _Booking(chart.MERCHANT_FEES, self._country.purchase_tax),
        )
        self._repeat(cards, self._monthly(cards.due), self._within(5_500, 13_500))
        interest = _Booking(chart.INTEREST, self._country.no_tax)
        for account, low, high in ((chart.BANK, 400, 900), (chart.SAVINGS, 8_000, 16_000)):
            earned = self._habit("coded_interest", parties.bank, "interest", "Interest", interest, held_in=account)
            earned.receives = True
            self._repeat(earned, self._monthly(earned.due), self._within(low, high))
        abroad = self._habit(
            "coded_bank_fee",
            parties.bank_abroad,
            "fee",
            f"Bank fee, {self._country.held_name}",
            fees,
            held_in=chart.FOREIGN,
        )
        self._repeat(abroad, self._monthly(abroad.due), lambda _day: 800)

    def _owner(self) -> None:
        """Drawings every second week, money put in a few times a year."""
        owner, draw = self._world.parties.owner, self._draw
        self._world.take(*_DRAWN)
        self._world.take(*_INTRODUCED)
        drawn = self._habit(
            "coded_owner_drawings", owner, "payment", "Drawings", _Booking(chart.DRAWINGS, self._country.no_tax)
        )
        self._repeat(drawn, self._every(drawn.due, 14), lambda _day: draw.choice(_DRAWN))
        put_in = self._habit(
            "coded_owner_funds", owner, "credit", "Funds introduced", _Booking(chart.OWNER_FUNDS, self._country.no_tax)
        )
        put_in.receives = True
        sums = cycle(draw.sample(_INTRODUCED, len(_INTRODUCED)))  # each of them was there before
        self._repeat(put_in, self._every(put_in.due, 73), lambda _day: next(sums))

    def _on_the_road(self) -> None:
        region = self._kept.choice(self._country.regions)
        booking = _Booking(chart.FUEL, self._country.purchase_tax, (("Region", region),))
        fuel = self._habit("coded_fuel", self._world.parties.fuel, "card", "Fuel", booking)
        self._repeat(fuel, self._every(fuel.due, 9), self._within(3_500, 16_500))

    def _uneven(self) -> None:
        """Histories that settle nothing: mixed, changed this quarter, seen once."""
        parties, draw = self._world.parties, self._draw
        shelves = [
            _Booking(chart.REPAIRS, self._country.purchase_tax, (("Team", "Workshop"),)),
            _Booking(chart.GENERAL, self._country.purchase_tax),
            _Booking(chart.STATIONERY, self._country.purchase_tax),
            _Booking(chart.PURCHASES, self._country.purchase_tax, (("Team", "On Site"),)),
        ]
        mixed = self._habit("coded_mixed_payee", parties.hardware, "card", "Hardware", shelves[0])
        mixed.decision, mixed.why = "ask", "mixed"
        turns = self._turns(shelves)
        self._repeat(mixed, self._every(mixed.due, 25), self._within(2_500, 48_000), lambda _day: next(turns))
        old, new = (
            _Booking(chart.GENERAL, self._country.purchase_tax),
            _Booking(chart.COURIERS, self._country.purchase_tax),
        )
        changed = self._habit("coded_changed", parties.errands, "card", "Parcels", new)
        changed.decision, changed.why = "either", "changed_coding"
        since = days_before(self._world.week, _RECODED_DAYS)
        self._repeat(
            changed,
            self._every(changed.due, 18),
            self._within(1_400, 5_200),
            lambda day: new if day >= since else old,
        )
        once = self._habit(
            "coded_seen_once", parties.once, "payment", "Call-out", _Booking(chart.REPAIRS, self._country.purchase_tax)
        )
        once.decision, once.why = "ask", "seen_once"
        before = days_before(self._world.week, draw.randrange(60, 150))
        self._repeat(once, iter([before]), self._within(9_000, 30_000))

    def _within(self, low: int, high: int) -> Callable[[date], int]:
        """A new amount every time."""
        return lambda _day: self._world.amount(self._draw, low, high)

    def _turns(self, bookings: list[_Booking]) -> Iterator[_Booking]:
        """No booking twice running, none much more often than another."""
        while True:
            yield from self._draw.sample(bookings, len(bookings))

    # -- building blocks

    def _habit(
        self, scenario: str, party: Party, channel: Channel, says: str, booking: _Booking, *, held_in: str = chart.BANK
    ) -> _Habit:
        return _Habit(
            scenario, party, channel, self._printed(party, channel, says), says, booking, self._day(), held_in=held_in
        )

    def _printed(self, party: Party, channel: Channel, says: str) -> str:
        """The bank's words for a payee: the same all year, and seldom its name in the books to the letter."""
        if channel in ("fee", "interest"):
            return ""
        if channel in ("payment", "credit"):
            return says
        first, _space, rest = party.name.partition(" ")
        form = self._kept.choice(_PRINTED) if channel == "card" else "{name} DD"
        return form.format(name=party.name, first=first, rest=rest, town=party.town, country=self._country.name).upper()

    def _repeat(
        self,
        habit: _Habit,
        days: Iterator[date],
        cents: Callable[[date], int],
        booking: Callable[[date], _Booking] | None = None,
        *,
        now: int = 0,
    ) -> None:
        """Book every day of the year, newest first, and keep this week's amount for later."""
        for day in days:
            booked = booking(day) if booking else habit.booking
            self._book(habit, day, cents(day), booked)
            habit.booked.append(booked)
        self._next.append((habit, now or cents(habit.due)))

    def _book(self, habit: _Habit, day: date, cents: int, booked: _Booking) -> None:
        world = self._world
        item = Item(habit.says, 1, cents, booked.account, booked.tax_type, True, booked.tracking)
        entry = world.ledger.money(
            "RECEIVE" if habit.receives else "SPEND",
            habit.party,
            day,
            [item],
            account=habit.held_in,
            rate=world.rates.at(self._country.bank_accounts[habit.held_in], day),
        )
        entry.on_statement = day
        line = self._line(habit, day, cents)
        line.claim = Claim("bank_transaction", (entry.id,))
        if self._draw.random() < 0.8:
            line.copied_to = entry

    def _line(self, habit: _Habit, day: date, cents: int, scenario: str = "history") -> Line:
        named = habit.channel in ("payment", "credit")
        words = habit.printed
        if habit.channel == "card" and self._draw.random() < 0.6:
            words = f"{words} {self._draw.randrange(1000, 10_000)}"
        elif habit.channel == "debit":
            words = f"{words} {day:%b} {day.year % 100:02d}".upper()
        return self._world.line(
            Line(
                day,
                habit.receives,
                cents,
                habit.channel,
                name=habit.party.name if named else "",
                words=words,
                account=habit.party.account if named else "",
                scenario=scenario,
                held_in=habit.held_in,
            )
        )

    def _day(self) -> date:
        return self._world.week + timedelta(days=self._draw.randrange(WEEK))

    def _monthly(self, due: date) -> Iterator[date]:
        """The same day of the months before, back to the beginning of the year."""
        for months in range(1, 13):
            day = months_before(due, months)
            if self._world.start <= day < self._world.week:
                yield day

    def _every(self, due: date, step: int) -> Iterator[date]:
        day = due - timedelta(days=step)
        while day >= self._world.start:
            if day < self._world.week:
                yield day
            day -= timedelta(days=step)
