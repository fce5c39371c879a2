"""A believable trading company in Texas for any seed and any day: its books, its statements and the answers.

The answers have the form that `answers` describes, in QuickBooks' ids and words: ids of transactions are unique across
their kinds, and `ledger_types` beside a claim's or deposit's ids says which kind each is. A claim on several bill
payments that left the bank as one amount is a `batch_payment`. Money ahead is an unapplied payment (`settled_by`
unapplied, a credit's kind payment). Tracking names Department and Class. `tax_type` is the tax code of a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from finchat.sandbox.company.american_year import besides
from finchat.sandbox.company.country import UNITED_STATES
from finchat.sandbox.company.quickbooks_json import Writer
from finchat.sandbox.company.story import SeededCompany, tell
from finchat.sandbox.company.us_chart import UsChart
from finchat.sandbox.company.world import World

_SETTLED_BY = {"overpayment": "unapplied", "prepayment": "unapplied"}
_CREDIT_KINDS = {"overpayment": "payment", "prepayment": "payment"}
_TRACKED_AS = {"Region": "Department", "Team": "Class"}
_CLAIMED_AS = {"Payment": "payment", "BillPayment": "payment", "Transfer": "transfer"}


def generate_quickbooks(seed: int, anchor: date) -> SeededCompany:
    """The company of a seed as of a day, in QuickBooks' JSON: the same bytes for the same arguments, anywhere."""
    books = UsChart(seed)
    world = World(UNITED_STATES, seed, anchor, books)
    told = tell(world, besides)
    writer = Writer(world, books)
    collections = writer.collections()
    truth = _Words(writer.ids, writer.entities).truth(told.truth)
    return SeededCompany(collections, told.feed, told.statements, truth)


class _Words:
    """Answers in QuickBooks' ids and words."""

    def __init__(self, ids: Mapping[str, str], entities: Mapping[str, str]) -> None:
        self._ids = ids
        self._entities = entities

    def truth(self, truth: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._translated(truth)
        for answers in (found, *found["accounts"].values()):
            for line in answers["lines"].values():
                self._line(line)
            for item in answers["bank"]["outstanding"]:
                item["ledger_type"] = self._entities[item["ledger_id"]]
                item["kind"] = _CLAIMED_AS.get(item["ledger_type"], "bank_transaction")
            for link in answers["links"]:
                link["document_type"] = self._entities[link["invoice_id"]]
        return found

    def _translated(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._translated(held) for key, held in value.items()}
        if isinstance(value, list):
            return [self._translated(held) for held in value]
        return self._ids.get(value, value) if isinstance(value, str) else value

    def _line(self, line: dict[str, Any]) -> None:
        # An excess is part of the payment that brings it.
        kinds = [_SETTLED_BY.get(kind, kind) for kind in line["settled_by"]]
        line["settled_by"] = [kind for kind in kinds if kind != "unapplied" or kinds == ["unapplied"]]
        if "claim" in line:
            identities = list(dict.fromkeys(line["claim"]["ledger_ids"]))
            types = [self._entities[identity] for identity in identities]
            kind = "batch_payment" if len(identities) > 1 else _CLAIMED_AS.get(types[0], "bank_transaction")
            line["claim"] = {"kind": kind, "ledger_ids": identities, "ledger_types": types}
        if "deposit" in line:
            line["deposit"]["ledger_types"] = [self._entities[i] for i in line["deposit"]["ledger_ids"]]
        if "refund" in line and line["refund"]["credit_kind"]:
            line["refund"]["credit_kind"] = _CREDIT_KINDS.get(line["refund"]["credit_kind"], "credit_note")
        if "excess" in line:
            line["excess"]["kind"] = "unapplied"
        for tracked in line.get("coding", {}).get("tracking", ()):
            tracked["name"] = _TRACKED_AS[tracked["name"]]
