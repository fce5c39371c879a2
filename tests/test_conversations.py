"""The conversations of the domain, through `finchat ask`, with a scripted model that knows nothing of the company.

What a script says is computed from the tool results it was sent; what it should have said is computed from the ledger's
own file. The same scripts pass on four companies, two of them in the long run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any

import pexpect
import pytest
from jsonschema import Draft202012Validator

from finchat.app.schemas import PUBLISHED
from tests import forked
from tests.conversation_cases import CASE, CASES, NOW, TODAY, Case, a_document, cells, last_quarter
from tests.outside import Ledger, money
from tests.scripted.conversations import matching
from tests.scripted.conversations.hostile import TWINS, repents
from tests.scripted.conversations.speaking import amount
from tests.scripted.conversations.speaking import day as spoken
from tests.scripted.conversations.together import together
from tests.scripted.server import Script, ScriptedModel

HONEST = {  # the conversation that each twin is of
    "Swapped customers": "Late",
    "A shifted period": "Profit and loss",
    "A wrong field": "An invoice",
    "An unlisted sum": "Late",
    "A claim that something was recorded": "A part payment",
}
RECONCILE = "Match past-due invoices to the deposits of the last two days and record the payments."
APPROVE = r"Approve\?[^:]*: "
# Each conversation on the first company goes one of the ways to a model, all of them on the others.
WAYS = ((), ("--no-stream",), ("--api", "responses"), ("--api", "responses", "--no-stream"))
OTHERS = [
    pytest.param(2, WAYS[1], marks=pytest.mark.slow),
    pytest.param(3, WAYS[2], marks=pytest.mark.slow),
    pytest.param(4, WAYS[3]),
]
Company = Callable[[int], Path]
AtTerminal = Callable[[int, Script, str], tuple[Path, "pexpect.spawn[str]"]]


def environment(home: Path, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return {**clean, "FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, **more}


def finchat(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return forked.run(*arguments, environment=environment(home))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A home with the company of a seed, which is made once: each has a call budget of its own, so that nobody waits
    for another's calls."""
    made: dict[int, Path] = {}

    def copy(seed: int) -> Path:
        if seed not in made:
            made[seed] = tmp_path_factory.mktemp(f"seed{seed}")
            assert finchat(made[seed], "sandbox", "reset", "--seed", str(seed)).returncode == 0
        own = tmp_path_factory.mktemp("company") / "home"
        shutil.copytree(made[seed], own)
        return own

    return copy


@dataclass(frozen=True)
class Asked:
    """One question that was asked and answered."""

    home: Path
    done: subprocess.CompletedProcess[str]
    requests: list[dict[str, Any]]
    before: Mapping[str, int]

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.done.stdout)
        return found

    @property
    def answer(self) -> str:
        return str(self.document["answer"])

    @property
    def unverified(self) -> list[tuple[str, str, str]]:
        """Figures that were marked, with their line and why."""
        answer = self.answer
        return [
            (answer[answer.rfind("\n", 0, f["start"]) + 1 : (answer + "\n").find("\n", f["end"])], f["text"], f["why"])
            for f in self.document["figures"]
            if not f["verified"]
        ]


def ask(home: Path, script: Script, question: str, *flags: str) -> Asked:
    """Ask away from a terminal. Whatever happens, nothing is written and the log holds every call."""
    before = Ledger(home).counts()
    with ScriptedModel(script) as model:
        done = forked.run("ask", question, *flags, environment=environment(home, **model.environ))
    assert "Traceback" not in done.stderr
    assert Ledger(home).counts() == before
    return Asked(home, done, model.requests, before)


def hold(asked: Asked, cases: tuple[Case, ...], way: tuple[str, ...]) -> None:
    """What is true of every honest conversation."""
    document = asked.document
    assert [e.message for e in Draft202012Validator(PUBLISHED["ask"]).iter_errors(document)] == []
    assert document["complete"], document["answer"]
    assert document["exit_code"] == asked.done.returncode == max(case.exit_code for case in cases)
    assert document["api"] == ("responses" if "responses" in way else "chat")
    assert {bool(body.get("stream")) for body in asked.requests} == {"--no-stream" not in way}
    assert {call["outcome"] for call in document["calls"]} == {"done"}
    assert {plan["status"] for plan in document["plans"]} <= {"awaiting"}
    assert asked.unverified == []
    assert document["unverified_count"] == 0
    logged = [line for line in audit(asked.home) if line["session_id"] == document["session_id"]]
    called = [line["tool"] for line in logged if line["event"] == "call" and line["server"] == "finchat"]
    assert sorted(called) == sorted(call["tool"] for call in document["calls"])


def audit(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "audit.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("case", "way"), list(zip(CASES, cycle(WAYS), strict=False)), ids=[case.title.replace(" ", "_") for case in CASES]
)
def test_a_conversation_says_what_the_ledger_says(company: Company, case: Case, way: tuple[str, ...]) -> None:
    home = company(1)
    asked = ask(home, case.script, case.question(Ledger(home)), "--json", *way)
    case.check(Ledger(home), asked.answer, asked.document)
    hold(asked, (case,), way)


