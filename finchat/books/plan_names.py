"""What a person calls the accounts of a plan, kept in it: who reads or signs a plan need not reach the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from finchat.books.plan import AccountName, Plan, Proposal


def with_names(plan: Plan, names: Mapping[str, str]) -> Plan:
    """The plan with the name of each account that its proposals book to, offer or move, in the order of the names.
    `names`: by id; one that is missing there stays as the plan had it."""
    known = {**plan.account_names, **names}
    used = {id for proposal in plan.proposals for id in _accounts(proposal)}
    found = sorted((known[id], id) for id in used if known.get(id))
    return replace(plan, accounts=tuple(AccountName(id=id, name=name) for name, id in found))


def misnamed_account(plan: Plan, names: Mapping[str, str]) -> str | None:
    """The first account that the plan calls something else than the ledger does, in plain words; None without one."""
    for one in plan.accounts:
        present = names.get(one.id)
        if present is None:
            return f"the account {one.id}, there called {one.name!r}, is not in the ledger"
        if present != one.name:
            return f"it calls account {one.id} {one.name!r}, and the ledger {present!r}"
    return None


def _accounts(proposal: Proposal) -> Iterator[str]:
    if proposal.line is not None:
        yield proposal.line.account_id
    for link in proposal.links:
        if link.coding is not None:
            yield link.coding.account_id
    for ask in proposal.asks:
        yield from (choice.coding.account_id for choice in ask.choices)
        if ask.answered is not None:
            yield ask.answered.coding.account_id
    for write in proposal.writes:
        yield from (effect.account_id for effect in write.effects)
