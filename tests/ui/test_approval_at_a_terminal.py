"""The approval prompt in a real pseudo-terminal."""

from collections.abc import Callable, Iterator

import pexpect
import pytest

from tests import forked

ASKED = r"Approve\?[^:]*: "
Start = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    children: list[pexpect.spawn[str]] = []

    def spawn(*flags: str, rows: int = 60) -> "pexpect.spawn[str]":
        child = forked.spawn(*flags, program="tests.ui.approving", encoding="utf-8", timeout=20, dimensions=(rows, 100))
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
    child.expect(r"  date \[2026-11-18\], Enter keeps it, q leaves the edit: ")
    child.sendline("")
    child.expect(r"  amount \[1234.50\], Enter keeps it, q leaves the edit: ")
    child.sendline("lots")
    child.expect("plain digits above zero")
    child.expect("q leaves the edit: ")
    child.sendline("1000.00")
    child.expect(r"  reference \[[^\]]*\], Enter keeps it, q leaves the edit: ")
    child.sendline("")
    edit = decided(child)
    assert edit.startswith("Edit")
    assert "'changes': {'amount': '1000.00'}" in edit


def test_a_value_that_a_rule_forbids_is_asked_again_and_the_others_stay(start: Start) -> None:
    child = start()
    child.expect(ASKED)
    child.sendline("e")
    child.expect(r"  date .*: ")
    child.sendline("2026-11-19")
    child.expect(r"  amount .*: ")
    child.sendline("5000.00")
    child.expect(r"  reference .*: ")
    child.sendline("")
    child.expect("more than 1234.50 NZD")
    child.expect("  (date|amount|reference) .*: ")
    assert child.match is not None
    assert child.match.group(1) == "amount"  # type: ignore[union-attr]
    child.sendline("200.00")
    edit = decided(child)
    assert "'amount': '200.00'" in edit
    assert "'date': '2026-11-19'" in edit


@pytest.mark.parametrize("typed", ["tomorrow", "20261119", "2026-W47-4"])
def test_an_edit_can_be_left_at_a_bad_value(start: Start, typed: str) -> None:
    child = start()
    child.expect(ASKED)
    child.sendline("e")
    child.expect(r"  date .*: ")
    child.sendline(typed)
    child.expect("a date is written like")
    child.expect("q leaves the edit: ")
    child.sendline("q")
    child.expect("nothing was changed")
    child.expect(ASKED)
    child.sendline("n")
    assert decided(child).startswith("Skip")


def test_cards_go_on_counting_after_those_that_were_decided_before(start: Start) -> None:
    child = start("--decided=2")
    child.expect(r"3 of 7 ")
    child.expect(ASKED)
    child.sendeof()


def test_what_was_written_earlier_is_on_the_card(start: Start) -> None:
    child = start("--written=p1/w1")
    child.expect("w1 was written earlier and is not sent again")
    child.expect(ASKED)
    child.sendeof()


PAGED = r"-- (\d+) more (lines?) of ([a-z ]+): Enter shows more, q leaves -- "


def test_a_card_longer_than_the_screen_is_paged_whole(start: Start) -> None:
    child = start(rows=14)
    shown = ""
    while child.expect([PAGED, ASKED]) == 0:
        shown += str(child.before)
        assert child.match.group(2) == ("line" if child.match.group(1) == "1" else "lines")  # type: ignore[union-attr]
        child.sendline("")
    shown += str(child.before)
    assert "create_a_xero_payment" in shown
    assert "Rival" in shown


def test_a_key_at_the_pager_approves_nothing_and_is_answered(start: Start) -> None:
    child = start(rows=14)
    child.expect(PAGED)
    for key in ("y", "a"):
        child.sendline(key)
        child.expect("answers come after the last line")
        child.expect(PAGED)
    child.sendline("q")
    assert decided(child).startswith("Quit")
    child.expect("END")


def test_the_rows_of_all_certain_ones_are_paged_too(start: Start) -> None:
    child = start(rows=10)
    while child.expect([PAGED, ASKED]) == 0:
        child.sendline("")
    child.sendline("a")
    child.expect("-- [0-9]+ more lines? of these proposals: Enter shows more, q leaves -- ")
    assert "INV-0042" in str(child.before)
    assert "type the count" not in str(child.before)
    child.sendline("q")
    child.expect("nothing is approved")
    child.expect(ASKED)
    child.sendeof()


def test_a_question_cannot_be_approved_and_is_answered_with_what_the_chart_holds(start: Start) -> None:
    child = start("--asks")
    child.expect(ASKED)
    assert "c account and tax" in str(child.after)
    assert "y yes" not in str(child.after)
    child.sendline("y")
    child.expect("nothing can be written before its question is answered")
    child.expect(ASKED)
    child.sendline("c")
    child.expect("3 of 5 times")
    for wrong, why in (("999", "there is no account '999'; name one of 200 Sales"), ("090", "nothing can be coded")):
        child.expect("q leaves: ")
        child.sendline(wrong)
        child.expect(why)
    child.expect("q leaves: ")
    child.sendline("bank fees")
    child.expect(r"Tax code \(Enter takes NONE, the account's own\), q leaves: ")
    child.sendline("OUTPUT2")
    child.expect("OUTPUT2 does not go with account 404 Bank Fees; name one of NONE")
    child.expect("q leaves: ")
    child.sendline("")
    child.expect("Region, one of North, South")
    child.sendline("south")
    child.expect("Who is it")
    child.sendline("Paddock")
    child.expect("there is no contact 'Paddock'; name one of Paddock Servers")
    child.expect("q leaves: ")
    child.sendline("+")
    answer = decided(child)
    assert answer.startswith("Answer")
    assert "'account_id': 'fees', 'tax_type': 'NONE', 'tracking': (('Region', 'South'),)" in answer
    assert "'contact_id': '', 'new_contact': 'LONGLINE FIBRE'" in answer


def test_enter_takes_the_choice_that_the_prompt_names(start: Start) -> None:
    child = start("--asks")
    child.expect(ASKED)
    child.sendline("c")
    child.expect(r"\(Enter takes choice 1\), q leaves: ")
    child.sendline("")
    child.expect("Who is it")
    child.sendline("paddock servers")
    answer = decided(child)
    assert "'account_id': 'soft', 'tax_type': 'INPUT2', 'tracking': (('Region', 'North'),)" in answer
    assert "'contact_id': 'c-1'" in answer


def test_a_question_can_be_left_without_an_answer(start: Start) -> None:
    child = start("--asks")
    child.expect(ASKED)
    child.sendline("c")
    child.expect("q leaves: ")
    child.sendline("q")
    child.expect("nothing was changed")
    child.expect(ASKED)
    child.sendeof()
