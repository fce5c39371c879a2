"""The order in which lines are answered: claims first, then stronger evidence before weaker, over the whole ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

from finchat.books.documents import BankLine, Books, Document
from finchat.books.matching.booked import booked_verdict, clearing_room
from finchat.books.matching.claims import Claim, claim, lessons
from finchat.books.matching.facts import NAMED, Facts, Remaining, contact_name, supporters
from finchat.books.matching.option import BY_GROUP, BY_NAME, BY_NUMBER, BY_NUMBER_PART, Option
from finchat.books.matching.options import involved, options
from finchat.books.matching.rates import own_rate
from finchat.books.matching.reports import leftover
from finchat.books.matching.transfers import Transfer, transfers
from finchat.books.matching.transfers import verdict as own_transfer
from finchat.books.matching.twins import copies
from finchat.books.matching.verdict import Allocation, Candidate, Excess, Gathered, Refund, Settlement, Verdict
from finchat.books.money import from_minor, spoken
from finchat.books.plan import Evidence, Rival
from finchat.books.undeposited import Gathering, gather

_ONE = Decimal("0.99")


def match(books: Books) -> tuple[Verdict, ...]:
    """One verdict for every line of `books.lines`, in their order. Pure: the same books in any order, under any hash
    seed, give the same verdicts. Raises ValueError when an amount is finer than its currency's minor unit."""
    facts = Facts(books)
    verdicts: dict[str, Verdict] = {}
    numbers = frozenset(facts.numbers.digits_of.values())
    accounts = (*(a.bank_account for a in books.accounts), *(c.bank_account for c in books.contacts))
    originals = copies(facts.lines, numbers, filter(None, accounts))
    first = [line for line in facts.lines if line.id not in originals]
    claims = claim(facts, first)
    facts.learn(lessons(facts, first, claims))
    remaining = Remaining(facts)
    chosen: dict[str, Option] = {}
    booked = [line for line in first if line.id in claims and claims[line.id].transaction is not None]
    waiting = [line for line in first if line.id not in claims]
    by_id = {line.id: line for line in facts.lines}
    moved = _transfers(facts, remaining, first, claims)
    sure = {i for i, t in moved.items() if not t.why_not}
    waiting = [line for line in waiting if line.id not in sure]
    gathered = _gathered(facts, remaining, waiting, moved.keys())
    deposits = {i for i, g in gathered.items() if g.certain}
    waiting = [line for line in waiting if line.id not in deposits]
    held_ids = frozenset(line.id for line in booked)
    _serve(facts, remaining, [*waiting, *booked], chosen, held_ids)
    learned = lessons(facts, first, claims) + [
        (facts.documents[o.takes[0].document_id].contact_id, by_id[line_id])
        for line_id, o in sorted(chosen.items())
        if o.level == BY_NUMBER and len({facts.documents[t.document_id].contact_id for t in o.takes}) == 1
    ]
    facts.learn(learned)
    _serve(facts, remaining, [line for line in [*waiting, *booked] if line.id not in chosen], chosen, held_ids)
    room = clearing_room(books)
    fresh = Remaining(facts)  # what each line could have been, before any other took its documents
    for line in first:
        held = claims.get(line.id)
        option = chosen.get(line.id)
        if held is not None and held.transaction is not None:
            open_options = [option] if option else options(line, facts, remaining)
            verdicts[line.id] = booked_verdict(
                facts, line, held, option=option, others=open_options, room=room, remaining=remaining
            )
        elif held is not None:
            verdicts[line.id] = _settled(line, held)
        elif option is not None:
            others = [o for o in options(line, facts, fresh) if o.answer != option.answer]
            verdicts[line.id] = _settle(facts, line, option, others, by_id)
        elif line.id in sure:
            verdicts[line.id] = own_transfer(facts, moved[line.id], by_id)
        elif line.id in gathered:
            verdicts[line.id] = _deposit(line, gathered[line.id])
        else:
            side = moved.get(line.id)
            lost = side is not None and side.line_id in chosen  # the other line settles something else after all
            own = own_transfer(facts, side, by_id) if side is not None and not lost else None
            verdicts[line.id] = leftover(facts, remaining, line, options(line, facts, remaining), by_id=by_id, own=own)
    for copy_id, original_id in originals.items():
        held_by = verdicts[original_id].ledger_ids
        verdicts[copy_id] = Verdict(
            line_id=copy_id,
            situation="duplicate",
            status="reported",
            certain=False,
            confidence=_ONE,
            reason=f"The same bank event as {_called(by_id[original_id])}, imported twice.",
            evidence=(
                Evidence(
                    kind="duplicate",
                    text="same account, amount and transaction number",
                    record_type="line",
                    record_id=original_id,
                ),
            ),
            ledger_ids=held_by,
        )
    return tuple(verdicts[line.id] for line in books.lines)