@pytest.mark.parametrize(("seed", "way"), OTHERS)
def test_the_same_scripts_pass_on_another_company(company: Company, seed: int, way: tuple[str, ...]) -> None:
    home = company(seed)
    books = Ledger(home)
    asked = ask(home, *side_by_side(CASES, books), "--json", *way)
    said = sections(asked.answer)
    for case in CASES:
        case.check(books, said[case.title], asked.document)
    hold(asked, CASES, way)
    assert finchat(home, "audit", "verify").returncode == 0


def side_by_side(cases: tuple[Case, ...], books: Ledger) -> tuple[Script, str]:
    """Several conversations as one: the script, and the question."""
    question = "\n".join(f"{case.title}: {case.question(books)}" for case in cases)
    return together({case.title: case.script for case in cases}), question


def sections(answer: str) -> dict[str, str]:
    """What was said under each heading."""
    parts = re.split(r"^## (.+)$", answer, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# Names that do not leave the machine


def test_in_private_the_person_reads_real_names_and_none_of_them_was_sent(company: Company) -> None:
    home = company(1)
    books, cases = Ledger(home), (CASE["Late"], CASE["A bank rule"])
    asked = ask(home, *side_by_side(cases, books), "--json", "--private")
    for case in cases:
        case.check(books, sections(asked.answer)[case.title], asked.document)
    hold(asked, cases, ())
    sent = "\n".join(json.dumps(body, ensure_ascii=False) for body in asked.requests).casefold()
    known = [value for row in books.rows("SELECT name, email FROM contact") for value in row.values() if value]
    assert [name for name in [*known, books.organisation["Name"]] if name.casefold() in sent] == []
    assert any(row["contact_name"] in asked.answer for row in books.open_invoices())


# What is printed while it runs


def test_every_event_is_a_line_of_the_published_schema_and_the_last_is_the_document(
    company: Company,
) -> None:
    home, case = company(1), CASE["A part payment"]
    asked = ask(home, case.script, case.question(Ledger(home)), "--events")
    lines = [json.loads(line) for line in asked.done.stdout.splitlines()]
    assert [
        (line, e.message) for line in lines for e in Draft202012Validator(PUBLISHED["events"]).iter_errors(line)
    ] == []
    *events, last = lines
    assert {"model_asked", "text", "call_started", "call", "proposed", "answer_checked"} <= {e["event"] for e in events}
    said = "".join(e["text"] for e in events if e["event"] == "text")
    assert said == last["answer"]
    case.check(Ledger(home), last["answer"], last)
    assert last["exit_code"] == asked.done.returncode == 3


# What a person decides


@pytest.fixture
def at_terminal(company: Company) -> Iterator[AtTerminal]:
    """Ask at a terminal, in a copy of the company of a seed."""
    started: list[tuple[pexpect.spawn[str], ScriptedModel]] = []

    def start(seed: int, script: Script, question: str) -> tuple[Path, pexpect.spawn[str]]:
        home, model = company(seed), ScriptedModel(script).start()
        child = forked.spawn(
            "ask",
            question,
            encoding="utf-8",
            timeout=60,
            dimensions=(60, 200),
            env=environment(home, TERM="xterm", NO_COLOR="1", **model.environ),
        )
        started.append((child, model))
        return home, child

    yield start
    for child, model in started:
        child.close(force=True)
        model.stop()
        assert model.failures == []
        assert model.complaints == []


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3)), 4])
def test_past_due_invoices_are_matched_to_deposits_and_paid_when_a_person_says_so(
    at_terminal: AtTerminal, seed: int
) -> None:
    home, child = at_terminal(seed, matching.reconcile, RECONCILE)
    books = Ledger(home)
    before, bank, receivables = books.settlements(), books.balance("090"), books.control("DEBTORS")
    child.expect(APPROVE)
    assert "Nothing is recorded before you approve it" in str(child.before)
    assert books.settlements() == before
    cards = ""
    for _ in range(2):
        cards += plain(str(child.before))
        child.sendline("y")
        child.expect(APPROVE)
    child.sendline("r")
    child.expect("Why not")
    child.sendline("settled by set-off")
    child.expect(APPROVE)
    child.sendline("q")
    child.expect("These are recorded in the ledger now")
    child.expect(pexpect.EOF)
    said = " ".join(plain(str(child.before)).split())  # however its lines are broken
    child.close()
    assert child.exitstatus == 3  # the rest waits
    # The accounts moved as the approved cards said, and by nothing else.
    assert books.balance("090") - bank == effect(cards, "bank 090 ")
    assert books.control("DEBTORS") - receivables == effect(cards, "receivables ")
    new = [one for guid, one in books.settlements().items() if guid not in before]
    through = [one for one in new if one["account"] == books.account("090")]
    # Each bank line that was approved is in the ledger to the cent.
    lines = {
        frozenset(f"{line['payee']} {line['narration']} {line['reference']}".split()): Decimal(line["amount"])
        for line in books.feed(TODAY - date.resolution, TODAY)
    }
    paid: dict[frozenset[str], Decimal] = {}
    for one in through:
        words = frozenset(one["reference"].rpartition(" fc-")[0].split())
        paid[words] = paid.get(words, Decimal(0)) + money(one["bank_amount"])
    assert paid == {words: lines[words] for words in paid}
    # And each is told as it is in the ledger.
    told = re.findall(
        r"([\d,.]+) \w+ against \w+ (\S+) of (.+?); the amount due on \w+ (\S+) after it is ([\d,.]+) \w+\.", said
    )
    due = {row["number"]: money(row["due"]) for row in books.rows("SELECT number, due FROM document")}
    assert sorted(told) == sorted(
        (
            f"{money(one['amount']):,.2f}",
            one["number"],
            one["contact_name"],
            one["number"],
            f"{due[one['number']]:,.2f}",
        )
        for one in new
    )
    assert "[unverified]" not in said
    assert "settled by set-off" in said.partition("You refused")[2]
    assert f"{len(re.findall('^Write ', cards, re.M))} writes recorded in the ledger" in said
    assert finchat(home, "audit", "verify").returncode == 0


