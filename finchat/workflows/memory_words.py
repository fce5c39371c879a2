"""A remembered fact as one sentence."""

from __future__ import annotations

from finchat.books.learning import Fact

_RESTS = {"fee": "fees", "discount": "discounts", "withholding": "withheld tax", "rounding": "rounding"}


def sentence(fact: Fact) -> str:
    """`“THE RED GATE” is Ōtorohanga Veterinary: confirmed 3 times, last on 2026-11-20; fades by 2028-05-14.`"""
    return f"{_what(fact)}: {_why(fact)}; {_until(fact)}."


def _what(fact: Fact) -> str:
    if fact.kind == "name":
        return f"“{fact.shown}” is {fact.contact}"
    if fact.kind == "account":
        return f"the account ending in {fact.shown} is of {fact.contact}"
    if fact.kind == "residual":
        what = _RESTS.get(fact.residual or "", "the rest")
        return f"{what} of {fact.contact}: to {fact.coding_text}"
    way = "from" if fact.direction == "receive" else "to"
    return f"money {way} {fact.contact} without a document: to {fact.coding_text}"


def _why(fact: Fact) -> str:
    parts = []
    if fact.said:
        parts.append("you said so")
    if fact.confirmed or not fact.said:
        parts.append(f"confirmed {_times(fact.confirmed)}")
    if fact.contradicted:
        parts.append(f"contradicted {_times(fact.contradicted)}")
    return f"{', '.join(parts)}, last on {fact.last}"


def _until(fact: Fact) -> str:
    """From when on it is not used, or why it is not."""
    if fact.kind == "coding":  # the ledger itself is the evidence; memory only adds to it
        return "counts with what the ledger holds"
    if fact.believed and fact.fades is not None:
        return f"fades by {fact.fades}"
    if fact.contradicted:
        return "not used, because it was contradicted"
    if fact.confirmed < 2:
        return "not used before it is confirmed again"
    if len({o.day for o in fact.observations}) < 2 and fact.kind in ("name", "account"):
        return "not used before it is confirmed on another day"
    return "faded: not used before it is confirmed again"


def _times(n: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{n} times")
