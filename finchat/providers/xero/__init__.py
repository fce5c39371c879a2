"""The `xero` profile: finchat's own Xero server and servers that publish the same tool names."""

from finchat.providers.xero.profile import XERO_PROFILE, XeroProfile
from finchat.providers.xero.provider import OrganisationUnclear, XeroProvider

__all__ = ["XERO_PROFILE", "OrganisationUnclear", "XeroProfile", "XeroProvider"]
