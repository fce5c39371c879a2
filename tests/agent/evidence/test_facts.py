"""What results prove: each value with what it is about, its field, its currency and its period."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finchat.agent.facts import Fact, FactPeriod, Filter
from tests.agent.evidence.kept import Session, documents, invoice, listed, xero_invoice

SEPTEMBER = FactPeriod(first=date(2026, 7, 1), last=date(2026, 9, 30))
PNL = {
    "currency": "NZD",
    "period": {"from": "2026-07-01", "to": "2026-09-30"},
    "compare": {"from": "2026-04-01", "to": "2026-06-30"},
    "lines": [
        {"code": "200", "name": "Sales", "section": "revenue", "amount": "900.00", "compare": "700.00", "share": "0.75"}
    ],
    "totals": {"revenue": "1200.00", "gross_profit": "700.10"},
    "ratios": {"gross_margin": "0.5834", "net_margin": None},
    "days": 92,
}


def read(session: Session, values: Collection[Decimal | date | str] | None = None) -> list[Fact]:
    return [fact for fact in session.store.facts(values) if not fact.derivation]


def only(facts: list[Fact], **told: Any) -> Fact:
    found = [fact for fact in facts if all(getattr(fact, name) == value for name, value in told.items())]
    assert len(found) == 1, found
    return found[0]


def test_an_amount_knows_its_document_contact_currency_and_day(session: Session) -> None:
    session.keep(documents([invoice(1), invoice(2, "Beta", currency="USD")]))
    found = only(read(session), value=Decimal("2.25"))
    assert (found.field, found.unit, found.currency, found.kind) == ("amount_due", "money", "USD", "invoice")
    assert found.entities == {"INV-2", "Beta"}
    assert found.period == FactPeriod(first=None, last=date(2026, 11, 20))
    assert found.path == "documents[1].amount_due"
    assert only(read(session), field="due_date", record=found.record).value == date(2026, 10, 31)
    assert only(read(session), field="days_overdue", record=found.record).unit == "count"


def test_a_line_belongs_to_its_invoice_and_contact(session: Session) -> None:
    session.keep(listed([xero_invoice(1, ("10.00", "20.00"))]), "list_all_xero_invoices")
    found = only(read(session), value=Decimal("20.00"))
    assert (found.field, found.currency, found.kind) == ("line_amount", "NZD", "line_item")
    assert found.entities == {"INV-1", "Client 1", "200", "Hours"}
    assert found.path == "records[0].LineItems[1].LineAmount"


def test_figures_of_a_period_carry_it_and_those_beside_them_the_one_they_are_compared_with(session: Session) -> None:
    session.keep(PNL, "profit_and_loss")
    facts = read(session)
    profit, margin = only(facts, field="gross_profit"), only(facts, field="gross_margin")
    assert (profit.value, profit.unit, profit.period) == (Decimal("700.10"), "money", SEPTEMBER)
    assert not profit.entities
    assert (margin.value, margin.unit) == (Decimal("58.34"), "percent")
    assert only(facts, value=Decimal("900.00")).entities == {"Sales", "200"}
    assert only(facts, field="share").value == Decimal("75.00")
    assert only(facts, field="compare").period == FactPeriod(first=date(2026, 4, 1), last=date(2026, 6, 30))


def test_a_payment_is_about_its_invoice_and_the_banks_side_is_in_no_known_currency(session: Session) -> None:
    payment = {
        "PaymentID": "p-1", "Amount": "231.50", "BankAmount": "245.00", "Date": "2026-11-02",
        "Account": {"Code": "090", "Name": "Business"},
        "Invoice": {"InvoiceNumber": "SI-1", "CurrencyCode": "USD", "Contact": {"Name": "Acme"}, "Total": "400.00"},
    }  # fmt: skip
    session.keep(listed([payment]), "list_all_xero_payments")
    facts = read(session)
    paid = only(facts, field="amount")
    assert (paid.currency, paid.kind) == ("USD", "payment")
    assert paid.entities == {"SI-1", "Acme", "090", "Business"}
    assert only(facts, field="bank_amount").currency is None
    assert only(facts, field="invoice_total").value == 400


def test_only_what_was_asked_for_is_given_in_any_of_its_forms(session: Session) -> None:
    session.keep(PNL, "profit_and_loss")
    session.keep(documents(invoice(n, amount_due=f"-{n}.30") for n in range(300, 340)))
    asked: list[tuple[Decimal | date | str, set[str]]] = [
        (Decimal("58.3"), {"gross_margin"}), (Decimal("700"), {"gross_profit", "compare"}),
        (Decimal("700.10"), {"gross_profit"}), (Decimal("-700.1000"), {"gross_profit"}),
        (Decimal("311.30"), {"amount_due"}), (Decimal("312"), {"amount_due", "total"}), ("inv-333", {"number"}),
        (date(2026, 10, 2), set()), ("nobody", set()), (Decimal("58.4"), set()), (Decimal("1.2E+3"), {"revenue"}),
    ]  # fmt: skip
    for value, fields in asked:
        found = {f.field for f in read(session, [value]) if f.unit != "date" and f.field != "days_overdue"}
        assert found == fields, value


def test_a_record_that_is_found_tells_its_days(session: Session) -> None:
    session.keep(documents(invoice(n) for n in range(9)))
    found = read(session, [Decimal("4.25")])
    assert {f.field: f.record for f in found} == dict.fromkeys(
        ("amount_due", "date", "due_date", "days_overdue"), "e1/documents[4]"
    )


def test_totals_carry_the_conditions_their_records_were_fetched_by(session: Session) -> None:
    where = 'Type=="ACCREC" AND DueDate<DateTime(2026, 11, 1) AND Contact.Name=="Client 1"'
    session.keep(listed([xero_invoice(n) for n in (1, 4)]), "list_all_xero_invoices", where=where, page_size=100)
    total = only(list(session.store.facts(())), derivation="sum(amount_due)")
    assert total.filters == (
        Filter(field="type", operator="=", value="ACCREC"),
        Filter(field="due_date", operator="<", value="2026-11-01"),
        Filter(field="contact_name", operator="=", value="Client 1"),
    )
    assert (total.value, total.kind, total.opaque) == (Decimal(200), "invoice", False)
    assert total.entities == {"Client 1"}
    session.keep(listed([xero_invoice(1), xero_invoice(2)]), "list_all_xero_invoices", where='A==1 OR B.Contains("x")')
    told = [f.filters for f in session.store.facts(()) if f.evidence_id == "e2" and f.derivation == "count(rows)"]
    assert told == [(Filter(field="where", operator="matches", value='A==1 OR B.Contains("x")'),)] * 2


def test_what_a_model_had_drafted_is_true_of_the_draft_alone(session: Session) -> None:
    line = {"description": "Hours", "quantity": "10", "unit_amount": "70.00", "line_amount": "700.00"}
    told = {"contact": "Acme", "total": "700.00", "amount_due": "3.00", "currency": "NZD", "lines": [line, line]}
    session.keep({"plan_id": "p1", "status": "proposed", **told}, "draft_invoice", type="bill", contact="Acme")
    session.keep({"status": "contradiction", **told}, "draft_payment")
    draft = (Filter(field="status", operator="=", value="draft"),)
    assert {fact.filters for fact in read(session) if fact.field != "amount_due"} == {draft}
    assert {fact.kind for fact in read(session)} == {"bill", "payment", "line"}
    assert only(read(session), field="amount_due", kind="bill").filters == ()
    assert all(fact.filters[-1:] == draft for fact in session.store.facts() if fact.derivation)


def test_the_organisation_has_a_name_and_its_figures_are_about_nobody(session: Session) -> None:
    session.keep({"organisation": "Kōwhai (Demo)", **PNL}, "profit_and_loss", period="last quarter")
    assert session.store.names()["kōwhai (demo)"] == session.store.names()["kōwhai"] == {"organisation"}
    assert not only(read(session), field="gross_profit").entities
    assert all(not fact.filters for fact in session.store.facts())


def test_errors_words_and_free_text_prove_nothing(session: Session) -> None:
    session.keep({"note": "Acme owes 700.00", "description": "700.00", "hint": "2026-10-31 700", "ok": True})
    session.keep({"documents": [invoice(1, description="Beta Ltd", reference="PO 9")]})
    assert [f.field for f in read(session, [Decimal(700)])] == []
    assert only(read(session), field="reference").unit == "identifier"


def test_a_line_is_called_by_its_description_unless_that_may_be_somebodys_name(session: Session) -> None:
    session.keep(documents([invoice(1, "Bob", description=what) for what in ("Hours", "Beta", "On INV-7 of May")]))
    assert session.store.names()["beta"] == session.store.names()["hours"] == {"line"}
    session.keep({"contacts": [{"name": "Beta Tools Ltd", "number": "INV-7"}]})
    assert not {"beta", "on inv-7 of may"} & session.store.names().keys()
    called = {name for fact in read(session) if fact.evidence_id == "e1" for name in fact.entities}
    assert called == {"INV-1", "Bob", "Hours"}


def test_the_vocabulary_says_what_each_name_is(session: Session) -> None:
    session.keep(listed([xero_invoice(1)]), "list_all_xero_invoices")
    session.keep({"accounts": [{"code": "404", "name": "Bank Fees", "type": "EXPENSE"}]}, "chart")
    names = session.store.names()
    assert names["inv-1"] == {"invoice"}
    assert names["client 1"] == {"contact"}
    assert names["404"] == names["bank fees"] == {"account"}
    assert "nzd" not in names


ODD: list[dict[str, Any]] = [
    {}, {"records": []}, {"records": [None, 1, "x", []]}, {"records": {"a": 1}}, {"records": [{}]}, {"": {"": ""}},
    {"records": [{"LineItems": [1, 2]}, {"LineItems": {"a": [[]]}}], "total": "many"}, {"a": [{"b": [{"c": [{}]}]}]},
    {"report": {"titles": [1], "columns": None}, "records": [{"row": "line", "name": None, "amounts": ["1.0", None]}]},
    {"period": {"from": "2026-13-01", "to": 5}, "currency": 7, "x": "9" * 400}, {"date": "2026-02-30", "n": "1e9"},
    {"total": "-0.00", "amount": "0" * 50, "amount_due": " 5.00"}, {"Due": {"Due": {"amount_due": "1.00"}}},
]  # fmt: skip


for _deep in range(250):
    ODD[-1] = {"name": "x", "amount": "1.00", "inner": [ODD[-1]], "other": {"a": ODD[-1]} if _deep < 5 else 1}


@pytest.mark.parametrize("data", ODD)
async def test_no_shape_a_stranger_sends_ends_a_run(session: Session, data: dict[str, Any]) -> None:
    kept = session.keep(data, "some_tool", where="((((", page=True, x=None)
    assert len(kept.view) < 8000
    assert all(isinstance(fact.value, Decimal | date | str) for fact in session.store.facts())
    session.store.facts([Decimal("1.00")])
    session.store.names()
    await session.tools.call("query", {"sql": f"SELECT * FROM {kept.id}"})
