"""What Xero says of a write, in its reply and read back in batches, over the real server and sandbox."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.plan import Write
from finchat.connections.toolbox import CallResult
from finchat.providers.xero import XERO_PROFILE
from finchat.safety.results import WriteResult
from finchat.settings import Home
from tests.workflows.desk import Desk, Scripted, back_end_of, company, open_desk, written_feed

ANCHOR = date(2026, 11, 20)
PAYMENT = Write(
    id="w1", operation="payment.create", resource="payments", tool="create_a_xero_payment", tool_sha256="0" * 64,
    arguments={"invoice_id": "doc-1", "amount": "40.00", "date": "2026-11-14"}, amount=Decimal("40.00"),
    currency="NZD", verify={"by": "token", "token": "fc-x", "document_id": "doc-1"},
)  # fmt: skip
ALLOCATION = replace(
    PAYMENT, operation="credit_note.allocate",
    verify={"by": "new_ids", "credit_kind": "credit_note", "credit_id": "cn-1", "document_id": "doc-1"},
)  # fmt: skip
PAID: dict[str, Any] = {
    "PaymentID": "pay-1", "Amount": "40.00", "Status": "AUTHORISED",
    "Invoice": {"InvoiceID": "doc-1", "AmountDue": "60.00"},
}  # fmt: skip


def reply(record: dict[str, Any] | None) -> CallResult:
    return CallResult(structured={"records": [] if record is None else [record]})


def test_a_reply_that_repeats_what_was_sent_settles_a_payment() -> None:
    receipt = XERO_PROFILE.receipt(PAYMENT, reply(PAID))
    assert (receipt.ledger_id, receipt.due_after, receipt.disagreement) == ("pay-1", Decimal("60.00"), "")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Amount": "400.00"}, "it says 400.00, not 40.00"),
        ({"Amount": None}, "it says no amount"),
        ({"Amount": "forty"}, "is 'forty', not a number"),
        ({"Invoice": {"InvoiceID": "doc-2"}}, "it says document doc-2, not doc-1"),
        ({"Invoice": None}, "it says document (none)"),
        ({"PaymentID": None}, "names no PaymentID"),
        ({"Status": "DELETED"}, "the payment is deleted"),
    ],
)
def test_a_reply_that_says_something_else_does_not(changes: dict[str, Any], why: str) -> None:
    assert why in XERO_PROFILE.receipt(PAYMENT, reply({**PAID, **changes})).disagreement


def test_an_answer_without_a_record_settles_nothing() -> None:
    for result in (reply(None), CallResult(structured=None)):
        receipt = XERO_PROFILE.receipt(PAYMENT, result)
        assert receipt.ledger_id is None
        assert receipt.disagreement


def test_an_allocation_without_an_id_is_named_by_its_two_sides() -> None:
    record = {"Amount": "40.00", "Invoice": {"InvoiceID": "doc-1"}}
    receipt = XERO_PROFILE.receipt(ALLOCATION, reply(record))
    assert (receipt.ledger_id, receipt.disagreement) == ("cn-1:doc-1", "")


@asynccontextmanager
async def applied(tmp_path: Path) -> AsyncIterator[tuple[Desk, list[tuple[Write, str]]]]:
    """A company whose certain proposals are all written, and what was written, each with its ledger id."""
    seeded = company(1, ANCHOR)
    async with open_desk(back_end_of(seeded, ANCHOR), Home(tmp_path / "home"), ANCHOR) as desk:
        found = await desk.reconcile(written_feed(seeded, tmp_path / "feed.json"))
        done = await desk.apply(found.plan, Scripted(bulk=True))
        writes = {(p.id, w.id): w for p in found.plan.proposals for w in p.writes}

        def id_of(result: WriteResult) -> str:
            assert result.ledger_id is not None
            return result.ledger_id

        yield desk, [(writes[r.proposal_id, r.write_id], id_of(r)) for r in done.results if r.outcome == "committed"]


async def test_a_whole_week_is_read_back_in_a_handful_of_calls(tmp_path: Path) -> None:
    async with applied(tmp_path) as (desk, written):
        before = len(desk.session.calls)
        standings = await XERO_PROFILE.read_back(desk.guard.toolbox("books"), written)
        calls = Counter(desk.session.calls[before:])
    assert len(standings) == len(written) > 50
    assert {(s.presence, s.disagreement) for s in standings} == {("there", "")}
    seen = list(zip(standings, written, strict=True))
    assert {w.operation for w, _ in written} >= {"payment.create", "credit_note.allocate", "bank_transaction.create"}
    assert all(s.due is not None for s, (w, _) in seen if "invoice_id" in w.arguments)
    credits = [s for s, (w, _) in seen if w.operation.endswith("allocate") or "credit_note_id" in w.arguments]
    assert credits
    assert all(s.remaining is not None for s in credits)
    documents = {w.arguments["invoice_id"] for w, _ in written if "invoice_id" in w.arguments}
    assert calls.pop("list_all_xero_invoices") == -(-len(documents) // 40)
    assert all(count == 1 for count in calls.values())  # one for each kind of credit, one for money without a document
    assert len(calls) <= 4


async def test_what_was_taken_back_or_never_was_is_told_apart(tmp_path: Path) -> None:
    async with applied(tmp_path) as (desk, written):
        payments = [(w, id) for w, id in written if w.operation == "payment.create" and "invoice_id" in w.arguments]
        (allocation, allocation_id) = next((w, id) for w, id in written if w.operation.endswith("allocate"))
        (deleted, deleted_id), (kept, kept_id), (other, other_id) = payments[:3]
        await desk.outside.post(f"/Payments/{deleted_id}", {"Status": "DELETED"})
        nobody = "00000000-0000-4000-8000-000000000000"
        cases: list[tuple[Write, str, str, str]] = [
            (deleted, deleted_id, "deleted", ""),
            (kept, kept_id, "there", ""),
            (kept, nobody, "missing", ""),
            (kept, other_id, "there", "which does not list it"),
            (replace(other, amount=other.amount + 1), other_id, "there", f"it says {other.amount}, not"),
            (replace(other, arguments={**other.arguments, "date": "2020-01-01"}), other_id, "there", "not 2020-01-01"),
            (allocation, nobody, "missing", ""),
            (replace(allocation, amount=allocation.amount + 1), allocation_id, "there", "it says"),
            (replace(kept, operation="quote.create", verify=None), "x", "unreadable", ""),
            (replace(kept, verify=None), "x", "unreadable", ""),
            (at_document(kept, nobody), kept_id, "there", "the document is not in the ledger any more"),
        ]
        standings = await XERO_PROFILE.read_back(desk.guard.toolbox("books"), [(w, id) for w, id, *_ in cases])
    for standing, (_, id, presence, why) in zip(standings, cases, strict=True):
        assert standing.presence == presence, (id, standing)
        assert why in standing.disagreement, (id, standing)
        assert bool(standing.disagreement) == bool(why), (id, standing)


def at_document(write: Write, document_id: str) -> Write:
    verify = copy.deepcopy(dict(write.verify or {}))
    return replace(write, verify={**verify, "document_id": document_id})
