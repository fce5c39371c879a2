"""What to say of a line that settles nothing for certain: review with ranked suggestions, or a plain report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from finchat.books.documents import BankLine, Document
from finchat.books.matching.facts import HINTED, NAMED, Facts, Remaining, contact_name, supporters
from finchat.books.matching.option import BY_NUMBER_PART, Option
from finchat.books.matching.options import doubt
from finchat.books.matching.text import words
from finchat.books.matching.verdict import Candidate, Situation, Verdict
from finchat.books.money import from_minor, to_minor
from finchat.books.plan import Evidence, Rival

_WORTH_A_LOOK = Decimal("0.35")  # options below are shown, but nothing is said of them


def leftover(
    facts: Facts, remaining: Remaining, line: BankLine, found: list[Option], by_id: dict[str, BankLine]
) -> Verdict:
    """A verdict that settles nothing. `found` are the line's options, best first; `by_id` all lines of the run."""
    ask = _Leftover(facts, remaining, line, found, by_id)
    return (
        ask.paid_again()
        or ask.transfer()
        or ask.overpayment()
        or ask.opposite()
        or ask.review()
        or ask.of_a_contact()
        or ask.nothing()
    )


@dataclass(slots=True)
class _Leftover:
    facts: Facts
    remaining: Remaining
    line: BankLine
    found: list[Option]
    by_id: dict[str, BankLine]

    @property
    def minor(self) -> int:
        return to_minor(self.line.amount, self.line.currency)

    def paid_again(self) -> Verdict | None:
        again = _paid_again(self.facts, self.remaining, self.line, self.by_id)
        if again is None or any(o.certain for o in self.found):
            return None
        return self._report("paid_again", again.text, confidence="0.90", evidence=(again,))

    def transfer(self) -> Verdict | None:
        own = _own_account(self.facts, self.line)
        if not own or any(o.level <= BY_NUMBER_PART for o in self.found):
            return None
        return self._report("transfer", f"The text names {own}: a transfer between own accounts.")

    def overpayment(self) -> Verdict | None:
        if not self.found or self.found[0].situation != "overpayment":
            return None
        over = self.found[0]
        document = self.facts.documents[over.takes[0].document_id]
        residual = None if over.residual is None else from_minor(over.residual, document.currency)
        # Paying what is due and keeping the excess are one answer: no other document takes the line in its place.
        alike = [o for o in self.found if o.situation == "overpayment"]
        told = self._report("overpayment", over.reason, confidence=str(over.confidence), evidence=over.evidence)
        suggestions = tuple(self._candidate(o) for o in alike[:3])
        return replace(told, residual=residual, rival=self._rival(), suggestions=suggestions)

    def opposite(self) -> Verdict | None:
        other_way = _opposite(self.facts, self.line, self.minor)
        if other_way is None:
            return None
        if any(o.level <= BY_NUMBER_PART or o.confidence >= Decimal("0.5") for o in self.found):
            return None
        situation, document, text = other_way
        evidence = Evidence(kind="number", text=text, record_type=document.type, record_id=document.id)
        return self._report(situation, text, evidence=(evidence,))

    def review(self) -> Verdict | None:
        worth = [o for o in self.found if o.confidence >= _WORTH_A_LOOK]
        if not worth:
            return None
        top = worth[0]
        alike = [o for o in worth if o.confidence == top.confidence]
        if len(alike) == 1:
            why = doubt(self.line, self.facts, self.remaining, top)
            return self._review(top.situation, f"{top.reason.rstrip('.')}, but {why}.", top)
        reasons = " Or: ".join(o.reason for o in alike[:3])
        return self._review("ambiguous", f"{len(alike)} answers fit as well: {reasons}", top)

    def of_a_contact(self) -> Verdict | None:
        named = supporters(self.facts.named(self.line), NAMED)
        if not named:
            return None
        contact_id = min(named)
        who = contact_name(self.facts, contact_id)
        evidence = Evidence(kind="payee", text=f"the text names {who}", record_type="contact", record_id=contact_id)
        payable = any(
            d.direction == self.line.direction and self.remaining.due.get(d.id, 0) > 0
            for c in named
            for d in self.facts.open_of.get(c, ())
        )
        ahead = self.facts.numbers.ahead(self.line)
        if payable and ahead is not None:
            text = f"Money of {who} that names {ahead}, which no document bears."
            return self._report("prepayment", text, evidence=(evidence,), shown=True)
        if payable:
            text = f"Money of {who} for no open document of that amount."
            return self._report("on_account", text, evidence=(evidence,), shown=True)
        text = f"Money of {who}, who has no open document it could pay."
        return self._report("prepayment", text, evidence=(evidence,), shown=True)

    def nothing(self) -> Verdict:
        if self.found:
            return replace(self._review("unmatched", self._faint(), self.found[0]), status="unmatched")
        return self._report("unrelated", "No open document, number or contact explains this line.")

    def _faint(self) -> str:
        """The little that speaks for what was found."""
        equal = [o for o in self.found if o.residual == 0 and len(o.takes) == 1]
        if not equal:
            return f"{self.found[0].reason.rstrip('.')}, and hardly anything speaks for it."
        document = self.facts.documents[equal[0].takes[0].document_id]
        named = f"{document.name} of {contact_name(self.facts, document.contact_id)}"
        if len(equal) > 1:
            return f"{len(equal)} open documents are of the same amount, {named} among them; the text names none."
        return f"The amount is that of {named}, but the text names neither; an equal amount settles nothing."

    def _review(self, situation: Situation, reason: str, top: Option) -> Verdict:
        reported = self._report(situation, reason, confidence=str(top.confidence), evidence=top.evidence, shown=True)
        return replace(reported, status="review")

    def _report(
        self,
        situation: Situation,
        reason: str,
        *,
        confidence: str = "0.80",
        evidence: tuple[Evidence, ...] = (),
        shown: bool = False,
    ) -> Verdict:
        return Verdict(
            line_id=self.line.id,
            situation=situation,
            status="reported",
            certain=False,
            confidence=Decimal(confidence),
            reason=reason,
            evidence=evidence,
            rival=self._rival() if shown else None,
            suggestions=tuple(self._candidate(o) for o in self.found[:3]) if shown else (),
        )

    def _rival(self) -> Rival | None:
        from finchat.books.matching.engine import rival_of

        return rival_of(self.facts, self.found[0], self.found[1:]) if self.found else None

    def _candidate(self, option: Option) -> Candidate:
        from finchat.books.matching.engine import candidate

        return candidate(self.facts, self.line, option)


