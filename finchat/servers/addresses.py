"""Addresses and credentials out of the environment, checked before anything is sent."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from finchat.errors import AuthenticationError, UsageError


def address(url: str, name: str, *, example: str) -> str:
    """The base address of a server, without a trailing slash. Raises UsageError for what is none."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        usable = usable and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{name} is not the address of a server", field=name, next=f"write it like {example}")
    return url.rstrip("/")


def header_text(token: str, name: str) -> str:
    """A token as it goes into a header. Raises AuthenticationError for characters no token has."""
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise AuthenticationError(f"{name} holds characters no token has", field=name, next="copy the token again")
    return token


def loopback(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
