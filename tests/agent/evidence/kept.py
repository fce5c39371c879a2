"""Stores with results in them, and the query tool as a run calls it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.agent.evidence import EvidenceStore, Kept, query_tool
from finchat.agent.facts import Fact
from finchat.connections.own_tools import OWN_SERVER, OwnToolbox
from finchat.connections.toolbox import CallError, CallResult

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


class Session:
    """An evidence store as a run uses it."""

    def __init__(self, place: Path, name: str = "s1") -> None:
        self.file = place / "sessions" / "evidence.sqlite3"
        self.store = EvidenceStore(self.file, name, base_currency="NZD")
        self.tools = OwnToolbox([query_tool(self.store)])

    def keep(self, data: Mapping[str, Any], tool: str = "open_documents", **arguments: Any) -> Kept:
        return self.store.keep(
            server="books", tool=tool, arguments=arguments, result=CallResult(structured=data), at=AT
        )

    async def ask(self, sql: str) -> tuple[list[dict[str, Any]], list[Fact]]:
        """The rows of a query, and what it computed as facts."""
        result = await self.tools.call("query", {"sql": sql})
        assert result.error is None, result.error
        kept = self.store.keep(server=OWN_SERVER, tool="query", arguments={"sql": sql}, result=result, at=AT)
        assert result.structured is not None
        rows: list[dict[str, Any]] = result.structured["rows"]
        return rows, [fact for fact in self.store.facts(()) if fact.evidence_id == kept.id]

    async def refused(self, sql: str) -> CallError:
        error = (await self.tools.call("query", {"sql": sql})).error
        assert error is not None, f"it ran: {sql}"
        return error


def invoice(number: int, contact: str = "Acme Ltd", **changes: Any) -> dict[str, Any]:
    """An open invoice as finchat's own tools tell it."""
    return {
        "number": f"INV-{number}", "contact": contact, "type": "invoice", "date": "2026-10-01",
        "due_date": "2026-10-31", "days_overdue": 20, "total": f"{number}.50", "amount_due": f"{number}.25",
        "currency": "NZD",
    } | changes  # fmt: skip


def documents(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"as_of": "2026-11-20", "documents": list(rows)}


def xero_invoice(number: int, lines: Sequence[str] = ("100.00",), **changes: Any) -> dict[str, Any]:
    """An invoice as Xero's API writes it, normalised."""
    total = sum(map(Decimal, lines), Decimal(0))
    return {
        "Type": "ACCREC", "InvoiceID": f"00000000-0000-0000-0000-{number:012}", "InvoiceNumber": f"INV-{number}",
        "AmountDue": f"{total}", "AmountPaid": "0.00",
        "Contact": {"ContactID": f"c-{number % 3}", "Name": f"Client {number % 3}"}, "Date": "2026-10-01",
        "DueDate": "2026-10-31", "Status": "AUTHORISED", "CurrencyCode": "NZD", "Total": f"{total}",
        "LineItems": [{"Description": "Hours", "LineAmount": amount, "AccountCode": "200"} for amount in lines],
    } | changes  # fmt: skip


def listed(records: Sequence[Mapping[str, Any]], **changes: Any) -> dict[str, Any]:
    """A list answer of a server."""
    return {"records": list(records), "next_cursor": None, "count": len(records), "total": len(records)} | changes
