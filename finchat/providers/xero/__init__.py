"""The `xero` profile: finchat's own Xero server and servers that publish the same tool names."""

from finchat.providers.xero.profile import XERO_PROFILE, XeroProfile
from finchat.providers.xero.provider import XeroProvider

__all__ = ["XERO_PROFILE", "XeroProfile", "XeroProvider"]
