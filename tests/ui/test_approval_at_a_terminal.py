"""The approval prompt in a real pseudo-terminal."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).parents[2]
ASKED = r"Approve\?[^:]*: "
Start = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    children: list[pexpect.spawn[str]] = []

    def spawn(*flags: str, rows: int = 60) -> "pexpect.spawn[str]":
        child = pexpect.spawn(
            sys.executable, ["-m", "tests.ui.approving", *flags], cwd=str(ROOT), encoding="utf-8", timeout=20,
            dimensions=(rows, 100),
        )  # fmt: skip
        child.delaybeforesend = None
        children.append(child)
        return child

    yield spawn
    for child in children:
        child.close(force=True)


def decided(child: "pexpect.spawn[str]") -> str:
    child.expect(r"DECIDED ([^\r\n]*)")
    assert isinstance(child.match, object)
    return str(child.match.group(1))  # type: ignore[union-attr]


def test_the_prompt_names_its_keys_and_enter_is_no(start: Start) -> None:
    child = start()
    child.expect(ASKED)
    for key in ("y yes", "n no (Enter)", "e edit", "r refuse", "a all certain", "q quit"):
        assert key in str(child.after)
    child.sendline("")
    assert decided(child).startswith("Skip")


def test_y_approves_and_q_leaves_the_rest(start: Start) -> None:
    child = start()
    child.expect(ASKED)
    child.sendline("y")
    assert decided(child) == "Approve p1"
    child.expect(ASKED)
    child.sendline("q")
    assert decided(child).startswith("Quit")
    child.expect("END")


def test_an_unknown_answer_asks_again(start: Start) -> None:
    child = start()
    child.expect(ASKED)
    child.sendline("yes please")
    child.expect("answer y, n, e, r, a or q")
    child.expect(ASKED)
    child.sendline("n")
    assert decided(child).startswith("Skip")


def test_a_refusal_carries_its_reason(start: Start) -> None:
    child = start()
    child.expect(ASKED)
    child.sendline("r")
    child.expect("Why not")
    child.sendline("not ours")
    assert "'reason': 'not ours'" in decided(child)


def test_keys_typed_before_the_prompt_approve_nothing(start: Start) -> None:
    child = start("--slow")
    child.expect("READY")
    child.send("go\ny\ny\ny\n")  # one line is read by the work before; the rest lies in wait
    child.expect(ASKED)
    assert child.expect([r"DECIDED", pexpect.TIMEOUT], timeout=1) == 1
    child.sendline("n")
    assert decided(child).startswith("Skip")


def test_end_of_input_means_no(start: Start) -> None:
    child = start()
    child.expect(ASKED)
    child.sendeof()
    assert decided(child).startswith("Quit")


def test_ctrl_c_ends_it_without_a_decision(start: Start) -> None:
    child = start()
    child.expect(ASKED)
    child.sendintr()
    child.expect(pexpect.EOF)
    assert "DECIDED" not in str(child.before)


def test_all_certain_ones_need_their_count_and_total_typed(start: Start) -> None:
    child = start()
    child.expect(ASKED)
    child.sendline("a")
    child.expect("type the count and the total")
    child.sendline("4 4234.51")
    child.expect("nothing is approved")
    child.expect(ASKED)
    child.sendline("a")
    child.expect(r"type the count and the total \(4 4554.50\)")
    child.expect(": ")
    child.sendline("4 4,554.50")
    assert [decided(child) for _ in range(4)] == [f"Approve p{n}" for n in (1, 2, 3, 5)]
    child.expect(ASKED)  # the one to review is still asked by itself
    assert "a all certain" not in str(child.after)
    child.sendline("n")
    assert decided(child).startswith("Skip")
    child.expect("END")


def test_a_foreign_plan_cannot_be_approved_in_bulk(start: Start) -> None:
    child = start("--foreign")
    child.expect("not made on this machine")
    child.expect(ASKED)
    assert "a all certain" not in str(child.after)
    child.sendline("a")
    child.expect("answer this one by itself")
    child.sendeof()


def test_an_edit_offers_amount_date_and_reference_only(start: Start) -> None:
    child = start()
    child.expect(ASKED)
    child.sendline("e")
    child.expect(r"  date \[2026-11-18\], Enter keeps it: ")
    child.sendline("")
    child.expect(r"  amount \[1234.50\], Enter keeps it: ")
    child.sendline("lots")
    child.expect("plain digits above zero")
    child.expect("Enter keeps it: ")
    child.sendline("1000.00")
    child.expect(r"  reference \[[^\]]*\], Enter keeps it: ")
    child.sendline("")
    edit = decided(child)
    assert edit.startswith("Edit")
    assert "'amount': '1000.00'" in edit
    assert "'date': '2026-11-18'" in edit
    assert "'invoice_id': 'doc-INV-0042'" in edit


def test_a_card_longer_than_the_screen_is_paged_whole(start: Start) -> None:
    child = start(rows=14)
    shown = ""
    while child.expect([r"more lines of this card: Enter -- ", ASKED]) == 0:
        shown += str(child.before)
        child.sendline("")
    shown += str(child.before)
    assert "create_a_xero_payment" in shown
    assert "Rival" in shown
