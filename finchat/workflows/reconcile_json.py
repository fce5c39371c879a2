"""`finchat.reconcile/1`: the one document of a reconcile run. All keys are always present."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.books.documents import BankLine
from finchat.books.money import amount_text
from finchat.books.plan import Finding
from finchat.books.plan_json import balances_json, organisation_json, proposal_json
from finchat.books.statement import BankReconciliation
from finchat.canonical import plain_decimal
from finchat.safety.results import WriteResult
from finchat.workflows.bank_reconciliation import bank_reconciliation_json
from finchat.workflows.execute import Applied
from finchat.workflows.meter import Usage
from finchat.workflows.proposals import LineAnswer
from finchat.workflows.reconcile import Reconciliation

SCHEMA = "finchat.reconcile/1"


def document(
    found: Reconciliation,
    *,
    applied: Applied,
    path: Path | None,
    usage: Usage,
    exit_code: int,
    banks: Sequence[BankReconciliation] = (),
) -> dict[str, Any]:
    """The document of a run: `applied` holds the decisions and outcomes, empty when nobody was asked; `banks` the bank
    reconciliation statement of each account a statement file was read of."""
    statements = [bank_reconciliation_json(one) for one in banks]
    plan = applied.plan
    currencies = {(p.id, w.id): w.currency for p in (*found.plan.proposals, *plan.proposals) for w in p.writes}
    return {
        "schema": SCHEMA,
        "org": organisation_json(found.organisation),
        "window": {
            "from": found.window.first.isoformat(),
            "to": found.window.last.isoformat(),
            "timezone": found.organisation.timezone,
        },
        "lines": [line_json(answer) for answer in found.answers],
        "proposals": [proposal_json(p) for p in found.plan.proposals],
        "findings": [finding_json(finding) for finding in found.findings],
        "plan": {
            "id": plan.id if found.plan.proposals else None,
            "path": None if path is None else str(path),
            "hash": plan.hash if found.plan.proposals else None,
            "status": applied.status,
        },
        "outcomes": [outcome_json(r, currencies[r.proposal_id, r.write_id]) for r in applied.results],
        "balances": {
            "before": balances_json(found.before),
            "expected": balances_json(applied.expected),
            "after": None if applied.after is None else balances_json(applied.after),
        },
        "bank_reconciliation": statements[0] if statements else None,
        "bank_reconciliations": statements,
        "api": {"calls": usage.calls, "waited_s": plain_decimal(Decimal(f"{usage.waited_s:.3f}"))},
        "exit_code": int(exit_code),
    }


def line_json(answer: LineAnswer) -> dict[str, Any]:
    """One bank line of the contract."""
    line: BankLine = answer.line
    return {
        "id": line.id,
        "source": line.source,
        "source_id": line.source_id,
        "account_id": line.account_id,
        "date": line.date.isoformat(),
        "direction": line.direction,
        "amount": amount_text(line.amount, line.currency),
        "currency": line.currency,
        "payee": line.payee,
        "narration": line.narration,
        "reference": line.reference,
        "status": answer.status,
        "proposal_ids": list(answer.proposal_ids),
        "reason": answer.reason,
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """One finding of the contract."""
    known = finding.amount is not None and finding.currency is not None
    return {
        "code": finding.code,
        "severity": finding.severity,
        "line_id": finding.line_id,
        "documents": list(finding.documents),
        "amount": amount_text(finding.amount or Decimal(0), finding.currency or "") if known else None,
        "currency": finding.currency,
        "text": finding.text,
        "next": finding.next,
    }


def outcome_json(result: WriteResult, currency: str) -> dict[str, Any]:
    """One outcome of the contract; what is due is in the document's currency."""
    return {
        "proposal_id": result.proposal_id,
        "write_id": result.write_id,
        "decision": result.decision,
        "outcome": result.outcome,
        "ledger_id": result.ledger_id,
        "due_before": None if result.due_before is None else amount_text(result.due_before, currency),
        "due_after": None if result.due_after is None else amount_text(result.due_after, currency),
        "error": None if result.error is None else result.error.as_json(),
    }


def apply_document(applied: Applied, *, path: Path, usage: Usage, exit_code: int) -> dict[str, Any]:
    """`finchat.apply/1`: what became of a saved plan, in the words of the reconcile document."""
    plan = applied.plan
    currencies = {(p.id, w.id): w.currency for p in plan.proposals for w in p.writes}
    return {
        "schema": "finchat.apply/1",
        "org": organisation_json(plan.organisation),
        "plan": {"id": plan.id, "path": str(path), "hash": plan.hash, "status": applied.status},
        "proposals": [proposal_json(p) for p in plan.proposals],
        "outcomes": [outcome_json(r, currencies[r.proposal_id, r.write_id]) for r in applied.results],
        "balances": {
            "before": balances_json(applied.before),
            "expected": balances_json(applied.expected),
            "after": None if applied.after is None else balances_json(applied.after),
        },
        "api": {"calls": usage.calls, "waited_s": plain_decimal(Decimal(f"{usage.waited_s:.3f}"))},
        "exit_code": int(exit_code),
    }
