"""A year of ordinary trading: everything here is in the ledger and on the statement, or still open and unpaid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from finchat.sandbox.company import chart
from finchat.sandbox.company.bank_words import Channel
from finchat.sandbox.company.draws import business_day, days_before
from finchat.sandbox.company.feed import Claim, Line, Mention
from finchat.sandbox.company.parties import Party
from finchat.sandbox.company.records import BankTransaction, Batch, Credit, Document, Item, Payment
from finchat.sandbox.company.world import World

_INVOICES = 208
_BILLS = 104


def trade(world: World, quiet: frozenset[str]) -> None:
    """Write the year. Contacts whose ids are in `quiet` end it with nothing open: the week needs them alone."""
    _Year(world, quiet).run()


class _Year:
    def __init__(self, world: World, quiet: frozenset[str]) -> None:
        self._world = world
        self._quiet = quiet
        self._draw = world.stream("year")
        self._orders = world.stream("orders")
        self._batched: dict[date, list[Document]] = defaultdict(list)

    def run(self) -> None:
        self._sell()
        self._buy()
        self._batches()
        self._credit_notes()
        self._unapplied()
        self._unfinished()
        self._routine()
        self._unpresented()
        self._tax_returns()

    # -- sales and purchases

    def _sell(self) -> None:
        draw, world = self._draw, self._world
        customers = world.parties.customers
        days = sorted(draw.randrange(0, 364) for _ in range(_INVOICES))
        for offset in days:
            day = business_day(world.start + timedelta(days=offset))
            party = draw.choice(customers)
            paid_on = business_day(day + timedelta(days=max(2, party.habit_days + draw.randrange(-5, 9))))
            late = draw.random() < 0.03
            if paid_on >= world.week or late:
                party = self._loud(party, customers)
            document = world.ledger.document(
                "ACCREC",
                party,
                day,
                day + timedelta(days=draw.choice((7, 14, 20, 20, 30))),
                world.sale(draw, party),
                rate=world.rate(party, day),
                reference=self._order() if draw.random() < 0.45 else "",
            )
            if paid_on >= world.week or late:
                self._maybe_part(document, paid_on)
            elif not party.foreign and draw.random() < 0.09:
                self._by_card(document, paid_on)
            else:
                self._settle(document, paid_on, document.due)

    def _buy(self) -> None:
        draw, world = self._draw, self._world
        suppliers = world.parties.suppliers
        for offset in sorted(draw.randrange(0, 364) for _ in range(_BILLS)):
            day = business_day(world.start + timedelta(days=offset))
            party = draw.choice(suppliers)
            paid_on = business_day(day + timedelta(days=draw.randrange(4, 33)))
            on_the_twentieth = not party.foreign and suppliers.index(party) % 2 == 0
            if on_the_twentieth:
                paid_on = _twentieth(day)
            if paid_on >= world.week:
                party = self._loud(party, [s for s in suppliers if on_the_twentieth is False or not s.foreign])
            document = world.ledger.document(
                "ACCPAY",
                party,
                day,
                day + timedelta(days=draw.choice((14, 20, 20, 30))),
                world.purchase(draw, party),
                rate=world.rate(party, day),
            )
            if paid_on >= world.week:
                continue
            if on_the_twentieth:
                self._batched[paid_on].append(document)
            else:
                self._settle(document, paid_on, document.due)

    def _loud(self, party: Party, among: list[Party]) -> Party:
        """The contact, or another one when the week needs this one without open documents of the year."""
        while party.id in self._quiet:
            party = self._draw.choice(among)
        return party

    def _order(self) -> str:
        return self._draw.choice(self._world.country.words.PURCHASE_ORDERS).format(
            n=self._orders.randrange(200_000, 989_999)
        )

    # -- money against documents

    def _settle(self, document: Document, day: date, cents: int) -> Payment:
        """A payment in the ledger and its line on the statement; the currency held abroad often stays what it is."""
        draw, world = self._draw, self._world
        party = document.party
        account = chart.FOREIGN if party.currency == world.country.held and draw.random() < 0.5 else chart.BANK
        payment = world.ledger.pay(document, day, cents, account=account, rate=world.rate(party, day))
        payment.on_statement = world.statement_day(draw, day)
        world.line(
            Line(
                payment.on_statement,
                document.side == "ACCREC",
                payment.bank_cents,
                channel_of(document),
                name=party.printed,
                mentions=self._named(document),
                account=party.account,
                town=party.town,
                claim=Claim("payment", (payment.id,)),
                held_in=account,
            )
        )
        world.take(payment.bank_cents)
        return payment

    def _named(self, document: Document) -> tuple[Mention, ...]:
        chance = self._draw.random()
        if chance < 0.55:
            return (Mention(document),)
        return (Mention(document, "reference"),) if document.reference and chance < 0.75 else ()

    def _maybe_part(self, document: Document, due_on: date) -> None:
        """A few that stay open have had an instalment."""
        world, draw = self._world, self._draw
        day = business_day(document.day + timedelta(days=draw.randrange(3, 9)))
        if document.party.foreign or day >= world.week or draw.random() < 0.55:
            return
        cents = world.amount(draw, document.due // 4, document.due // 2)
        self._settle(document, day, cents)

    def _by_card(self, document: Document, day: date) -> None:
        """Taken by card: receive money to the clearing account, from which the invoice is then paid."""
        world = self._world
        party = document.party
        receipt = world.ledger.money(
            "RECEIVE", party, day, [Item("Card receipt", 1, document.due, chart.CLEARING, world.country.no_tax)]
        )
        receipt.gathers.append(world.ledger.pay(document, day, document.due, account=chart.CLEARING))
        self._on_statement(receipt, "credit", mentions=self._named(document))

    def _batches(self) -> None:
        """Bills due on the 20th go out as one batch, one line on the statement."""
        world = self._world
        for day, documents in sorted(self._batched.items()):
            if len(documents) == 1:
                self._settle(documents[0], day, documents[0].due)
                continue
            batch = world.ledger.batch(day, documents)
            on = world.statement_day(self._draw, day)
            self._batch_line(batch, on)

    def _batch_line(self, batch: Batch, on: date) -> None:
        for payment in batch.payments:
            payment.on_statement = on
        self._world.line(
            Line(
                on,
                batch.side == "ACCREC",
                batch.cents,
                "payment",
                words="Creditors run",
                claim=Claim("batch_payment", (batch.id, *(payment.id for payment in batch.payments))),
            )
        )

    # -- credits

    def _credit_notes(self) -> None:
        """Returns: most are allocated to an open invoice, a few wait."""
        world, draw = self._world, self._draw
        open_ones = [
            d
            for d in world.ledger.documents
            if d.side == "ACCREC"
            and d.due > 8_000
            and not d.party.foreign
            and not d.payments
            and (d.day > world.period_lock or not world.country.returns_while_open)
        ]
        draw.shuffle(open_ones)
        for document in open_ones[:4]:
            cents = document.due // draw.randrange(6, 12)
            note = self._note(document, cents)
            on = business_day(min(world.anchor, document.day + timedelta(days=draw.randrange(1, 6))))
            world.ledger.allocate(note, document, max(on, document.day), note.total)
            world.take(document.due)
        for supplier in world.parties.suppliers[3:5]:
            if supplier.id not in self._quiet:
                day = business_day(days_before(world.week, draw.randrange(12, 40)))
                item = Item(
                    "Goods returned",
                    1,
                    world.amount(draw, 2_000, 9_000),
                    chart.PURCHASES,
                    world.country.purchase_tax,
                    True,
                )
                world.ledger.credit_note("ACCPAY", supplier, day, [item])

    def _note(self, document: Document, cents: int) -> Credit:
        item = Item("Goods returned", 1, cents, chart.SALES, self._world.country.counter_tax, True)
        return self._world.ledger.credit_note("ACCREC", document.party, document.day, [item])

    def _unapplied(self) -> None:
        """A prepayment and an overpayment of the year, both used up by a later invoice of the same customer."""
        world, draw = self._world, self._draw
        locals_ = [p for p in world.parties.customers if not p.foreign and not p.sibling and not p.trades_as]
        for party, kind in zip(draw.sample(locals_, 2), ("prepayment", "overpayment"), strict=True):
            day = business_day(days_before(world.week, draw.randrange(90, 150)))
            cents = world.amount(draw, 15_000, 48_000)
            credit = world.ledger.money_as_credit(
                "prepayment" if kind == "prepayment" else "overpayment", party, day, cents, "Paid ahead"
            )
            assert credit.source is not None
            self._on_statement(credit.source, "credit")
            later = day + timedelta(days=draw.randrange(6, 15))
            items = next(i for i in world.sales(draw, party) if sum(x.gross for x in i) > cents + 5_000)
            document = world.ledger.document("ACCREC", party, later, later + timedelta(days=20), items)
            world.ledger.allocate(credit, document, later, cents)
            self._settle(document, business_day(later + timedelta(days=12)), document.due)

    def _unfinished(self) -> None:
        """Drafts, one awaiting approval, one voided."""
        world, draw = self._world, self._draw
        locals_ = [p for p in world.parties.customers if not p.foreign]
        for status in ("DRAFT", "DRAFT", "DRAFT", "SUBMITTED", "VOIDED"):
            party = draw.choice(locals_)
            day = business_day(days_before(world.anchor, draw.randrange(1, 25)))
            world.ledger.document(
                "ACCREC", party, day, day + timedelta(days=20), world.sale(draw, party),
                status="SUBMITTED" if status == "SUBMITTED" else "VOIDED" if status == "VOIDED" else "DRAFT",
            )  # fmt: skip
        for _ in range(2):
            supplier = draw.choice(world.parties.suppliers[:9])
            day = business_day(days_before(world.anchor, draw.randrange(1, 25)))
            world.ledger.document(
                "ACCPAY", supplier, day, day + timedelta(days=20), world.purchase(draw, supplier), status="DRAFT"
            )

    # -- money without documents

    def _routine(self) -> None:
        world, draw, parties, words = self._world, self._draw, self._world.parties, self._world.country.words
        rent = draw.randrange(260_000, 340_000, 500)
        for day in self._every(14, 3):
            self._spend(
                day, parties.staff, world.amount(draw, 690_000, 790_000), account=chart.WAGES, words=words.WAGES_WORDS
            )
        for day in self._monthly(1):
            self._spend(day, parties.landlord, rent, account=chart.RENT, words=words.RENT_WORDS)
        for day in self._monthly(9):
            power = world.amount(draw, 22_000, 61_000)
            self._spend(day, parties.power, power, account=chart.POWER, channel="debit", words=words.POWER_WORDS)
        for day in self._every(7, 2):
            takings = world.amount(draw, 18_000, 92_000)
            self._receive(day, parties.till, takings, account=chart.SALES, channel="counter")
        for count, day in enumerate(self._monthly(5)):
            there = count % 4 != 3
            halves = world.ledger.transfer(
                *((chart.BANK, chart.SAVINGS) if there else (chart.SAVINGS, chart.BANK)),
                day,
                draw.randrange(150_000, 400_000, 5_000),
            )
            for half in halves:
                self._on_statement(half, "own", claim=transfer_claim(half, halves))

    def _spend(
        self, day: date, party: Party, cents: int, *, account: str, channel: Channel = "payment", words: str
    ) -> None:
        country = self._world.country
        tax = country.no_tax if account == chart.WAGES else country.purchase_tax
        item = Item(words, 1, cents, account, tax, True)
        self._on_statement(self._world.ledger.money("SPEND", party, day, [item]), channel, words=words)

    def _receive(self, day: date, party: Party, cents: int, *, account: str, channel: Channel) -> None:
        country = self._world.country
        tax = country.counter_tax if account == chart.SALES else country.no_tax
        item = Item(party.name, 1, cents, account, tax, True)
        self._on_statement(self._world.ledger.money("RECEIVE", party, day, [item]), channel)

    def _every(self, step: int, first: int) -> Iterator[date]:
        day = self._world.start + timedelta(days=first)
        while day < self._world.week:
            yield business_day(day)
            day += timedelta(days=step)

    def _monthly(self, day_of_month: int) -> Iterator[date]:
        day = self._world.start.replace(day=1)
        while day < self._world.week:
            on = business_day(day.replace(day=day_of_month))
            if self._world.start <= on < self._world.week:
                yield on
            day = (day + timedelta(days=32)).replace(day=1)

    def _unpresented(self) -> None:
        """Recorded on the anchor or the day before, not on the statement yet: the outstanding items."""
        world, draw = self._world, self._draw
        day = days_before(world.anchor, 1)
        bill = world.ledger.document(
            "ACCPAY",
            world.parties.suppliers[5],
            days_before(day, 16),
            day,
            world.purchase(draw, world.parties.suppliers[5]),
        )
        world.ledger.pay(bill, day, bill.due)
        world.ledger.money(
            "RECEIVE",
            world.parties.till,
            world.anchor,
            [
                Item(
                    "Counter sales", 1, world.amount(draw, 11_000, 60_000), chart.SALES, world.country.counter_tax, True
                )
            ],
        )

    def _tax_returns(self) -> None:
        """The tax of each period, paid in the month after."""
        world = self._world
        period = world.country.tax_period_end
        owed: dict[date, int] = defaultdict(int)
        for document in world.ledger.documents:
            if document.status == "AUTHORISED":
                sign = 1 if document.side == "ACCREC" else -1
                owed[period(document.day)] += sign * sum(item.tax for item in document.items)
        for entry in world.ledger.bank_transactions:
            owed[period(entry.day)] += (1 if entry.receives else -1) * sum(item.tax for item in entry.items)
        for last_month, cents in sorted(owed.items()):
            following = (last_month + timedelta(days=31)).replace(day=world.country.tax_due_day)
            day = business_day(following)
            if day < world.week and day >= world.start and cents > 0:
                self._spend_tax(day, cents)

    def _spend_tax(self, day: date, cents: int) -> None:
        words = self._world.country.words
        item = Item(words.TAX_RETURN, 1, cents, chart.GST, self._world.country.no_tax)
        entry = self._world.ledger.money("SPEND", self._world.parties.revenue, day, [item])
        self._on_statement(entry, "payment", words=words.TAX_WORDS)

    # -- the statement

    def _on_statement(
        self,
        entry: BankTransaction,
        channel: Channel,
        *,
        words: str = "",
        mentions: tuple[Mention, ...] = (),
        claim: Claim | None = None,
    ) -> None:
        entry.on_statement = self._world.statement_day(self._draw, entry.day)
        named = entry.party if channel in ("credit", "payment") else None
        self._world.line(
            Line(
                entry.on_statement,
                entry.receives,
                entry.cents,
                channel,
                name=named.printed if named else self._world.chart.short_name if channel == "own" else "",
                mentions=mentions,
                words=words,
                account=named.account if named else "",
                claim=claim or Claim("bank_transaction", (entry.id,)),
                held_in=entry.account,
            )
        )


def transfer_claim(here: BankTransaction, halves: tuple[BankTransaction, BankTransaction]) -> Claim:
    """A transfer as an answer: the half on this account first, then the other one."""
    return Claim("transfer", (here.id, *(half.id for half in halves if half is not here)))


def channel_of(document: Document) -> Channel:
    """How the money of a document moves at the bank."""
    if document.party.foreign:
        return "wire_in" if document.side == "ACCREC" else "wire_out"
    return "credit" if document.side == "ACCREC" else "payment"


def _twentieth(day: date) -> date:
    """The 20th of the month after, or the Friday before it."""
    return business_day((day.replace(day=1) + timedelta(days=32)).replace(day=20))
