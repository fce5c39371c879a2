"""Every kind of write on QuickBooks over the real server and sandbox: what it posts, how it is read back, taken back,
recovered when its answer is lost, and refused when another client was quicker."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.balances import differences
from finchat.books.documents import Books, Coding, Credit, Document
from finchat.books.matching.verdict import Excess, Refund, Settlement
from finchat.books.plan import Kind, Plan, PlanLine, Proposal, Write
from finchat.books.terms import PaymentTerms
from finchat.providers.quickbooks.profile import QUICKBOOKS_PROFILE
from finchat.providers.writing.coding import codable
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.documents import InvoiceLine, NewContact, NewInvoice
from finchat.providers.writing.parts import Named, Party, Place
from tests.providers.quickbooks.desk import Desk, Made, line, open_desk
from tests.sandbox.quickbooks.seeded import TODAY

Case = tuple[Kind, list[Made], PlanLine | None]
Make = Callable[[Books, WriteContext], Case]
FIRST = Place("p1", "w1")
FEES, SUPPLIES, SERVICES, PRODUCTS = "7", "9", "1", "79"


def after(number: int) -> Place:
    return Place("p1", f"w{number}", tuple(f"w{n}" for n in range(1, number)))


def document(books: Books, type: str, currency: str = "USD") -> Document:
    return next(d for d in books.documents if (d.type, d.status, d.currency) == (type, "open", currency))


def settled(  # noqa: PLR0917 - as they are read
    books: Books, context: WriteContext, type: str, account: str = "35", currency: str = "USD", amount: str = ""
) -> tuple[Made, PlanLine, Document]:
    """A document paid by a bank line, dearer than its own rate where the bank is in another currency."""
    found, bank = document(books, type, currency), context.account(account)
    paid = Decimal(amount) if amount else found.amount_due
    cash = paid if bank.currency == currency else round(paid * (found.rate or 1) * Decimal("1.01"), 2)
    on = line(cash, "receive" if type == "invoice" else "spend", account, currency=bank.currency)
    settlement = Settlement(document_id=found.id, amount=paid, bank_amount=cash)
    made = context.writers.payment(
        context, FIRST, line=on, document=found, settlement=settlement, account=bank, due=found.amount_due
    )
    return made, on, found


def payment(type: str, account: str = "35", currency: str = "USD", amount: str = "") -> Make:
    def make(books: Books, context: WriteContext) -> Case:
        made, on, _ = settled(books, context, type, account, currency, amount)
        return "payment", [made], on

    return make


def kept(books: Books, context: WriteContext) -> Case:
    customer, on = document(books, "invoice"), line("75.00")
    excess = Excess(
        kind="overpayment", contact_id=customer.contact_id, contact=customer.contact, amount=Decimal("75.00")
    )
    return "overpayment", [context.writers.kept(context, FIRST, line=on, excess=excess)], on


def credit_and_document(books: Books, kind: str, type: str) -> tuple[Credit, Document]:
    return next(
        (credit, found)
        for credit in books.credits
        for found in books.documents
        if (credit.kind, credit.type, found.type, found.status) == (kind, type, type, "open")
        and (credit.contact_id, credit.currency) == (found.contact_id, found.currency)
    )


def applied(kind: str, type: str, named: Kind) -> Make:
    def make(books: Books, context: WriteContext) -> Case:
        credit, found = credit_and_document(books, kind, type)
        on = line("500.00", "receive" if type == "invoice" else "spend")
        made = context.writers.allocation(
            context, FIRST, line=on, credit=credit, document=found, amount=min(credit.remaining, found.amount_due),
            due=found.amount_due, remaining=credit.remaining,
        )  # fmt: skip
        return named, [made], on

    return make


def deposit(fee: str = "0") -> Make:
    def make(books: Books, context: WriteContext) -> Case:
        gathered = books.undeposited[:2]
        on = line(sum((one.amount for one in gathered), -Decimal(fee)))
        coding = Coding(FEES, "NON") if Decimal(fee) else None
        bank = context.account("35")
        return (
            "deposit",
            [context.writers.deposit(context, FIRST, line=on, gathered=gathered, account=bank, fee=coding)],
            on,
        )

    return make


def money(direction: str, account: str = "35", *, new: bool = False) -> Make:
    def make(books: Books, context: WriteContext) -> Case:
        on, write = line("42.42", direction, account), context.writers
        coding = Coding(SUPPLIES if direction == "spend" else PRODUCTS, "NON", (("Class", "Workshop"),))
        named: Kind = "spend_money" if direction == "spend" else "receive_money"
        party = Party("32", context.contacts["32"].name)
        if not new:
            return named, [write.money(context, FIRST, line=on, amount=on.amount, party=party, coding=coding)], on
        role: Any = "supplier" if direction == "spend" else "customer"
        maker = write.contact(context, FIRST, name="Brand New", more=NewContact(name="Brand New", role=role))
        made = write.money(
            context, after(2), line=on, amount=on.amount, party=Party("", "Brand New"), coding=coding, contact_from="w1"
        )
        return named, [maker, made], on

    return make


def transfer(books: Books, context: WriteContext) -> Case:
    on = line("99.00", "spend")
    return "transfer", [context.writers.transfer(context, FIRST, line=on, other_account_id="36")], on


def written_off(books: Books, context: WriteContext) -> Case:
    short = document(books, "bill").amount_due - 5
    made, on, found = settled(books, context, "bill", amount=str(short))
    credit = context.writers.credit_note(
        context, after(2), line=on, document=Named.of(found), amount=Decimal("5.00"), coding=Coding(FEES, "NON"),
        text="Discount taken off",
    )  # fmt: skip
    used = context.writers.new_allocation(
        context, after(3), line=on, made=credit[1], document=Named.of(found), due=Decimal("5.00")
    )
    return "payment", [made, credit, used], on


def issued(type: Any, tax: str, account: str, item: str = "", currency: str = "USD") -> Make:
    def make(books: Books, context: WriteContext) -> Case:
        whose = document(books, type, currency)
        to = codable(context, Coding(account, tax))
        one = InvoiceLine(description="Work", quantity=Decimal(3), unit_amount=Decimal("33.37"), to=to, item_code=item)
        rate = None if whose.rate is None else context.writers.known_rate(whose.rate, "document")
        new = NewInvoice(
            type=type, contact=Party(whose.contact_id, whose.contact), date=TODAY, due_date=TODAY + timedelta(30),
            currency=currency, lines=(one, one, one), status="AUTHORISED", rate=rate,
            number="X-77" if type == "bill" else "",
        )  # fmt: skip
        return "create", [context.writers.invoice(context, FIRST, new)], None

    return make


def contact(role: Any) -> Make:
    def make(books: Books, context: WriteContext) -> Case:
        terms = PaymentTerms("days_after_date", 10)
        more = NewContact(
            name="Brand New", role=role, email_address="ap@brandnew.example", address=(("City", "Austin"),),
            sales_terms=terms if role == "customer" else None, bill_terms=terms if role == "supplier" else None,
        )  # fmt: skip
        return "create", [context.writers.contact(context, FIRST, name="Brand New", more=more)], None

    return make


CASES: Mapping[str, Make] = {
    "an invoice paid in part": payment("invoice", amount="10.00"),
    "an invoice in dollars of Canada, paid in the company's": payment("invoice", currency="CAD"),
    "an invoice paid in its own currency": payment("invoice", "23", "CAD"),
    "a bill paid from the bank": payment("bill"),
    "a bill paid by card": payment("bill", "42"),
    "money kept for a customer": kept,
    "an unapplied payment put against an invoice": applied("overpayment", "invoice", "apply_payment"),
    "a credit memo put against an invoice": applied("credit_note", "invoice", "allocation"),
    "a supplier's credit put against a bill": applied("credit_note", "bill", "allocation"),
    "receipts gathered into one deposit": deposit(),
    "receipts gathered, less a fee": deposit("7.50"),
    "money spent": money("spend"),
    "money received": money("receive"),
    "money spent by card": money("spend", "42"),
    "money back on a card": money("receive", "42"),
    "money spent at somebody new": money("spend", new=True),
    "money moved between own accounts": transfer,
    "a bill settled in full by a credit": written_off,
    "an invoice with sales tax": issued("invoice", "TAX", PRODUCTS, "Counter sales"),
    "an invoice in another currency": issued("invoice", "NON", SERVICES, "Hours", "CAD"),
    "a bill": issued("bill", "NON", SUPPLIES),
    "a customer": contact("customer"),
    "a supplier": contact("supplier"),
}


async def drawn(desk: Desk, make: Make) -> Plan:
    books, context = await desk.read()
    return desk.plan(context, *make(books, context))


def stated(plan: Plan) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for effect in (e for p in plan.proposals for w in p.writes for e in w.effects):
        found[effect.account_id] = found.get(effect.account_id, Decimal(0)) + effect.base_amount
    return {id: amount for id, amount in found.items() if amount}


def moved(before: Mapping[str, Decimal], now: Mapping[str, Decimal]) -> dict[str, Decimal]:
    gone = {id: now.get(id, Decimal(0)) - before.get(id, Decimal(0)) for id in {*before, *now}}
    return {id: amount for id, amount in gone.items() if amount}


async def test_every_write_posts_what_its_card_says_is_read_back_and_can_be_taken_back(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for name, make in CASES.items():
            if name in ("a customer", "a supplier", "money spent at somebody new"):
                continue  # these stay
            before = desk.money()
            plan = await drawn(desk, make)
            results = await desk.apply(plan)
            assert {(r.outcome, r.error) for r in results} == {("committed", None)}, (name, results)
            assert moved(before, desk.money()) == stated(plan), name
            if "Canada" in name or "fee" in name or "tax" in name:
                assert differences(plan.expected, await desk.provider.balances(TODAY)) == (), name
            undo = await desk.undo(plan)
            assert (undo.findings, undo.whole) == ((), True), name
            results = await desk.apply(undo.plan)
            assert {(r.outcome, r.error) for r in results} == {("committed", None)}, (name, results)
            assert desk.money() == before, name


@pytest.mark.parametrize("name", ["a customer", "money spent at somebody new"])
async def test_a_new_contact_stays_when_the_rest_is_taken_back(tmp_path: Path, name: str) -> None:
    async with open_desk(tmp_path) as desk:
        before = desk.money()
        plan = await drawn(desk, CASES[name])
        assert {r.outcome for r in await desk.apply(plan)} == {"committed"}
        undo = await desk.undo(plan)
        assert [f.code for f in undo.findings] == ["stays_in_ledger"]
        for proposal in undo.plan.proposals:
            assert [w.operation for w in proposal.writes] == ["purchase.delete"]
            await desk.apply(undo.plan)
        assert desk.money() == before


async def test_a_write_whose_answer_is_lost_is_found_and_not_sent_again(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for make in (CASES["an unapplied payment put against an invoice"], deposit("7.50"), CASES["a bill"]):
            plan = await drawn(desk, make)
            desk.session.lose_answer = True
            (result,) = await desk.apply(plan)
            assert (result.outcome, result.error) == ("committed", None)
        assert [n for n in desk.session.calls if n.startswith(("create", "update"))] == [
            "update_a_quick_books_payment_by_id", "create_a_quick_books_deposit", "create_a_quick_books_bill",
        ]  # fmt: skip


async def test_another_clients_change_between_plan_and_send_is_refused_and_shown(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        plan = await drawn(desk, CASES["an unapplied payment put against an invoice"])
        id = plan.proposals[0].writes[0].arguments["id"]
        theirs = await desk.record(f"payment/{id}")
        await desk.post("payment", {**theirs, "PrivateNote": "Ours, says Pat"})
        before = desk.money()
        (result,) = await desk.apply(plan)
        assert result.outcome == "not_sent"
        assert result.error is not None
        assert "SyncToken of payment" in result.error.message
        assert "noted 'Ours, says Pat'" in result.error.message
        assert desk.money() == before


async def test_a_change_after_the_facts_were_read_is_refused_by_the_version_that_was_approved(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        plan = await drawn(desk, CASES["an unapplied payment put against an invoice"])
        id = plan.proposals[0].writes[0].arguments["id"]
        theirs = await desk.record(f"payment/{id}")

        async def quicker() -> None:
            await desk.post("payment", {**theirs, "PrivateNote": "Ours, says Pat"})

        desk.session.before_write = quicker
        (result,) = await desk.apply(plan)
        assert result.outcome in ("failed", "not_sent")
        assert result.error is not None
        assert (result.error.code, "PrivateNote" in result.error.message) == ("conflict", True)
        now = await desk.record(f"payment/{id}")
        assert (now["PrivateNote"], now["Line"]) == ("Ours, says Pat", theirs["Line"])


async def test_an_applied_payment_keeps_every_line_and_field_it_had(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        first = await drawn(desk, CASES["an unapplied payment put against an invoice"])
        write = first.proposals[0].writes[0]
        before = await desk.record(f"payment/{write.arguments['id']}")
        await desk.apply(first)
        after_it = await desk.record(f"payment/{write.arguments['id']}")
        own = {"SyncToken", "MetaData", "Line", "UnappliedAmt", "LinkedTxn", "sparse"}
        assert {k: v for k, v in after_it.items() if k not in own} == {k: v for k, v in before.items() if k not in own}
        assert after_it["Line"][: len(before["Line"])] == before["Line"]
        # Taking it off again leaves it as it was.
        undo = await desk.undo(first)
        await desk.apply(undo.plan)
        assert (await desk.record(f"payment/{write.arguments['id']}"))["Line"] == before["Line"]


async def test_a_payment_that_was_deposited_since_is_not_taken_back(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        plan = await drawn(desk, payment("invoice", amount="10.00"))
        (result,) = await desk.apply(plan)
        theirs = await desk.record(f"payment/{result.ledger_id}")
        await desk.post("payment", {**theirs, "DepositToAccountRef": {"value": "4"}})
        linked = [{"TxnId": result.ledger_id, "TxnType": "Payment", "TxnLineId": "0"}]
        await desk.post("deposit", {"DepositToAccountRef": {"value": "35"}, "Line": [{"LinkedTxn": linked}]})
        undo = await desk.undo(plan)
        assert [f.code for f in undo.findings] == ["cannot_undo"]
        assert "taken to the bank by a deposit" in undo.findings[0].text


async def test_what_was_moved_elsewhere_since_is_not_taken_back(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        paid, spent = await drawn(desk, payment("invoice", amount="10.00")), await drawn(desk, money("spend"))
        (one,), (other,) = await desk.apply(paid), await desk.apply(spent)
        theirs = await desk.record(f"payment/{one.ledger_id}")
        await desk.post("payment", {**theirs, "DepositToAccountRef": {"value": "36"}})
        theirs = await desk.record(f"purchase/{other.ledger_id}")
        theirs["Line"][0]["AccountBasedExpenseLineDetail"]["AccountRef"] = {"value": "13"}
        await desk.post("purchase", theirs)
        said = [(undo.plan.proposals, undo.findings[0].text) for undo in [await desk.undo(p) for p in (paid, spent)]]
        assert [proposals for proposals, _ in said] == [(), ()]
        assert "changed since: its account is 36, not 35" in said[0][1]
        assert "changed since: the line's account is 13" in said[1][1]


async def test_what_cannot_be_written_safely_is_not_proposed(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        books, context = await desk.read()
        write, bill = context.writers, document(books, "bill")
        credit, found = credit_and_document(books, "overpayment", "invoice")
        paid_out = line("20.00", "spend")
        excess = Excess(kind="overpayment", contact_id=bill.contact_id, contact=bill.contact, amount=Decimal("20.00"))
        with pytest.raises(CannotPropose, match="paid to a supplier"):
            write.kept(context, FIRST, line=paid_out, excess=excess)
        refund = Refund(credit_id=credit.id, amount=Decimal(20), bank_amount=Decimal(20))
        with pytest.raises(CannotPropose, match="its own screens"):
            write.refund(
                context, FIRST, line=paid_out, credit=credit, refund=refund, account=context.account("35"),
                remaining=credit.remaining,
            )  # fmt: skip
        with pytest.raises(CannotPropose, match="another write of this plan changes"):
            write.allocation(
                context, FIRST, line=line("1.00"), credit=credit, document=found, amount=Decimal(1),
                due=found.amount_due, remaining=credit.remaining - 1,
            )  # fmt: skip
        with pytest.raises(CannotPropose, match="works out by itself"):
            write.money(
                context, FIRST, line=line("20.00"), amount=Decimal(20), party=Party("1", "x"),
                coding=Coding(PRODUCTS, "TAX"),
            )  # fmt: skip
        gathered = books.undeposited[:1]
        with pytest.raises(CannotPropose, match="chosen in QuickBooks"):
            write.deposit(
                context, FIRST, line=line(gathered[0].amount - 1), gathered=gathered, account=context.account("35"),
                fee=Coding(FEES, "NON", (("Class", "Workshop"),)),
            )  # fmt: skip


def tampered(proposal: Proposal) -> list[tuple[str, Proposal]]:
    """The proposal with one thing of its first write said or sent otherwise, for each thing that there is."""
    write, *others = proposal.writes
    found = []

    def with_write(name: str, changed: Write) -> None:
        found.append((name, replace(proposal, writes=(changed, *others))))

    for path in _paths(write.arguments):
        arguments = copy.deepcopy(dict(write.arguments))
        *way, last = path
        place: Any = arguments
        for step in way:
            place = place[step]
        place[last] = "1.23" if place[last] != "1.23" else "4.56"
        with_write(f"arguments {path}", replace(write, arguments=arguments))
    with_write("charges", replace(write, arguments={**write.arguments, "ProcessPayment": True}))
    with_write("amount", replace(write, amount=write.amount + 1))
    with_write("tool", replace(write, tool="delete_a_quick_books_payment_by_id"))
    if write.effects:
        with_write("no effects", replace(write, effects=()))
    with_write("no preconditions", replace(write, preconditions=()))
    with_write("no read-back", replace(write, verify=None))
    if write.operation != "transfer.create":  # which consumes the line of the other account too
        with_write("another line's", replace(write, verify={**(write.verify or {}), "fingerprints": ["fp-of-another"]}))
    return found


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, Mapping):
        return [p for key, inner in value.items() for p in _paths(inner, (*path, key))]
    if isinstance(value, list | tuple):
        return [p for at, inner in enumerate(value) for p in _paths(inner, (*path, at))]
    return [path]


# Words that only name what is sent, and ids that the vendor itself compares.
FREE = ("Description", "GivenName", "Address", "City", "DueDate", "TxnTaxCodeRef", "SalesTermRef", "TermRef")


async def test_a_payload_that_says_anything_else_than_its_plan_is_refused(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for name, make in CASES.items():
            if name in ("a customer", "a supplier"):
                continue
            books, context = await desk.read()
            (proposal,) = desk.plan(context, *make(books, context)).proposals
            assert QUICKBOOKS_PROFILE.disagreement(proposal, "USD") is None, name
            for what, changed in tampered(proposal):
                if any(word in what for word in FREE):
                    continue
                assert QUICKBOOKS_PROFILE.disagreement(changed, "USD") is not None, (name, what)