def _called(line: BankLine) -> str:
    """A line as a person finds it: its day and the beginning of its text."""
    text = " ".join((line.narration or line.payee or line.reference).split())
    return (
        f"the line of {line.date} “{text[:60]}{'…' if len(text) > 60 else ''}”" if text else f"the line of {line.date}"
    )


def _transfers(
    facts: Facts, remaining: Remaining, lines: list[BankLine], claims: dict[str, Claim]
) -> dict[str, Transfer]:
    """Own transfers among lines that the ledger does not hold. A line that names a document by its number is none."""
    found = transfers(facts, lines, claims)
    numbered = {
        i
        for i, t in found.items()
        if any(o.level <= BY_NUMBER_PART for o in options(t.line, facts, remaining, guesses=False))
    }
    return {i: t for i, t in found.items() if i not in numbered and t.line_id not in numbered}


def _gathered(
    facts: Facts, remaining: Remaining, lines: list[BankLine], transfers: Collection[str]
) -> dict[str, Gathering]:
    """Deposits of undeposited funds among lines that the ledger does not hold. A line that names an open document by
    its number is none. `transfers`: lines that may be one of the company's own."""
    if not facts.books.undeposited:
        return {}
    numbered = {
        line.id
        for line in lines
        if line.direction == "receive"
        and any(o.level <= BY_NUMBER_PART for o in options(line, facts, remaining, guesses=False))
    }
    banks = {account.id for account in facts.bank_accounts}
    left = [line for line in lines if line.id not in numbered and line.account_id in banks]
    named = {line.id: supporters(facts.named(line), NAMED).keys() for line in left}
    return gather(left, facts.books.undeposited, named, transfers)


def _deposit(line: BankLine, found: Gathering) -> Verdict:
    """A line that is the deposit of receipts waiting in undeposited funds."""
    return Verdict(
        line_id=line.id,
        situation="undeposited",
        status="settle" if found.certain else "review",
        certain=found.certain,
        confidence=Decimal("0.97") if found.certain else Decimal("0.60"),
        reason=found.reason,
        evidence=tuple(
            Evidence(
                kind="undeposited",
                text=f"{one.name}, {spoken(one.amount, one.currency)}, waits in undeposited funds since {one.date}",
                record_type=one.record,
                record_id=one.id,
            )
            for one in found.items
        ),
        rival=Rival(
            documents=(),
            text=" and ".join(one.name for one in found.rival),
            why_lost="it fits as well"
            if not found.fee
            else "ranked below: less likely to be taken to the bank together",
        )
        if found.rival
        else None,
        gathered=Gathered(item_ids=tuple(one.id for one in found.items), fee=found.fee),
    )


def _serve(
    facts: Facts, remaining: Remaining, lines: list[BankLine], chosen: dict[str, Option], booked: frozenset[str]
) -> None:
    """Give documents to lines, level by level, until nothing certain is left. Lines of `booked` money pay documents
    only: what the ledger holds is neither kept nor paid back a second time."""
    waiting = sorted(lines, key=lambda x: (x.date, x.id))
    concerned = {line.id: involved(line, facts) for line in waiting}
    known: dict[str, tuple[tuple[int, ...], Option | None]] = {}

    def best_of(line: BankLine) -> Option | None:
        stamp = remaining.changes(concerned[line.id])
        held = known.get(line.id)
        if held is None or held[0] != stamp:
            best = _standing(options(line, facts, remaining, guesses=False))
            if best is not None and line.id in booked and (best.excess or best.refunds):
                best = None
            held = known[line.id] = (stamp, best)
        return held[1]

    def contested() -> frozenset[str]:
        """Credits that one line would pay back and another allocates: a person says which."""
        if not facts.credits:
            return frozenset()
        best = [o for o in (best_of(line) for line in waiting if line.id not in chosen) if o is not None]
        return frozenset(c for o in best for c, _ in o.refunds) & frozenset(c for o in best for c, _, _ in o.credits)

    changed = True
    while changed:
        changed = False
        disputed = contested()
        for level in (BY_NUMBER, BY_NUMBER_PART, BY_NAME, BY_GROUP):
            wanted: list[tuple[BankLine, Option]] = []
            for line in waiting:
                if line.id in chosen:
                    continue
                best = best_of(line)
                if best is None or best.level != level or best.credit_ids & disputed:
                    continue
                if level in (BY_NUMBER, BY_NUMBER_PART):
                    _take(remaining, chosen, line, best)  # in order of date: who names it first is served first
                    changed = True
                else:
                    wanted.append((line, best))
            for line, option in _without_rivals(facts, remaining, wanted):
                if option.held_back:
                    continue
                _take(remaining, chosen, line, option)
                changed = True
            if changed:
                break


