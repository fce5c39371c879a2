"""Every family of writes of the `xero` profile, and which operation belongs to which."""

from __future__ import annotations

from collections.abc import Mapping

from finchat.providers.xero.families.allocations import ALLOCATIONS
from finchat.providers.xero.families.contacts import CONTACTS
from finchat.providers.xero.families.credit_notes import CREDIT_NOTES
from finchat.providers.xero.families.invoices import INVOICES
from finchat.providers.xero.families.lines_added import LINES_ADDED
from finchat.providers.xero.families.money import MONEY
from finchat.providers.xero.families.payments import PAYMENTS
from finchat.providers.xero.families.transfers import TRANSFERS
from finchat.providers.xero.family import Family
from finchat.providers.xero.reversal import REVERSALS

FAMILIES: tuple[Family, ...] = (
    PAYMENTS, ALLOCATIONS, MONEY, CREDIT_NOTES, TRANSFERS, CONTACTS, INVOICES, LINES_ADDED, *REVERSALS,
)  # fmt: skip
_BY_OPERATION: Mapping[str, Family] = {operation: family for family in FAMILIES for operation in family.operations}


def family_of(operation: str) -> Family | None:
    """The family of a canonical operation; None for one that finchat does not make."""
    return _BY_OPERATION.get(operation)
