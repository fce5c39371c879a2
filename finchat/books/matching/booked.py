"""Lines whose money is already booked as receive or spend money: released from clearing, allocated, or reported."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal

from finchat.books.documents import BankLine, BankTransaction, Books
from finchat.books.matching.claims import Claim
from finchat.books.matching.facts import Facts, Remaining
from finchat.books.matching.option import BY_NUMBER, Option
from finchat.books.matching.verdict import Allocation, Verdict
from finchat.books.money import from_minor
from finchat.books.plan import Evidence


@dataclass(slots=True)
class ClearingRoom:
    """Money waiting on clearing accounts, and receipts that a payment from clearing has already released."""

    waiting: dict[tuple[str, str], Decimal]
    released: frozenset[str]


def clearing_room(books: Books) -> ClearingRoom:
    """What the known movements leave on each account named as clearing, per direction of money.

    A payment from clearing releases the receipt of the same amount (the contact's own first) dated nearest before it.
    """
    clearing = {a.id for a in books.accounts if a.clearing}
    waiting: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    receipts = sorted(
        (t for t in books.bank_transactions if any(c in clearing for c in t.coded_to)), key=lambda t: (t.date, t.id)
    )
    first: dict[str, dt.date] = {}
    for t in receipts:
        for account_id in sorted({c for c in t.coded_to if c in clearing}):
            waiting[account_id, t.direction] += t.amount if t.lines == 1 else Decimal(0)
            first.setdefault(account_id, t.date)
    released: set[str] = set()
    for p in sorted(books.payments, key=lambda p: (p.date, p.id)):
        if p.account_id not in clearing or p.account_id not in first or p.date < first[p.account_id]:
            continue
        waiting[p.account_id, p.direction] -= p.bank_amount
        fitting = [
            t
            for t in receipts
            if p.account_id in t.coded_to
            and t.id not in released
            and t.direction == p.direction
            and t.amount == p.bank_amount
            and t.date <= p.date
        ]
        own = [t for t in fitting if t.contact_id == p.contact_id] or [t for t in fitting if not t.contact_id]
        if own:
            released.add(own[-1].id)
    return ClearingRoom(waiting, frozenset(released))


def booked_verdict(
    facts: Facts,
    line: BankLine,
    held: Claim,
    *,
    option: Option | None,
    others: list[Option],
    room: ClearingRoom,
    remaining: Remaining,
) -> Verdict:
    """The verdict for a line that a bank transaction claims."""
    from finchat.books.matching.engine import allocations, candidate, residual, settlements

    t = held.transaction
    assert t is not None
    claim_evidence = Evidence(kind="claim", text=held.text, record_type="bank_transaction", record_id=t.id)
    settled = Verdict(
        line_id=line.id,
        situation="already_settled",
        status="already_settled",
        certain=True,
        confidence=Decimal("0.99"),
        reason=held.text[:1].upper() + held.text[1:] + ".",
        evidence=(claim_evidence,),
        ledger_ids=held.ledger_ids,
    )
    if t.kind in ("transfer", "deposit") or t.id in room.released:
        return settled
    if t.kind in ("overpayment", "prepayment"):
        return _credit_verdict(facts, line, t, option=option, others=others, settled=settled, remaining=remaining)
    if option is None and not (others and others[0].level <= BY_NUMBER + 1):
        return settled
    best = option or others[0]
    why_not = _why_not_clearing(facts, t, best, room)
    # What is over stays where it is booked: nothing of it is kept a second time.
    suggestions = tuple(replace(candidate(facts, line, o), excess=None) for o in others[:3] if o.takes)
    if why_not is None and option is not None:
        for take in option.takes:
            room.waiting[t.coded_to[0], t.direction] -= from_minor(take.bank_minor, line.currency)
        return Verdict(
            line_id=line.id,
            situation="clearing",
            status="settle",
            certain=True,
            confidence=option.confidence,
            reason=f"Already booked to clearing. {option.reason}",
            via="clearing",
            settlements=settlements(facts, line, option),
            allocations=allocations(facts, option),
            evidence=(claim_evidence, *option.evidence),
            suggestions=suggestions,
            ledger_ids=held.ledger_ids,
            residual=residual(facts, line, option),
        )
    if option is not None:
        _give_back(remaining, option, line)
    return Verdict(
        line_id=line.id,
        situation="booked_elsewhere" if why_not else "clearing",
        status="reported" if why_not else "review",
        certain=False,
        confidence=best.confidence,
        reason=f"The deposit is already booked{' ' + why_not if why_not else ' to clearing'}. {best.reason}",
        via="bank" if why_not else "clearing",
        evidence=(claim_evidence, *best.evidence),
        suggestions=() if why_not else suggestions,
        ledger_ids=held.ledger_ids,
    )


def _why_not_clearing(facts: Facts, t: BankTransaction, option: Option, room: ClearingRoom) -> str | None:
    """Why the receipt cannot be released by a payment from clearing, or None when it can."""
    accounts = [facts.accounts.get(c) for c in t.coded_to]
    names = ", ".join(a.name if a else c for a, c in zip(accounts, t.coded_to, strict=True)) or "another account"
    if t.lines != 1 or len(t.coded_to) != 1:
        return f"on {t.lines} lines ({names})"
    account = accounts[0]
    currencies = {facts.documents[x.document_id].currency for x in option.takes}
    total = sum((from_minor(x.bank_minor, t.currency) for x in option.takes), Decimal(0))
    obstacles = (
        (account is None or not account.clearing, ""),
        (t.tax != 0, " with tax"),
        (account is not None and not account.accepts_payments, ", which does not accept payments"),
        (currencies != {t.currency}, f" in {t.currency}"),
        (room.waiting[t.coded_to[0], t.direction] < total, ", where too little is waiting to release it"),
    )
    return next((f"to {names}{why}" for stands, why in obstacles if stands), None)


def _credit_verdict(
    facts: Facts,
    line: BankLine,
    t: BankTransaction,
    *,
    option: Option | None,
    others: list[Option],
    settled: Verdict,
    remaining: Remaining,
) -> Verdict:
    credit = next((c for cs in facts.credits_of.values() for c in cs if t.id in (c.source_id, c.id)), None)
    if option is not None:
        _give_back(remaining, option, line)
    best = option or (others[0] if others else None)
    if credit is None or best is None or not best.takes or remaining.credit.get(credit.id, 0) <= 0:
        return settled
    document = facts.documents[best.takes[0].document_id]
    if (
        len(best.takes) != 1
        or best.credits
        or document.contact_id != credit.contact_id
        or document.currency != credit.currency
        or document.type != credit.type
    ):
        return settled
    minor = min(remaining.credit[credit.id], remaining.due[document.id])
    if minor <= 0:
        return settled
    certain = option is not None and option.level <= BY_NUMBER + 1 and option.situation == "exact"
    if not certain and best.level > BY_NUMBER + 1 and best.situation != "exact":
        return settled
    amount = from_minor(minor, credit.currency)
    if certain:
        remaining.use(credit.id, minor)
        remaining.take(document.id, minor, line.id)
    left = remaining.due[document.id] - (0 if certain else minor)
    return Verdict(
        line_id=line.id,
        situation="booked_as_credit",
        status="settle" if certain else "review",
        certain=certain,
        confidence=best.confidence if certain else min(best.confidence, Decimal("0.60")),
        reason=f"Already booked as {credit.kind} of {credit.contact}. {best.reason}",
        allocations=(Allocation(credit_id=credit.id, document_id=document.id, amount=amount),),
        evidence=(*settled.evidence, *best.evidence),
        ledger_ids=(*settled.ledger_ids, *(() if credit.id in settled.ledger_ids else (credit.id,))),
        residual=from_minor(left, document.currency),
    )


def _give_back(remaining: Remaining, option: Option, line: BankLine) -> None:
    """The line does not take these documents after all."""
    for credit_id, document_id, minor in option.credits:
        remaining.credit[credit_id] += minor
        remaining.give_back(document_id, minor, line.id)
    for take in option.takes:
        remaining.give_back(take.document_id, take.minor, line.id)
