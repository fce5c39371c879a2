"""`capabilities`: what cannot be done here, and what can be done instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finchat.app.tools.shape import tool

if TYPE_CHECKING:
    from finchat.connections.own_tools import OwnTool

Row = tuple[str, str, str]
# Where a person sets up bank rules, and confirms a match, in the vendor's own product.
_RULES = {
    "Xero": "Accounting, Bank accounts, Manage account, Bank rules",
    "QuickBooks": "Transactions, Bank transactions, Rules",
}
_MATCHES = {"Xero": "in Xero's reconcile screen", "QuickBooks": "in QuickBooks, under Transactions, Bank transactions"}
# What is so of one vendor alone.
_ALSO: dict[str, tuple[Row, ...]] = {
    "QuickBooks": (
        (
            "keep an invoice or a bill as a draft",
            "QuickBooks has no drafts: a document is in the books at once",
            "approve its card when it is right; finchat undo takes it back",
        ),
        (
            "record a refund of a credit memo or an unapplied payment",
            "QuickBooks ties a refund to its credit only in its own screens",
            "record the refund in QuickBooks by hand: it closes the credit there",
        ),
        (
            "code money to a tax code that has a percentage",
            "QuickBooks works that tax out by itself",
            "choose a code without tax, or record it in QuickBooks by hand",
        ),
        (
            "keep what a supplier was paid over what is due, or put such a payment against a bill",
            "QuickBooks' API does neither",
            "record it in QuickBooks by hand",
        ),
        (
            "record a transfer between accounts of two currencies",
            "at which rate the bank changed it, one bank line does not tell",
            "record the transfer in QuickBooks by hand",
        ),
    ),
}


def _cannot(vendor: str) -> tuple[Row, ...]:
    """What a person may wish for, why it cannot be, and what they can do: of the vendor's API and of finchat."""
    own = f"{vendor}'" if vendor.endswith("s") else f"{vendor}'s"
    return (
        (
            "create or change a bank rule",
            f"{own} API has no bank rules",
            f"set the rule up in {vendor}: {_RULES.get(vendor, 'its bank rules')}",
        ),
        (
            "tick a bank statement line as reconciled",
            f"{own} API cannot reconcile a statement line; finchat matches and records",
            f"confirm the match {_MATCHES.get(vendor, f'in {vendor}')}, after finchat has recorded the payment",
        ),
        (
            f"read the bank's own statement lines from {vendor}",
            f"{own} API does not offer them",
            "give finchat the bank's file: finchat reconcile --statement FILE, or a bank feed in its settings",
        ),
        *_ALSO.get(vendor, ()),
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
