"""Tables, cards and results as a reader meets them."""

import io
from dataclasses import replace
from decimal import Decimal as D

import pytest
from rich.cells import cell_len
from rich.console import RenderableType

from finchat.books.plan import Balances, PlanLine
from finchat.safety.results import WriteError, WriteResult
from finchat.text.sanitise import scalars
from finchat.ui.amounts import aligned, money
from finchat.ui.card import card_lines
from finchat.ui.findings import findings_view
from finchat.ui.plan_table import leaves_open, plan_table, totals
from finchat.ui.result import balances_hold, balances_view, confirm_sentence, outcomes_view
from finchat.ui.sink import Sink
from tests.ui.samples import BALANCES, FINDINGS, LINES, PLAN, line, link, payment, proposal


def shown(renderable: RenderableType, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = io.StringIO()
    Sink(stdout=stream).data(renderable)
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_plan_table_fits_and_shows_every_amount_whole(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = shown(plan_table(PLAN, width), width, monkeypatch).splitlines()
    assert max(map(cell_len, rows)) <= width
    for amount in ("+1,234.50 NZD", "+2,000.00 NZD", "+1,500.00 NZD", "  100.00 NZD", "-420.00 NZD"):
        assert any(amount in row for row in rows)
    assert len({row.index(".", row.index("NZD") - 4) for row in rows if "NZD" in row}) == 1
    assert sum("certain" in row for row in rows) == 4
    assert sum("review" in row for row in rows) == 1


def test_a_proposal_of_no_bank_line_still_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = replace(PLAN, proposals=tuple(replace(p, line=None) for p in PLAN.proposals))
    text = shown(plan_table(plan, 80), 80, monkeypatch)
    assert "-420.00 NZD" in text
    assert "INV-0042 Acme Ltd" in text
    assert totals(plan) == totals(PLAN)


def test_totals_count_the_cash_of_the_lines() -> None:
    assert totals(PLAN) == ("5 proposals: 4 certain, 1 to review · receives 4,222.50 NZD · spends 420.00 NZD")


def test_a_part_payment_says_what_stays_open() -> None:
    part = PLAN.proposals[3]
    assert [(found.number, rest) for found, rest in leaves_open(part)] == [("INV-0071", D("100.00"))]
    assert leaves_open(PLAN.proposals[2]) == []  # a credit and a payment settle it together


@pytest.mark.parametrize("width", [40, 80, 100])
def test_the_card_holds_every_scalar_whole_and_harmless(width: int) -> None:
    secret_less = replace(PLAN.proposals[3], id="p4")
    lines = card_lines(PLAN, secret_less, number=4, total=5, width=width, notes=("mind\x07this",))
    assert all(cell_len(text.plain) <= width for text in lines)
    joined = "".join(text.plain for text in lines).replace(" ", "")
    for path, value in scalars(PLAN.proposals[3].writes[0].arguments):
        assert path in joined
        assert value.replace(" ", "") in joined
    assert "\x1b" not in joined
    assert "\u202e" not in joined
    assert "SANDBOX" in joined
    assert PLAN.proposals[3].writes[0].arguments_sha256 in joined


def test_a_long_value_is_wrapped_never_shortened() -> None:
    target = link("k9", "INV-1", "Acme", "1.00")
    long = "x" * 3000 + "END"
    card = card_lines(
        PLAN, proposal("p9", "l1", (target,), (payment("w9", target, reference=long),)), number=1, total=1, width=80
    )
    assert long in "".join(text.plain.strip() for text in card)


def test_a_live_organisation_is_not_called_a_sandbox() -> None:
    live = replace(PLAN, organisation=replace(PLAN.organisation, sandbox=False))
    card = card_lines(live, live.proposals[0], number=1, total=1, width=80)
    assert "SANDBOX" not in "".join(text.plain for text in card)


def test_a_failing_first_write_is_explained_on_the_card() -> None:
    text = " ".join(t.plain.strip() for t in card_lines(PLAN, PLAN.proposals[2], number=1, total=1, width=80))
    assert "if w4 fails, w5 is not sent" in text


def test_findings_come_grave_first_with_their_step(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(findings_view(FINDINGS[::-1], LINES), 80, monkeypatch)
    assert text.index("! warning: duplicate") < text.index("i info: overpayment · 50.00 NZD")
    assert "next: Record the rest" in text
    assert "\x1b" not in text
    assert "\\x1b[31mCity Agency" in text


def test_markup_in_ledger_text_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = PlanLine.of(line("l1", "1234.50", "[bold]x[/bold][link=http://evil]"))
    plan = replace(PLAN, proposals=(replace(PLAN.proposals[0], line=hostile),))
    assert "[bold]x[/bold]" in shown(plan_table(plan, 140), 140, monkeypatch)


def test_amounts_align_on_the_point_whatever_the_currency() -> None:
    texts = aligned([(D("1234.5"), "NZD"), (D(70000), "JPY"), (D("1.234"), "KWD")])
    assert texts == [" 1,234.50  NZD", "70,000     JPY", "     1.234 KWD"]
    assert money(D("-0.5"), "EUR", signed=True) == "-0.50 EUR"


RESULTS = (
    WriteResult(proposal_id="p1", write_id="w1", decision="approved", outcome="committed", ledger_id="pay-1",
                due_before=D("1234.50"), due_after=D(0)),
    WriteResult(proposal_id="p2", write_id="w2", decision="approved", outcome="unknown",
                error=WriteError(code="timeout", message="no answer came", next="finchat journal show")),
)  # fmt: skip


def test_outcomes_name_the_ledger_id_and_what_was_due(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(outcomes_view(PLAN, RESULTS), 80, monkeypatch)
    assert "ledger id pay-1 · due 1,234.50 before, 0.00 NZD after" in text
    assert "UNKNOWN" in text
    assert "next: finchat journal show" in text


def test_a_balance_that_is_off_by_a_cent_is_said_to_the_cent(monkeypatch: pytest.MonkeyPatch) -> None:
    after = replace(BALANCES, receivables=D("5000.01"))
    text = shown(balances_view(BALANCES, BALANCES, after, {"bank-1": "Business Bank"}), 100, monkeypatch)
    assert "NOT EQUAL by +0.01 NZD" in text
    assert not balances_hold(BALANCES, after)
    assert balances_hold(BALANCES, BALANCES)


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("off", ["-493.99", "-1234567890.12"])
def test_a_difference_is_whole_however_narrow_the_terminal(
    width: int, off: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = replace(BALANCES, receivables=D("1234567890.12"), payables=D("9876543.21"))
    assert before.receivables is not None
    after = replace(before, receivables=before.receivables + D(off))
    text = shown(
        balances_view(before, before, after, {"bank-1": "090 Business Account of the Trust"}), width, monkeypatch
    )
    assert f"{D(off):,.2f} NZD" in " ".join(text.split())
    assert max(map(cell_len, text.splitlines())) <= width


def test_a_missing_balance_is_not_called_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown: Balances = replace(BALANCES, payables=None, why_missing="no trial balance")
    text = shown(balances_view(BALANCES, BALANCES, unknown, {}), 100, monkeypatch)
    assert "not compared" in text


def test_finchat_never_says_it_reconciled() -> None:
    sentence = confirm_sentence(PLAN, RESULTS, "Xero")
    assert sentence is not None
    assert "matched and recorded 1 bank line;" in sentence
    assert "reconcil" not in sentence.lower()
    assert confirm_sentence(PLAN, (), "Xero") is None
