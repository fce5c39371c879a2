"""What is true of every line of the statements, in the bench's truth form keyed by the line's id.

Beyond that form: `date` and `settled_by` on lines, `document_amount` and `document_currency` on links (a link's
`amount` is cash in the line's currency), `bank`: how the statement and the books agree, and on the lines they concern
`coding` (account, tax type and tracking of money without a document, or of the part beside a document), `transfer`
(both own accounts, the line of the other statement), `deposit` (recorded receipts that it takes to the bank, and the
fee the bank kept), `refund` (the credit given back, null when there is none) and
`excess` (money beyond documents, left open as an over- or prepayment). `coding.decision` is propose, ask or either:
see feed.Coded. Money that is coded or transferred keeps the bench's residual kind `unrelated`: no document is touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finchat.sandbox.company.chart import BANK
from finchat.sandbox.company.draws import text
from finchat.sandbox.company.feed import Coded, Line, Link
from finchat.sandbox.company.records import Ledger
from finchat.sandbox.company.world import Chart, World


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's lines in order, with the balances before the first and after the last (cents of `currency`)."""

    code: str
    currency: str
    lines: Sequence[Line]
    opening: int
    closing: int


def truth(world: World, statements: Mapping[str, Statement]) -> dict[str, Any]:
    """The answers for the account with a feed; those of the others have the same form under `accounts`, by code."""
    return {
        "ledger": True,
        "seed": world.seed,
        "anchor": world.anchor.isoformat(),
        "week": {"from": world.week.isoformat(), "to": world.anchor.isoformat()},
        **_answers(world, statements[BANK]),
        "accounts": {
            world.chart.code(code): _answers(world, statement) for code, statement in statements.items() if code != BANK
        },
    }


def _answers(world: World, statement: Statement) -> dict[str, Any]:
    links: list[dict[str, Any]] = []
    residuals: list[dict[str, Any]] = []
    allocations: list[dict[str, Any]] = []
    lines: dict[str, Any] = {}
    for line in statement.lines:
        lines[line.id] = _line(world.chart, line)
        residuals += [{"bank_id": line.id, "kind": kind, "amount": text(cents)} for kind, cents in line.residuals]
        links += [_link(line, link) for link in line.links]
        allocations += [
            {
                "bank_id": line.id,
                "credit_id": applied.credit.id,
                "invoice_id": applied.document.id,
                "accept": [applied.document.id],
                "amount": text(applied.cents),
            }
            for applied in line.allocations
        ]
    return {
        "links": links,
        "residuals": residuals,
        "allocations": allocations,
        "lines": lines,
        "bank": {
            "account_id": world.chart.ids[statement.code],
            "currency": statement.currency,
            "opening_balance": text(statement.opening),
            "closing_balance": text(statement.closing),
            "book_balance": text(statement.opening + world.ledger.movement(statement.code)),
            "outstanding": outstanding(world.ledger, statement.code),
        },
    }


def _link(line: Line, link: Link) -> dict[str, Any]:
    found: dict[str, Any] = {
        "bank_id": line.id,
        "invoice_id": link.document.id,
        "amount": text(link.cents),
        "document_amount": text(link.document_cents),
        "document_currency": link.document.party.currency,
        "accept": sorted(document.id for document in link.accept),
        "pinned": link.pinned,
    }
    if link.via == "clearing":
        found["via"] = "clearing"
    if link.credit is not None:
        credit, cents = link.credit
        found["credit"] = {"id": credit.id, "amount": text(cents)}
    return found


def outstanding(ledger: Ledger, code: str) -> list[dict[str, str]]:
    """Entries of a bank account that are not on the statement yet; amounts signed, money in positive."""
    found = [
        {"kind": "payment", "ledger_id": p.id, "date": p.day.isoformat(), "amount": text(sign * p.bank_cents)}
        for p in ledger.payments
        if p.account == code and p.on_statement is None
        for sign in (1 if p.document.side == "ACCREC" else -1,)
    ]
    return found + [
        {
            "kind": "bank_transaction",
            "ledger_id": entry.id,
            "date": entry.day.isoformat(),
            "amount": text(entry.cents if entry.receives else -entry.cents),
        }
        for entry in ledger.bank_transactions
        if entry.account == code and entry.on_statement is None
    ]


def _line(chart: Chart, line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {
        "scenario": line.scenario,
        "determinable": line.determinable,
        "status": "already_settled" if line.claim is not None else "open",
        "date": line.day.isoformat(),
        "settled_by": list(line.settled_by),
    }
    if line.claim is not None:
        found["claim"] = {"kind": line.claim.kind, "ledger_ids": list(line.claim.ids)}
    if line.group:
        found["dup_group"] = line.group
    if line.coded is not None:
        found["coding"] = _coding(chart, line.coded)
    if line.moved is not None:
        found["transfer"] = {
            "from_account_id": chart.ids[line.moved.source],
            "to_account_id": chart.ids[line.moved.target],
            "amount": text(line.cents),
            "other_line": line.moved.other[0].id if line.moved.other else None,
        }
    if line.refunded is not None:
        credit = line.refunded.credit
        found["refund"] = {
            "credit_id": credit.id if credit else None,
            "credit_kind": credit.kind if credit else None,
            "amount": text(line.cents),
        }
    if line.gathers:
        total = sum(received.cents for received in line.gathers)
        found["deposit"] = {
            "ledger_ids": [received.id for received in line.gathers],
            "amount": text(total),
            "fee": text(total - line.cents),
        }
    if line.excess is not None:
        found["excess"] = {
            "contact_id": line.excess.party.id,
            "kind": line.excess.kind,
            "amount": text(line.excess.cents),
        }
    return found


def _coding(chart: Chart, coded: Coded) -> dict[str, Any]:
    return {
        "decision": coded.decision,
        "why": coded.why,
        "contact_id": coded.party.id if coded.party else None,
        "account_id": chart.ids[coded.account],
        "account_code": chart.code(coded.account),
        "tax_type": coded.tax_type,
        "tracking": [{"name": name, "option": option} for name, option in coded.tracking],
        "amount": text(coded.cents),
        "seen": coded.seen,
        "accept": [{"account_code": chart.code(account), "tax_type": tax} for account, tax in coded.accept],
    }