def _paid_again(facts: Facts, remaining: Remaining, line: BankLine, by_id: dict[str, BankLine]) -> Evidence | None:
    """The line names a document that has nothing left to pay, in the ledger or by another line of this run."""
    named = facts.named(line)
    minor = to_minor(line.amount, line.currency)
    best: tuple[int, str, Evidence] | None = None
    for m in facts.mentions(line):
        d = facts.documents[m.document_id]
        if d.direction != line.direction or d.status not in ("open", "paid"):
            continue
        fits = d.contact_id in named and named[d.contact_id].coverage >= HINTED
        taken = remaining.taken_by.get(d.id, [])
        spent = d.status == "paid" or (taken and remaining.due.get(d.id, 0) < minor)
        equal = minor in (facts.minor_total[d.id], facts.minor_due[d.id])
        if not spent or not (fits or equal) or (m.strength < 2 and not (fits and equal)):
            continue
        first = next((by_id[x] for x in taken if x in by_id), None)
        how = f"already paid by the line of {first.date}" if first else "already paid"
        text = f"The line names {d.name} of {contact_name(facts, d.contact_id)}, which is {how}."
        told = Evidence(kind="number", text=text, record_type=d.type, record_id=d.id)
        if best is None or (m.strength, d.id) > best[:2]:
            best = (m.strength, d.id, told)
    return best[2] if best else None


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
        towards = "from" if line.direction == "receive" else "to"
        return "refund", d, f"Money {way} {towards} {who}, whose documents go the other way: a refund."
    return "wrong_direction", d, f"Money {way}, but {d.name} of {who} goes the other way."


def _own_account(facts: Facts, line: BankLine) -> str | None:
    """An own account or the organisation's own name that the text carries."""
    text = set(facts.words(line))
    held = facts.accounts.get(line.account_id)
    here = set(words(held.name)) if held else set()
    for name in sorted(facts.books.own_names):
        said = [p for p in words(name) if not facts.name_index.closes(p)]
        share = sum(len(p) for p in said if p in text) / max(sum(map(len, said)), 1)
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
        # A word that is part of a contact's name too counts only when the line names no such contact.
        used = {w for n in supporters(facts.named(line)).values() for w in n.used}
        own = {p for p in parts if len(p) >= 5 and p not in here and not p.isdigit() and p not in used}
        if (len(parts) > 1 and all(p in text for p in parts)) or (digits | own) & text:
            return account.name
    return None


def _endings(number: str) -> set[str]:
    """How a bank shortens an account's number: its last parts, and its last four digits."""
    parts = words(number)
    digits = "".join(p for p in parts if p.isdigit())
    found = {p for p in parts if p.isdigit() and len(p) >= 4}
    return found | ({digits[-4:], digits} if len(digits) >= 8 else set())
