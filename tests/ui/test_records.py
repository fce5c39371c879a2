"""The journal for a reader: what is open names the next step, and a person's word is told apart from the ledger's."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.console import RenderableType

from finchat.safety.journal import State, WriteRecord
from finchat.ui.records import journal_view, resolved_view
from finchat.ui.sink import Sink


def shown(renderable: RenderableType) -> str:
    stream = io.StringIO()
    Sink(stdout=stream).data(renderable)
    return " ".join(stream.getvalue().split())


def write(state: State, ledger_id: str | None = None) -> WriteRecord:
    return WriteRecord(
        plan_id="plan-1", proposal_id="p1", write_id="w1", state=state, approval_id="a", decided_by="human",
        run_id="r", server="books", org_id="o", org_name="Demo", tool="create_a_xero_payment", effect="write",
        arguments_sha256="0" * 64, amount=Decimal("1234.50"), currency="NZD", idempotency_key=None, call_id=None,
        known_ids=frozenset(), lifetime_s=0.0, sent_at=datetime(2026, 11, 20, tzinfo=UTC), sent_boot=None,
        sent_monotonic=None, ended_at=None, ledger_id=ledger_id, due_before=None, due_after=None, error_code=None,
        error_text=None, read_back_at=None,
    )  # fmt: skip


@pytest.mark.parametrize("state", ["unknown", "sending", "approved"])
def test_an_open_write_names_what_to_do_next(state: State) -> None:
    text = shown(journal_view([write("committed", "pay-1"), write(state)]))
    assert "1,234.50 NZD with create_a_xero_payment" in text
    assert "next: run finchat reconcile or apply again" in text
    assert "finchat journal resolve plan-1/p1/w1 --committed ID" in text


def test_settled_writes_need_no_next_step() -> None:
    assert "next:" not in shown(journal_view([write("committed", "pay-1"), write("failed")]))


def test_a_persons_word_is_said_to_be_that() -> None:
    text = shown(resolved_view(write("committed", "pay-1")))
    assert "taken from you, not from the ledger: it counts as written under pay-1" in text
    assert "in the audit log" in text
    assert "counts as never sent" in shown(resolved_view(write("not_sent")))
