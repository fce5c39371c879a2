"""`capabilities`: what cannot be done here, and what can be done instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finchat.app.tools.shape import tool

if TYPE_CHECKING:
    from finchat.connections.own_tools import OwnTool

# What a person may wish for, why it cannot be, and what they can do: of Xero's Accounting API and of finchat.
_CANNOT: tuple[tuple[str, str, str], ...] = (
    (
        "create or change a bank rule",
        "Xero's API has no bank rules",
        "set the rule up in Xero: Accounting, Bank accounts, Manage account, Bank rules",
    ),
    (
        "tick a bank statement line as reconciled",
        "Xero's API cannot reconcile a statement line; finchat matches and records",
        "confirm the match in Xero's reconcile screen after finchat has recorded the payment",
    ),
    (
        "read the bank's own statement lines from Xero",
        "Xero's API does not offer them",
        "give finchat the bank's file: finchat reconcile --statement FILE, or a bank feed in its settings",
    ),
    (
        "send an email, an invoice or a reminder",
        "finchat sends nothing to anybody",
        "send it from Xero",
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
        "do it in Xero",
    ),
)


def rows() -> list[OwnTool]:
    async def capabilities(_: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "not_possible": [{"wish": wish, "reason": reason, "instead": instead} for wish, reason, instead in _CANNOT]
        }

    return [tool("capabilities", capabilities, effect="local")]
