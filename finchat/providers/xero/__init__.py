"""The `xero` profile: finchat's own Xero server and servers that publish the same tool names."""

from finchat.providers.xero.profile import XERO_PROFILE, XeroProfile
from finchat.providers.xero.provider import OrganisationUnclear, XeroProvider
from finchat.providers.xero.writes import CannotPropose, WriteContext, allocation_write, payment_write, retokened

__all__ = [
    "XERO_PROFILE",
    "CannotPropose",
    "OrganisationUnclear",
    "WriteContext",
    "XeroProfile",
    "XeroProvider",
    "allocation_write",
    "payment_write",
    "retokened",
]
