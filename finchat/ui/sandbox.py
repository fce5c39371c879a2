"""The sandbox company for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finchat.text.sanitise import one_line
from finchat.ui.amounts import aligned

if TYPE_CHECKING:
    from rich.console import RenderableType


def sandbox_view(status: Mapping[str, Any]) -> RenderableType:
    """Which company it is, what it holds and its balances."""
    from rich.console import Group
    from rich.text import Text

    company, balances, counts = status["company"], status["bal"], status["counts"]
    origin = f"seed {company['seed']}, up to {company['anchor']}" if company["seed"] is not None else "loaded"
    names = {a["account_id"]: one_line(f"{a['code']} {a['name']}".strip()) for a in status["bank_accounts"]}
    rows = [(names[b["account_id"]], b["amount"], b["currency"]) for b in balances["bank"]]
    rows += [(name, balances[name], balances["currency"]) for name in ("receivables", "payables")]
    known = [(name, Decimal(amount), currency) for name, amount, currency in rows if amount is not None]
    sums = aligned([(amount, currency) for _, amount, currency in known])
    parts: list[RenderableType] = [
        Text(
            f"SANDBOX  {one_line(str(company['name']))} ({origin}{', written to' if company['written_to'] else ''})",
            style="bold",
        ),
        Text(", ".join(f"{count} {_words(kind, count)}" for kind, count in counts.items() if count)),
        *(Text(f"{text}  {name}") for text, (name, _, _) in zip(sums, known, strict=True)),
    ]
    if company["notice"]:
        parts.append(Text(one_line(str(company["notice"])), style="yellow"))
    return Group(*parts)


def _words(name: str, count: int) -> str:
    """`BankTransactions` as `bank transactions`, and `TaxAgency` too when there are several."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
    if count == 1 or (words.endswith("s") and not words.endswith("ss")):
        return words
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("s") else f"{words}s"
