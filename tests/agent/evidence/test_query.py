"""SQL over results: exact, by currency, and every column followed to what it proves."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finchat.agent.facts import Fact, FactPeriod, Filter
from tests.agent.evidence.kept import Session, documents, invoice, listed, xero_invoice

AMOUNTS = st.one_of(
    st.decimals(-(10**6), 10**6, places=2),
    st.decimals(-(10**17), 10**17, places=2),
    st.decimals(-1, 1, places=9),
)


@pytest.fixture
def books(session: Session) -> Session:
    """e1: sales and purchases in two currencies with their lines; e2: their contacts."""
    rows = [xero_invoice(n, (f"{n}.10", "0.05")) for n in range(1, 7)]
    rows += [xero_invoice(n, (f"{n}.10",), CurrencyCode="USD") for n in (7, 8)]
    rows += [xero_invoice(9, ("9.10",), Type="ACCPAY", InvoiceNumber="B-9", Date="2026-09-30")]
    session.keep(listed(rows), "list_all_xero_invoices")
    session.keep(listed([{"ContactID": f"c-{n}", "Name": f"Client {n}"} for n in range(3)]), "list_all_xero_contacts")
    return session


async def proved(session: Session, sql: str) -> Fact:
    """The one fact that a query proves."""
    facts = [fact for fact in (await session.ask(sql))[1] if not fact.opaque]
    assert len(facts) == 1, facts
    return facts[0]


SALES = "type = 'ACCREC' AND currency_code = 'NZD'"


async def test_a_sum_carries_field_currency_conditions_and_kind(books: Session) -> None:
    fact = await proved(books, f"SELECT sum(amount_due) AS total_owed FROM e1 WHERE {SALES}")
    assert (fact.field, fact.value, fact.currency) == ("amount_due", Decimal("21.90"), "NZD")
    assert (fact.derivation, fact.kind, fact.entities) == ("sum(amount_due)", "invoice", frozenset())
    assert Filter(field="type", operator="=", value="ACCREC") in fact.filters


async def test_groups_and_equalities_name_who_a_figure_is_about(books: Session) -> None:
    rows, facts = await books.ask(f"SELECT sum(total) FROM e1 WHERE {SALES} GROUP BY contact_name")
    assert {row["contact_name"] for row in rows} == {"Client 0", "Client 1", "Client 2"}
    assert {(fact.value, *fact.entities) for fact in facts} == {
        (Decimal("9.30"), "Client 0"), (Decimal("5.30"), "Client 1"), (Decimal("7.30"), "Client 2")
    }  # fmt: skip
    fact = await proved(books, f"SELECT count(*) FROM e1 WHERE {SALES} AND contact_name = 'Client 2'")
    assert (fact.field, fact.value, fact.unit, fact.entities) == ("count", Decimal(2), "count", frozenset({"Client 2"}))


async def test_months_give_the_period_they_are(books: Session) -> None:
    for month in ("substr(date, 1, 7)", "strftime('%Y-%m', date)"):
        _, facts = await books.ask(f"SELECT {month} AS m, sum(total) FROM e1 WHERE {SALES} GROUP BY m")
        (period,) = {fact.period for fact in facts}
        assert period is not None
        assert period.first is not None
        assert (period.first.isoformat(), period.last.isoformat()) == ("2026-10-01", "2026-10-31")


async def test_shares_and_differences_are_what_their_derivation_says_and_nothing_else(books: Session) -> None:
    for share in (
        "sum(amount_due) * 100 / sum(total)",
        "sum(amount_due) / sum(total)",
        "sum(amount_due)/sum(total)*100.0",
    ):
        fact = await proved(books, f"SELECT {share} AS amount_due FROM e1 WHERE {SALES}")
        assert (fact.value, fact.unit, fact.field) == (Decimal(100), "percent", "sum(amount_due) / sum(total)")
    fact = await proved(books, f"SELECT round(sum(total) - sum(amount_paid), 2) AS total FROM e1 WHERE {SALES}")
    assert (fact.value, fact.field) == (Decimal("21.90"), "sum(total) - sum(amount_paid)")
    _, facts = await books.ask("SELECT invoice_number, total - amount_paid AS due FROM e1 WHERE total > 8.00")
    assert {(f.value, f.currency, *f.entities) for f in facts} == {
        (Decimal("8.10"), "USD", "INV-8"), (Decimal("9.10"), "NZD", "B-9")
    }  # fmt: skip


async def test_a_join_proves_sums_of_the_table_whose_rows_it_keeps_once(books: Session) -> None:
    joined = "FROM e1 i JOIN e1_line_items l ON l.parent_row_no = i.row_no"
    fact = await proved(
        books, f"SELECT sum(l.line_amount) {joined} WHERE i.type = 'ACCREC' AND i.currency_code = 'NZD'"
    )
    assert (fact.value, fact.currency) == (Decimal("21.90"), "NZD")
    _, doubled = await books.ask(f"SELECT sum(i.total) {joined} WHERE i.currency_code = 'NZD' AND i.type = 'ACCREC'")
    assert [fact.opaque for fact in doubled] == [True]
    named = "SELECT c.name, sum(i.total) FROM e1 i JOIN e2 c ON {} WHERE i.type = 'ACCREC' AND i.currency_code = 'NZD'"
    _, facts = await books.ask(named.format("c.contact_id = i.contact_id") + " GROUP BY c.name")
    assert {(*f.entities, f.opaque) for f in facts} == {(f"Client {n}", False) for n in range(3)}
    # An equal row number is no relation.
    _, facts = await books.ask(named.format("c.row_no = i.row_no") + " GROUP BY c.name")
    assert all(fact.opaque for fact in facts)


LIES = [
    "SELECT 700 AS amount_due, 'Acme' AS contact_name",
    "SELECT 700 AS amount_due, contact_name FROM e1 LIMIT 1",
    "SELECT amount_due + 700 AS amount_due, contact_name FROM e1 WHERE currency_code = 'NZD'",
    "SELECT contact_name, amount_due * 7 AS amount_due FROM e1",
    "SELECT max(amount_due, 700) AS amount_due, contact_name FROM e1",
    "SELECT coalesce(amount_due, 0) AS amount_due, contact_name FROM e1",
    "SELECT sum(700) AS amount_due FROM e1",
    "SELECT sum(CASE WHEN type = 'ACCREC' THEN total END) AS amount_due FROM e1 WHERE currency_code = 'NZD'",
    "SELECT sum(total) AS t FROM e1 WHERE currency_code = 'NZD' AND (type = 'ACCREC' OR type = 'ACCPAY')",
    "SELECT sum(total) AS t FROM e1 WHERE currency_code = 'NZD' AND type = 'ACCREC' AND date < date('2026-11-01')",
    "SELECT sum(t) AS amount_due FROM (SELECT total AS t FROM e1 WHERE currency_code = 'NZD' LIMIT 2)",
    "WITH x AS (SELECT 700 AS due, 'Acme' AS contact_name) SELECT contact_name, sum(due) FROM x GROUP BY 1",
    "SELECT contact_name, 700 AS total FROM e1 UNION SELECT 'Acme', 700",
    "SELECT sum(total) FILTER (WHERE total > 3) AS total FROM e1 WHERE currency_code = 'NZD' AND type = 'ACCREC'",
    "SELECT sum(total) OVER (PARTITION BY currency_code) AS total, contact_name FROM e1",
    "SELECT sum(total) AS total FROM e1 WHERE currency_code = 'NZD'",  # of sales and purchases together
    "SELECT sum(total) AS s FROM e1 WHERE currency_code='NZD' AND type='ACCREC' GROUP BY upper(contact_name)",
    "SELECT sum(DISTINCT total) AS total FROM e1 WHERE currency_code='NZD' AND type='ACCREC'",
    "SELECT sum(a.total) AS total FROM e1 a JOIN e1 b ON a.type=b.type WHERE a.currency_code='NZD' AND a.type='ACCREC'",
    "SELECT (SELECT sum(total) FROM e1 WHERE currency_code='NZD') AS amount_due, contact_name FROM e1",
    "SELECT max(amount_due) AS m FROM e1 WHERE type = 'ACCREC'",  # in which currency?
    "SELECT abs(amount_due) AS amount_due, contact_name FROM e1",
    "SELECT sum(total) / 2 AS total FROM e1 WHERE currency_code='NZD' AND type='ACCREC'",
    "SELECT sum(total) - 1 + 1 AS total FROM e1 WHERE currency_code='NZD' AND type='ACCREC'",
    "SELECT round(total, -2) AS total, contact_name FROM e1",
]  # fmt: skip


@pytest.mark.parametrize("sql", LIES)
async def test_nothing_that_a_query_makes_up_proves_anything(books: Session, sql: str) -> None:
    _, facts = await books.ask(sql)
    assert [fact for fact in facts if not fact.opaque] == []


async def test_an_alias_names_nothing_and_a_column_beside_a_sum_nobody(books: Session) -> None:
    fact = await proved(books, f"SELECT contact_name, sum(total) AS amount_due FROM e1 WHERE {SALES}")
    assert (fact.field, fact.entities) == ("total", frozenset())
    rows, facts = await books.ask(
        "SELECT 'Client 1' AS contact_name, total AS amount_due FROM e1 WHERE invoice_number = 'INV-2'"
    )
    assert rows == [{"contact_name": "Client 1", "amount_due": "2.15"}]
    assert all(fact.opaque for fact in facts)
    # GROUP BY means the field, whatever an alias of that name says.
    _, facts = await books.ask(f"SELECT 'x' AS contact_name, sum(total) FROM e1 WHERE {SALES} GROUP BY contact_name")
    assert {entity for fact in facts for entity in fact.entities} == {"Client 0", "Client 1", "Client 2"}


async def test_what_was_made_up_once_proves_nothing_when_it_is_asked_again(books: Session) -> None:
    await books.ask("SELECT 700 AS amount_due, 'Acme' AS contact_name, 'NZD' AS currency_code")
    _, facts = await books.ask("SELECT contact_name, sum(amount_due) FROM e3 GROUP BY contact_name")
    assert all(fact.opaque for fact in facts)
    values = {fact.value for fact in books.store.facts([Decimal(700)]) if not fact.opaque}
    assert Decimal(700) not in values
    assert "acme" not in books.store.names()


async def test_a_foreign_server_cannot_pass_for_the_query_tool(session: Session) -> None:
    told = {"rows": [{"amount_due": 700}], "columns": [], "sql": "", "lineage": {"columns": [], "filters": []}}
    session.keep(told, "query")
    assert session.store.facts([Decimal(700)])[0].evidence_id == "e1"
    assert session.store.facts([Decimal(700)])[0].entities == frozenset()


ADDED = [
    "SELECT sum(total) FROM e1", "SELECT avg(total) FROM e1 WHERE type = 'ACCREC'", "SELECT total(amount_due) FROM e1",
    "SELECT contact_name, sum(total) FROM e1 GROUP BY contact_name", "SELECT sum(total + 0) FROM e1",
    "SELECT sum(t) FROM (SELECT total AS t FROM e1)", "WITH x AS (SELECT * FROM e1) SELECT sum(total) FROM x",
    "SELECT sum(total) FROM e1 WHERE currency_code = 'NZD' OR 1 = 1", "SELECT sum(total) OVER () FROM e1",
    "SELECT sum(total) FROM e1 WHERE currency_code IN ('NZD', 'USD')", "SELECT sum(line_amount) FROM e1_line_items",
    "SELECT sum(b.total) FROM e1 a JOIN e1 b ON a.row_no = b.row_no WHERE a.currency_code = 'NZD'",
    "SELECT sum(t) FROM (SELECT total AS t FROM e1 UNION ALL SELECT amount_due FROM e1 WHERE currency_code = 'NZD')",
    "SELECT c, sum(t) FROM (SELECT a.currency_code c, b.total t FROM e1 a, e1 b) GROUP BY c",
    "SELECT contact_name FROM e1 GROUP BY contact_name HAVING sum(total) > 1",
    "SELECT contact_name FROM e1 GROUP BY contact_name ORDER BY sum(total)",
    "SELECT (SELECT sum(total) FROM e1) AS x",
]  # fmt: skip


@pytest.mark.parametrize("sql", ADDED)
async def test_amounts_of_several_currencies_are_never_added(books: Session, sql: str) -> None:
    error = await books.refused(sql)
    assert error.code == "query_refused"
    assert "never added" in error.message
    assert "currency_code" in (error.next or "")


async def test_amounts_by_currency_are_added_also_below(books: Session) -> None:
    rows, _ = await books.ask(
        "SELECT c, sum(t) AS s FROM (SELECT currency_code c, total t FROM e1) GROUP BY c ORDER BY c"
    )
    assert rows == [{"c": "NZD", "s": "31.00"}, {"c": "USD", "s": "15.20"}]
    rows, _ = await books.ask("SELECT sum(t) AS s FROM (SELECT total t FROM e1 WHERE currency_code = 'USD')")
    assert rows == [{"s": "15.20"}]
    # What was read without its currency cannot be added later either.
    await books.ask("SELECT total FROM e1")
    assert "never added" in (await books.refused("SELECT sum(total) FROM e5")).message


async def test_arithmetic_is_decimal_and_no_result_shows_binary_noise(session: Session) -> None:
    session.keep({"currency": "NZD", "lines": [{"amount": a, "name": "x"} for a in ("0.10", "0.20", "4.35")]})
    sql = (
        "SELECT sum(amount) a, 0.1 + 0.2 b, 4.35 * 100 c, avg(amount) d, 1.1 - 1.0 e, 7 / 2 f, 1 / 0 g, 5 % 3 h FROM e1"
    )
    rows, _ = await session.ask(sql)
    assert rows == [{"a": "4.65", "b": "0.3", "c": 435, "d": "1.55", "e": "0.1", "f": "3.5", "g": None, "h": 2}]


async def test_numbers_of_more_digits_than_a_double_holds_stay_exact(session: Session) -> None:
    long = ["12345678901234567.89", "12345678901234567.88", "0.01"]
    session.keep({"currency": "NZD", "lines": [{"amount": amount, "name": "x"} for amount in long]})
    rows, facts = await session.ask("SELECT sum(amount) AS s FROM e1")
    assert rows == [{"s": "24691357802469135.78"}]
    assert facts[0].value == Decimal("24691357802469135.78")
    assert [row["amount"] for row in (await session.ask("SELECT amount FROM e1"))[0]] == long
    assert (await session.ask("SELECT amount - 12345678901234567 AS d FROM e1 LIMIT 1"))[0] == [{"d": "0.89"}]
    for sql in (
        "SELECT name FROM e1 WHERE amount > 5",
        "SELECT max(amount) FROM e1",
        "SELECT name FROM e1 ORDER BY amount",
    ):
        assert "more than 15 digits" in (await session.refused(sql)).message


@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(["A", "B"])), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sums_are_those_of_decimal(session: Session, rows: list[tuple[Decimal, str]]) -> None:
    kept = session.keep(documents(invoice(1, contact, amount_due=f"{amount:f}") for amount, contact in rows))
    found, facts = asyncio.run(session.ask(f"SELECT contact, sum(amount_due) AS s FROM {kept.id} GROUP BY contact"))
    wanted = {c: sum((a for a, b in rows if b == c), Decimal(0)) for _, c in rows}
    assert {row["contact"]: Decimal(row["s"]) for row in found} == wanted
    assert {next(iter(fact.entities)): fact.value for fact in facts} == wanted


async def test_dates_texts_and_numbers_in_quotes_compare_as_they_should(books: Session) -> None:
    for condition, count in {
        "amount_due > 5": 5, "amount_due > '5'": 5, "date >= '2026-10-01'": 8, "invoice_number = 'INV-3'": 1,
        "amount_due BETWEEN 3.15 AND 5.15": 3, "lower(contact_name) = 'client 1'": 3, "status IS NOT NULL": 9,
        "contact_name LIKE 'client%'": 9, "type IN ('ACCPAY')": 1,
    }.items():  # fmt: skip
        assert (await books.ask(f"SELECT count(*) AS n FROM e1 WHERE {condition}"))[0] == [{"n": count}], condition


async def test_reports_prove_sums_over_accounts_alone(session: Session) -> None:
    rows = [{"row": "account", "name": n, "amount": a} for n, a in (("Rent", "5.00"), ("Wages", "7.00"))]
    report = {"titles": ["1 July 2026 to 30 September 2026"], "columns": ["30 Sep 2026"]}
    session.keep({"records": [*rows, {"row": "summary", "name": "Total", "amount": "12.00"}], "report": report})
    fact = await proved(session, "SELECT sum(amount) FROM e1 WHERE row = 'account'")
    assert fact.value == 12
    assert fact.period == FactPeriod(first=fact.period.first, last=fact.period.last) if fact.period else False
    assert (await session.ask("SELECT sum(amount) FROM e1"))[1][0].opaque


async def test_lineage_is_there_for_a_later_process(books: Session) -> None:
    await books.ask(f"SELECT sum(amount_due) AS due FROM e1 WHERE {SALES}")
    before = list(books.store.facts(()))
    books.store.close()
    later: Any = Session(books.file.parent.parent)
    assert list(later.store.facts(())) == before
    later.store.close()