def _standing(found: list[Option]) -> Option | None:
    """The best option, when it is certain and no other certain one of its level says otherwise."""
    if not found or not found[0].certain:
        return None
    best = found[0]
    for other in found[1:]:
        if (
            other.certain
            and other.level == best.level
            and (other.documents, other.refunds) != (best.documents, best.refunds)
        ):
            if set(other.pool) == set(best.pool) and best.pool:
                continue
            return None
    return best


def _without_rivals(
    facts: Facts, remaining: Remaining, wanted: list[tuple[BankLine, Option]]
) -> list[tuple[BankLine, Option]]:
    """Options whose documents no other line wants. Lines that want any of several equal documents share them, when
    there is one for each of them and none is left over; otherwise a human decides."""
    askers: dict[str, set[int]] = defaultdict(set)
    wishes: list[frozenset[str]] = []
    for index, (_, option) in enumerate(wanted):
        wish = option.documents | set(option.pool) | option.credit_ids
        wishes.append(wish)
        for document_id in wish:
            askers[document_id].add(index)
    granted: list[tuple[BankLine, Option]] = []
    seen: set[int] = set()
    for index in range(len(wanted)):
        if index in seen:
            continue
        lines, documents = {index}, set(wishes[index])
        grown = True
        while grown:
            more = {a for d in documents for a in askers[d]}
            grown = not more <= lines
            lines |= more
            documents |= {d for i in lines for d in wishes[i]}
        seen |= lines
        members = [wanted[i] for i in sorted(lines)]
        if len(members) == 1:
            line, option = members[0]
            if len(option.pool) <= 1:
                granted.append((line, option))
        elif all(len(o.takes) == 1 and not o.credit_ids for _, o in members) and len(documents) == len(members):
            granted.extend(_shared(facts, members))
    return granted


def _shared(facts: Facts, members: list[tuple[BankLine, Option]]) -> list[tuple[BankLine, Option]]:
    """As many lines as equal documents: each gets one, the line with the fewest choices first; or none gets any."""
    free = {d for _, o in members for d in (o.documents | set(o.pool))}
    given: list[tuple[BankLine, Option]] = []
    for line, option in sorted(members, key=lambda m: (len(m[1].pool), m[0].date, m[0].id)):
        choices = [d for d in (option.pool or tuple(sorted(option.documents))) if d in free]
        if not choices:
            return []
        free.discard(choices[0])
        given.append((line, _of_twin(facts, option, choices[0])))
    return given


def _of_twin(facts: Facts, option: Option, document_id: str) -> Option:
    """The option with an equal document in place of its own, and what it says about it said of that one."""
    own, twin = _document(facts, option.takes[0].document_id), _document(facts, document_id)
    told = tuple(
        replace(
            e, text=e.text.replace(own.name, twin.name), record_id=twin.id if e.record_id == own.id else e.record_id
        )
        for e in option.evidence
    )
    return replace(
        option,
        takes=(replace(option.takes[0], document_id=twin.id),),
        reason=option.reason.replace(own.name, twin.name),
        evidence=told,
    )


def _take(remaining: Remaining, chosen: dict[str, Option], line: BankLine, option: Option) -> None:
    for credit_id, document_id, minor in option.credits:
        remaining.use(credit_id, minor)
        remaining.take(document_id, minor, line.id)
    for credit_id, minor in option.refunds:
        remaining.use(credit_id, minor)
    for take in option.takes:
        remaining.take(take.document_id, take.minor, line.id)
    chosen[line.id] = option


def settlements(facts: Facts, line: BankLine, option: Option) -> tuple[Settlement, ...]:
    """The option's cash as settlements, in Decimal, at the line's own rate or the one known of its currency."""
    found = []
    for t in option.takes:
        document = _document(facts, t.document_id)
        known = own_rate(facts, line, document.currency, document.rate) if t.rate is None else None
        found.append(
            Settlement(
                document_id=t.document_id,
                amount=from_minor(t.minor, document.currency),
                bank_amount=from_minor(t.bank_minor, line.currency),
                rate=known.rate if known else t.rate,
                rate_source=known.source if known else "bank_line" if t.rate is not None else None,
            )
        )
    return tuple(found)


