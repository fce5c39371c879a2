"""The review screen in a real pseudo-terminal, over the seeded company."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finchat.safety.approval import proposal_sha256
from finchat.store.database import Database
from finchat.workflows.plans import load
from finchat.workflows.review.decisions import Decision, Decisions
from tests import forked
from tests.homes import copied
from tests.ui.screens import NOW, Screen

KEYS = "q leave"
Open = Callable[..., Screen]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW}


def run(home: Path, *arguments: str) -> dict[str, Any]:
    done = forked.run(*arguments, "--json", environment=environment(home))
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == done.returncode
    return found


@pytest.fixture(scope="module")
def planned(company_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose newest plan is a fortnight's, made once."""
    home = copied(company_home, tmp_path_factory.mktemp("fortnight"))
    run(home, "reconcile", "--days", "14")
    return home


@pytest.fixture
def home(planned: Path, tmp_path: Path) -> Path:
    return copied(planned, tmp_path / "home")


@pytest.fixture
def opened(home: Path) -> Iterator[Open]:
    screens: list[Screen] = []

    def start(*arguments: str, **given: Any) -> Screen:
        screens.append(Screen(home, *(arguments or ("review",)), **given))
        return screens[-1]

    yield start
    for screen in screens:
        screen.child.close(force=True)


def rows(home: Path, sql: str, *values: str) -> list[Any]:
    with closing(sqlite3.connect(home / "state.sqlite3")) as state:
        return state.execute(sql, values).fetchall()


def written(home: Path, plan: str = "%") -> int:
    """Writes that the journal knows as committed."""
    (found,) = rows(home, "SELECT count(*) FROM writes WHERE state = 'committed' AND plan_id LIKE ?", plan)
    return int(found[0])


def decisions(home: Path) -> dict[str, str]:
    """What is kept of the review, by proposal."""
    if not rows(home, "SELECT 1 FROM sqlite_master WHERE name = 'review_decisions'"):
        return {}
    return dict(rows(home, "SELECT proposal_id, decision FROM review_decisions"))


def plan_id(home: Path) -> str:
    (path,) = (home / "plans").glob("*.json")
    return path.stem


def approve_without_writing(home: Path, plan_id: str, proposal_id: str) -> None:
    """As if the machine had stopped between the approval and its writing."""
    plan = load(home / "plans" / f"{plan_id}.json")
    proposal = next(p for p in plan.proposals if p.id == proposal_id)
    with Database(home / "state.sqlite3") as database:
        Decisions(database).save(
            plan_id,
            [Decision(proposal_id=proposal_id, proposal_sha256=proposal_sha256(proposal), decision="approved",
                      at=datetime.now(UTC))],
        )  # fmt: skip


def confirmation(screen: Screen) -> str:
    """What the open confirmation asks to be typed, once the group was paged through with Y."""
    left = ""
    for _ in range(12):
        screen.press("Y")

        def moved(text: str, left: str = left) -> bool:
            told = re.search(r"(\d+) rows were not on the screen", text)
            return "to approve them all, type" in text or (told is not None and told.group(1) != left)

        shown = screen.wait(moved)
        if found := re.search(r"to approve them all, type (.+)$", shown, re.MULTILINE):
            return found.group(1).strip()
        left = str(re.search(r"(\d+) rows were not", shown).group(1))  # type: ignore[union-attr]
    pytest.fail("the group was never shown whole")


def test_a_group_is_approved_by_its_count_and_total_and_written_while_one_goes_on(opened: Open, home: Path) -> None:
    screen = opened()
    screen.wait(KEYS)
    wanted = confirmation(screen)
    count, total = wanted.split()
    screen.press("7 1.00\r")
    screen.wait("nothing is approved")
    assert decisions(home) == {}
    assert confirmation(screen) == wanted
    screen.press(f"\x1b[200~{wanted}\x1b[201~")  # pasted: no answer to a confirmation
    screen.press("\r")
    screen.wait("nothing is approved")
    confirmation(screen)
    screen.press(f"{wanted}\r")
    screen.wait(f"{count} of ")
    screen.wait("the ledger shows all")
    screen.press("q")
    assert screen.end() == 3  # the others wait
    assert written(home) == int(count)
    stands = run(home, "review")
    assert (stands["decided"], stands["states"]["written"]) == (int(count), int(count))
    assert stands["amounts"][0]["decided"] == total


def test_a_small_screen_says_so_and_on_a_larger_one_a_row_needs_its_whole_card(opened: Open, home: Path) -> None:
    screen = opened(columns=50, rows=8, NO_COLOR="1")
    screen.wait("needs 60 x 10")
    screen.resize(100, 14)
    screen.wait(KEYS)
    screen.press("\r")
    screen.press("jyyyy")  # one burst: the card opens, and what came with it is thrown away
    screen.wait("lines 1 to")
    screen.press("y")
    screen.wait("the card goes on")
    for _ in range(12):
        screen.press(" ")
        if re.search(r"to (\d+) of \1\b", screen.wait("lines ")):
            break
    screen.wait(lambda text: re.search(r"to (\d+) of \1\b", text) is not None)
    screen.press("y")
    screen.wait("1 of 84")
    screen.wait("1 written now")
    assert written(home) == 1
    screen.press("\x03")
    assert screen.end() == 130
    assert re.search(r"the plan is saved:\s+finchat review \S+ --server", screen.text)


