"""What is wrong with a file, in words a person can act on."""

from __future__ import annotations

from pathlib import Path

from finchat.errors import UsageError


def wrong(path: Path, where: str, why: str, next: str = "export the file again, or correct it") -> UsageError:
    """`FILE, line 12: date '31/02/2026' is no day`. `where` may be "" for the file as a whole."""
    return UsageError(f"{path}{', ' if where else ''}{where}: {why}", field=where or "--statement", next=next)
