"""What a year in the United States has besides: a company card, deposits of several checks, refunds over the counter, a
vendor that waits for its money, and a vendor's credit that was used.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from finchat.sandbox.company import chart
from finchat.sandbox.company.draws import business_day, days_before
from finchat.sandbox.company.feed import Claim, Line
from finchat.sandbox.company.parties import Maker, Party
from finchat.sandbox.company.records import BankTransaction, Document, Item, Payment
from finchat.sandbox.company.vocabulary_us import CARD_MERCHANTS, PATIENT_VENDORS
from finchat.sandbox.company.world import World
from finchat.sandbox.company.year import transfer_claim

_DEPOSITS = 16
_CHECKS = 14
_CARD_PAYMENT_DAY = 16
_AWAITED = 240_000


def besides(world: World, quiet: frozenset[str]) -> None:
    """Write it. Contacts whose ids are in `quiet` end the year with nothing open."""
    _Besides(world, quiet).run()


class _Besides:
    def __init__(self, world: World, quiet: frozenset[str]) -> None:
        self._world = world
        self._draw = world.stream("besides")
        self._untaxed = world.country.no_tax
        self._quiet = quiet
        self._buyers = [p for p in world.parties.customers if not p.foreign and p.id not in quiet]
        kept = world.country.stream(world.seed, "besides")
        maker = Maker(world.country, kept)
        names = [*CARD_MERCHANTS, kept.choice(PATIENT_VENDORS)]
        town = world.country.town
        *self._merchants, self._patient = (
            maker.party(name, "supplier", world.country.currency, town) for name in names
        )
        self._patient.bill_style = "{n}"
        world.parties.more += [*self._merchants, self._patient]

    def run(self) -> None:
        self._deposits()
        self._checks()
        self._card()
        self._returns()
        self._waiting_bills()
        self._used_vendor_credit()

    def _deposits(self) -> None:
        """Checks of several customers, perhaps with a counter sale, taken to the bank a few days later."""
        world, draw = self._world, self._draw
        for _ in range(_DEPOSITS):
            day = business_day(world.start + timedelta(days=draw.randrange(20, 340)))
            received: list[Payment | BankTransaction] = []
            for party in draw.sample(self._buyers, draw.choice((2, 2, 3, 4))):
                issued = business_day(days_before(day, draw.randrange(4, 16)))
                document = self._invoice(party, issued)
                received.append(world.ledger.pay(document, day, document.due, account=chart.CLEARING))
            if draw.random() < 0.4:
                received.append(world.counter_sale(draw, day))
            banked = min(business_day(day + timedelta(days=draw.randrange(0, 4))), days_before(world.week, 1))
            banked = max(banked, day)
            total = sum(one.cents for one in received)
            world.take(total)
            item = Item("Checks deposited", 1, total, chart.CLEARING, self._untaxed)
            entry = world.ledger.money("RECEIVE", None, banked, [item])
            entry.gathers += received
            entry.on_statement = banked
            claim = Claim("bank_transaction", (entry.id,))
            world.line(Line(banked, True, total, "counter", claim=claim))

    def _checks(self) -> None:
        """Bills paid by check; the bank pays it when the supplier has brought it to its own."""
        world, draw = self._world, self._draw
        suppliers = [party for party in world.parties.suppliers if not party.foreign and party.id not in self._quiet]
        for offset in sorted(draw.randrange(30, 330) for _ in range(_CHECKS)):
            written = business_day(world.start + timedelta(days=offset))
            party = draw.choice(suppliers)
            issued = business_day(days_before(written, draw.randrange(8, 25)))
            bill = world.ledger.document(
                "ACCPAY", party, issued, issued + timedelta(days=30), world.purchase(draw, party)
            )
            payment = world.pay_by_check(bill, written)
            world.check_line(payment, business_day(written + timedelta(days=draw.randrange(4, 16))))

    def _card(self) -> None:
        """Spent on the company card, and the card paid from the bank in the month after."""
        world, draw = self._world, self._draw
        parts = (chart.OFFICE, chart.GENERAL, chart.STATIONERY)
        for month in self._months():
            spent = 0
            for merchant, part in zip(self._merchants, parts, strict=True):
                for _ in range(draw.choice((0, 1, 1, 2))):
                    day = business_day(month + timedelta(days=draw.randrange(1, 26)))
                    cents = world.amount(draw, 2_200, 36_000)
                    item = Item(merchant.name, 1, cents, part, self._untaxed)
                    world.ledger.money("SPEND", merchant, day, [item], account=chart.CARD)
                    spent += cents
            paid_on = business_day((month + timedelta(days=32)).replace(day=_CARD_PAYMENT_DAY))
            if spent and paid_on < world.week:
                halves = world.ledger.transfer(chart.BANK, chart.CARD, paid_on, spent)
                halves[0].on_statement = halves[1].on_statement = paid_on
                world.take(spent)
                name = world.chart.name(chart.CARD)
                claim = transfer_claim(halves[0], halves)
                world.line(Line(paid_on, False, spent, "debit", words=f"{name} EPAY".upper(), claim=claim))

    def _months(self) -> Iterator[date]:
        """The first days of the months that lie whole between the start and the week."""
        day = (self._world.start + timedelta(days=31)).replace(day=1)
        while (day + timedelta(days=32)).replace(day=1) <= self._world.week:
            yield day
            day = (day + timedelta(days=32)).replace(day=1)

    def _returns(self) -> None:
        """Money given back for goods, without a credit in between."""
        world, draw = self._world, self._draw
        for party in draw.sample(self._buyers, 2):
            day = business_day(days_before(world.week, draw.randrange(20, 200)))
            item = Item("Goods returned", 1, world.amount(draw, 3_000, 14_000), chart.SALES, self._untaxed)
            entry = world.ledger.money("SPEND", party, day, [item])
            entry.on_statement = day
            claim = Claim("bank_transaction", (entry.id,))
            world.line(Line(day, False, entry.cents, "payment", name=party.printed, words="refund", claim=claim))

    def _waiting_bills(self) -> None:
        """One vendor's bills: one paid by card, three open and one of them over a month late."""
        world, draw = self._world, self._draw
        world.take(_AWAITED)
        for age, cents in ((75, 0), (68, 0), (41, _AWAITED), (12, 0)):
            day = business_day(days_before(world.anchor, age))
            amount = cents or world.amount(draw, 60_000, 320_000)
            item = Item("Contract installers", 1, amount, chart.SUBCONTRACTORS, self._untaxed)
            bill = world.ledger.document("ACCPAY", self._patient, day, day + timedelta(days=30), [item])
            if age == 75:
                paid_on = business_day(day + timedelta(days=28))
                world.ledger.pay(bill, paid_on, bill.due, account=chart.CARD)

    def _used_vendor_credit(self) -> None:
        """A bill settled by a vendor's credit and, for the rest, money."""
        world, draw = self._world, self._draw
        day = business_day(days_before(world.week, draw.randrange(60, 120)))
        item = Item("Contract installers", 1, world.amount(draw, 40_000, 90_000), chart.SUBCONTRACTORS, self._untaxed)
        bill = world.ledger.document("ACCPAY", self._patient, day, day + timedelta(days=30), [item])
        back = Item("Goods returned", 1, world.amount(draw, 5_000, 20_000), chart.SUBCONTRACTORS, self._untaxed)
        credit = world.ledger.credit_note("ACCPAY", self._patient, day, [back])
        paid_on = business_day(day + timedelta(days=20))
        world.ledger.allocate(credit, bill, paid_on, credit.total)
        payment = world.ledger.pay(bill, paid_on, bill.due)
        payment.on_statement = paid_on
        claim = Claim("payment", (payment.id,))
        name = self._patient.printed
        world.line(Line(paid_on, False, payment.bank_cents, "payment", name=name, claim=claim))

    def _invoice(self, party: Party, day: date) -> Document:
        world = self._world
        return world.ledger.document("ACCREC", party, day, day + timedelta(days=30), world.sale(self._draw, party))
