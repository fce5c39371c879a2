"""Transfers between own accounts: which own account a line names, and which line of it is the other side.

Two lines are one transfer when they are of two own accounts, opposite in direction, equal in amount, near in date, and
the text of one names the other account, its number or the organisation itself. Each line is in one pair at most.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from finchat.books.documents import Account, BankLine
from finchat.books.matching.facts import NAMED, Facts, supporters
from finchat.books.matching.text import words
from finchat.books.matching.verdict import OwnTransfer, Verdict
from finchat.books.money import spoken
from finchat.books.plan import Evidence

NEAR_DAYS = 4
# How surely a line names an own account: by its number as counterparty; by name or the number's end; by one word of
# its name; or only that it is the organisation's own money.
BY_ACCOUNT, BY_TEXT, BY_WORD, OWN_NAME = 4, 3, 2, 1
_FX_APART = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class Side:
    """An own account that a line names; `account_id` "" when it only says that the money is the organisation's own."""

    account_id: str
    strength: int
    text: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a line is one side of. `line_id` "" when no statement shows the other side; `why_not`: why a person should
    look."""

    line: BankLine
    account_id: str
    line_id: str
    side: Side
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class _Pair:
    out: BankLine
    into: BankLine
    side: Side

    @property
    def order(self) -> tuple[object, ...]:
        apart = abs((self.into.date - self.out.date).days)
        return (-self.side.strength, apart, self.out.date, self.out.id, self.into.date, self.into.id)


def transfers(facts: Facts, lines: Iterable[BankLine], claimed: Collection[str]) -> dict[str, Transfer]:
    """Line id → transfer, for those of `lines` (not claimed) that are one side of one. `claimed`: lines the ledger
    already holds, whose money is in the books of the other account."""
    waiting = [line for line in lines if line.id not in claimed]
    named = {line.id: sides(facts, line) for line in waiting}
    found = _pairs(facts, waiting, named)
    for line in waiting:
        if line.id not in found:
            alone = _alone(facts, line, named[line.id])
            if alone is not None:
                found[line.id] = alone
    return found


def verdict(facts: Facts, held: Transfer, by_id: Mapping[str, BankLine]) -> Verdict:
    """The verdict for one side of a transfer."""
    line = held.line
    account = facts.accounts.get(held.account_id)
    name = account.name if account else held.side.text
    way = "to" if line.direction == "spend" else "from"
    other = by_id.get(held.line_id)
    evidence = [
        Evidence(
            kind="account",
            text=held.side.text,
            record_type="account" if held.account_id else "",
            record_id=held.account_id,
        )
    ]
    reason = f"A transfer {way} {name}: {held.side.text}"
    if other is not None:
        told = f"{spoken(other.amount, other.currency)} {'received' if other.direction == 'receive' else 'spent'}"
        text = f"the line of {other.date} on {name}, {told}, is its other side"
        evidence.append(Evidence(kind="transfer", text=text, record_type="line", record_id=other.id))
        reason = f"{reason}, and {text}"
    certain = bool(held.account_id) and not held.why_not
    return Verdict(
        line_id=line.id,
        situation="transfer",
        status="settle" if certain else "review" if held.account_id else "reported",
        certain=certain,
        confidence=Decimal("0.97") if certain else Decimal("0.80") if held.line_id else Decimal("0.60"),
        reason=f"{reason}, but {held.why_not}." if held.why_not else f"{reason}.",
        evidence=tuple(evidence),
        transfer=OwnTransfer(account_id=held.account_id, line_id=held.line_id) if held.account_id else None,
    )


def sides(facts: Facts, line: BankLine) -> tuple[Side, ...]:
    """Own accounts that the line names, surest first."""
    found: list[Side] = []
    text = set(facts.words(line))
    held = facts.accounts.get(line.account_id)
    here = set(words(held.name)) if held else set()
    other = "".join(words(line.counterparty_account))
    used: set[str] | None = None
    for account in _banks(facts, line):
        number = "".join(words(account.bank_account))
        if number and other == number:
            found.append(Side(account.id, BY_ACCOUNT, f"the other account is {account.name}"))
            continue
        parts = words(account.name)
        digits = {p for p in parts if p.isdigit() and len(p) >= 4} | _endings(account.bank_account)
        if (len(parts) > 1 and all(p in text for p in parts)) or digits & text:
            found.append(Side(account.id, BY_TEXT, f"the text names {account.name}"))
            continue
        candidates = {p for p in parts if len(p) >= 5 and p not in here and not p.isdigit()} & text
        if candidates and used is None:
            # A word that is part of a contact's name too counts only when the line names no such contact.
            used = {w for n in supporters(facts.named(line)).values() for w in n.used}
        if candidates - (used or set()):
            found.append(Side(account.id, BY_WORD, f"the text names {account.name}"))
    for name in sorted(facts.books.own_names):
        said = [p for p in words(name) if not facts.name_index.closes(p)]
        if sum(len(p) for p in said if p in text) >= 0.6 * max(sum(map(len, said)), 1):
            found.append(Side("", OWN_NAME, f"the text names {name}"))
            break
    return tuple(sorted(found, key=lambda s: (-s.strength, s.account_id)))


def _banks(facts: Facts, line: BankLine) -> list[Account]:
    """The other bank accounts of the organisation, in a stable order."""
    return [a for a in facts.bank_accounts if a.id != line.account_id]


def _pairs(facts: Facts, lines: Iterable[BankLine], named: Mapping[str, tuple[Side, ...]]) -> dict[str, Transfer]:
    """Lines paired one to one, the surest and nearest first."""
    lines = list(lines)
    ins: dict[dt.date, list[BankLine]] = defaultdict(list)
    if len({line.account_id for line in lines}) > 1:
        for line in lines:
            if line.direction == "receive":
                ins[line.date].append(line)
    possible = [
        _Pair(out, into, side)
        for out in lines
        if out.direction == "spend"
        for days in range(-NEAR_DAYS, NEAR_DAYS + 1)
        for into in ins.get(out.date + dt.timedelta(days=days), ())
        if into.account_id != out.account_id and _same_money(facts, out, into)
        for side in _joining_both(named, out, into)
    ]
    partners: dict[str, set[str]] = defaultdict(set)
    for p in possible:
        partners[p.out.id].add(p.into.id)
        partners[p.into.id].add(p.out.id)
    found: dict[str, Transfer] = {}
    for pair in sorted(possible, key=lambda p: p.order):
        out, into, side = pair.out, pair.into, pair.side
        if out.id in found or into.id in found:
            continue
        objections = _pair_objections(facts, pair, named, balanced=_balanced(partners, out.id))
        why_not = next(objections, "")
        for one, other in ((out, into), (into, out)):
            found[one.id] = Transfer(one, other.account_id, other.id, _told(facts, named[one.id], other, side), why_not)
    return found


def _joining_both(named: Mapping[str, tuple[Side, ...]], out: BankLine, into: BankLine) -> list[Side]:
    """The surest naming that makes the two lines one transfer, if there is one."""
    both = [s for s in (_joining(named[out.id], into.account_id), _joining(named[into.id], out.account_id)) if s]
    return [max(both, key=lambda s: s.strength)] if both else []


def _told(facts: Facts, own: tuple[Side, ...], other: BankLine, side: Side) -> Side:
    """What one line says of the other's account; where it says nothing, what the other says."""
    said = _joining(own, other.account_id)
    if said is not None:
        return said
    return Side(other.account_id, side.strength, f"the other line says so: {side.text}")


