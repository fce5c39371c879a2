"""Tables, cards and results as a reader meets them."""

import dataclasses
import io
import re
from dataclasses import replace
from decimal import Decimal as D

import pytest
from rich.cells import cell_len
from rich.console import RenderableType

from finchat.books.documents import Coding
from finchat.books.plan import EDITED, Balances, Control, Effect, Evidence, Plan, PlanLine, Proposal
from finchat.safety.results import WriteError, WriteResult
from finchat.text.sanitise import scalars
from finchat.ui.amounts import aligned, money
from finchat.ui.card import card_lines
from finchat.ui.findings import findings_view
from finchat.ui.plan_table import line_text, plan_table, totals
from finchat.ui.result import balances_hold, balances_view, confirm_sentence, outcomes_view
from finchat.ui.sink import Sink
from finchat.workflows.situations import leaves_open
from tests.ui.samples import ASKING, BALANCES, FINDINGS, LINES, PLAN, line, link, payment, proposal


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


@pytest.mark.parametrize(
    ("payee", "narration", "reference", "shown_once"),
    [
        ("ACME LTD", "INV 7", "ACME LTD INV 7", "ACME LTD INV 7"),
        ("Acme Ltd", "ACME LTD INV-7", "INV-7", "ACME LTD INV-7"),
        ("ACME LTD", "RENT", "MAY", "ACME LTD RENT MAY"),
        ("", "", "", "(no text)"),
    ],
)
def test_a_bank_that_says_the_same_twice_is_quoted_once(
    payee: str, narration: str, reference: str, shown_once: str
) -> None:
    said = replace(line("l1", "1.00", narration), payee=payee, reference=reference)
    assert line_text(said) == shown_once


def test_totals_count_the_cash_of_the_lines() -> None:
    moved = "receives 4,222.50 NZD · spends 420.00 NZD · allocates 100.00 NZD"
    assert totals(PLAN) == f"5 proposals: 4 certain, 1 to review · {moved}"


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


def test_an_id_is_named_by_what_its_field_refers_to() -> None:
    """QuickBooks numbers accounts, customers, invoices, departments and changes each from 1."""
    target = replace(link("k9", "1042", "Acme Ltd", "35.00"), document_id="4", contact_id="4")
    arguments = {
        "CustomerRef": {"value": "4"}, "DepositToAccountRef": {"value": "4"}, "DepartmentRef": {"value": "4"},
        "SyncToken": "4", "Qty": 4,
        "Line": [{"Id": "4", "LinkedTxn": [{"TxnId": "4", "TxnLineId": "4"}], "Entity": {"value": "4"}}],
    }  # fmt: skip
    write = replace(payment("w9", target), arguments=arguments)
    lines = card_lines(PLAN, proposal("p9", "l1", (target,), (write,)), number=1, total=1, width=100,
                       accounts={"4": "1000 Checking"})  # fmt: skip
    named = re.findall(r"(\S+) +4(?:  \((.*)\))?$", "\n".join(text.plain for text in lines), re.M)
    assert {field: name for field, name in named if name} == {
        "CustomerRef.value": "Acme Ltd", "DepositToAccountRef.value": "1000 Checking",
        "Line[0].LinkedTxn[0].TxnId": "1042", "Line[0].Entity.value": "Acme Ltd",
    }  # fmt: skip
    assert {"DepartmentRef.value", "SyncToken", "Line[0].Id", "Line[0].LinkedTxn[0].TxnLineId"} <= dict(named).keys()


def test_a_live_organisation_is_not_called_a_sandbox() -> None:
    live = replace(PLAN, organisation=replace(PLAN.organisation, sandbox=False))
    card = card_lines(live, live.proposals[0], number=1, total=1, width=80)
    assert "SANDBOX" not in "".join(text.plain for text in card)


def test_a_failing_first_write_is_explained_on_the_card() -> None:
    text = " ".join(t.plain.strip() for t in card_lines(PLAN, PLAN.proposals[2], number=1, total=1, width=80))
    assert "if w4 fails, w5 is not sent" in text


def card_text(plan: Plan, proposal: Proposal) -> str:
    names = {"bank-1": "090 Business Account", "ar": "610 Accounts Receivable", "ap": "800 Accounts Payable"}
    lines = card_lines(plan, proposal, number=1, total=1, width=100, accounts=names)
    return "\n".join(text.plain for text in lines)


