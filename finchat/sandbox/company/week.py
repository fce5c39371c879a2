"""The last seven days: every situation a bank line can be in, with its right answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from finchat.sandbox.company import chart
from finchat.sandbox.company.bank_words import Channel
from finchat.sandbox.company.draws import business_day, days_before, half_up
from finchat.sandbox.company.feed import (
    Applied,
    Claim,
    Coded,
    Determinable,
    Excess,
    Line,
    Link,
    Mention,
    Moved,
    Refunded,
)
from finchat.sandbox.company.parties import Party
from finchat.sandbox.company.records import BankTransaction, Credit, Document, Item, Payment, Side
from finchat.sandbox.company.world import World
from finchat.sandbox.company.year import channel_of, transfer_claim


class Week:
    """Who plays which part is settled before the year is written, so that the year leaves those contacts alone."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._country = world.country
        self._draw = world.stream("week")
        customers = [p for p in world.parties.customers if not p.foreign and not p.sibling and not p.trades_as]
        self._draw.shuffle(customers)
        (
            self._credited_by_name,
            self._credited_by_number,
            self._prepaid,
            self._overpaid_before,
            self._by_statement,
            self._twin,
            self._on_account,
            self._returning,
            self._refunded,
        ) = customers[:9]
        self._quiet = customers[:9]
        self._customers = customers[9:]
        self._next = 0
        locals_ = [p for p in world.parties.suppliers if not p.foreign and not p.sibling]
        self._suppliers = [p for p in locals_ if p not in world.parties.suppliers[3:5]]
        self._refunding = self._suppliers.pop(self._draw.randrange(len(self._suppliers)))
        self._quiet.append(self._refunding)
        self._next_supplier = 0

    @property
    def quiet(self) -> frozenset[str]:
        """Contacts of which the year may leave no document open."""
        return frozenset(party.id for party in self._quiet)

    def happen(self) -> None:
        """Write every situation into the ledger and onto the statement."""
        self._exact()
        self._several()
        self._part()
        self._short()
        self._over()
        self._credits()
        self._refunds()
        self._foreign()
        self._dollars()
        if self._country.undeposited:
            self._undeposited()
        else:
            self._booked_receipts()
        if self._country.checks:
            self._checks()
        self._booked_credits()
        self._recorded()
        self._not_documents()
        self._repeated()
        self._look_alikes()

    # -- the ordinary ones

    def _exact(self) -> None:
        draw, scenario = self._draw, "exact_ref"
        for _ in range(8 + draw.randrange(2)):
            self._paid_in_full(self._invoice(self._customer()), scenario, named="number")
        for _ in range(6 + draw.randrange(2)):
            self._paid_in_full(self._invoice(self._customer()), "exact_name", named="")
        for _ in range(2):
            order = draw.choice(self._country.words.PURCHASE_ORDERS).format(n=draw.randrange(100_000, 199_999))
            self._paid_in_full(self._invoice(self._customer(), order=order), "exact_order", named="reference")
        for _ in range(3):
            self._paid_in_full(self._bill(self._supplier()), "exact_ref", named="number")
        for _ in range(3):
            self._paid_in_full(self._bill(self._supplier()), "exact_name", named="")
        locked = self._customer()
        day = business_day(days_before(self._world.period_lock, draw.randrange(6, 30)))
        self._paid_in_full(self._invoice(locked, day=day), "locked_period_document", named="number")
        sibling = next(p for p in self._world.parties.customers if p.sibling)
        self._paid_in_full(self._invoice(sibling), "sister_ref", named="number")
        stranger = next(p for p in self._world.parties.customers if p.trades_as)
        self._paid_in_full(self._invoice(stranger), "trading_name", named="", determinable="weak")

    def _several(self) -> None:
        draw = self._draw
        for count, side in ((3, "ACCREC"), (2, "ACCPAY")):
            party = self._customer() if side == "ACCREC" else self._supplier()
            made = [self._invoice(party) if side == "ACCREC" else self._bill(party) for _ in range(count)]
            self._together(made, "multi_refs", tuple(Mention(d) for d in made))
        made = [self._invoice(self._by_statement) for _ in range(3)]
        self._together(made[:2] if draw.random() < 0.5 else made, "multi_sum", ())

    def _part(self) -> None:
        draw = self._draw
        first = self._invoice(self._customer(), least=40_000)
        cents = self._world.amount(draw, first.due // 4, first.due // 2)
        self._paid(first, cents, "instalment_ref", words="part payment")
        second = self._invoice(self._customer(), least=60_000, day=self._days_ago(26, 44))
        earlier = self._world.amount(draw, second.due // 4, second.due // 3)
        day = business_day(second.day + timedelta(days=4))
        payment = self._world.ledger.pay(second, day, earlier)
        payment.on_statement = self._world.statement_day(draw, day)
        claim = Claim("payment", (payment.id,))
        self._line(second.party, earlier, True, payment.on_statement, mentions=(Mention(second),), claim=claim)
        cents = self._world.amount(draw, second.due // 3, second.due // 2)
        self._paid(second, cents, "instalment_ref", words="2nd instalment")

    def _short(self) -> None:
        draw = self._draw
        bank_fee = draw.choice((1_000, 1_500, 2_500))
        for kind, words, least in (
            ("short_bank_fee", "less bank chgs", 40_000),
            ("short_card_fee", "net of card fee", 40_000),
            ("short_discount", "less prompt pmt disc", 40_000),
            ("short_withholding", "less wht", 60_000),
        ):
            document = self._invoice(self._customer(), least=least)
            short = {
                "short_bank_fee": bank_fee,
                "short_card_fee": half_up(document.due * 29, 1000) + 30,
                "short_discount": half_up(document.due, 50),
                "short_withholding": half_up(document.due, 10),
            }[kind]
            while not self._world.take(document.due - short):
                short += 1
            self._paid(document, document.due - short, kind, words=words, residual=(kind, short))
        penny = self._invoice(self._customer())
        while not self._world.take(penny.due - 1):
            penny = self._invoice(self._customer())
        self._paid(penny, penny.due - 1, "rounding", residual=("rounding", 1))
        bill = self._bill(self._supplier())
        fee = draw.choice((250, 500, 750))
        while not self._world.take(bill.due + fee):
            fee += 10
        line = self._paid(
            bill, bill.due, "fee_on_top", words="incl fee", residual=("fee_on_top", fee),
            settled_by=("payment", "spend_money"),
        )  # fmt: skip
        line.cents += fee
        line.coded = Coded(self._world.parties.bank, chart.FEES, self._country.no_tax, (), "ask", "fee_on_top", fee)

    def _over(self) -> None:
        document = self._invoice(self._customer())
        excess = self._draw.choice((1_000, 2_500, 5_000))
        while not self._world.take(document.due + excess):
            excess += 100
        line = self._paid(
            document, document.due, "overpay", residual=("overpayment", excess), settled_by=("payment", "overpayment")
        )
        line.cents += excess
        line.excess = Excess(document.party, "overpayment", excess)

    def _credits(self) -> None:
        """900 on 1,000 with a credit of 100: exact, once the credit is allocated."""
        draw, world = self._draw, self._world
        for party, scenario in (
            (self._credited_by_name, "credit_net_name"),
            (self._credited_by_number, "credit_net_ref"),
        ):
            document = self._invoice(party, least=40_000)
            day = business_day(document.day + timedelta(days=2))
            cents = world.amount(draw, document.due // 12, document.due // 8)
            while not world.take(document.due - cents):
                cents = world.amount(draw, document.due // 12, document.due // 8)
            if scenario == "credit_net_name":
                item = Item("Goods returned", 1, cents, chart.SALES, self._country.counter_tax, True)
                credit = world.ledger.credit_note("ACCREC", party, day, [item])
            else:
                credit = self._earlier_overpayment(party, day, cents)
            mentions = (Mention(document),) if scenario == "credit_net_ref" else ()
            line = self._line(party, document.due - cents, True, self._day(), scenario=scenario, mentions=mentions)
            line.links.append(
                Link(document, line.cents, line.cents, bool(mentions), (document,), credit=(credit, cents))
            )
            line.allocations.append(Applied(credit, document, cents))
            line.settled_by = ("allocation", "payment")

    def _earlier_overpayment(self, party: Party, day: date, cents: int) -> Credit:
        credit = self._world.ledger.money_as_credit("overpayment", party, day, cents, "Paid too much")
        assert credit.source is not None
        credit.source.on_statement = min(day, days_before(self._world.week, 1))
        claim = Claim("bank_transaction", (credit.source.id,))
        self._line(party, cents, True, credit.source.on_statement, claim=claim)
        return credit

    def _refunds(self) -> None:
        """Credits given back in money: two of customers, one by a supplier; each is open, alone and of that amount."""
        draw, world = self._draw, self._world
        sold, bought = (chart.SALES, self._country.counter_tax), (chart.PURCHASES, self._country.purchase_tax)
        for party, scenario, side, (account, tax) in (
            (self._returning, "refund_credit_note", "ACCREC", sold),
            (self._refunded, "refund_overpayment", "ACCREC", sold),
            (self._refunding, "refund_from_supplier", "ACCPAY", bought),
        ):
            day, cents = self._days_ago(9, 30), world.amount(draw, 6_000, 38_000)
            if scenario == "refund_overpayment":
                credit = self._earlier_overpayment(party, day, cents)
            else:
                item = Item("Goods returned", 1, cents, account, tax, True)
                credit = world.ledger.credit_note("ACCREC" if side == "ACCREC" else "ACCPAY", party, day, [item])
            mentions = (Mention(credit),) if scenario == "refund_credit_note" else ()
            line = self._line(
                party, cents, side == "ACCPAY", self._day(), scenario=scenario, mentions=mentions, words="refund"
            )
            line.residuals.append(("refund", cents))
            line.refunded = Refunded(credit)
            line.settled_by = ("refund",)

    def _foreign(self) -> None:
        draw, world = self._draw, self._world
        abroad = [p for p in world.parties.customers if p.foreign]
        draw.shuffle(abroad)
        suppliers = [p for p in world.parties.suppliers if p.foreign]
        for party, scenario in (
            (abroad[0], "fx_ref"),
            (abroad[1], "fx_orig_amount"),
            (draw.choice(suppliers), "fx_ref"),
        ):
            side: Side = "ACCREC" if party.role == "customer" else "ACCPAY"
            day = self._day()
            while True:
                document = self._open(side, party, self._days_ago(8, 34))
                cents = world.home(party, document.due, day)
                if world.take(cents):
                    break
                self._settle_quietly(document)
            amount = f"{party.currency} {document.due // 100:,}.{document.due % 100:02d}"
            mentions = (Mention(document),) if scenario == "fx_ref" else ()
            line = self._line(
                party,
                cents,
                side == "ACCREC",
                day,
                scenario=scenario,
                mentions=mentions,
                words=amount,
                channel=channel_of(document),
            )
            line.links.append(Link(document, cents, document.due, bool(mentions), (document,)))
            line.settled_by = ("payment",)

    def _dollars(self) -> None:
        """Foreign money on the account that holds it: two customers and a supplier, and a receipt already recorded."""
        draw, world = self._draw, self._world
        customers = [p for p in world.parties.customers if p.currency == self._country.held]
        suppliers = [p for p in world.parties.suppliers if p.currency == self._country.held]
        held = self._country.held.lower()
        for party, how in (
            (customers[0], "ref"),
            (customers[1], "name"),
            (draw.choice(suppliers), "bill"),
            (draw.choice(customers), "settled"),
        ):
            side: Side = "ACCREC" if party.role == "customer" else "ACCPAY"
            document = self._open(side, party, self._days_ago(8, 34))
            day = self._day()
            line = self._line(
                party,
                document.due,
                side == "ACCREC",
                day,
                scenario=f"{held}_{how}",
                mentions=() if how == "name" else (Mention(document),),
                channel=channel_of(document),
            )
            line.held_in = chart.FOREIGN
            if how == "settled":
                rate = world.rate(party, day)
                payment = world.ledger.pay(document, day, document.due, account=chart.FOREIGN, rate=rate)
                payment.on_statement = day
                line.claim = Claim("payment", (payment.id,))
                continue
            line.links.append(Link(document, document.due, document.due, bool(line.mentions), (document,)))
            line.settled_by = ("payment",)

    def _settle_quietly(self, document: Document) -> None:
        """Take back a document whose amount in the currency of the books is in use."""
        self._world.ledger.documents.remove(document)

    # -- what the ledger holds already

    def _booked_receipts(self) -> None:
        """Deposits booked as receive money while the invoice they pay is open."""
        untaxed, taxed = self._country.no_tax, self._country.counter_tax
        for scenario, account, tax in (
            ("booked_clearing", chart.CLEARING, untaxed),
            ("booked_clearing", chart.CLEARING, untaxed),
            ("booked_clearing_name", chart.CLEARING, untaxed),
            ("booked_clearing_taxed", chart.CLEARING, taxed),
            ("booked_clearing_unnamed", chart.MERELY_CALLED_CLEARING, untaxed),
            ("booked_income", chart.SALES, taxed),
        ):
            document = self._invoice(self._customer())
            day = self._day()
            item = Item("Receipt", 1, document.due, account, tax, inclusive=tax != untaxed)
            entry = self._world.ledger.money("RECEIVE", document.party, day, [item])
            entry.on_statement = day
            mentions = () if scenario == "booked_clearing_name" else (Mention(document),)
            claim = Claim("bank_transaction", (entry.id,))
            line = self._line(
                document.party, document.due, True, day, scenario=scenario, mentions=mentions, claim=claim
            )
            if account == chart.CLEARING and tax == untaxed:
                line.links.append(
                    Link(document, document.due, document.due, bool(mentions), (document,), via="clearing")
                )
                line.settled_by = ("clearing_payment",)
            else:
                line.residuals.append(("booked_elsewhere", document.due))

    def _undeposited(self) -> None:
        """Receipts that wait in the clearing account while the bank shows them: the deposit of them is missing."""
        draw, world = self._draw, self._world
        self._gathered(self._received(1), "undeposited_one", named=True)
        sold = world.counter_sale(draw, world.week_day(draw, 0, 2))
        self._gathered([*self._received(2), sold], "undeposited_several")
        self._gathered(self._received(2), "undeposited_less_fee", fee=draw.randrange(150, 900))
        recorded = self._gathered(self._received(2), "undeposited_recorded")
        item = Item("Deposit", 1, recorded.cents, chart.CLEARING, self._country.no_tax)
        entry = world.ledger.money("RECEIVE", None, recorded.day, [item])
        entry.on_statement = recorded.day
        entry.gathers += recorded.gathers
        recorded.claim, recorded.gathers = Claim("bank_transaction", (entry.id,)), []
        recorded.settled_by, recorded.residuals = (), []
        self._received(1)  # still in the drawer: on no line
        document, day = self._invoice(self._customer()), self._day()
        item = Item("Receipt", 1, document.due, chart.SALES, self._country.counter_tax, True)
        booked = world.ledger.money("RECEIVE", document.party, day, [item])
        booked.on_statement = day
        line = self._line(
            document.party, document.due, True, day, scenario="booked_income", mentions=(Mention(document),),
            claim=Claim("bank_transaction", (booked.id,)),
        )  # fmt: skip
        line.residuals.append(("booked_elsewhere", document.due))

    def _checks(self) -> None:
        """Checks written before the week or in it: two that the bank has paid, one that it has not seen."""
        draw, world = self._draw, self._world
        written = [business_day(days_before(world.week, draw.randrange(2, 8))), world.week_day(draw, 0, 1)]
        for day in written:
            payment = world.pay_by_check(self._bill(self._supplier()), day)
            world.check_line(payment, world.week_day(draw, 2), "check_cleared")
        world.pay_by_check(self._bill(self._supplier()), world.week_day(draw, 3))

    def _received(self, count: int) -> list[Payment | BankTransaction]:
        """Invoices paid into the clearing account shortly before or early in the week, each by another customer."""
        world = self._world
        day = world.week_day(self._draw, 0, 2)
        documents = [self._invoice(self._customer()) for _ in range(count)]
        return [world.ledger.pay(d, day, d.due, account=chart.CLEARING) for d in documents]

    def _gathered(
        self, received: list[Payment | BankTransaction], scenario: str, *, named: bool = False, fee: int = 0
    ) -> Line:
        """The bank's line of a deposit: all that was received, less what the bank kept."""
        world, total = self._world, sum(one.cents for one in received)
        while fee and not world.take(total - fee):
            fee += 1
        day = max(one.day for one in received) + timedelta(days=self._draw.randrange(1, 4))
        first = received[0]
        party = first.document.party if named and isinstance(first, Payment) else None
        line = self._line(party, total - fee, True, day, scenario=scenario, channel="credit" if named else "counter")
        line.gathers = received
        line.residuals.append(("undeposited", total - fee))
        line.settled_by = ("deposit",)
        if fee:
            line.residuals.append(("short_card_fee", fee))
        return line

    def _booked_credits(self) -> None:
        """Deposits booked as a prepayment or an overpayment: an allocation is all that is missing."""
        for party, prepaid in ((self._prepaid, True), (self._overpaid_before, False)):
            document = self._invoice(party)
            day = self._day()
            credit = self._world.ledger.money_as_credit(
                "prepayment" if prepaid else "overpayment", party, day, document.due, "On account"
            )
            assert credit.source is not None
            credit.source.on_statement = day
            claim = Claim("bank_transaction", (credit.source.id,))
            scenario = "booked_prepayment" if prepaid else "booked_overpayment"
            line = self._line(
                party, document.due, True, day, scenario=scenario, mentions=(Mention(document),), claim=claim
            )
            line.allocations.append(Applied(credit, document, document.due))
            line.settled_by = ("allocation",)

    def _recorded(self) -> None:
        """Payments, a batch, transfers and receive and spend money that are in the ledger: to be claimed."""
        world = self._world
        for side, named in (("ACCREC", True), ("ACCREC", False), ("ACCPAY", True), ("ACCPAY", False)):
            document = self._invoice(self._customer()) if side == "ACCREC" else self._bill(self._supplier())
            self._claimed_payment(document, "settled_ref" if named else "settled_name", named)
        bills = [self._bill(self._supplier()) for _ in range(3)]
        day = self._day()
        batch = world.ledger.batch(day, bills)
        for payment in batch.payments:
            payment.on_statement = day
        claim = Claim("batch_payment", (batch.id, *(p.id for p in batch.payments)))
        self._line(None, batch.cents, False, day, scenario="batch_one_line", claim=claim, words="Creditors run")
        self._transfers()
        self._money()

    def _claimed_payment(self, document: Document, scenario: str, named: bool) -> None:
        draw, world = self._draw, self._world
        day = self._day()
        recorded = max(document.day, min(world.anchor, day + timedelta(days=draw.choice((0, 0, 0, -1, -2, 1)))))
        payment = world.ledger.pay(document, recorded, document.due)
        payment.on_statement = day
        self._line(
            document.party,
            payment.bank_cents,
            document.side == "ACCREC",
            day,
            scenario=scenario,
            mentions=(Mention(document),) if named else (),
            claim=Claim("payment", (payment.id,)),
        )

    def _transfers(self) -> None:
        """To and from Savings: one recorded, two that both statements show, one that Savings does not show yet."""
        draw, world = self._draw, self._world
        day = self._day()
        cents = world.amount(draw, 100_000, 320_000)
        halves = world.ledger.transfer(chart.BANK, chart.SAVINGS, day, cents)
        for half in halves:
            half.on_statement = day
            line = self._own(half.account, half.receives, cents, day, "own_transfer")
            line.claim = transfer_claim(half, halves)
        for scenario, there in (("own_transfer_unrecorded", True), ("own_transfer_back", False)):
            cents = world.amount(draw, 50_000, 150_000)
            day = self._world.week_day(draw, 0, 5)
            here = self._own(chart.BANK, not there, cents, day, scenario)
            across = self._own(chart.SAVINGS, there, cents, day + timedelta(days=draw.choice((0, 0, 1))), scenario)
            self._moved(here, across)
            self._moved(across, here)
        one = self._own(chart.BANK, False, world.amount(draw, 50_000, 150_000), world.anchor, "own_transfer_one_sided")
        self._moved(one, None)

    def _own(self, held_in: str, receives: bool, cents: int, day: date, scenario: str) -> Line:
        """One side of a transfer, on the statement of `held_in`."""
        other, words = (chart.SAVINGS, "Savings") if held_in == chart.BANK else (chart.BANK, "Business")
        line = self._line(None, cents, receives, day, scenario=scenario, words=words, channel="own")
        line.held_in = held_in
        line.name = self._world.chart.short_name
        line.account = self._world.chart.numbers[other]
        return line

    def _moved(self, line: Line, other: Line | None) -> None:
        ends = (chart.SAVINGS, line.held_in) if line.held_in == chart.BANK else (chart.BANK, line.held_in)
        source, target = ends if line.receives else ends[::-1]
        line.moved = Moved(source, target, [other] if other else [])
        line.residuals.append(("unrelated", line.cents))
        line.settled_by = ("transfer",)

    def _money(self) -> None:
        draw, world = self._draw, self._world
        parties, untaxed = world.parties, self._country.no_tax
        routine: tuple[tuple[Party, str, str, int, int, Channel, str, bool], ...] = (
            (parties.staff, chart.WAGES, untaxed, 690_000, 790_000, "payment", self._country.words.WAGES_WORDS, False),
            (
                parties.fuel,
                chart.FUEL,
                self._country.purchase_tax,
                3_500,
                16_500,
                "card",
                parties.fuel.name.upper(),
                False,
            ),
            (parties.till, chart.SALES, self._country.counter_tax, 18_000, 92_000, "counter", "", True),
        )
        for party, account, tax, low, high, channel, words, receives in routine:
            day = self._day()
            item = Item(words or party.name, 1, world.amount(draw, low, high), account, tax, True)
            entry = world.ledger.money("RECEIVE" if receives else "SPEND", party, day, [item])
            entry.on_statement = day
            scenario = "receive_money_recorded" if receives else "spend_money_recorded"
            line = self._line(
                None, entry.cents, receives, day, scenario=scenario, claim=Claim("bank_transaction", (entry.id,))
            )
            line.words, line.channel = words, channel
            if channel == "payment":
                line.name, line.account = party.name, party.account

    # -- lines that pay no open document

    def _not_documents(self) -> None:
        draw, world = self._draw, self._world
        supplier, customer = self._supplier(), self._customer()
        for party, receives in ((supplier, True), (customer, False)):
            cents = world.amount(draw, 4_000, 30_000)
            line = self._line(party, cents, receives, self._day(), scenario="refund", words="refund")
            line.residuals.append(("refund", cents))
            line.refunded = Refunded(None)
        for words in draw.sample(self._country.words.STRANGERS, 2):
            cents = world.amount(draw, 1_200, 19_000)
            line = self._line(None, cents, False, self._day(), scenario="unrelated", words=words, channel="card")
            line.residuals.append(("unrelated", cents))
            line.settled_by = ("spend_money",)
            line.coded = Coded(None, chart.GENERAL, self._country.purchase_tax, (), "ask", "new_payee", cents)
        equal = self._invoice(self._customer())
        line = self._line(None, equal.due, True, self._day(), scenario="unrelated_decoy", channel="interest")
        line.residuals.append(("unrelated", equal.due))
        line.settled_by = ("receive_money",)
        line.coded = Coded(
            world.parties.bank, chart.INTEREST, self._country.no_tax, (), "ask", "unusual_amount", equal.due
        )
        wrong = self._invoice(self._customer())
        line = self._line(
            wrong.party, wrong.due, False, self._day(), scenario="wrong_direction", mentions=(Mention(wrong),)
        )
        line.residuals.append(("unrelated", wrong.due))
        self._paid_again()
        ahead = self._customer()
        cents = world.amount(draw, 20_000, 90_000)
        order = f"deposit order {draw.randrange(2_000_000, 9_000_000)}"
        line = self._line(ahead, cents, True, self._day(), scenario="prepayment", words=order)
        line.residuals.append(("prepayment", cents))
        line.excess = Excess(ahead, "prepayment", cents)
        line.settled_by = ("prepayment",)
        for _ in range(2):
            self._invoice(self._on_account, least=70_000)
        cents = next(c for c in (50_000, 40_000, 60_000, 30_000, 45_000, 35_000, 25_000) if world.take(c))
        line = self._line(
            self._on_account, cents, True, self._day(), scenario="on_account", words="on account", determinable="no"
        )
        line.residuals.append(("on_account", cents))
        line.excess = Excess(self._on_account, "overpayment", cents)
        line.settled_by = ("overpayment",)

    def _paid_again(self) -> None:
        """Names an invoice that was paid weeks ago."""
        document = self._invoice(self._customer(), day=self._days_ago(44, 60))
        day = business_day(days_before(self._world.week, self._draw.randrange(18, 30)))
        payment = self._world.ledger.pay(document, day, document.due)
        payment.on_statement = day
        claim = Claim("payment", (payment.id,))
        mention = (Mention(document),)
        self._line(document.party, document.total, True, day, mentions=mention, claim=claim)
        line = self._line(
            document.party, document.total, True, self._day(), scenario="paid_invoice_again", mentions=mention
        )
        line.residuals.append(("overpayment", document.total))

    def _repeated(self) -> None:
        """The same line imported twice, an invoice paid twice, and twins that are both real."""
        first = self._paid_in_full(self._invoice(self._customer()), "dup_import", named="number")
        first.group = "D1"
        again = Line(first.day, True, first.cents, first.channel, scenario="dup_import", group="D1", repeats=first)
        again.residuals.append(("duplicate", first.cents))
        self._world.line(again)
        document = self._invoice(self._customer())
        day = self._world.week_day(self._draw, 0, 2)
        once = self._paid_in_full(document, "paid_twice_first", named="number", day=day)
        later = day + timedelta(days=self._draw.randrange(2, 5))
        twice = self._line(
            document.party, once.cents, True, later, scenario="paid_twice_second", mentions=(Mention(document),)
        )
        twice.residuals.append(("overpayment", once.cents))
        once.group = twice.group = "D2"
        twins = [self._invoice(self._twin)]
        twins.append(self._open("ACCREC", self._twin, self._days_ago(8, 30), twins[0].items))
        accept = tuple(twins)
        day = self._world.week_day(self._draw, 0, 5)
        for twin, on in zip(twins, (day, day + timedelta(days=1)), strict=True):
            line = self._line(self._twin, twin.due, True, on, scenario="twin_deposits")
            line.links.append(Link(twin, twin.due, twin.due, False, accept))
            line.settled_by = ("payment",)

    def _look_alikes(self) -> None:
        """Equal amounts of two customers, swapped digits, a number of an older invoice, an amount and nothing else."""
        one, other = self._customer(), self._customer()
        first = self._invoice(one)
        self._open("ACCREC", other, self._days_ago(8, 30), first.items)
        line = self._line(None, first.due, True, self._day(), scenario="same_amount_blind", channel="counter")
        line.determinable, line.plain = "no", True
        line.links.append(Link(first, first.due, first.due, False, (first,)))
        line.settled_by = ("payment",)
        third, fourth = self._customer(), self._customer()
        named = self._invoice(third)
        self._open("ACCREC", fourth, self._days_ago(8, 30), named.items)
        self._paid_in_full(named, "same_amount_name", named="")
        swapped = self._invoice(self._customer())
        line = self._line(
            swapped.party,
            swapped.due,
            True,
            self._day(),
            scenario="transposed_ref",
            mentions=(Mention(swapped, "swapped"),),
        )
        line.links.append(Link(swapped, swapped.due, swapped.due, False, (swapped,)))
        line.settled_by = ("payment",)
        self._stale()
        alone = self._invoice(self._customer())
        line = self._line(None, alone.due, True, self._day(), scenario="amount_only", channel="counter")
        line.determinable, line.plain = "weak", True
        line.links.append(Link(alone, alone.due, alone.due, False, (alone,)))
        line.settled_by = ("payment",)

    def _stale(self) -> None:
        """The payer copied the reference of an invoice settled long ago; name and amount say which one it is."""
        party = self._customer()
        old = self._invoice(party, day=self._days_ago(70, 100))
        day = business_day(old.day + timedelta(days=21))
        payment = self._world.ledger.pay(old, day, old.due)
        payment.on_statement = day
        claim = Claim("payment", (payment.id,))
        self._line(party, old.total, True, day, mentions=(Mention(old),), claim=claim)
        new = self._invoice(party)
        line = self._line(party, new.due, True, self._day(), scenario="stale_ref", mentions=(Mention(old),))
        line.links.append(Link(new, new.due, new.due, False, (new,)))
        line.settled_by = ("payment",)

    # -- building blocks

    def _paid_in_full(
        self,
        document: Document,
        scenario: str,
        *,
        named: str,
        day: date | None = None,
        determinable: Determinable = "yes",
    ) -> Line:
        mentions: tuple[Mention, ...] = ()
        if named:
            mentions = (Mention(document, "reference" if named == "reference" else "number"),)
        line = self._line(
            document.party,
            document.due,
            document.side == "ACCREC",
            day or self._day(),
            scenario=scenario,
            mentions=mentions,
            determinable=determinable,
        )
        line.links.append(Link(document, document.due, document.due, bool(mentions), (document,)))
        line.settled_by = ("payment",)
        return line

    def _paid(
        self,
        document: Document,
        cents: int,
        scenario: str,
        *,
        words: str = "",
        residual: tuple[str, int] | None = None,
        settled_by: tuple[str, ...] = ("payment",),
    ) -> Line:
        receives = document.side == "ACCREC"
        line = self._line(
            document.party, cents, receives, self._day(), scenario=scenario, mentions=(Mention(document),), words=words
        )
        line.links.append(Link(document, cents, cents, True, (document,)))
        line.settled_by = settled_by
        if residual is not None:
            line.residuals.append(residual)
        return line

    def _together(self, documents: Sequence[Document], scenario: str, mentions: tuple[Mention, ...]) -> None:
        total = sum(document.due for document in documents)
        first = documents[0]
        words = "" if mentions else "per statement"
        line = self._line(
            first.party, total, first.side == "ACCREC", self._day(), scenario=scenario, mentions=mentions, words=words
        )
        line.links += [Link(d, d.due, d.due, bool(mentions), (d,)) for d in documents]
        line.settled_by = ("payment",)

    def _line(
        self,
        party: Party | None,
        cents: int,
        receives: bool,
        day: date,
        *,
        scenario: str = "history",
        mentions: tuple[Mention, ...] = (),
        words: str = "",
        claim: Claim | None = None,
        channel: Channel | None = None,
        determinable: Determinable = "yes",
    ) -> Line:
        usual: Channel = "credit" if receives else "payment"
        return self._world.line(
            Line(
                day,
                receives,
                cents,
                channel or usual,
                name=party.printed if party else "",
                mentions=mentions,
                words=words,
                account=party.account if party else "",
                town=party.town if party else "",
                scenario=scenario,
                determinable=determinable,
                claim=claim,
            )
        )

    def _invoice(self, party: Party, *, least: int = 0, day: date | None = None, order: str = "") -> Document:
        on = day or self._days_ago(8, 40)
        if not least:
            return self._open("ACCREC", party, on, order=order)
        for items in self._world.sales(self._draw, party):
            total = sum(item.gross for item in items)
            if total >= least and self._world.take(total):
                return self._open("ACCREC", party, on, items, order=order)
        raise AssertionError("sales never end")

    def _bill(self, party: Party) -> Document:
        return self._open("ACCPAY", party, self._days_ago(8, 40))

    def _open(self, side: Side, party: Party, day: date, items: tuple[Item, ...] = (), *, order: str = "") -> Document:
        world, draw = self._world, self._draw
        if not items:
            items = world.sale(draw, party) if side == "ACCREC" else world.purchase(draw, party)
        due = day + timedelta(days=draw.choice((14, 20, 30)))
        return world.ledger.document(side, party, day, due, items, rate=world.rate(party, day), reference=order)

    def _day(self) -> date:
        return self._world.week_day(self._draw)

    def _days_ago(self, least: int, most: int) -> date:
        return business_day(days_before(self._world.week, self._draw.randrange(least, most)))

    def _customer(self) -> Party:
        self._next += 1
        return self._customers[self._next % len(self._customers)]

    def _supplier(self) -> Party:
        self._next_supplier += 1
        return self._suppliers[self._next_supplier % len(self._suppliers)]
