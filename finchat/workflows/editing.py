"""What a person changes on a card makes a new plan: a new id, new hashes, and all rules again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from finchat.books.acts import act
from finchat.books.balances import expected
from finchat.books.money import amount_text, parse_amount, round_to_minor
from finchat.books.plan import EDITED, Ask, Effect, Evidence, Plan, Precondition, Proposal, Write
from finchat.errors import WriteRefused
from finchat.providers.registry import vendor_of
from finchat.providers.writing.editing import AMOUNT, DATE, FOREIGN, Editable
from finchat.providers.writing.writers import Writers
from finchat.safety.approval import Edit
from finchat.workflows.proposals.rests import rest_of

# What such evidence says is of the amount or the day that was planned: it is no evidence for another one.
_RESTS_ON = {"amount": frozenset({"amount", "rate", "suggestion"}), "date": frozenset({"date"})}


def editable(write: Write) -> Editable:
    """What of a write may be changed on a card, and why the rest may not be; nothing where its tool is nobody's."""
    vendor = vendor_of(write.tool)
    found = Editable({}) if vendor is None else vendor.writers.editable(write)
    foreign = any(abs(effect.amount) != write.amount for effect in write.effects)
    return found.without(AMOUNT, FOREIGN) if foreign and AMOUNT in found.values else found


def edited(plan: Plan, edit: Edit, *, plan_id: str, created_at: datetime, keep: frozenset[str]) -> Plan:
    """The plan of the proposals to `keep`, one write changed. The edited proposal is of class review.

    Amount (in base currency), date and reference can be changed as far as `editable` says. Raises WriteRefused, naming
    the field, for anything else and for a value that the rules forbid: more than is due, than the credit has left or
    than the bank line carries, a date in a locked period or after the plan's own day, or what a later write of the
    proposal rests on.
    """
    proposals = tuple(
        _changed(proposal, edit, plan_id, plan.as_of) if proposal.id == edit.proposal_id else proposal
        for proposal in plan.proposals
        if proposal.id in keep
    )
    return replanned(plan, proposals, plan_id=plan_id, created_at=created_at)


def replanned(plan: Plan, proposals: tuple[Proposal, ...], *, plan_id: str, created_at: datetime) -> Plan:
    """The plan with other proposals: it states what the ledger says when all of it is written, so less the effects of
    before, plus those of now."""
    gone = (_opposite(e) for p in plan.proposals for w in p.writes for e in w.effects)
    come = (e for p in proposals for w in p.writes for e in w.effects)
    return replace(
        plan,
        id=plan_id,
        created_at=created_at,
        proposals=proposals,
        expected=expected(expected(plan.expected, gone), come),
    )


def _changed(proposal: Proposal, edit: Edit, plan_id: str, as_of: date) -> Proposal:
    position = next((n for n, w in enumerate(proposal.writes) if w.id == edit.write_id), None)
    if position is None:
        raise WriteRefused(f"there is no write {edit.write_id} in {proposal.id}", field="write")
    write = proposal.writes[position]
    found = editable(write)
    changes = _only_editable(found, edit.changes)
    amount = _amount(proposal, write, changes[AMOUNT]) if AMOUNT in changes else write.amount
    if AMOUNT in changes:
        changes[AMOUNT] = amount_text(amount, write.currency)
    if DATE in changes:
        _dated(write, changes[DATE], as_of)
    _alone(proposal, changes)
    arguments, verify = _writers(write).changed(write, changes, plan_id=plan_id, proposal_id=proposal.id)
    change = amount - write.amount
    if change and "due_before" in verify:
        verify["due_after"] = amount_text(parse_amount(str(verify["due_before"])) - amount, write.currency)
    new = replace(
        write,
        arguments=arguments,
        amount=amount,
        verify=verify,
        effects=tuple(_resized(effect, write.amount, amount) for effect in write.effects) if change else write.effects,
    )
    ids = frozenset(write.link_ids)
    documents = {link.document_id for link in proposal.links if link.id in ids}
    later = tuple(
        _renamed(_after(w, documents, -change), write.verify, verify) for w in proposal.writes[position + 1 :]
    )
    links = tuple(
        replace(link, amount=amount, bank_amount=None if link.bank_amount is None else amount)
        if change and link.id in ids
        else link
        for link in proposal.links
    )
    whole = replace(
        proposal,
        certainty="review",
        confidence=Decimal(0),  # finchat's own was in another answer
        evidence=_evidence(proposal, write, found, changes),
        links=links,
        writes=(*proposal.writes[:position], new, *later),
    )
    return replace(whole, asks=_asks(whole)) if change else whole


def _asks(proposal: Proposal) -> tuple[Ask, ...]:
    """The questions about a rest that is another one now; none where nothing is left that could be settled."""
    kept = [ask for ask in proposal.asks if ask.required]
    line = proposal.line
    for ask in proposal.asks if line is not None else ():
        if not ask.required and line is not None:
            rest = rest_of(ask.kind, line, proposal.links, proposal.writes, ask.currency)
            kept += [replace(rest.ask(), id=ask.id)] if rest is not None else []
    return tuple(kept)


def _alone(proposal: Proposal, changes: Mapping[str, str]) -> None:
    """Raises WriteRefused for a change that another write of the proposal rests on: a credit note is over exactly what
    its document then has left, and of one day with the payment that leaves it short."""
    made = any(act(w.operation) == "credit_note" for w in proposal.writes)
    for name in (AMOUNT, DATE):
        if made and name in changes:
            raise WriteRefused(
                f"the {name} cannot be changed: a credit note of this proposal settles the rest", field=name,
                next="skip it, or answer the question of a new plan otherwise",
            )  # fmt: skip