def refunds(facts: Facts, line: BankLine, option: Option) -> tuple[Refund, ...]:
    """The option's cash that pays credits back, in Decimal."""
    found = []
    for credit_id, minor in option.refunds:
        credit = facts.credits[credit_id]
        known = own_rate(facts, line, credit.currency, credit.rate)
        amount = from_minor(minor, credit.currency)
        found.append(
            Refund(
                credit_id=credit_id,
                amount=amount,
                bank_amount=amount,
                rate=known.rate if known else None,
                rate_source=known.source if known else None,
            )
        )
    return tuple(found)


def excess(facts: Facts, line: BankLine, option: Option) -> Excess | None:
    """What the option keeps for the contact of its documents."""
    if not option.excess:
        return None
    contact_id = _document(facts, option.takes[0].document_id).contact_id
    return Excess(
        kind="overpayment",
        contact_id=contact_id,
        contact=contact_name(facts, contact_id),
        amount=from_minor(option.excess, line.currency),
    )


def residual(facts: Facts, line: BankLine, option: Option) -> Decimal | None:
    """What stays open (positive, in the documents' currency), or is more than is due (negative); None for refunds."""
    if option.residual is None:
        return None
    currency = _document(facts, option.takes[0].document_id).currency if option.takes else line.currency
    return from_minor(option.residual, currency)


def allocations(facts: Facts, option: Option) -> tuple[Allocation, ...]:
    return tuple(
        Allocation(credit_id=c, document_id=d, amount=from_minor(minor, _document(facts, d).currency))
        for c, d, minor in option.credits
    )


def candidate(facts: Facts, line: BankLine, option: Option) -> Candidate:
    """The option as one of the answers a person may choose."""
    return Candidate(
        settlements=settlements(facts, line, option),
        confidence=option.confidence,
        reason=option.reason,
        allocations=allocations(facts, option),
        refunds=refunds(facts, line, option),
        excess=excess(facts, line, option),
    )


def _document(facts: Facts, document_id: str) -> Document:
    return facts.documents[document_id]


def _settle(facts: Facts, line: BankLine, option: Option, others: list[Option], by_id: dict[str, BankLine]) -> Verdict:
    return Verdict(
        line_id=line.id,
        situation=option.situation,
        status="settle",
        certain=True,
        confidence=option.confidence,
        reason=option.reason,
        settlements=settlements(facts, line, option),
        allocations=allocations(facts, option),
        evidence=option.evidence,
        rival=rival_of(facts, option, others),
        suggestions=tuple(candidate(facts, line, o) for o in others[:3]),
        residual=residual(facts, line, option),
        refunds=refunds(facts, line, option),
        excess=excess(facts, line, option),
    )


def rival_of(facts: Facts, option: Option, others: list[Option]) -> Rival | None:
    """The strongest other answer in one sentence, and what it lacks."""
    if option.pool and len(option.pool) > 1:
        own = option.takes[0].document_id
        twins = tuple(d for d in option.pool if d != own)
        numbers = ", ".join(_document(facts, d).name for d in twins)
        return Rival(
            documents=twins,
            text=f"{numbers}: same contact, same amount due",
            why_lost="there are as many lines as such documents, and each gets one",
        )
    if not others:
        return None
    other = others[0]
    return Rival(
        documents=tuple(sorted(other.documents)), text=other.reason.rstrip("."), why_lost=_why_lost(option, other)
    )


def _why_lost(option: Option, other: Option) -> str:
    """What the chosen option has that the other lacks; never what both lack."""
    has, lacks = ({e.kind for e in o.evidence} for o in (option, other))
    if has & _BY_NUMBER and not lacks & _BY_NUMBER:
        return "the line does not name it by a number"
    if has & _BY_CONTACT and not lacks & _BY_CONTACT:
        return "the line does not name its contact"
    if other.residual and not option.residual:
        over = other.residual < 0
        return "the line is more than is due on it" if over else "it would leave an amount open"
    if other.confidence < option.confidence:
        return "less speaks for it"
    return "it fits as well: only a person can tell"


_BY_NUMBER, _BY_CONTACT = {"number", "reference"}, {"payee", "account"}


def _settled(line: BankLine, held: Claim) -> Verdict:
    reason = held.text[:1].upper() + held.text[1:]
    return Verdict(
        line_id=line.id,
        situation="already_settled",
        status="already_settled",
        certain=not held.doubt,
        confidence=Decimal("0.60") if held.doubt else _ONE,
        reason=f"{reason}; {held.doubt}." if held.doubt else f"{reason}.",
        evidence=(Evidence(kind="claim", text=held.text, record_type=held.kind, record_id=held.ledger_ids[0]),),
        ledger_ids=held.ledger_ids,
    )
