"""What one decided proposal teaches: observations of its line's text and account, of the rest, and of coded money."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from finchat.books.documents import Coding, ResidualKind
from finchat.books.learning import FactKind, Observation, cut_off, name_key, says_name
from finchat.books.matching.text import letters_only, plain_number, words
from finchat.books.plan import Link, PlanLine, Proposal
from finchat.text.sanitise import one_line

_RESIDUALS: Mapping[str, ResidualKind] = {
    "fee": "fee", "discount": "discount", "withholding": "withholding", "rounding": "rounding"
}  # fmt: skip
_CODED = ("spend_money", "receive_money")
_LONGEST = 120  # of a text shown to a person
_DIGITS_OF_A_NUMBER = 3  # names have fewer: 7-Eleven, O2, Studio 54


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A proposal as a person decided it. `ledger_ids`: what its writes became, by write id; `contact_ids`: contacts
    that its writes made, by link id. `residual`: what the rest of a short payment is, when one was booked."""

    proposal: Proposal
    source: str
    at: datetime
    sign: Literal[1, -1]
    ledger_ids: Mapping[str, str]
    new_contact_id: str = ""
    residual: ResidualKind | None = None


@dataclass(frozen=True, slots=True)
class PayerAccount:
    """A payer's account as memory knows it: its digest, and how it is shown (`…4411`)."""

    digest: str
    shown: str


def lessons(
    decision: Decision, account: PayerAccount | None, account_names: Mapping[str, str]
) -> tuple[Observation, ...]:
    """The observations of one decision; none where it says nothing of one counterparty. `account`: the payer's own,
    when the bank line shows one."""
    proposal, line = decision.proposal, decision.proposal.line
    contacts = {(link.contact_id or decision.new_contact_id, link.contact) for link in proposal.links}
    contacts = {(id, name) for id, name in contacts if id}
    if line is None or not contacts or len({id for id, _ in contacts}) != 1:
        return ()
    contact_id, contact = sorted(contacts)[0]
    make = _Maker(decision, line, contact_id, contact, account_names)
    found: list[Observation] = []
    text = " ".join(part for part in dict.fromkeys((line.payee, line.narration, line.reference)) if part)
    if proposal.kind in _CODED:
        coding = next((link.coding for link in proposal.links if link.coding is not None), None)
        if coding is not None:
            key = f"{contact_id}|{line.direction}"
            found.append(make("coding", key, text, shown=contact, coding=coding))
    elif proposal.kind != "transfer":
        # Why a person refused is not known: perhaps all was right but the day. It says nothing of who the payer is.
        if decision.sign == 1:
            # The bank's own field for the payer is the name; only without it is it somewhere in the rest.
            numbers = frozenset(plain_number(link.number) for link in proposal.links if link.number)
            names = (_without_numbers(part, numbers) for part in (line.payee, line.narration, text))
            name, key = next(((n, key) for n in names if (key := name_key(n))), ("", ""))
            if key and not says_name(text, contact) and not cut_off(key, contact):
                found.append(make("name", key, text, shown=name))
            if account is not None:
                found.append(make("account", account.digest, text, shown=account.shown))
        rest = _rest(proposal)
        if rest is not None and rest.coding is not None and decision.residual is not None:
            key = f"{contact_id}|{decision.residual}"
            found.append(
                make("residual", key, text, shown=contact, coding=rest.coding, residual=decision.residual, link=rest)
            )
    return tuple(found)


def _without_numbers(text: str, numbers: Collection[str]) -> str:
    """What of a bank text may be a name, as the bank writes it: dates, cards, references and the `numbers` of the
    documents it paid left out, also where letters belong to them (`SI-56431`, `INV 3060`)."""
    kept: list[str] = []
    for part in text.split():
        if kept and plain_number(f"{kept[-1]} {part}") in numbers:
            kept.pop()
        elif (
            plain_number(part) not in numbers
            and sum(map(str.isdigit, part)) < _DIGITS_OF_A_NUMBER
            and any(map(letters_only, words(part)))
        ):
            kept.append(part)
    return " ".join(kept)


def residual_kind_of(proposal: Proposal) -> ResidualKind | None:
    """What the rest of a short payment is, as the proposal asks for it."""
    return next((_RESIDUALS[ask.kind] for ask in proposal.asks if ask.kind in _RESIDUALS), None)


def _rest(proposal: Proposal) -> Link | None:
    return next((link for link in proposal.links if link.coding is not None), None)


@dataclass(frozen=True, slots=True)
class _Maker:
    decision: Decision
    line: PlanLine
    contact_id: str
    contact: str
    account_names: Mapping[str, str]

    def __call__(
        self,
        kind: FactKind,
        key: str,
        text: str,
        *,
        shown: str,
        coding: Coding | None = None,
        residual: ResidualKind | None = None,
        link: Link | None = None,
    ) -> Observation:
        d, line = self.decision, self.line
        name = "\n".join((kind, key, self.contact_id, repr(coding), d.source, str(d.sign)))
        return Observation(
            id=hashlib.sha256(name.encode()).hexdigest()[:32],
            kind=kind,
            key=key,
            contact_id=self.contact_id,
            contact=self.contact,
            sign=d.sign,
            at=d.at,
            line_id=line.id,
            day=line.date,
            direction=line.direction,
            amount=line.amount if link is None else link.amount,
            currency=line.currency if link is None else link.currency,
            text=text,
            shown=one_line(shown, _LONGEST),
            account_id=line.account_id,
            coding=coding,
            coding_text="" if coding is None else coding_text(coding, self.account_names),
            residual=residual,
            source=d.source,
            ledger_ids=tuple(d.ledger_ids[id] for id in sorted(d.ledger_ids) if d.ledger_ids[id]),
        )


def coding_text(coding: Coding, account_names: Mapping[str, str]) -> str:
    """`404 Bank Fees, NONE, Region: North`, as far as names are known."""
    where = account_names.get(coding.account_id, coding.account_id)
    parts = [where, coding.tax_type, *(f"{name}: {option}" for name, option in coding.tracking)]
    return ", ".join(part for part in parts if part)
