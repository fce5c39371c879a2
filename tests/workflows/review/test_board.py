"""Decisions that are kept, and a board that comes back as it was left."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from finchat.books.plan import Plan, Proposal
from finchat.safety.results import WriteResult
from finchat.store.database import Database
from finchat.workflows.review.board import Board, Row
from finchat.workflows.review.decisions import Decisions
from finchat.workflows.review.filters import parse
from tests.workflows.review.made import ACCOUNTS, NOW, asking, coded, many, plan_of

PLAN = plan_of(*(coded(n, "Kiwibank") for n in range(1, 6)), *(asking(n, "Moa Petroleum") for n in (6, 7)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Decisions]:
    with Database(tmp_path / "state.sqlite3") as database:
        yield Decisions(database)


def board(store: Decisions, plan: Plan = PLAN, **given: object) -> Board:
    return Board(plan, store, now=lambda: NOW, account_names=ACCOUNTS, **given)  # type: ignore[arg-type]


def test_a_decision_is_there_for_the_next_sitting_with_its_reason(store: Decisions) -> None:
    first = board(store)
    first.decide([first.proposals["p1"]], "skipped")
    first.decide([first.proposals["p2"]], "refused", "not ours")
    again = board(store)
    assert (again.states["p1"], again.states["p2"], again.reasons["p2"]) == ("skipped", "refused", "not ours")
    assert again.tally().decided == 2


def test_every_no_and_its_taking_back_is_recorded_at_once(store: Decisions) -> None:
    told: list[tuple[list[str], str, str]] = []

    def record(_plan: Plan, proposals: Sequence[Proposal], choice: str, reason: str) -> None:
        told.append(([p.id for p in proposals], choice, reason))

    first = board(store, record=record)
    one, two, three = (first.proposals[id] for id in ("p1", "p2", "p3"))
    first.decide(iter([one, two]), "refused", "not ours")
    first.decide([three], "skipped")
    first.decide([one], "approved")
    first.take_back([two, one, three])
    first.decide([three], "approved")
    assert told == [
        (["p1", "p2"], "refused", "not ours"),
        (["p3"], "skipped", ""),
        (["p1"], "approved", ""),
        (["p2", "p1", "p3"], "open", ""),
    ]


def test_an_approval_that_was_not_written_is_held_until_a_person_says_so_again(store: Decisions) -> None:
    first = board(store)
    first.decide([first.proposals[id] for id in ("p3", "p1")], "approved")
    again = board(store)
    assert again.held == {"p1", "p3"}
    assert set(again.release()) == {"p1", "p3"}
    assert again.held == set()


def test_a_decision_about_a_proposal_that_changed_is_void_and_told(store: Decisions) -> None:
    first = board(store)
    first.decide([first.proposals["p1"], first.proposals["p2"]], "approved")
    changed = replace(PLAN, proposals=(coded(1, "Kiwibank", "99.00"), *PLAN.proposals[1:]))
    again = board(store, changed)
    assert [d.proposal_id for d in again.voided] == ["p1"]
    assert again.states["p1"] == "open"
    assert again.held == {"p2"}
    assert board(store, changed).voided == ()  # said once


@pytest.mark.parametrize("place", ["[no json", "5", '{"filter": 5, "cursor": [], "open": 3, "opened": {}, "row": {}}'])
def test_what_nobody_can_have_saved_so_counts_as_undecided(tmp_path: Path, place: str) -> None:
    with Database(tmp_path / "state.sqlite3") as database:
        store = Decisions(database)
        first = board(store)
        first.decide([first.proposals["p1"], first.proposals["p2"]], "approved")
        with database.transaction() as connection:
            connection.execute("UPDATE review_decisions SET at = 'garbage' WHERE proposal_id = 'p1'")
            connection.execute("UPDATE review_decisions SET proposal_sha256 = '' WHERE proposal_id = 'p2'")
            connection.execute("INSERT OR REPLACE INTO review_places VALUES (?, ?, '')", (PLAN.id, place))
        again = board(store)
        assert (again.states["p1"], again.states["p2"], again.held) == ("open", "open", set())


def test_what_was_written_since_is_the_journals_word(store: Decisions) -> None:
    first = board(store)
    first.decide([first.proposals["p1"]], "approved")
    done = (WriteResult(proposal_id="p1", write_id="w1", decision="approved", outcome="committed"),)
    again = board(store, done=done)
    assert again.states["p1"] == "written"
    assert again.held == set()


def test_an_approval_that_came_to_nothing_asks_again_at_the_next_sitting(store: Decisions) -> None:
    first = board(store)
    first.decide([first.proposals["p1"]], "approved")
    first.settle([WriteResult(proposal_id="p1", write_id="w1", decision="void", outcome="not_sent")])
    assert first.states["p1"] == "void"
    assert board(store).states["p1"] == "open"


def test_cursor_filter_and_opened_groups_come_back(store: Decisions) -> None:
    first = board(store)
    first.filter_by("kiwibank >12")
    first.toggle(first.groups[0])
    first.move(3)
    again = board(store)
    assert again.filter.text == "kiwibank >12"
    assert again.row is not None
    assert again.row.key == "p3"
    assert [row.key for row in again.rows] == [row.key for row in first.rows]


def test_a_decision_is_taken_back_until_it_is_written(store: Decisions) -> None:
    first = board(store)
    first.decide([first.proposals["p1"]], "approved")
    assert first.take_back(first.last_decided()) == ("p1",)
    assert store.of(PLAN.id) == {}
    first.decide([first.proposals["p2"]], "approved")
    first.mark("p2", "writing")
    assert first.last_decided() == []


def test_the_review_goes_on_with_the_plan_an_answer_made(store: Decisions) -> None:
    first = board(store)
    first.decide([first.proposals["p1"]], "skipped")
    first.settle([WriteResult(proposal_id="p2", write_id="w1", decision="approved", outcome="committed")])
    kept = [p for p in PLAN.proposals if p.id not in ("p2", "p6")]
    answered = replace(PLAN, id="20261120-review02", proposals=(*kept, coded(6, "Moa Petroleum", certainty="review")))
    first.follow(answered)
    assert store.latest(PLAN.id) == "20261120-review02"
    assert store.of(PLAN.id) == {}
    again = board(store, answered)
    assert again.states["p1"] == "skipped"
    assert (again.tally().decided, again.tally().total) == (2, 7)  # what was written under the first plan counts
    assert again.states["p6"] == "open"


def test_a_group_shows_and_counts_what_the_filter_lets_through(store: Decisions) -> None:
    found = board(store, many(200))
    found.filter_by("status:open class:certain kiwibank")
    for row in found.rows:
        members = found.members(row.group)
        assert members
        assert all("kiwibank" in (p.line.payee if p.line else "").casefold() for p in members)
        assert all(p.certainty == "certain" for p in members)
    group = found.rows[0].group
    found.decide(found.members(group), "skipped")
    assert group.key not in {row.group.key for row in found.rows}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", 7), ("moa", 2), ("404", 5), ("account:404", 5), ("=12.50", 5), (">12.50", 2), ("<13", 5), ("question", 2),
        ("class:review", 2), ("class:c", 5), ("nobody", 0),
    ],
)  # fmt: skip
def test_filters_find_text_amount_account_and_class(store: Decisions, text: str, ids: int) -> None:
    found = board(store)
    found.filter_by(text)
    assert sum(len(found.members(g)) for g in found.groups) == ids


@pytest.mark.parametrize("text", ["class:maybe", "status:gone", ">lots"])
def test_a_wrong_filter_says_what_is_valid_and_changes_nothing(store: Decisions, text: str) -> None:
    found = board(store)
    found.filter_by("moa")
    with pytest.raises(ValueError, match=r"is one of|is not an amount"):
        found.filter_by(text)
    assert found.filter == parse("moa")


def test_next_goes_to_what_waits(store: Decisions) -> None:
    found = board(store)
    found.decide(found.groups[0].proposals, "skipped")
    found.next_open()
    assert found.row == Row(found.groups[1])
