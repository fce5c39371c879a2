"""What is wrong with a file, in words a person can act on."""

from __future__ import annotations

from pathlib import Path

from finchat.errors import UsageError

_VERBS = frozenset({"is", "has", "holds", "cannot", "declares"})  # a reason that goes on from what it is about


def wrong(path: Path, where: str, why: str, next: str = "export the file again, or correct it") -> UsageError:
    """`FILE, line 12: date '31/02/2026' is no day`, `FILE, line 12, DTPOSTED is missing`. `where` may be "" for
    the file as a whole."""
    subject = f"{path}, {where}" if where else f"{path}"
    link = "" if why.split(" ", 1)[0] in _VERBS else ":"
    return UsageError(f"{subject}{link} {why}", field=where or "--statement", next=next)
