"""Which rows of a review are shown. `402 acme >100 class:review status:open`: every word must hold.

A word is looked for in the bank's text, payee, document numbers, contact, account codes and names, tax codes and
tracking; a plain amount also matches the line's amount, `>` and `<` bound it. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import get_args

from finchat.books.money import parse_amount
from finchat.books.plan import Class, Proposal
from finchat.workflows.review.groups import size
from finchat.workflows.review.states import SHOWN

CLASSES: tuple[str, ...] = get_args(Class)


@dataclass(frozen=True, slots=True)
class Filter:
    """`text` as it was typed; the rest as it was understood. Empty: everything."""

    text: str = ""
    words: tuple[str, ...] = ()
    amounts: tuple[tuple[str, Decimal], ...] = ()
    classes: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    accounts: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.text.strip()


def parse(text: str) -> Filter:
    """A filter. Raises ValueError that says what a word may be."""
    words: list[str] = []
    amounts: list[tuple[str, Decimal]] = []
    classes: set[str] = set()
    states: set[str] = set()
    accounts: list[str] = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and name in ("class", "status", "account"):
            if name == "account":
                accounts.append(value.casefold())
            elif name == "class":
                classes.add(_one_of(value, {c: c for c in CLASSES}, "class"))
            else:
                states.add(_one_of(value, {s: s for s in SHOWN}, "status"))
        elif word[0] in "<>=" and len(word) > 1:
            amounts.append((word[0], _amount(word[1:])))
        else:
            words.append(word.casefold())
    return Filter(text.strip(), tuple(words), tuple(amounts), frozenset(classes), frozenset(states), tuple(accounts))


def haystack(proposal: Proposal, account_names: Mapping[str, str]) -> tuple[str, str]:
    """Everything about a proposal that words are looked for in, and its accounts alone; both folded."""
    line = proposal.line
    parts = [line.payee, line.narration, line.reference, f"{line.amount:f}"] if line is not None else []
    accounts = [account_names.get(line.account_id, line.account_id)] if line is not None else []
    codings = [c for link in proposal.links if (c := link.coding) is not None]
    for link in proposal.links:
        parts += [link.number, link.contact]
    for coding in codings:
        accounts.append(account_names.get(coding.account_id, coding.account_id))
        parts += [coding.tax_type, *(f"{name} {option}" for name, option in coding.tracking)]
    for ask in proposal.open_asks:
        parts += [ask.contact, "question"]
    parts += [proposal.id, proposal.kind.replace("_", " "), *accounts]
    return "\n".join(parts).casefold(), "\n".join(accounts).casefold()


def test(wanted: Filter) -> Callable[[Proposal, tuple[str, str], str], bool]:
    """Whether a proposal with its haystack and shown state is wanted."""

    def holds(proposal: Proposal, hay: tuple[str, str], state: str) -> bool:
        if wanted.states and state not in wanted.states:
            return False
        if wanted.classes and proposal.certainty not in wanted.classes:
            return False
        if any(word not in hay[0] for word in wanted.words) or any(a not in hay[1] for a in wanted.accounts):
            return False
        amount = size(proposal)[0]
        return all(
            amount > bound if sign == ">" else amount < bound if sign == "<" else amount == bound
            for sign, bound in wanted.amounts
        )

    return holds


def _amount(text: str) -> Decimal:
    try:
        return parse_amount(text)
    except ValueError:
        raise ValueError(f"{text} is not an amount: write >100, <50.25 or =42.00") from None


def _one_of(given: str, names: Mapping[str, str], what: str) -> str:
    found = [name for name in names if given and name.startswith(given.casefold())]
    if len(found) != 1:
        raise ValueError(f"{what}: is one of {', '.join(names)}")
    return found[0]
