"""The `xero` profile: finchat's own Xero server and servers that publish the same tool names."""

from finchat.providers.xero.profile import XERO_PROFILE, XeroProfile
from finchat.providers.xero.provider import OrganisationUnclear, XeroProvider
from finchat.providers.xero.writes import (
    AnyLine,
    CannotPropose,
    Named,
    Party,
    Place,
    WriteContext,
    allocation_write,
    codable,
    contact_write,
    credit_note_write,
    kept_write,
    money_write,
    new_allocation_write,
    payment_write,
    refund_write,
    retokened,
    transfer_write,
)  # fmt: skip

__all__ = [
    "XERO_PROFILE",
    "AnyLine",
    "CannotPropose",
    "Named",
    "OrganisationUnclear",
    "Party",
    "Place",
    "WriteContext",
    "XeroProfile",
    "XeroProvider",
    "allocation_write",
    "codable",
    "contact_write",
    "credit_note_write",
    "kept_write",
    "money_write",
    "new_allocation_write",
    "payment_write",
    "refund_write",
    "retokened",
    "transfer_write",
]
