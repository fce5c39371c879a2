"""What is true of every line of the feed, in the bench's truth form keyed by the feed line's id.

Beyond that form: `date` and `settled_by` on lines, `document_amount` and `document_currency` on links (a link's
`amount` is cash in the line's currency), and `bank`: how the statement and the books agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from finchat.sandbox.company.chart import BANK
from finchat.sandbox.company.draws import text
from finchat.sandbox.company.feed import Line
from finchat.sandbox.company.records import Ledger
from finchat.sandbox.company.world import World


def truth(world: World, statement: Iterable[Line], opening: int, closing: int) -> dict[str, Any]:
    links: list[dict[str, Any]] = []
    residuals: list[dict[str, Any]] = []
    allocations: list[dict[str, Any]] = []
    lines: dict[str, Any] = {}
    for line in statement:
        lines[line.id] = _line(line)
        residuals += [{"bank_id": line.id, "kind": kind, "amount": text(cents)} for kind, cents in line.residuals]
        for link in line.links:
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
            links.append(found)
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
        "ledger": True,
        "seed": world.seed,
        "anchor": world.anchor.isoformat(),
        "week": {"from": world.week.isoformat(), "to": world.anchor.isoformat()},
        "links": links,
        "residuals": residuals,
        "allocations": allocations,
        "lines": lines,
        "bank": {
            "account_id": world.chart.ids[BANK],
            "currency": "NZD",
            "opening_balance": text(opening),
            "closing_balance": text(closing),
            "book_balance": text(opening + world.ledger.movement(BANK)),
            "outstanding": outstanding(world.ledger),
        },
    }


def outstanding(ledger: Ledger) -> list[dict[str, str]]:
    """Entries of the bank account that are not on the statement yet; amounts signed, money in positive."""
    found = [
        {"kind": "payment", "ledger_id": p.id, "date": p.day.isoformat(), "amount": text(sign * p.bank_cents)}
        for p in ledger.payments
        if p.account == BANK and p.on_statement is None
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
        if entry.account == BANK and entry.on_statement is None
    ]


def _line(line: Line) -> dict[str, Any]:
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
    return found