def _joining(named: tuple[Side, ...], account_id: str) -> Side | None:
    """The surest naming that fits the account: of the account itself, or of the organisation."""
    return next((s for s in named if s.account_id in (account_id, "")), None)


def _same_money(facts: Facts, out: BankLine, into: BankLine) -> bool:
    """Equal amounts; of two currencies, amounts that a known rate turns into each other."""
    if out.currency == into.currency:
        return out.amount == into.amount
    base = facts.books.base_currency
    rates = [Decimal(1) if x.currency == base else facts.rates_on(x.currency, out) for x in (out, into)]
    if rates[0] is None or rates[1] is None:
        return False
    one, other = out.amount * rates[0], into.amount * rates[1]
    return abs(one - other) <= other * _FX_APART


def _balanced(partners: Mapping[str, set[str]], start: str) -> bool:
    """As many lines out as in among all that could be paired with each other: then whichever pairs are made, they
    record the same transfers."""
    ways: list[set[str]] = [{start}, set()]
    grown = True
    while grown:
        more = ({p for x in ways[1] for p in partners[x]}, {p for x in ways[0] for p in partners[x]})
        grown = not (more[0] <= ways[0] and more[1] <= ways[1])
        ways = [ways[0] | more[0], ways[1] | more[1]]
    return len(ways[0]) == len(ways[1])


