"""Money between own accounts: two statement lines are one transfer, each line in one pair at most."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.documents import Account, BankLine, Books, Contact
from finchat.books.matching import Verdict, match
from finchat.books.matching.verdict import OwnTransfer
from tests.books.make import ACCOUNTS, BANK, DAY, SAVINGS, bill, books, line, money, only

OUT = line("TO RAINY DAY 8812", "500.00", "out", direction="spend")
IN = line("CREDIT", "500.00", "in", account_id="savings", date=DAY + dt.timedelta(days=1))
EVERYDAY = replace(BANK, bank_account="12-3456-0001111-00")
NUMBERED = (EVERYDAY, SAVINGS, *ACCOUNTS[2:])


def told(v: Verdict) -> tuple[str, str, bool, OwnTransfer | None]:
    return v.situation, v.status, v.certain, v.transfer


def test_both_lines_of_a_transfer_point_at_each_other() -> None:
    out, into = match(books(OUT, IN))
    assert told(out) == ("transfer", "settle", True, OwnTransfer(account_id="savings", line_id="in"))
    assert told(into) == ("transfer", "settle", True, OwnTransfer(account_id="bank", line_id="out"))
    assert out.settlements == into.settlements == ()
    assert "2026-11-18" in out.reason


def test_the_receiving_line_may_be_the_one_that_names_the_other_account() -> None:
    out = replace(OUT, narration="PAYMENT")
    into = replace(IN, narration="FROM 12-3456-0001111-00")
    assert all(v.certain for v in match(books(out, into, accounts=NUMBERED)))


@pytest.mark.parametrize(
    "other",
    [
        replace(IN, amount=Decimal("500.01")),
        replace(IN, direction="spend"),
        replace(IN, date=DAY + dt.timedelta(days=9)),
        replace(IN, account_id="bank"),
    ],
)
def test_a_line_that_is_not_the_other_side_is_not_paired(other: BankLine) -> None:
    out, _ = match(books(OUT, other))
    assert told(out) == ("transfer", "review", False, OwnTransfer(account_id="savings"))


def test_a_line_whose_counterparty_is_an_own_account_is_a_transfer_without_the_other_statement() -> None:
    alone = replace(OUT, narration="PAYMENT", counterparty_account="12 3456 0008812 00")
    assert told(only(match(books(alone)))) == ("transfer", "settle", True, OwnTransfer(account_id="savings"))


def test_an_own_account_that_a_contact_has_too_or_that_booked_the_money_is_for_a_person() -> None:
    alone = replace(OUT, narration="PAYMENT", counterparty_account="12 3456 0008812 00")
    shared = books(alone, contacts=(Contact(id="me", name="Director", bank_account="12-3456-0008812-00"),))
    booked = books(alone, bank_transactions=(money("500.00", "sales", account_id="savings"),))
    for held in (shared, booked):
        assert told(only(match(held))) == ("transfer", "review", False, OwnTransfer(account_id="savings"))


def test_own_money_without_the_name_of_an_account_is_paired_for_a_person() -> None:
    out = replace(OUT, narration="HARBOUR TRADERS OWN FUNDS")
    found = match(books(out, IN, own_names=("Harbour Traders Ltd",)))
    assert [told(v)[:3] for v in found] == [("transfer", "review", False)] * 2
    assert [v.transfer.line_id for v in found if v.transfer] == ["in", "out"]


def test_lines_that_name_nobody_are_no_transfer_however_alike() -> None:
    found = match(books(replace(OUT, narration="PAYMENT"), IN))
    assert not any(v.transfer for v in found)


def test_as_many_equal_lines_out_as_in_are_paired_one_to_one_and_a_third_is_for_a_person() -> None:
    out2, in2 = replace(OUT, id="out2", source_id="out2"), replace(IN, id="in2", source_id="in2")
    both = match(books(OUT, out2, IN, in2))
    assert all(v.certain for v in both)
    assert sorted(v.transfer.line_id for v in both if v.transfer) == ["in", "in2", "out", "out2"]
    three = match(books(OUT, out2, IN))
    assert not any(v.certain for v in three)
    paired = [v.line_id for v in three if v.transfer and v.transfer.line_id]
    assert sorted(paired) in (["in", "out"], ["in", "out2"])


def test_accounts_in_two_currencies_are_for_a_person() -> None:
    dollars = Account(id="usd", code="095", name="Dollars 7001", kind="bank", currency="USD", accepts_payments=True)
    out = line("TO DOLLARS 7001", "1650.00", "out", direction="spend")
    into = line("CREDIT", "1000.00", "in", account_id="usd", currency="USD")
    held = books(out, into, accounts=(*ACCOUNTS, dollars), rates={DAY: {"USD": Decimal("1.64")}})
    one, other = match(held)
    assert told(one) == ("transfer", "review", False, OwnTransfer(account_id="usd", line_id="in"))
    assert told(other) == ("transfer", "review", False, OwnTransfer(account_id="bank", line_id="out"))
    assert "NZD and USD" in one.reason
    unknown = match(replace(held, rates={}))[0]
    assert told(unknown) == ("transfer", "review", False, OwnTransfer(account_id="usd"))


def test_a_line_that_names_a_bill_is_paid_and_is_nobodys_other_side() -> None:
    named = replace(OUT, narration="MOANA FREIGHT BILL-8841 RAINY DAY 8812")
    out, into = match(books(named, IN, documents=(bill("BILL-8841", "moana", "500.00"),)))
    assert out.situation == "exact"
    assert into.transfer is None


def test_a_transfer_that_the_ledger_has_on_one_side_is_not_recorded_again() -> None:
    held = books(OUT, IN, bank_transactions=(money("500.00", "savings", "T1", kind="transfer", direction="spend"),))
    out, into = match(held)
    assert out.status == "already_settled"
    assert not into.certain


@st.composite
def own_lines(draw: st.DrawFn) -> Books:
    third = Account(id="third", code="092", name="Petty Cash 9001", kind="bank", currency="NZD")
    texts = st.sampled_from(["TO RAINY DAY 8812", "FROM EVERYDAY", "PETTY CASH 9001", "HARBOUR TRADERS", "CREDIT"])
    lines = [
        line(
            draw(texts),
            draw(st.sampled_from(["10.00", "20.00"])),
            f"L{i}",
            account_id=draw(st.sampled_from(["bank", "savings", "third"])),
            direction=draw(st.sampled_from(["receive", "spend"])),
            date=DAY + dt.timedelta(days=draw(st.integers(-3, 3))),
        )
        for i in range(draw(st.integers(0, 9)))
    ]
    return books(*lines, accounts=(*ACCOUNTS, third), own_names=("Harbour Traders Ltd",))


@settings(max_examples=80, deadline=None)
@given(own_lines())
def test_no_line_is_in_two_transfers_and_the_two_sides_agree(held: Books) -> None:
    lines = {x.id: x for x in held.lines}
    verdicts = {v.line_id: v for v in match(held)}
    for v in verdicts.values():
        if v.transfer is None or not v.transfer.line_id:
            continue
        one, other = lines[v.line_id], lines[v.transfer.line_id]
        back = verdicts[other.id]
        assert back.transfer == OwnTransfer(account_id=one.account_id, line_id=one.id)
        assert v.transfer.account_id == other.account_id != one.account_id
        assert (v.certain, v.status) == (back.certain, back.status)
        assert (one.amount, one.currency) == (other.amount, other.currency)
        assert one.direction != other.direction
    assert match(replace(held, lines=held.lines[::-1]))[::-1] == tuple(verdicts[x.id] for x in held.lines)
