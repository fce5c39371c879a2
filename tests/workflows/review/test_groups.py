"""Which proposals are alike."""

from dataclasses import replace
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from finchat.books.documents import Coding
from finchat.books.plan import Proposal
from finchat.ui.review.words import group_title
from finchat.workflows.review.groups import groups, likeness, sums
from tests.ui.samples import PLAN
from tests.workflows.review.made import ACCOUNTS, PAYEES, asking, coded


def test_coded_lines_alike_in_payee_account_and_tax_are_one_group_and_say_so() -> None:
    lines = [coded(n, "Kiwibank", "2.50") for n in range(1, 43)]
    (group,) = groups(lines)
    title = group_title(group, group.proposals, ACCOUNTS, 140)
    assert title == ("42 lines of Kiwibank → 404 Bank Fees, no tax, 105.00 NZD, all alike in payee, account and tax")


def test_a_title_never_loses_its_total() -> None:
    (group,) = groups([coded(n, "A very long payee name of a company", "1000.00") for n in range(1, 4)])
    for width in range(24, 120):
        title = group_title(group, group.proposals, ACCOUNTS, width)
        assert len(title) <= width
        assert "3,000.00 NZD" in title


def test_another_payee_account_tax_tracking_class_or_bank_account_is_another_group() -> None:
    one = coded(1, "Kiwibank")
    link, at = one.links[0], one.line
    assert at is not None
    others = [
        coded(2, "Moa Petroleum"),
        coded(3, "Kiwibank", account="soft"),
        replace(one, links=(replace(link, coding=Coding("fees", "INPUT2")),)),
        replace(one, links=(replace(link, coding=Coding("fees", "NONE", (("Region", "North"),))),)),
        replace(one, certainty="review"),
        replace(one, line=replace(at, account_id="bank-2")),
        replace(one, line=replace(at, currency="USD")),
        asking(4, "Kiwibank"),
    ]
    keys = {likeness(p).key for p in (one, *others)}
    assert len(keys) == len(others) + 1
    assert likeness(coded(9, "Kiwibank", "99.00")) == likeness(one)


def test_payments_are_grouped_by_class_and_situation_not_by_payer() -> None:
    found = {tuple(p.id for p in g.proposals): g.like.situation for g in groups(PLAN.proposals)}
    assert found[("p1",)] == "exact"
    assert found[("p2",)] == "several"
    assert found[("p3",)] == "credit_first"
    assert found[("p4",)] == "part"


def test_certain_groups_come_first_and_questions_last() -> None:
    found = groups([asking(1, "Kiwibank"), coded(2, "Moa", certainty="review"), coded(3, "Kiwibank")])
    assert [g.proposals[0].id for g in found] == ["p3", "p2", "p1"]


@given(st.lists(st.tuples(st.sampled_from(PAYEES), st.integers(1, 9999), st.booleans()), max_size=30))
def test_groups_share_out_every_proposal_once_and_add_up(rows: list[tuple[str, int, bool]]) -> None:
    made: list[Proposal] = [
        asking(n, payee, f"{cents / 100:.2f}") if asks else coded(n, payee, f"{cents / 100:.2f}")
        for n, (payee, cents, asks) in enumerate(rows)
    ]
    found = groups(made)
    assert sorted(p.id for g in found for p in g.proposals) == sorted(p.id for p in made)
    assert len({g.key for g in found}) == len(found)
    parts = sum((sum(sums(g.proposals).values(), D(0)) for g in found), D(0))
    assert parts == sum(sums(made).values(), D(0))