def _pair_objections(
    facts: Facts, pair: _Pair, named: Mapping[str, tuple[Side, ...]], *, balanced: bool
) -> Iterator[str]:
    """Why a person should look at the pair; nothing when the evidence settles it."""
    out, into = pair.out, pair.into
    if out.currency != into.currency:
        yield f"the accounts are in {out.currency} and {into.currency}"
    if pair.side.strength == OWN_NAME:
        yield "neither text names the other account"
    if not balanced:
        yield "another line could be its other side"
    for one, other in ((out, into), (into, out)):
        if any(s.strength >= BY_TEXT and s.account_id not in ("", other.account_id) for s in named[one.id]):
            yield "the text names another own account too"
    if pair.side.strength == BY_WORD:
        if abs((out.date - into.date).days) > 1:
            yield "only one word of the account's name is there, and the days differ"
        if supporters(facts.named(out), NAMED) or supporters(facts.named(into), NAMED):
            yield "the text names a contact as well"


def _alone(facts: Facts, line: BankLine, named: tuple[Side, ...]) -> Transfer | None:
    """One side, the other on no statement."""
    if not named:
        return None
    side = named[0]
    account = facts.accounts.get(side.account_id)
    if account is None:
        banks = _banks(facts, line)
        if len(banks) != 1:
            return Transfer(line, "", "", side, "it does not say which account")
        return Transfer(line, banks[0].id, "", side, "the text does not name the account")
    return Transfer(line, account.id, "", side, next(_alone_objections(facts, line, side, account), ""))


def _alone_objections(facts: Facts, line: BankLine, side: Side, account: Account) -> Iterator[str]:
    if account.currency and account.currency != line.currency:
        yield f"that account is in {account.currency}"
    if side.strength < BY_ACCOUNT:
        yield "no line of the other account shows it"
    if facts.by_account(line):
        yield "a contact has the same account"
    if _booked_there(facts, line, account):
        yield f"{account.name} holds an entry of this amount in the ledger"


def _booked_there(facts: Facts, line: BankLine, account: Account) -> bool:
    """Whether the other account's books hold money of this amount, the other way, near the day: one half recorded."""
    entries = (
        *((t.account_id, t.direction, t.amount, t.date) for t in facts.books.bank_transactions if t.kind != "transfer"),
        *((p.account_id, p.direction, p.bank_amount, p.date) for p in facts.books.payments),
    )
    return any(
        account_id == account.id
        and direction != line.direction
        and amount == line.amount
        and abs((day - line.date).days) <= NEAR_DAYS
        for account_id, direction, amount, day in entries
    )


def _endings(number: str) -> set[str]:
    """How a bank shortens an account's number: its last parts, and its last four digits."""
    parts = words(number)
    digits = "".join(p for p in parts if p.isdigit())
    found = {p for p in parts if p.isdigit() and len(p) >= 4}
    return found | ({digits[-4:], digits} if len(digits) >= 8 else set())
