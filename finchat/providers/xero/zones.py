"""Xero's own zone names ("NEWZEALANDSTANDARDTIME": a Windows zone id in capitals without spaces) to IANA names."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import ZoneInfo


@cache
def _table() -> dict[str, str]:
    # CLDR's Windows zone mapping, as Babel ships it.
    from babel.core import get_global

    mapping = get_global("windows_zone_mapping")
    return {_squeezed(name): zone for name, zone in mapping.items()}


def iana_zone(vendor_name: str) -> str | None:
    """The IANA name of a vendor's zone, or None when it is unknown. An IANA name stays itself."""
    if zone := _table().get(_squeezed(vendor_name)):
        return zone
    try:
        return ZoneInfo(vendor_name).key
    except (ValueError, OSError, KeyError):
        return None


def _squeezed(name: str) -> str:
    return re.sub(r"[^0-9A-Z+\-]", "", name.upper())