def moved(control: Control, account_id: str, amount: str, base: str = "", currency: str = "NZD") -> Effect:
    return Effect(
        account_id=account_id, control=control, amount=D(amount), currency=currency, base_amount=D(base or amount)
    )


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (moved("bank", "bank-1", "997.18"), "bank 090 Business Account  goes up by 997.18 NZD"),
        (moved("bank", "bank-1", "-997.18"), "bank 090 Business Account  goes down by 997.18 NZD"),
        (moved("payables", "ap", "997.18"), "payables 800 Accounts Payable  goes down by 997.18 NZD (debit)"),
        (moved("payables", "ap", "-1.00"), "payables 800 Accounts Payable  goes up by 1.00 NZD (credit)"),
        (moved("receivables", "ar", "-5.00"), "receivables 610 Accounts Receivable  goes down by 5.00 NZD (credit)"),
        (moved("receivables", "ar", "-5.00", "-9.00", "USD"), "goes down by 5.00 USD (9.00 NZD) (credit)"),
        (moved("gain_loss", "x", "0.64"), "exchange loss 0.64 NZD"),
        (moved("gain_loss", "ap", "-0.64"), "exchange gain 0.64 NZD, 800 Accounts Payable"),
        (moved("clearing", "bank-1", "-3.00"), "clearing account 090 Business Account  goes down by 3.00 NZD (credit)"),
        (moved("tax", "x", "-3.00"), "tax  credit 3.00 NZD"),
    ],
)
def test_effects_read_as_a_bookkeeper_says_them(effect: Effect, said: str) -> None:
    proposal = PLAN.proposals[0]
    proposal = replace(proposal, writes=(replace(proposal.writes[0], effects=(effect,)),))
    (row,) = [row for row in card_text(PLAN, proposal).splitlines() if row.startswith("Effect")]
    assert row.removeprefix("Effect").strip().endswith(said)


def test_the_card_shows_the_bank_line_of_the_plan_and_names_credits() -> None:
    text = card_text(PLAN, PLAN.proposals[2])
    assert "18 Nov 2026  +900.00 NZD" in text
    assert "narration: Ridgeway INV-0060" in text
    assert "cn-1  (CN-0007)" in text


def test_the_card_says_what_of_the_bank_line_stays_unrecorded_and_another_date() -> None:
    proposal = PLAN.proposals[0]
    assert "unrecorded" not in card_text(PLAN, proposal)
    write = proposal.writes[0]
    lower = replace(
        proposal,
        links=(replace(proposal.links[0], amount=D("737.32"), bank_amount=D("737.32")),),
        writes=(replace(write, arguments={**write.arguments, "date": "2026-11-02"}),),
        evidence=(*proposal.evidence, Evidence(kind=EDITED, text="a person changed the amount")),
        confidence=D(0),
    )
    text = card_text(PLAN, lower)
    assert "497.18 NZD of the bank line stays unrecorded" in text
    assert "w1 is dated 2 Nov 2026, the bank line 18 Nov 2026" in text
    assert "changed by a person" in text
    assert "confidence" not in text


def test_what_the_policy_forbids_is_denied_in_the_table_and_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(plan_table(PLAN, 100, denied={"p1"}), 100, monkeypatch)
    assert next(row for row in text.splitlines() if "INV-0042" in row).rstrip().endswith("denied")
    assert totals(PLAN, denied={"p1"}).startswith("5 proposals: 3 certain, 1 to review, 1 forbidden by the policy · ")
    assert totals(PLAN, denied={p.id for p in PLAN.proposals}).startswith("5 proposals: 5 forbidden by the policy · ")


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


def test_what_another_run_wrote_is_not_called_in_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    error = WriteError(code="approval_used", message="another finchat has this proposal in hand", next="let it finish")
    theirs = WriteResult(
        proposal_id="p1", write_id="w1", decision="void", outcome="committed", ledger_id="pay-1", error=error
    )
    text = shown(outcomes_view(PLAN, (theirs,)), 80, monkeypatch)
    assert "written" in text
    assert "by another run of finchat; this one sent nothing" in text
    assert "let it finish" not in text
    still = replace(theirs, outcome="not_sent", ledger_id=None)
    assert "next: let it finish" in shown(outcomes_view(PLAN, (still,)), 80, monkeypatch)


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


def test_the_card_of_a_question_shows_what_is_asked_and_what_is_offered_with_why() -> None:
    card = "\n".join(
        t.plain
        for t in card_lines(
            ASKING, ASKING.proposals[0], number=1, total=1, width=100, accounts={"soft": "485 Subscriptions"}
        )
    )
    assert "Question      420.00 NZD spent for LONGLINE FIBRE" in card
    assert "1  485 Subscriptions, INPUT2, Region: North" in card
    assert "3 of 5 times" in card
    assert "nothing can be written before" in card


def test_what_an_earlier_write_supplies_is_named_and_shown_as_it_is_hashed() -> None:
    first = PLAN.proposals[0]
    write = dataclasses.replace(
        first.writes[0],
        arguments={
            "contact_id": {"$from": "w1.ContactID"},
            "line_items": [{"AccountCode": "404", "UnitAmount": "404"}],
        },
    )
    booked = dataclasses.replace(first.links[0], coding=Coding("fees", "NONE"))
    changed = dataclasses.replace(first, writes=(write,), links=(booked,))
    names = {"fees": "404 Bank Fees", "other": "404 Paid to a friend"}  # a name that begins like the code
    for width in (80, 140):
        lines = card_lines(PLAN, changed, number=1, total=1, width=width, accounts=names)
        card = "\n".join(line.plain for line in lines)
        assert re.search(r"contact_id\.\$from\s+w1\.ContactID\s+\(supplied by w1\)", card)
        assert card.count("(Bank Fees)") == 1  # the account, not the amount
        assert "friend" not in card
        assert max(line.cell_len for line in lines) <= width