def test_a_group_of_questions_is_answered_at_once_and_makes_one_plan(opened: Open, home: Path) -> None:
    before = set((home / "plans").glob("*.json"))
    screen = opened()
    screen.wait(KEYS)
    screen.press("/")
    screen.wait("\n>")
    screen.press("counter sales\r")
    screen.wait("(2 shown)")
    screen.press("gc")
    screen.wait("Account by code or name")
    screen.press("\x03")
    screen.wait("left: nothing was changed")
    screen.press("c")
    screen.wait("Account by code or name")
    screen.press("99999\r")
    screen.wait(lambda text: "Account by code or name" in text.partition("there is no account '99999'")[2])
    screen.press("200\r")
    screen.wait("Tax code")
    screen.press("OUTPUT2\r")
    screen.wait("Region")
    screen.press("\r")
    screen.wait("Team")
    screen.press("Workshop\r")
    screen.wait("2 lines of Counter Sales → 200 Sales, OUTPUT2, Team: Workshop")
    (made,) = set((home / "plans").glob("*.json")) - before
    screen.press(" ")
    wanted = confirmation(screen)
    screen.press(f"{wanted}\r")
    screen.wait("the ledger shows all 2 writes")
    assert written(home, made.stem) == 2


def test_a_killed_review_goes_on_where_it_stood_and_writes_only_when_told(opened: Open, home: Path) -> None:
    screen = opened()
    screen.wait(KEYS)
    screen.press("/")
    screen.wait("\n>")
    screen.press("class:review\r")
    screen.wait("filter: class:review")
    screen.press("n")
    screen.wait("skipped")
    at = screen.text.splitlines()[3]
    screen.kill()
    approve_without_writing(home, plan_id(home), "p4")
    again = opened()
    shown = again.wait(KEYS)
    assert "filter: class:review" in shown
    assert at[:40] in shown
    assert "1 approved, not yet written" in shown
    assert written(home) == 0
    again.press("w")
    again.wait("y and Enter")
    again.press("\r")
    again.wait("they stay approved")
    again.press("w")
    again.wait("y and Enter")
    again.press("y\r")
    again.wait("1 written now")
    again.press("q")
    again.end()
    assert written(home) == 1
    assert decisions(home) == dict.fromkeys(decisions(home), "skipped")


def test_a_dumb_terminal_is_asked_line_by_line(opened: Open) -> None:
    screen = opened(rows=60, TERM="dumb")
    screen.wait(lambda text: "Approve?" in text or "more lines" in text)
    assert "\x1b" not in screen.text


def test_away_from_a_terminal_it_says_where_it_stands_and_how_to_go_on(home: Path) -> None:
    stands = run(home, "review")
    assert (stands["exit_code"], stands["decided"], stands["approved_not_written"]) == (3, 0, [])
    assert stands["next"] == f"finchat review {stands['plan']['id']}"
    done = forked.run("review", environment=environment(home))
    assert done.returncode == 3
    assert f"  {stands['next']}\n" in done.stdout


def test_an_answer_from_the_command_line_makes_a_new_plan_and_leaves_the_old_one(home: Path) -> None:
    old = plan_id(home)
    before = (home / "plans" / f"{old}.json").read_bytes()
    plan = json.loads(before)
    asks = next(p for p in plan["proposals"] if any(a["required"] and a["contact_id"] for a in p["asks"]))
    wrong = run(home, "plan", "code", old, asks["id"], "--account", "429", "--tax", "OUTPUT2")
    assert (wrong["exit_code"], wrong["error"]["field"]) == (2, "--tax")
    assert "NONE" in wrong["error"]["next"]
    found = run(
        home, "plan", "code", old, asks["id"], "--account", "429", "--tax", "NONE", "--tracking", "Team=Workshop"
    )
    assert found["made_from"] == old
    now = next(p for p in found["plan"]["proposals"] if p["id"] == asks["id"])
    assert [a["answered"]["coding"]["tax_type"] for a in now["asks"]] == ["NONE"]
    assert now["class"] == "review"
    (item,) = now["writes"][-1]["arguments"]["line_items"]
    assert (item["AccountCode"], item["TaxType"]) == ("429", "NONE")
    assert (home / "plans" / f"{old}.json").read_bytes() == before
    assert len(found["plan"]["proposals"]) == len(plan["proposals"])
    again = run(home, "plan", "code", old, asks["id"], "--account", "404", "--tax", "NONE")
    assert again["made_from"] == found["plan"]["id"]  # two answers do not fork
    now = next(p for p in again["plan"]["proposals"] if p["id"] == asks["id"])
    (item,) = now["writes"][-1]["arguments"]["line_items"]
    assert item["AccountCode"] == "404"
    listed = {one["id"] for one in run(home, "plan", "list")["plans"]}
    assert again["plan"]["id"] in listed
    assert listed.isdisjoint({old, found["plan"]["id"]})
