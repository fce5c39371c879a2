"""`capabilities`: what cannot be done here, and what can be done instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finchat.app.tools.shape import tool

if TYPE_CHECKING:
    from finchat.connections.own_tools import OwnTool

# Where a person sets up bank rules in the vendor's own product.
_RULES = {
    "Xero": "Accounting, Bank accounts, Manage account, Bank rules",
    "QuickBooks": "Transactions, Bank transactions, Rules",
}


def _cannot(vendor: str) -> tuple[tuple[str, str, str], ...]:
    """What a person may wish for, why it cannot be, and what they can do: of the vendor's API and of finchat."""
    return (
        (
            "create or change a bank rule",
            f"{vendor}'s API has no bank rules",
            f"set the rule up in {vendor}: {_RULES.get(vendor, 'its bank rules')}",
        ),
        (
            "tick a bank statement line as reconciled",
            f"{vendor}'s API cannot reconcile a statement line; finchat matches and records",
            f"confirm the match in {vendor}'s reconcile screen after finchat has recorded the payment",
        ),
        (
            f"read the bank's own statement lines from {vendor}",
            f"{vendor}'s API does not offer them",
            "give finchat the bank's file: finchat reconcile --statement FILE, or a bank feed in its settings",
        ),
        (
            "send an email, an invoice or a reminder",
            "finchat sends nothing to anybody",
            f"send it from {vendor}",
        ),
        (
            "move money: pay a supplier, refund a customer, charge a card",
            "finchat records payments and moves no money",
            "pay at the bank; finchat then records it",
        ),
        (
            "approve a write without a person",
            "every write is approved by a person who has seen it whole",
            "finchat shows each proposal and asks",
        ),
        (
            "change a locked period, manual journals, payroll, users or organisation settings",
            "finchat does not offer it",
            f"do it in {vendor}",
        ),
    )


def rows(vendor: str) -> list[OwnTool]:
    """`vendor`: what a person calls whoever keeps the ledger."""

    async def capabilities(_: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "not_possible": [
                {"wish": wish, "reason": reason, "instead": instead} for wish, reason, instead in _cannot(vendor)
            ]
        }

    return [tool("capabilities", capabilities, effect="local")]
