"""How what the ledger holds differs from what was sent, in words."""

from __future__ import annotations


def unlike(what: str, present: object, wanted: object) -> str:
    """`the total is 1.00, not 2.00`; "" when they are the same."""
    return "" if present == wanted else f"{what} is {present or '(none)'}, not {wanted}"


def first_of(*told: str) -> str:
    """The first that says something."""
    return next((text for text in told if text), "")
