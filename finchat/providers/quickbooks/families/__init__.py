"""Every family of writes of the `quickbooks` profile, and which operation belongs to which."""

from __future__ import annotations

from collections.abc import Mapping

from finchat.providers.quickbooks.families.applications import APPLICATIONS
from finchat.providers.quickbooks.families.contacts import CONTACTS
from finchat.providers.quickbooks.families.credits import CREDITS
from finchat.providers.quickbooks.families.deposits import DEPOSITS
from finchat.providers.quickbooks.families.invoices import INVOICES
from finchat.providers.quickbooks.families.lines_added import LINES_ADDED
from finchat.providers.quickbooks.families.payments import PAYMENTS
from finchat.providers.quickbooks.families.purchases import PURCHASES
from finchat.providers.quickbooks.families.transfers import TRANSFERS
from finchat.providers.quickbooks.reversal import REVERSALS
from finchat.providers.writing.family import Family

FAMILIES: tuple[Family, ...] = (
    PAYMENTS, APPLICATIONS, DEPOSITS, PURCHASES, TRANSFERS, CREDITS, CONTACTS, INVOICES, LINES_ADDED, REVERSALS,
)  # fmt: skip
_BY_OPERATION: Mapping[str, Family] = {operation: family for family in FAMILIES for operation in family.operations}


def family_of(operation: str) -> Family | None:
    """The family of a canonical operation; None for one that finchat does not make."""
    return _BY_OPERATION.get(operation)
