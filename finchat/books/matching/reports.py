"""What to say of a line that settles nothing for certain: review with ranked suggestions, or a plain report."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from finchat.books.documents import BankLine, Document
from finchat.books.matching.facts import HINTED, NAMED, Facts, Remaining, contact_name, supporters
from finchat.books.matching.options import Option
from finchat.books.matching.text import words
from finchat.books.matching.verdict import Situation, Verdict
from finchat.books.money import from_minor, to_minor
from finchat.books.plan import Evidence


def leftover(
    facts: Facts,
    remaining: Remaining,
    line: BankLine,
    found: list[Option],
    chosen: dict[str, Option],
    by_id: dict[str, BankLine],
) -> Verdict:
    """A verdict that settles nothing."""
    from finchat.books.matching.engine import candidate, rival_of

    minor = to_minor(line.amount, line.currency)
    suggestions = tuple(candidate(facts, line, o) for o in found[:3])

    def say(
        situation: Situation,
        status: Literal["review", "reported", "unmatched"],
        reason: str,
        *,
        confidence: str = "0.80",
        evidence: tuple[Evidence, ...] = (),
        shown: bool = True,
        residual: Decimal | None = None,
    ) -> Verdict:
        return Verdict(
            line_id=line.id,
            situation=situation,
            status=status,
            certain=False,
            confidence=Decimal(confidence),
            reason=reason,
            evidence=evidence,
            rival=rival_of(facts, found[0], found[1:]) if found and shown else None,
            suggestions=suggestions if shown else (),
            residual=residual,
        )

    again = _paid_again(facts, remaining, line, minor, chosen, by_id)
    if again is not None and not any(o.certain for o in found):
        return say("paid_again", "reported", again[1], confidence="0.90", evidence=(again[0],), shown=False)
    wrong_way = _opposite(facts, line, minor)
    own = _own_account(facts, line)
    strong = [o for o in found if o.confidence >= Decimal("0.35")]
    if own and not any(o.level <= 2 for o in found):
        return say("transfer", "reported", f"The text names {own}: a transfer between own accounts.", shown=False)
    if found and found[0].situation == "overpayment":
        over = found[0]
        document = facts.documents[over.takes[0].document_id]
        return say(
            "overpayment", "review", over.reason, confidence=str(over.confidence), evidence=over.evidence,
            residual=None if over.residual is None else from_minor(over.residual, document.currency),
        )  # fmt: skip
    if wrong_way is not None and not any(o.level <= 2 or o.confidence >= Decimal("0.5") for o in found):
        situation, document, text = wrong_way
        evidence = Evidence(kind="number", text=text, record_type=document.type, record_id=document.id)
        return say(situation, "reported", text, evidence=(evidence,), shown=False)
    if strong:
        top = strong[0]
        alike = [o for o in strong if o.confidence == top.confidence]
        situation = "ambiguous" if len(alike) > 1 else top.situation
        reason = (
            f"{len(alike)} answers fit as well: " + " Or: ".join(o.reason for o in alike[:3])
            if len(alike) > 1
            else f"Not certain: {top.reason}"
        )
        return say(situation, "review", reason, confidence=str(top.confidence), evidence=top.evidence)
    named = supporters(facts.named(line), NAMED)
    if named:
        contact_id = min(named)
        who = contact_name(facts, contact_id)
        evidence = Evidence(kind="payee", text=f"the text names {who}", record_type="contact", record_id=contact_id)
        any_open = any(
            d.direction == line.direction and remaining.due.get(d.id, 0) > 0
            for c in named
            for d in facts.open_of.get(c, ())
        )
        if any_open:
            return say(
                "on_account", "reported", f"Money of {who} for no open document of that amount.", evidence=(evidence,)
            )
        return say(
            "prepayment", "reported", f"Money of {who}, who has no open document it could pay.", evidence=(evidence,)
        )
    if found:
        return say("unmatched", "unmatched", "Only an equal amount: that alone settles nothing.", confidence="0.20")
    return say("unrelated", "reported", "No open document, number or contact explains this line.", shown=False)


def _paid_again(
    facts: Facts,
    remaining: Remaining,
    line: BankLine,
    minor: int,
    chosen: dict[str, Option],
    by_id: dict[str, BankLine],
) -> tuple[Evidence, str] | None:
    """The line names a document that has nothing left to pay, in the ledger or by another line of this run."""
    named = facts.named(line)
    best: tuple[int, str, Document, str] | None = None
    for m in facts.mentions(line):
        d = facts.documents[m.document_id]
        if d.direction != line.direction or d.status not in ("open", "paid"):
            continue
        fits = d.contact_id in named and named[d.contact_id].coverage >= HINTED
        taken = remaining.taken_by.get(d.id, [])
        spent = d.status == "paid" or (taken and remaining.due.get(d.id, 0) < minor)
        equal = minor in (to_minor(d.total, d.currency), to_minor(d.amount_due, d.currency))
        if not spent or not (fits or equal) or (m.strength < 2 and not (fits and equal)):
            continue
        first = next((by_id[x] for x in taken if x in by_id), None)
        how = f"already paid by the line of {first.date}" if first else "already paid"
        if best is None or (m.strength, d.id) > (best[0], best[1]):
            best = (
                m.strength,
                d.id,
                d,
                f"The line names {d.number} of {contact_name(facts, d.contact_id)}, which is {how}.",
            )
    if best is None:
        return None
    d = best[2]
    return Evidence(kind="number", text=best[3], record_type=d.type, record_id=d.id), best[3]


def _opposite(facts: Facts, line: BankLine, minor: int) -> tuple[Situation, Document, str] | None:
    """Money in for a bill, or out for an invoice: a refund when that was paid, else the wrong direction."""
    named = supporters(facts.named(line), NAMED)
    way = "in" if line.direction == "receive" else "out"
    candidates: list[tuple[int, Document]] = []
    for m in facts.mentions(line):
        d = facts.documents[m.document_id]
        if d.direction != line.direction and (d.contact_id in named or m.strength == 3):
            candidates.append((m.strength + 2, d))
    for contact_id in sorted(named):
        for d in facts.documents_of.get(contact_id, ()):
            if d.direction != line.direction:
                equal = to_minor(d.total, d.currency) == minor and d.currency == line.currency
                candidates.append((2 if equal else 0, d))
    same_way = any(d.direction == line.direction for c in named for d in facts.documents_of.get(c, ()))
    candidates = [(w, d) for w, d in candidates if w >= 2 or not same_way]
    if not candidates:
        return None
    weight, d = max(candidates, key=lambda x: (x[0], x[1].status == "paid", x[1].id))
    who = contact_name(facts, d.contact_id)
    if d.status == "paid" or weight < 3:
        return "refund", d, f"Money {way} from or to {who}, whose documents go the other way: a refund."
    return "wrong_direction", d, f"Money {way}, but {d.number} of {who} goes the other way."


def _own_account(facts: Facts, line: BankLine) -> str | None:
    """An own account or the organisation's own name that the text carries."""
    text = set(facts.words(line))
    held = facts.accounts.get(line.account_id)
    here = set(words(held.name)) if held else set()
    for name in sorted(facts.books.own_names):
        parts = [p for p in words(name) if not facts.name_index.closes(p)]
        share = sum(len(p) for p in parts if p in text) / max(sum(map(len, parts)), 1)
        if share >= 0.6:
            return name
    for account in sorted(facts.books.accounts, key=lambda a: a.id):
        if account.kind != "bank" or account.id == line.account_id:
            continue
        number = "".join(words(account.bank_account))
        other = "".join(words(line.counterparty_account))
        if number and other and (number == other):
            return account.name
        parts = words(account.name)
        digits = {p for p in parts if p.isdigit() and len(p) >= 4} | _endings(account.bank_account)
        own = {p for p in parts if len(p) >= 5 and p not in here and not p.isdigit() and not facts.name_index.knows(p)}
        if (len(parts) > 1 and all(p in text for p in parts)) or (digits | own) & text:
            return account.name
    return None


def _endings(number: str) -> set[str]:
    """How a bank shortens an account's number: its last parts, and its last four digits."""
    parts = words(number)
    digits = "".join(p for p in parts if p.isdigit())
    found = {p for p in parts if p.isdigit() and len(p) >= 4}
    return found | ({digits[-4:], digits} if len(digits) >= 8 else set())
