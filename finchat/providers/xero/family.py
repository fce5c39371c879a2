"""One kind of write of the `xero` profile, as every vendor's are; `families/__init__.py` lists them all."""

from finchat.providers.writing.family import Check, Family, Presence
from finchat.providers.writing.family import Receipt as XeroReceipt
from finchat.providers.writing.family import Sighting as XeroSighting
from finchat.providers.writing.family import Standing as XeroStanding

__all__ = ["Check", "Family", "Presence", "XeroReceipt", "XeroSighting", "XeroStanding"]