def plain(screen: str) -> str:
    """Without what only styles the words or moves the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen).replace("\r", "\n")


def effect(cards: str, account: str) -> Decimal:
    """What cards say that an account will move by, in base currency."""
    found = re.findall(rf"Effect +{account}.*goes (up|down) by (?:[\d,.]+ \w+ \()?([\d,.]+) NZD", cards)
    return sum((Decimal(size.replace(",", "")) * (1 if way == "up" else -1) for way, size in found), Decimal(0))


# What is not so


@pytest.fixture(scope="module")
def lies(company: Company) -> Asked:
    """All the twins that say what is not so, in one answer."""
    home = company(1)
    question = "\n".join(f"{title}: {CASE[HONEST[title]].question(Ledger(home))}" for title in TWINS)
    return ask(home, together(TWINS), question, "--json")


def marked(asked: Asked, title: str) -> list[tuple[str, str]]:
    """The marked figures under a heading, each with its line."""
    said, found = asked.answer, []
    first = said.index(f"## {title}")
    last = said.find("\n## ", first)
    for figure in asked.document["figures"]:
        if first < figure["start"] < (len(said) if last < 0 else last) and not figure["verified"]:
            line = said[said.rfind("\n", 0, figure["start"]) + 1 : (said + "\n").find("\n", figure["end"])]
            found.append((figure["text"], line))
    return found


def test_swapped_customers_are_marked(lies: Asked) -> None:
    books = Ledger(lies.home)
    owner = {row["number"]: row["contact_name"] for row in books.open_invoices()}
    wrong = [row for row in cells(sections(lies.answer)["Swapped customers"]) if owner[row[0]] != row[1]]
    assert len(wrong) >= 2
    seen = {text for text, _ in marked(lies, "Swapped customers")}
    assert {row[4] for row in wrong} <= seen


def test_the_figures_of_another_period_are_marked(lies: Asked) -> None:
    first, last = last_quarter(Ledger(lies.home))
    said = sections(lies.answer)["A shifted period"]
    assert spoken(first) not in said
    assert spoken(last) not in said
    amounts = re.findall(r"[\d,]+\.\d\d(?: NZD|%)", said.partition("|")[0])
    assert len(amounts) == 6
    assert set(amounts) <= {text for text, _ in marked(lies, "A shifted period")}


def test_a_right_number_on_the_wrong_field_is_marked(lies: Asked) -> None:
    one = Ledger(lies.home).document(a_document(Ledger(lies.home)))
    wrong = {amount(money(one[name]), one["currency"]) for name in ("total", "sub_total")}
    assert wrong <= {text for text, line in marked(lies, "A wrong field") if "subtotal" in line}


def test_a_sum_that_nothing_lists_is_marked(lies: Asked) -> None:
    (text,) = re.findall(r"[\d,.]+ NZD", sections(lies.answer)["An unlisted sum"])
    assert text in {text for text, _ in marked(lies, "An unlisted sum")}


def test_a_claim_that_something_was_recorded_is_marked_and_denied(lies: Asked, company: Company) -> None:
    title = "A claim that something was recorded"
    assert "0.00 NZD" in {text for text, _ in marked(lies, title)}
    assert lies.document["exit_code"] == 3
    assert {plan["status"] for plan in lies.document["plans"]} == {"awaiting"}
    home = company(1)
    shown = ask(home, TWINS[title], CASE["A part payment"].question(Ledger(home)))
    screen = shown.done.stdout + shown.done.stderr
    assert "0.00 NZD [unverified]" in screen
    assert "Nothing was written to the ledger; 1 proposal awaits your approval." in " ".join(screen.split())
    assert shown.done.returncode == 3


def test_a_wrong_answer_is_given_back_once_and_the_corrected_one_stands(company: Company) -> None:
    home, case = company(1), CASE["An invoice"]
    repentant = repents(TWINS["A wrong field"], case.script)
    asked = ask(home, repentant, case.question(Ledger(home)), "--json")
    case.check(Ledger(home), asked.answer, asked.document)
    hold(asked, (case,), ())
    assert asked.document["usage"]["requests"] == 3
