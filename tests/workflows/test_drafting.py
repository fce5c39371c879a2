"""Invoices, bills, contacts and payments drafted in conversation: what is missing is asked, what contradicts the ledger
is said, and what is approved moves every account as the card says, to the cent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.documents import BankLine, Contact, Document
from finchat.books.invoicing import line_amounts, totals
from finchat.books.plan import DOUBTFUL, Plan
from finchat.books.terms import PaymentTerms
from finchat.connections.toolbox import CallError, CallResult
from finchat.errors import WriteRefused
from finchat.providers.xero import XERO_PROFILE
from finchat.safety.approval import ApprovalDecision, Approve, Edit, ReviewContext, bind
from finchat.safety.policy import Policy, UnattendedRules
from finchat.sandbox.company import SeededCompany
from finchat.sandbox.xero.back_end import XeroBackEnd
from finchat.settings import Home
from finchat.workflows.drafting import (
    Contradiction,
    DocumentFacts,
    Drafted,
    Needs,
    PaymentFacts,
    WantedContact,
    WantedDocument,
    WantedLine,
    WantedPayment,
    draft_contact,
    draft_document,
    draft_payment,
)
from finchat.workflows.drafting.contacts import WantedTerms
from finchat.workflows.editing import edited
from finchat.workflows.plans import load, save
from tests.workflows.desk import Counted, Desk, Scripted, back_end_of, company, open_desk
from tests.workflows.drafted import ANCHOR, document, drafted, line, moved, planned, proposal, undone

EVERYONE = Scripted(only=["p1"])


@pytest.fixture
def seeded() -> SeededCompany:
    return company(1, ANCHOR)


@pytest.fixture
def back_end(seeded: SeededCompany) -> XeroBackEnd:
    return back_end_of(seeded, ANCHOR)


@asynccontextmanager
async def desk_of(back_end: XeroBackEnd, place: Path, **more: Any) -> AsyncIterator[Desk]:
    async with open_desk(back_end, Home(place / "home"), ANCHOR, **more) as desk:
        yield desk


def a_customer(back_end: XeroBackEnd) -> str:
    return str(back_end.db.execute("SELECT name FROM contact WHERE is_customer = 1 ORDER BY seq").fetchone()["name"])


def an_open_invoice(back_end: XeroBackEnd, sql: str = "currency = 'NZD'") -> Any:
    return back_end.db.execute(
        "SELECT number, due, guid FROM document WHERE resource = 'Invoices' AND type = 'ACCREC'"
        f" AND status = 'AUTHORISED' AND due > 100000 AND {sql} ORDER BY seq"
    ).fetchone()


async def written(desk: Desk, plan: Plan) -> None:
    applied = await desk.apply(plan, EVERYONE)
    assert {r.outcome for r in applied.results} == {"committed"}, applied.results
    assert all(r.error is None for r in applied.results), applied.results
    assert applied.differences == ()


# What is approved moves what the card says


async def test_an_approved_invoice_moves_receivables_its_accounts_and_tax_and_is_voided_again(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    lines = (
        line("Design", "25.06", "1"), line("Two days", "25.61", "1", "260"), line("Travel, no tax", "25.63", "2", "200",
             tax_type="ZERORATED"), line("Discount", "-5.00", "1", tracking=("Region=North Island",)),
    )  # fmt: skip
    async with desk_of(back_end, tmp_path) as desk:
        before = await desk.outside.trial_balance(ANCHOR)
        wanted = document(contact=a_customer(back_end), lines=lines, status="AUTHORISED", reference="PO 7")
        plan = await planned(desk, wanted)
        write = proposal(plan).writes[0]
        await written(desk, plan)
        # 3.76 + 3.84 − 0.75: rounded per line and then summed
        assert await moved(desk, before) == {
            "610": Decimal("103.78"), "200": Decimal("-71.32"), "260": Decimal("-25.61"), "820": Decimal("-6.85"),
        }  # fmt: skip
        assert sum(e.base_amount for e in write.effects) == 0
        made = await desk.outside.get("/Invoices", page="1", where=f'Reference=="{write.arguments["reference"]}"')
        (invoice,) = made["Invoices"]
        assert invoice["InvoiceNumber"].startswith("INV-")  # Xero's own sequence
        assert invoice["Reference"].startswith("PO 7 fc-")
        assert invoice["LineItems"][3]["Tracking"][0]["Option"] == "North Island"
        back = await undone(desk, plan)
        assert (proposal(back).kind, proposal(back).writes[0].arguments["status"]) == ("void", "VOIDED")
        await written(desk, back)
        assert await moved(desk, before) == {}


async def test_an_approved_bill_with_tax_in_it_moves_payables_and_is_known_by_the_suppliers_number(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    name = back_end.db.execute("SELECT name FROM contact WHERE is_supplier = 1 ORDER BY seq").fetchone()["name"]
    async with desk_of(back_end, tmp_path) as desk:
        before = await desk.outside.trial_balance(ANCHOR)
        wanted = document(
            "bill", contact=name, lines=(line("Paper", "99.99", "3", "453"),), status="AUTHORISED", number="K-77",
            line_amounts="inclusive",
        )  # fmt: skip
        plan = await planned(desk, wanted)
        await written(desk, plan)
        assert await moved(desk, before) == {
            "800": Decimal("-299.97"),
            "453": Decimal("260.84"),
            "820": Decimal("39.13"),
        }
        again = await drafted(desk, wanted, 2)
        assert isinstance(again.outcome, Drafted)
        assert "has the same number" in " ".join(e.text for e in again.outcome.proposal.evidence if e.kind == DOUBTFUL)


async def test_a_draft_moves_nothing_is_made_for_a_new_contact_and_is_deleted_again(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    async with desk_of(back_end, tmp_path) as desk:
        before = await desk.outside.trial_balance(ANCHOR)
        plan = await planned(desk, document(contact="Tuatara Foods", create_contact=True))
        assert [w.operation for w in proposal(plan).writes] == ["contact.create", "invoice.create"]
        path = save(plan, tmp_path / "plan.json")
        await written(desk, load(path))  # as it comes back from its file
        assert await moved(desk, before) == {}
        (invoice,) = (await desk.outside.get("/Invoices", where='Contact.Name=="Tuatara Foods"'))["Invoices"]
        assert (invoice["Status"], invoice["Total"]) == ("DRAFT", 1725.0)
        back = await undone(desk, plan)
        assert [w.operation for w in proposal(back).writes] == ["invoice.delete"]
        await written(desk, back)
        (invoice,) = (await desk.outside.get("/Invoices", where='Contact.Name=="Tuatara Foods"'))["Invoices"]
        assert invoice["Status"] == "DELETED"


async def test_a_draft_that_somebody_approved_or_paid_since_is_left_to_them(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    async with desk_of(back_end, tmp_path) as desk:
        draft = await planned(desk, document(contact=a_customer(back_end)), 1)
        paid = await planned(desk, document(contact=a_customer(back_end), status="AUTHORISED", reference="x"), 2)
        for plan in (draft, paid):
            await written(desk, plan)
        ids = {plan.id: desk.journal.writes(plan.id)[0].ledger_id for plan in (draft, paid)}
        await desk.outside.post(f"/Invoices/{ids[draft.id]}", {"InvoiceID": ids[draft.id], "Status": "AUTHORISED"})
        await desk.outside.put(
            "/Payments", {"Invoice": {"InvoiceID": ids[paid.id]}, "Account": {"Code": "090"}, "Amount": "25.00"}
        )
        assert not (await undone(desk, draft, 91)).proposals
        assert not (await undone(desk, paid, 92)).proposals


async def test_a_payment_without_a_bank_line_moves_bank_and_receivables_and_is_taken_back(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    invoice = an_open_invoice(back_end)
    wanted = WantedPayment(
        document=invoice["number"], amount="250.00", date="2026-11-18", bank_account="090", reference="counter"
    )
    async with desk_of(back_end, tmp_path) as desk:
        before = await desk.outside.trial_balance(ANCHOR)
        plan = await planned(desk, wanted)
        assert (proposal(plan).line, proposal(plan).line_id, proposal(plan).certainty) == (None, "", "review")
        await written(desk, plan)
        assert await moved(desk, before) == {"090": Decimal("250.00"), "610": Decimal("-250.00")}
        books = await desk.provider.read_books(ANCHOR, ANCHOR, (), ANCHOR)
        assert "counter" in " ".join(p.reference for p in books.payments)
        assert "counter" not in " ".join(past.narration for past in books.history)  # nobody's bank said that
        again = await drafted(desk, wanted, 2)
        assert isinstance(again.outcome, Drafted)
        doubts = [e.text for e in again.outcome.proposal.evidence if e.kind == DOUBTFUL]
        assert [text for text in doubts if "is recorded on" in text]
        await written(desk, await undone(desk, plan))
        assert await moved(desk, before) == {}


async def test_foreign_documents_convert_at_the_rate_a_person_gives_and_the_balances_hold(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    async with desk_of(back_end, tmp_path) as desk:
        before = await desk.outside.trial_balance(ANCHOR)
        asked = await drafted(desk, document(contact=a_customer(back_end), currency="USD"))
        assert isinstance(asked.outcome, Needs)
        assert [one.field for one in asked.outcome.missing] == ["rate"]
        lines = tuple(line(f"Part {n}", f"{33 + n}.33", "1") for n in range(5))
        wanted = document(contact=a_customer(back_end), currency="USD", rate="1.6537", lines=lines, status="AUTHORISED")
        plan = await planned(desk, wanted)
        await written(desk, plan)
        changes = await moved(desk, before)
        assert sum(changes.values()) == 0
        assert changes["610"] == next(
            e.base_amount for e in proposal(plan).writes[0].effects if e.control == "receivables"
        )
        payment = WantedPayment(
            document=str((await desk.outside.get("/Invoices", where='CurrencyCode=="USD"', order="UpdatedDateUTC DESC"))
                         ["Invoices"][0]["InvoiceNumber"]),
            settles_in_full=True, date="2026-11-20", bank_account="090", bank_amount="300.00",
        )  # fmt: skip
        await written(desk, await planned(desk, payment, 3))


async def test_a_contact_is_made_with_all_that_is_known_of_it(back_end: XeroBackEnd, tmp_path: Path) -> None:
    wanted = WantedContact(
        name="Tuatara Foods", email="pay@tuatara.example", phone="09 555 0100", role="supplier",
        address={"line1": "1 Quay St", "city": "Napier", "postal_code": "4110"},
        bill_terms=WantedTerms(kind="of_following_month", day=20),
    )  # fmt: skip
    async with desk_of(back_end, tmp_path) as desk:
        await written(desk, await planned(desk, wanted))
        (made,) = (await desk.outside.get("/Contacts", where='Name=="Tuatara Foods"'))["Contacts"]
        assert made["EmailAddress"] == "pay@tuatara.example"
        assert made["PaymentTerms"] == {"Bills": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}}
        assert made["Addresses"] == [
            {"AddressType": "POBOX", "AddressLine1": "1 Quay St", "City": "Napier", "PostalCode": "4110"}
        ]
    async with desk_of(back_end, tmp_path / "later") as desk:
        found = await drafted(desk, document("bill", contact="tuatara foods", due_date="", date="2026-11-19",
                                             lines=(line(account="453"),)))  # fmt: skip
        assert isinstance(found.outcome, Drafted)
        assert found.outcome.facts["due_date"] == "2026-12-20"


async def test_a_draft_that_is_changed_on_its_card_is_as_sound(back_end: XeroBackEnd, tmp_path: Path) -> None:
    wanted = WantedPayment(
        document=an_open_invoice(back_end)["number"], amount="25", date="2026-11-19", bank_account="090"
    )
    async with desk_of(back_end, tmp_path) as desk:
        plan = await planned(desk, wanted)
        (write,) = proposal(plan).writes
        changes = {"reference": "counter", "amount": "20.00", "date": "2026-11-18"}
        change = Edit(proposal_id="p1", write_id=write.id, changes=changes)
        changed = edited(plan, change, plan_id="20261120-changed", created_at=plan.created_at, keep=frozenset({"p1"}))
        assert XERO_PROFILE.disagreement(proposal(changed), "NZD") is None
        desk.journal.plan_made(changed, made_from=plan.id)
        await written(desk, changed)
        with pytest.raises(WriteRefused):
            edited(
                plan, replace(change, changes={"amount": "25.01"}), plan_id="20261120-changed",
                created_at=plan.created_at, keep=frozenset({"p1"}),
            )  # fmt: skip


class Changing:
    """Changes the one write of a plan, approves what comes of it, and leaves."""

    def __init__(self, **changes: str) -> None:
        self.changes = changes

    async def review(self, plan: Plan, _: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        (write,) = proposal(plan).writes
        if {**write.arguments, **self.changes} != write.arguments:
            yield Edit(proposal(plan).id, write.id, self.changes)
        else:
            yield Approve(bind(plan, proposal(plan), user="tester"))


async def test_a_models_draft_that_a_person_changed_is_still_one_that_no_policy_approves(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    wanted = WantedPayment(
        document=an_open_invoice(back_end)["number"], amount="25", date="2026-11-19", bank_account="090"
    )
    anything = Policy(unattended=UnattendedRules(
        kinds=frozenset({"payment"}), max_amount=Decimal(10**6), max_total_per_day=Decimal(10**6),
        known_counterparties_only=False, expires=date(2099, 12, 31),
    ))  # fmt: skip
    async with desk_of(back_end, tmp_path, policy=anything) as desk:
        plan = await planned(desk, wanted)
        applied = await desk.apply(plan, Changing(amount="20.00"))
        assert [result.outcome for result in applied.now] == ["committed"]
        assert applied.plan.id != plan.id
        assert desk.journal.origins(applied.plan.id) == (plan.id,)
        assert desk.journal.by_model(applied.plan.id)
        verdict = desk.guard.unattended(applied.plan, proposal(applied.plan))
        assert "a model asked for this plan" in verdict.reason


# What is never heard of again is found


class Silent(Counted):
    """The server does what it is asked by one tool, and is never heard of again."""

    after = ""
    _gone = False

    async def call(self, name: str, arguments: Any, **more: Any) -> CallResult:
        if self._gone:
            return CallResult(error=CallError(code="connection_lost", message="no answer", outcome="unknown"))
        found = await super().call(name, arguments, **more)
        if name == self.after:
            self._gone = True
            return CallResult(error=CallError(code="connection_lost", message="no answer", outcome="unknown"))
        return found


@pytest.mark.parametrize("what", ["invoice", "bill", "contact", "payment"])
async def test_a_draft_written_as_the_run_ended_is_found_by_the_next_start_and_never_sent_twice(
    what: str, back_end: XeroBackEnd, tmp_path: Path
) -> None:
    wanted: dict[str, Any] = {
        "invoice": document(contact=a_customer(back_end)),
        "bill": document("bill", contact=a_customer(back_end), lines=(line(account="453"),), number="K 1"),
        "contact": WantedContact(name="Tuatara Foods", email="a@b.example"),
        "payment": WantedPayment(
            document=an_open_invoice(back_end)["number"], amount=7, date="2026-11-20", bank_account="090"
        ),
    }
    async with desk_of(back_end, tmp_path, session=Silent) as desk:
        plan = await planned(desk, wanted[what])
        assert isinstance(desk.session, Silent)
        desk.session.after = proposal(plan).writes[0].tool
        with pytest.raises(Exception, match="no answer"):
            await desk.apply(plan, EVERYONE)
        assert [r.state for r in desk.journal.writes(plan.id)] == ["unknown"]
    async with desk_of(back_end, tmp_path) as desk:
        assert [(r.state, bool(r.ledger_id)) for r in desk.journal.writes(plan.id)] == [("committed", True)]
        again = await desk.apply(plan, EVERYONE)
        assert not [name for name in desk.session.calls if name.startswith("create_")]
        assert {r.error and r.error.code for r in again.results} == {"already_applied"}


async def test_what_changed_since_the_draft_refuses_it(back_end: XeroBackEnd, tmp_path: Path) -> None:
    async with desk_of(back_end, tmp_path) as desk:
        taken = await planned(desk, document(contact=a_customer(back_end), number="ZZ-1"), 1)
        archived = await planned(desk, document(contact=a_customer(back_end)), 2)
        await written(desk, await planned(desk, document(contact=a_customer(back_end), number="ZZ-1"), 3))
        ids = {link.contact_id for link in proposal(archived).links}
        for plan in (taken, archived):
            applied = await desk.apply(plan, EVERYONE)
            assert [(r.outcome, r.error and r.error.code) for r in applied.results] == [("not_sent", "precondition")]
            for id in ids:
                await desk.outside.post(f"/Contacts/{id}", {"ContactID": id, "ContactStatus": "ARCHIVED"})


# What is asked, and what is contradicted. Pure: on facts read once.


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> DocumentFacts:
    async def read() -> DocumentFacts:
        back_end = back_end_of(company(1, ANCHOR), ANCHOR)
        async with desk_of(back_end, tmp_path_factory.mktemp("facts")) as desk:
            return DocumentFacts(
                context=await desk.provider.write_context("20261120-facts000", chart=True), as_of=ANCHOR
            )

    return asyncio.run(read())


def known(facts: DocumentFacts, **more: Any) -> Contact:
    """A local customer without terms of its own."""
    found = next(c for c in facts.context.contacts.values() if c.sales_terms is c.bill_terms is None)
    return replace(found, currency="", **more)


def with_contact(facts: DocumentFacts, *contacts: Contact) -> DocumentFacts:
    return replace(facts, context=replace(facts.context, contacts={c.id: c for c in contacts}))


def asked(outcome: object) -> dict[str, tuple[Any, ...]]:
    assert isinstance(outcome, Needs), outcome
    return {one.field: one.choices for one in outcome.missing}


def refused(outcome: object) -> Contradiction:
    assert isinstance(outcome, Contradiction), outcome
    return outcome


def test_an_invoice_for_an_amount_asks_account_tax_and_what_it_is_for(facts: DocumentFacts) -> None:
    wanted = WantedDocument(type="invoice", contact=known(facts).name, lines=(WantedLine(unit_amount="2500"),))
    missing = asked(draft_document(wanted, facts))
    assert list(missing) == [
        "lines[0].description", "lines[0].account_code", "lines[0].tax_type", "line_amounts", "due_date"
    ]  # fmt: skip
    accounts = {choice["code"] for choice in missing["lines[0].account_code"]}
    assert accounts == {a.code for a in facts.context.accounts.values() if a.kind == "revenue" and a.codable}
    assert {c["tax_type"] for c in missing["lines[0].tax_type"]} == {"OUTPUT2", "ZERORATED", "NONE"}


def test_an_accounts_own_tax_type_is_used_and_said_and_never_one_that_does_not_go_with_it(facts: DocumentFacts) -> None:
    found = draft_document(document(contact=known(facts).name), facts)
    assert isinstance(found, Drafted)
    assert [one.tax_type for one in found.lines] == ["OUTPUT2"]
    assert any("own tax type" in e.text for e in found.proposal.evidence)
    no = refused(draft_document(document(contact=known(facts).name, lines=(line(tax_type="INPUT2"),)), facts))
    assert (no.field, {c["tax_type"] for c in no.choices}) == ("lines[0].tax_type", {"OUTPUT2", "ZERORATED", "NONE"})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": (line(account="999"),)}, "lines[0].account_code"),
        ({"lines": (line(account="610"),)}, "lines[0].account_code"),
        ({"lines": (line(account="090"),)}, "lines[0].account_code"),
        ({"lines": (line(tax_type="GST"),)}, "lines[0].tax_type"),
        ({"lines": (line(item_code="GHOST"),)}, "lines[0].item_code"),
        ({"lines": (line(tracking=("Region=Mars",)),)}, "lines[0].tracking"),
        ({"lines": (line(unit="1.005"),)}, "lines[0].unit_amount"),
        ({"lines": (line(unit="lots"),)}, "lines[0].unit_amount"),
        ({"lines": (line(quantity="0"),)}, "lines[0].quantity"),
        ({"lines": (line("x\x1b[2J"),)}, "lines[0].description"),
        ({"lines": (line("work fc-aaaaaaaaaa"),)}, "lines[0].description"),
        ({"reference": "fc-aaaaaaaaaa"}, "reference"),
        ({"due_date": "2026-01-01"}, "due_date"),
        ({"date": "2026-02-30"}, "date"),
        ({"date": "2020-01-01"}, "date"),
        ({"date": "2026-11-21", "status": "AUTHORISED"}, "date"),
        ({"currency": "kiwi"}, "currency"),
        ({"lines": (line(unit="-1"),)}, ""),
    ],
)
def test_what_the_organisation_does_not_have_is_refused_with_what_it_has(
    change: dict[str, Any], field: str, facts: DocumentFacts
) -> None:
    no = refused(draft_document(document(contact=known(facts).name, **change), facts))
    assert no.field == field
    if field.endswith(("account_code", "tax_type", "tracking")):
        assert no.choices


def test_an_unknown_contact_is_asked_for_with_near_names_and_made_only_when_told(facts: DocumentFacts) -> None:
    one = known(facts)
    missing = asked(draft_document(document(contact=one.name.split()[0]), facts))
    assert one.name in {choice["contact"] for choice in missing["contact"]}
    ghost = document(contact="Zyzzyva Quux")
    assert asked(draft_document(ghost, facts))["contact"] == ()
    made = draft_document(replace(ghost, create_contact=True), facts)
    assert isinstance(made, Drafted)
    assert [w.operation for w in made.proposal.writes] == ["contact.create", "invoice.create"]
    twins = with_contact(facts, one, replace(one, id="another"))
    assert len(asked(draft_document(document(contact=one.name), twins))["contact"]) == 2


def test_a_due_date_comes_from_the_contacts_terms_then_the_organisations_else_it_is_asked(facts: DocumentFacts) -> None:
    own, theirs = PaymentTerms("days_after_date", 14), PaymentTerms("of_following_month", 20)
    wanted = document(contact=known(facts).name, due_date="")
    here = replace(facts.context, organisation=replace(facts.context.organisation, sales_terms=theirs))
    by_organisation = draft_document(wanted, with_contact(replace(facts, context=here), known(facts)))
    assert isinstance(by_organisation, Drafted)
    assert by_organisation.facts["due_date"] == "2026-12-20"
    by_contact = draft_document(wanted, with_contact(replace(facts, context=here), known(facts, sales_terms=own)))
    assert isinstance(by_contact, Drafted)
    assert by_contact.facts["due_date"] == "2026-12-04"
    assert "due_date" in asked(draft_document(wanted, facts))
    # A bill has terms of its own, and terms that give an earlier day than the document's say nothing.
    past = known(facts, bill_terms=PaymentTerms("of_current_month", 1))
    bill = document("bill", contact=past.name, due_date="", lines=(line(account="453"),))
    assert "due_date" in asked(draft_document(bill, with_contact(facts, past)))


def test_a_contact_of_another_currency_is_asked_about(facts: DocumentFacts) -> None:
    abroad = replace(known(facts), currency="USD")
    missing = asked(draft_document(document(contact=abroad.name), with_contact(facts, abroad)))
    assert [choice["value"] for choice in missing["currency"]] == ["USD", "NZD"]


def earlier(facts: DocumentFacts, **change: Any) -> Document:
    one = known(facts)
    values: dict[str, Any] = {
        "id": "d", "type": "invoice", "number": "INV-9", "reference": "", "contact_id": one.id, "contact": one.name,
        "date": ANCHOR - timedelta(days=5), "due_date": None, "currency": "NZD", "total": Decimal("1725.00"),
        "amount_due": Decimal("1725.00"), "status": "open",
    }  # fmt: skip
    return Document(**{**values, **change})


@pytest.mark.parametrize(
    ("change", "doubted"),
    [({}, True), ({"total": Decimal("1725.01")}, False), ({"date": date(2026, 1, 5)}, False),
     ({"status": "void"}, False), ({"contact_id": "x"}, False), ({"type": "bill"}, False)],
)  # fmt: skip
def test_what_may_be_the_same_document_is_said(change: dict[str, Any], doubted: bool, facts: DocumentFacts) -> None:
    there = replace(facts, earlier=(earlier(facts, **change),))
    found = draft_document(document(contact=known(facts).name), there)
    assert isinstance(found, Drafted)
    assert any(e.kind == DOUBTFUL for e in found.proposal.evidence) == doubted


def test_an_item_of_the_ledger_describes_its_line_and_is_read_again(facts: DocumentFacts) -> None:
    there = replace(facts, items={"HOSE": "Garden hose"})
    found = draft_document(document(contact=known(facts).name, lines=(line("", item_code="HOSE"),)), there)
    assert isinstance(found, Drafted)
    write = found.proposal.writes[0]
    assert write.arguments["line_items"][0]["Description"] == "Garden hose"
    assert ("item", "HOSE") in {(c.type, c.id) for c in write.preconditions}
    assert XERO_PROFILE.disagreement(found.proposal, "NZD") is None


async def test_a_contact_made_in_a_run_is_known_to_its_next_draft(back_end: XeroBackEnd, tmp_path: Path) -> None:
    async with desk_of(back_end, tmp_path) as desk:
        await drafted(desk, document(contact=a_customer(back_end)))
        await written(desk, await planned(desk, WantedContact(name="Tuatara Foods"), 2))
        found = await drafted(desk, document(contact="Tuatara Foods"), 3)
        assert isinstance(found.outcome, Drafted)
        assert [w.operation for w in found.outcome.proposal.writes] == ["invoice.create"]


def test_a_number_that_is_taken_is_refused_and_a_bills_reference_is_said_to_be_lost(facts: DocumentFacts) -> None:
    there = replace(facts, earlier=(earlier(facts),))
    assert refused(draft_document(document(contact=known(facts).name, number="INV-9"), there)).field == "number"
    bill = document("bill", contact=known(facts).name, reference="R 1", lines=(line(account="453"),))
    found = draft_document(bill, facts)
    assert isinstance(found, Drafted)
    assert "reference" not in found.proposal.writes[0].arguments
    assert any("'R 1' is left out" in e.text for e in found.proposal.evidence)


def test_every_draft_is_for_review_and_says_where_it_comes_from(facts: DocumentFacts) -> None:
    found = draft_document(document(contact=known(facts).name), facts)
    assert isinstance(found, Drafted)
    assert found.proposal.certainty == "review"
    assert found.proposal.evidence[0].kind == "conversation"


def test_an_equal_contact_is_contradicted_and_a_near_one_said_first(facts: DocumentFacts) -> None:
    one = known(facts)
    assert refused(draft_contact(WantedContact(name=one.name.upper()), facts.context)).field == "name"
    near = WantedContact(name=f"{one.name} North")
    assert one.name in {c["contact"] for c in asked(draft_contact(near, facts.context))["although_similar"]}
    found = draft_contact(replace(near, although_similar=True), facts.context)
    assert isinstance(found, Drafted)
    assert any(one.name in e.text for e in found.proposal.evidence if e.kind == DOUBTFUL)
    for wrong in (
        {"email": "nobody"},
        {"currency": "kiwis"},
        {"sales_terms": WantedTerms(kind="of_current_month", day=40)},
    ):
        assert refused(draft_contact(WantedContact(name="Zyzzyva", **wrong), facts.context))


# Payments


def paying(facts: DocumentFacts, *documents: Document, lines: tuple[BankLine, ...] = (), **more: Any) -> object:
    there = PaymentFacts(context=facts.context, as_of=ANCHOR, documents=documents, near=("INV-90",), lines=lines)
    return draft_payment(WantedPayment(**{"document": "INV-9", **more}), there)


def test_a_payment_is_held_against_what_is_due_before_anything_is_asked(facts: DocumentFacts) -> None:
    due = earlier(facts, amount_due=Decimal("2400.00"), total=Decimal("2400.00"))
    no = refused(paying(facts, due, amount="2000", settles_in_full=True))
    assert no.amounts == {"amount": 2000, "amount_due": Decimal("2400.00"), "amount_due_after": Decimal("400.00")}
    over = refused(paying(facts, due, amount="2500"))
    assert over.amounts["overpayment"] == 100
    assert "overpayment" in over.text
    for amount in ("0", "-1"):
        assert refused(paying(facts, due, amount=amount)).field == "amount"
    whole = paying(facts, due, settles_in_full=True, date="2026-11-20", bank_account="Business Account")
    assert isinstance(whole, Drafted)
    assert whole.amounts == {
        "amount": Decimal("2400.00"), "amount_due": Decimal("2400.00"), "amount_due_after": Decimal("0.00")
    }  # fmt: skip


@pytest.mark.parametrize(("status", "why"), [("paid", "is paid"), ("void", "voided"), ("draft", "draft"),
                                             ("submitted", "approval")])  # fmt: skip
def test_a_document_that_takes_no_payment_is_refused_with_the_reason(
    status: str, why: str, facts: DocumentFacts
) -> None:
    assert why in refused(paying(facts, earlier(facts, status=status), amount="1")).text


def test_what_a_payment_lacks_is_asked(facts: DocumentFacts) -> None:
    missing = asked(paying(facts, earlier(facts)))
    assert list(missing) == ["amount", "bank_account", "date"]
    assert [choice["code"] for choice in missing["bank_account"]] == ["090", "091"]  # not the one in US dollars
    assert asked(paying(facts))["document"] == ({"value": "INV-90"},)
    twins = (earlier(facts), earlier(facts, id="e", type="bill", contact="Another"))
    assert {c["document"] for c in asked(paying(facts, *twins))["document"]} == {"d", "e"}
    one = paying(facts, *twins, contact="another", amount="5", date="2026-11-20", bank_account="090")
    assert isinstance(one, Drafted)
    assert one.facts["document_type"] == "bill"
    for field, text in (
        ("date", "2026-11-21"),
        ("date", "2020-01-01"),
        ("bank_account", "092"),
        ("bank_account", "200"),
    ):
        wanted: dict[str, Any] = {"amount": "1", field: text}
        assert refused(paying(facts, earlier(facts), **wanted)).field == field


def test_a_bank_line_that_shows_the_money_is_said(facts: DocumentFacts) -> None:
    bank = next(a for a in facts.context.accounts.values() if a.code == "090")
    shown = BankLine(
        id="b", source="feed", source_id="b", account_id=bank.id, date=date(2026, 11, 18), direction="receive",
        amount=Decimal("25.00"), currency="NZD", payee="SOMEBODY",
    )  # fmt: skip
    given: dict[str, Any] = {"amount": "25", "bank_account": "090"}
    assert {"value": "2026-11-18"} in asked(paying(facts, earlier(facts), lines=(shown,), **given))["date"]
    found = paying(facts, earlier(facts), lines=(shown,), date="2026-11-18", **given)
    assert isinstance(found, Drafted)
    assert any("SOMEBODY" in e.text for e in found.proposal.evidence if e.kind == DOUBTFUL)
    other = replace(shown, direction="spend")
    assert isinstance(clean := paying(facts, earlier(facts), lines=(other,), date="2026-11-18", **given), Drafted)
    assert not [e for e in clean.proposal.evidence if e.kind == DOUBTFUL]


# Tax per line, then summed


_LINES = st.lists(
    st.tuples(
        st.decimals("0.0001", "99", places=4), st.decimals("-20", "400", places=2),
        st.sampled_from(["OUTPUT2", "ZERORATED", "NONE"]),
    ), min_size=1, max_size=6,
)  # fmt: skip


def test_the_tax_of_each_line_and_their_sum_are_what_the_ledger_posts() -> None:
    back_end = back_end_of(company(1, ANCHOR), ANCHOR)
    (contact,) = back_end.db.execute("SELECT guid FROM contact WHERE status = 'ACTIVE' LIMIT 1").fetchone()
    (tax,) = back_end.db.execute("SELECT guid FROM account WHERE system = 'GST'").fetchone()
    percents = {"OUTPUT2": Decimal(15), "ZERORATED": Decimal(0), "NONE": Decimal(0)}

    @settings(max_examples=25, deadline=None)
    @given(_LINES, st.sampled_from(["Exclusive", "Inclusive", "NoTax"]))
    def holds(lines: list[tuple[Decimal, Decimal, str]], types: Any) -> None:
        mine = [line_amounts(quantity, unit, percents[code], types) for quantity, unit, code in lines]
        whole = totals(mine)
        if whole.total <= 0:
            return
        theirs = posted(back_end, contact, lines, types)
        assert (theirs["TotalTax"], theirs["Total"]) == (whole.tax, whole.total)
        assert [line["LineAmount"] for line in theirs["LineItems"]] == [one.amount for one in mine]
        rows = back_end.db.execute(
            "SELECT sum(amount) FROM posting p JOIN journal j ON j.id = p.journal WHERE j.source = ? AND p.account = ?",
            (theirs["InvoiceID"], tax),
        ).fetchone()
        assert Decimal(-(rows[0] or 0)).scaleb(-2) == whole.tax

    holds()


def posted(back_end: XeroBackEnd, contact: str, lines: list[tuple[Decimal, Decimal, str]], types: str) -> Any:
    """The invoice as the back end answers with it, numbers exact."""
    import json

    from finchat.sandbox.xero.service import Call, Service

    items = [
        {"Description": "x", "Quantity": str(q), "UnitAmount": str(u), "AccountCode": "200", "TaxType": code}
        for q, u, code in lines
    ]
    body = {"Type": "ACCREC", "Contact": {"ContactID": contact}, "Date": "2026-11-20", "Status": "AUTHORISED",
            "LineAmountTypes": types, "LineItems": items}  # fmt: skip
    answer = Service(back_end).answer(Call("PUT", ("Invoices",), {}, body=json.dumps({"Invoices": [body]}).encode()))
    assert answer.status == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)["Invoices"][0]
