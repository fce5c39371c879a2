"""What a person answers to a proposal's question completes it: a new plan, new hashes, and all rules again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from finchat.books.acts import act
from finchat.books.documents import Account, Coding
from finchat.books.money import amount_text
from finchat.books.plan import DOUBTFUL, Answered, Ask, Evidence, Plan, Proposal
from finchat.books.plan_names import with_names
from finchat.errors import WriteRefused
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import Party
from finchat.safety.approval import Answer, user_name
from finchat.workflows.choosing import (
    coding_text,
    new_contact_named,
    option_named,
    tax_named,
    tax_rates_for,
)
from finchat.workflows.editing import replanned
from finchat.workflows.proposals.drafting import HISTORY
from finchat.workflows.proposals.rests import gathered_of, rest_of
from finchat.workflows.proposals.writing import Writing

_CONTROL = frozenset({"tax", "receivables", "payables"})
ANSWERED = "answered"  # the kind of evidence that says who answered what


@dataclass(frozen=True, slots=True)
class Answers:
    """Completes proposals of one organisation. `context` with its chart: what the answers are checked against and the
    writes are made of; without one nothing can be answered."""

    context: WriteContext | None = None

    def __call__(self, plan: Plan, answer: Answer, *, plan_id: str, created_at: datetime, keep: frozenset[str]) -> Plan:
        """The plan of the proposals to `keep`, one completed and of class review.

        Raises WriteRefused naming the field that is wrong: a question that is not there, an account or tax code that
        cannot be used, a contact that is not known, or what the writes it adds must not be.
        """
        if self.context is None:
            raise WriteRefused("the chart of accounts was not read here", field="ask", next="answer it at a terminal")
        proposals = tuple(
            complete(p, answer, replace(self.context, plan_id=plan_id)) if p.id == answer.proposal_id else p
            for p in plan.proposals
            if p.id in keep
        )
        if not any(p.id == answer.proposal_id for p in proposals):
            raise WriteRefused(f"there is no open proposal {answer.proposal_id}", field="proposal")
        changed = replanned(plan, proposals, plan_id=plan_id, created_at=created_at)
        return with_names(changed, {a.id: a.label for a in self.context.accounts.values()})


def complete(proposal: Proposal, answer: Answer, context: WriteContext) -> Proposal:
    """The proposal with the writes that the answer adds, for the plan of `context`; those of an earlier answer to the
    same question go. Raises WriteRefused."""
    proposal = reopened(proposal, answer.ask_id)
    ask = next((a for a in proposal.asks if a.id == answer.ask_id), None)
    line = proposal.line
    if ask is None or line is None:
        open_ones = ", ".join(a.id for a in proposal.asks) or "none"
        raise WriteRefused(
            f"{proposal.id} has no question {answer.ask_id}", field="ask", next=f"its open questions: {open_ones}"
        )
    check(answer.coding, context)
    writing = Writing(context, proposal.id, line, proposal.links, proposal.writes)
    try:
        if proposal.kind == "deposit":
            writing = Writing(context, proposal.id, line)  # the deposit names again what it gathers
            if answer.contact_id or answer.new_contact:
                raise WriteRefused("what a bank keeps is nobody's", field="contact", next="leave the contact out")
            receipts = gathered_of(proposal.links, context.undeposited_account())
            writing.deposit(receipts, context.bank_account(line.account_id, line.currency), answer.coding)
        elif ask.kind == "coding":
            writing.code(_left(proposal, ask), _party(ask, answer, context), answer.coding)
        else:
            rest = rest_of(ask.kind, line, proposal.links, proposal.writes, context.base_currency)
            if rest is None or (rest.amount, rest.currency) != (ask.amount, ask.currency):
                raise WriteRefused(f"{proposal.id} does not leave {ask.amount} {ask.currency} open", field="ask")
            if rest.document is None:
                rest = replace(rest, party=_party(ask, answer, context))
            elif answer.contact_id not in ("", ask.contact_id) or answer.new_contact:
                raise WriteRefused(f"the rest is of {ask.contact}", field="contact", next="leave the contact out")
            rest.write(writing, answer.coding)
    except CannotPropose as error:
        raise WriteRefused(error.message, field="account", next=error.next) from error
    return replace(
        proposal,
        certainty="review",
        confidence=Decimal(0),  # finchat's own was in what it knew
        evidence=(*_supporting(proposal, ask, answer.coding), *_evidence(proposal, ask, answer, writing, context)),
        links=tuple(writing.links),
        writes=tuple(writing.writes),
        asks=tuple(replace(a, answered=_answered(proposal, answer, writing)) if a is ask else a for a in proposal.asks),
    )


def reopened(proposal: Proposal, ask_id: str) -> Proposal:
    """The proposal as it was before its question was answered. Raises WriteRefused when a later write needs those that
    the answer made."""
    ask = next((a for a in proposal.asks if a.id == ask_id and a.answered is not None), None)
    if ask is None or ask.answered is None:
        return proposal
    gone = frozenset(ask.answered.writes)
    writes = tuple(w for w in proposal.writes if w.id not in gone)
    if any(gone & {*w.depends_on} for w in writes):
        raise WriteRefused(
            f"later writes of {proposal.id} rest on the earlier answer", field="ask", next="make the plan again"
        )
    kept = {id for w in writes for id in w.link_ids}
    if proposal.kind == "deposit":  # what it gathers is known before it is written
        kept |= {link.id for link in proposal.links if link.coding is None}
    lost = {id for w in proposal.writes if w.id in gone for id in w.link_ids} - kept
    return replace(
        proposal,
        evidence=tuple(e for e in proposal.evidence if e.kind not in (ANSWERED, DOUBTFUL)),
        links=tuple(link for link in proposal.links if link.id not in lost),
        writes=writes,
        asks=tuple(replace(a, answered=None) if a is ask else a for a in proposal.asks),
    )


def _answered(proposal: Proposal, answer: Answer, writing: Writing) -> Answered:
    before = {w.id for w in proposal.writes}
    return Answered(coding=answer.coding, writes=tuple(w.id for w in writing.writes if w.id not in before))


def _supporting(proposal: Proposal, ask: Ask, coding: Coding) -> tuple[Evidence, ...]:
    """The evidence without how money like it was booked before, where the answer is another one."""
    said = {choice.text for choice in ask.choices if choice.coding == coding}
    return tuple(e for e in proposal.evidence if e.kind != HISTORY or e.text in said)


def doubts(account: Account, *, spends: bool) -> list[str]:
    """What is unusual about coding money to an account, for a person to look at twice."""
    found = []
    if spends and account.kind == "revenue":
        found.append(f"money spent is coded to {account.label}, a revenue account")
    if account.kind in _CONTROL:
        found.append(f"{account.label} is a control account, which the ledger itself keeps")
    return found


def check(coding: Coding, context: WriteContext) -> None:
    """Raises WriteRefused, naming the field and what is valid, unless a line may be coded so."""
    account = context.accounts.get(coding.account_id)
    if account is None:
        raise WriteRefused(f"there is no account {coding.account_id}", field="account", next="name one of the chart")
    if not account.active or not account.codable:
        raise WriteRefused(
            f"nothing can be coded to account {account.label}", field="account",
            next="name an active account of the chart that is no bank or system account",
        )  # fmt: skip
    if coding.tax_type not in {rate.type for rate in tax_rates_for(context, account)}:
        tax_named(context, account, coding.tax_type)  # raises with the choices
        raise WriteRefused(f"tax code {coding.tax_type} is not one of the ledger", field="tax")
    named: set[str] = set()
    for category, option in coding.tracking:
        known = next((c for c in context.tracking if c.name == category), None)
        if known is None or category in named or option_named(known, option) != option:
            there = ", ".join(c.name for c in context.tracking) or "none"
            raise WriteRefused(
                f"tracking {category} = {option} cannot be used", field="tracking", next=f"categories: {there}"
            )
        named.add(category)


def _party(ask: Ask, answer: Answer, context: WriteContext) -> Party:
    if answer.new_contact:
        return Party("", new_contact_named(context, answer.new_contact))
    id = answer.contact_id or ask.contact_id
    if not id:
        raise WriteRefused(
            "nobody in the ledger is known to be the payee", field="contact", next="name a contact, or a new contact"
        )
    if id not in context.contacts:
        raise WriteRefused(
            f"contact {answer.contact_id or ask.contact} is not an active contact of the ledger", field="contact",
            next="name an active contact, or a new contact",
        )  # fmt: skip
    return Party(id, context.contacts[id].name)


def _left(proposal: Proposal, ask: Ask) -> Decimal:
    """The line's amount, all of which such a question is about."""
    line = proposal.line
    assert line is not None
    if proposal.writes or (ask.amount, ask.currency) != (line.amount, line.currency):
        raise WriteRefused(
            f"the question is about {amount_text(ask.amount, ask.currency)} {ask.currency}, not all of the bank line",
            field="ask",
        )
    return line.amount


def _evidence(
    proposal: Proposal, ask: Ask, answer: Answer, writing: Writing, context: WriteContext
) -> Iterator[Evidence]:
    said = coding_text(answer.coding, _names(context, (answer.coding.account_id,)))
    for_whom = writing.links[-1].contact
    yield Evidence(
        kind=ANSWERED,
        text=f"{user_name()} answered for {for_whom or ask.contact}: {said}",
        record_type="account",
        record_id=answer.coding.account_id,
    )
    spends = proposal.line is not None and proposal.line.direction == "spend"
    cash = any(act(w.operation) == "money" for w in writing.writes)  # a credit note moves none
    for text in doubts(context.accounts[answer.coding.account_id], spends=spends and cash):
        yield Evidence(kind=DOUBTFUL, text=text)


def _names(context: WriteContext, ids: Iterable[str]) -> dict[str, str]:
    return {id: context.accounts[id].label for id in ids if id in context.accounts}