def _renamed(write: Write, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Write:
    """A later write that finds its record by the token of the edited one."""
    verify = write.verify or {}
    if "credit_token" not in verify or verify["credit_token"] != (old or {}).get("token"):
        return write
    return replace(write, verify={**verify, "credit_token": new["token"]})


def _evidence(proposal: Proposal, write: Write, found: Editable, changes: Mapping[str, str]) -> tuple[Evidence, ...]:
    """What still holds, and what the person changed."""
    gone = frozenset[str]().union(*(_RESTS_ON.get(name, frozenset()) for name in changes))
    told = [f"{name} of {write.id} from {found.values[name]} to {new}" for name, new in changes.items()]
    kept = tuple(e for e in proposal.evidence if e.kind not in gone)
    return (*kept, Evidence(kind=EDITED, text=f"a person changed the {', the '.join(told)}")) if told else kept


def _writers(write: Write) -> Writers:
    """Whoever makes such payloads. Raises WriteRefused for a tool of nobody's."""
    vendor = vendor_of(write.tool)
    if vendor is None:
        raise WriteRefused(f"finchat does not know {write.tool} and cannot change what it is sent", field="write")
    return vendor.writers


def _only_editable(found: Editable, given: Mapping[str, str]) -> dict[str, str]:
    """What is given otherwise than it is. Raises WriteRefused for what may not be changed."""
    for name in given:
        if name not in found.values:
            may = ", ".join(found.values)
            raise WriteRefused(
                found.fixed.get(name) or f"{name} cannot be changed on a card", field=name,
                next=f"change {may}, or skip it" if may else "skip it, or record it by hand",
            )  # fmt: skip
    return {name: new for name, new in given.items() if new != found.values[name]}


def _amount(proposal: Proposal, write: Write, given: str) -> Decimal:
    try:
        amount = parse_amount(given)
    except ValueError:
        raise WriteRefused("amount is not a plain amount", field="amount", next='write it like "1234.50"') from None
    if amount == write.amount:
        return amount
    most, why = min(_limits(proposal, write), default=(amount, ""))
    limit = f"{amount_text(most, write.currency)} {write.currency}"
    if amount <= 0:
        raise WriteRefused("the amount must be above zero", field="amount", next=f"give at most {limit}, or skip it")
    if amount > most:
        raise WriteRefused(
            f"{amount_text(amount, write.currency)} is more than {limit}, which is {why}",
            field="amount",
            next=f"give at most {limit}, or skip it",
        )
    if amount != round_to_minor(amount, write.currency):
        raise WriteRefused(f"{amount} is finer than {write.currency} goes", field="amount", next="round it")
    return amount


def _limits(proposal: Proposal, write: Write) -> Iterator[tuple[Decimal, str]]:
    """The most a write may be, each with the reason."""
    for condition in write.preconditions:
        if condition.field == "amount_due":
            yield parse_amount(condition.expected), "what is due on the document"
        if condition.field == "remaining":
            yield parse_amount(condition.expected), "what the credit has left"
    links = [link for link in proposal.links if link.id in write.link_ids and link.bank_amount is not None]
    if links:  # cash: all payments of a line together are no more than the bank moved
        own = sum((link.bank_amount or Decimal(0) for link in links), Decimal(0))
        carried = proposal.cash if proposal.line is None else proposal.line.amount
        others = " less the other writes" if proposal.cash != own else ""
        what = "what was drafted" if proposal.line is None else f"what the bank line carries{others}"
        yield carried - (proposal.cash - own), what


def _dated(write: Write, given: str, as_of: date) -> None:
    try:
        day = date.fromisoformat(text := given)
    except ValueError:
        text, day = "", as_of
    if text != day.isoformat():  # the parser takes weeks and bare digits too; a ledger may not
        raise WriteRefused("date is not a date", field="date", next="write it like 2026-11-20")
    lock = next((c.expected for c in write.preconditions if c.field == "lock_date"), "none")
    if lock != "none" and day <= date.fromisoformat(lock):
        raise WriteRefused(f"the books are locked up to {lock}", field="date", next="give a later date, or skip it")
    if day > as_of:
        raise WriteRefused(
            f"{day} is after {as_of}, the day of this plan", field="date", next=f"give {as_of} or an earlier date"
        )


def _resized(effect: Effect, old: Decimal, new: Decimal) -> Effect:
    factor = new if effect.amount > 0 else -new
    return replace(effect, amount=factor, base_amount=factor) if abs(effect.amount) == old else effect


def _after(write: Write, documents: set[str], change: Decimal) -> Write:
    """A later write on the same document finds `change` more due on it."""
    touched = any(c.field == "amount_due" and c.id in documents for c in write.preconditions)
    if not change or not touched:
        return write
    verify = dict(write.verify or {})
    for key in ("due_before", "due_after"):
        if key in verify:
            due = parse_amount(str(verify[key])) + change
            if due < 0:
                raise WriteRefused(
                    f"then less is due than {write.id} settles: {amount_text(write.amount, write.currency)} "
                    f"{write.currency}",
                    field="amount",
                    next=f"lower {write.id} first, or give less here",
                )
            verify[key] = amount_text(due, write.currency)
    return replace(
        write,
        verify=verify,
        preconditions=tuple(
            _raised(c, change, write.currency) if c.id in documents else c for c in write.preconditions
        ),
    )


def _raised(condition: Precondition, change: Decimal, currency: str) -> Precondition:
    if condition.field != "amount_due":
        return condition
    return replace(condition, expected=amount_text(parse_amount(condition.expected) + change, currency))


def _opposite(effect: Effect) -> Effect:
    return replace(effect, amount=-effect.amount, base_amount=-effect.base_amount)
