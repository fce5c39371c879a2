"""The bank reconciliation statement: the bank's balance becomes that of the books, or the difference is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finchat.books.documents import Account, BankLine, BankTransaction, BatchPayment, Books, Payment, Transfer
from finchat.books.statement import BankReconciliation, Explanation, Movement, movements, reconcile

FIRST, LAST = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
BANK = Account(id="bank", code="090", name="Bank", kind="bank", currency="EUR")


def day(n: int) -> dt.date:
    return FIRST + dt.timedelta(days=n)


def line(id: str, n: int, cents: int) -> BankLine:
    return BankLine(
        id=id, source="statement", source_id=id, account_id="bank", date=day(n),
        direction="receive" if cents > 0 else "spend", amount=Decimal(abs(cents)) / 100, currency="EUR",
    )  # fmt: skip


def entry(id: str, n: int, cents: int, *, reconciled: bool = False) -> Movement:
    return Movement(
        ids=(id,), kind="payment", date=day(n), direction="receive" if cents > 0 else "spend",
        amount=Decimal(abs(cents)) / 100, text=id, reconciled=reconciled,
    )  # fmt: skip


def stated(
    closing: int | None,
    book: int | None,
    lines: Sequence[BankLine] = (),
    claims: Mapping[str, Sequence[str]] | None = None,
    entries: Sequence[Movement] = (),
) -> BankReconciliation:
    return reconcile(
        BANK, since=FIRST, as_of=LAST, closing=None if closing is None else Decimal(closing) / 100, lines=lines,
        claims=claims or {}, entries=entries, book=None if book is None else Decimal(book) / 100, reasons={},
    )  # fmt: skip


def test_a_cheque_the_bank_has_not_seen_and_a_fee_the_books_lack_leave_no_difference() -> None:
    one = stated(
        90_500,
        85_750,
        [line("fee", 29, -250), line("paid", 3, 4_000)],
        {"paid": ["p1"]},
        [entry("p1", 2, 4_000), entry("cheque", 20, -5_000)],
    )
    assert one.nil
    assert [(o.movement.ids, o.age_days) for o in one.payments] == [(("cheque",), 9)]
    assert (one.adjusted, one.adjusted_book) == (Decimal("855.00"), Decimal("855.00"))
    assert [(u.line.id, u.signed) for u in one.unrecorded] == [("fee", Decimal("-2.50"))]


def test_what_the_ledger_has_reconciled_is_not_outstanding() -> None:
    assert stated(0, 0, entries=[entry("a", 3, 500, reconciled=True)]).receipts == ()


def test_an_old_entry_is_outstanding_only_where_the_ledger_ticks_entries_off() -> None:
    old = entry("old", -20, -500)
    assert stated(0, 0, entries=[old]).payments == ()
    ticked = stated(500, 0, entries=[old, entry("t", -3, 100, reconciled=True)])
    assert [o.age_days for o in ticked.payments] == [49]
    assert ticked.nil


def test_a_line_recorded_in_part_leaves_its_rest() -> None:
    one = stated(10_250, 10_000, [line("x", 3, 10_250)], {"x": ["p"]}, [entry("p", 3, 10_000)])
    assert (one.nil, one.unrecorded[0].signed) == (True, Decimal("2.50"))


def test_lines_and_entries_that_share_each_other_are_compared_together() -> None:
    lines = [line("a", 3, 600), line("b", 3, 400)]
    assert stated(1_000, 1_000, lines, {"a": ["p"], "b": ["p"]}, [entry("p", 3, 1_000)]).unrecorded == ()


def test_an_entry_dated_after_the_statement_is_not_in_its_balance_yet() -> None:
    one = stated(700, 0, [line("a", 29, 700)], {"a": ["p"]}, [entry("p", 31, 700)])
    assert one.nil
    assert "in the books on 2026-12-02" in one.unrecorded[0].why


def test_a_difference_from_before_the_first_statement_is_explained_by_the_entries_that_sum_to_it() -> None:
    one = stated(1_000, 700, entries=[entry("cheque", -2, -300), entry("other", -9, 900)])
    assert (one.difference, one.explained) == (Decimal("3.00"), True)
    assert [m.ids for m in one.explanations[0].movements] == [("cheque",)]


def test_a_difference_nothing_sums_to_is_said_and_not_explained() -> None:
    one = stated(1_000, 700, entries=[entry("other", -9, 901)])
    assert (one.nil, one.explained) == (False, False)
    assert "3.00 EUR more at the bank than in the books" in one.explanations[0].text


def test_a_file_that_does_not_add_up_explains_the_difference_before_anything_earlier() -> None:
    fault = Explanation(text="the file does not add up", amount=Decimal(5))

    def of(closing: int) -> BankReconciliation:
        return reconcile(
            BANK, since=FIRST, as_of=LAST, closing=Decimal(closing), lines=[], claims={}, entries=[],
            book=Decimal(100), reasons={}, faults=[fault],
        )  # fmt: skip

    assert of(100).explanations == ()
    assert (of(105).explained, of(105).explanations) == (True, (fault,))
    assert (of(112).explained, of(112).explanations) == (False, (replace(fault, amount=None),))


def test_what_is_not_known_is_not_compared() -> None:
    assert stated(None, 700).difference is None
    foreign = stated(700, None)
    assert foreign.difference is None
    assert "base currency" in foreign.explanations[0].text


kinds = st.sampled_from(["both", "books", "bank", "late"])


@given(
    st.integers(-10_000, 10_000), st.lists(st.tuples(kinds, st.integers(0, 29), st.integers(1, 9_999), st.booleans()))
)
def test_whatever_happened_after_the_first_day_the_difference_is_nil(
    opening: int, happened: list[tuple[str, int, int, bool]]
) -> None:
    lines, entries, claims = [], [], {}
    closing = book = opening
    for n, (kind, when, cents, receives) in enumerate(happened):
        signed = cents if receives else -cents
        if kind != "books":
            closing += signed
            lines.append(line(f"l{n}", when, signed))
        if kind != "bank":
            late = kind == "late"
            entries.append(entry(f"e{n}", 33 if late else when, signed))
            book += 0 if late else signed
        if kind in ("both", "late"):
            claims[f"l{n}"] = [f"e{n}"]
    assert stated(closing, book, lines, claims, entries).nil


def test_the_movements_of_an_account_are_its_payments_money_and_transfers() -> None:
    payment = Payment(
        id="p1", date=FIRST, account_id="bank", direction="receive", contact_id="", document_id="d", currency="USD",
        amount=Decimal(10), bank_amount=Decimal(9), reference="INV",
    )  # fmt: skip
    parts = [replace(payment, id=f"b{n}", batch_id="batch", bank_amount=Decimal(n)) for n in (1, 2)]
    money = BankTransaction(
        id="t1", date=FIRST, account_id="bank", direction="spend", kind="money", currency="EUR", amount=Decimal(4),
        coded_to=("x",), lines=1, tax=Decimal(0),
    )  # fmt: skip
    transfer = Transfer(
        id="x1", date=FIRST, from_account="bank", to_account="save", amount=Decimal(5), currency="EUR",
        to_reconciled=True,
    )  # fmt: skip
    books = Books(
        base_currency="EUR",
        as_of=LAST,
        payments=(payment, *parts, replace(payment, id="p2", account_id="clearing")),
        batches=(BatchPayment(id="batch", date=FIRST, account_id="bank", direction="receive", amount=Decimal(3),
                              payment_ids=("b1", "b2")),),
        bank_transactions=(money, replace(money, id="t2", account_id="save"), replace(money, id="x", kind="transfer")),
        transfers=(transfer,),
    )  # fmt: skip
    found = {m.ids: m.signed for m in movements(books, "bank")}
    assert found == {("p1",): Decimal(9), ("batch", "b1", "b2"): Decimal(3), ("t1",): Decimal(-4), ("x1",): Decimal(-5)}
    (other,) = [m for m in movements(books, "save") if m.kind == "transfer"]
    assert (other.signed, other.reconciled) == (Decimal(5), True)
