"""What to say of a line that settles nothing for certain: review with ranked suggestions, or a plain report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from finchat.books.documents import BankLine, Document
from finchat.books.matching.facts import HINTED, NAMED, Facts, Remaining, contact_name, supporters
from finchat.books.matching.option import BY_NUMBER_PART, Option
from finchat.books.matching.options import doubt
from finchat.books.matching.verdict import Candidate, Excess, Situation, Verdict
from finchat.books.money import to_minor
from finchat.books.plan import Evidence, Rival

_KEPT_AS: dict[Literal["on_account", "prepayment"], Literal["overpayment", "prepayment"]] = {
    "on_account": "overpayment",
    "prepayment": "prepayment",
}
_WORTH_A_LOOK = Decimal("0.35")  # options below are shown, but nothing is said of them


def leftover(
    facts: Facts,
    remaining: Remaining,
    line: BankLine,
    found: list[Option],
    *,
    by_id: dict[str, BankLine],
    own: Verdict | None = None,
) -> Verdict:
    """A verdict that is not certain. `found` are the line's options, best first; `by_id` all lines of the run; `own`
    what is said of it as a transfer between own accounts."""
    ask = _Leftover(facts, remaining, line, found, by_id, own)
    return (
        ask.paid_again()
        or ask.transfer()
        or ask.overpayment()
        or ask.refund()
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
    own: Verdict | None

    @property
    def minor(self) -> int:
        return to_minor(self.line.amount, self.line.currency)

    def paid_again(self) -> Verdict | None:
        again = _paid_again(self.facts, self.remaining, self.line, self.by_id)
        if again is None or any(o.certain for o in self.found):
            return None
        told = self._report("paid_again", again.text, confidence="0.90", evidence=(again,))
        contact_id = self.facts.documents[again.record_id].contact_id
        return replace(told, status="review", excess=self._kept("overpayment", contact_id))

    def transfer(self) -> Verdict | None:
        return None if any(o.level <= BY_NUMBER_PART for o in self.found) else self.own

    def overpayment(self) -> Verdict | None:
        if not self.found or self.found[0].situation not in ("overpayment", "over_fee"):
            return None
        over = self.found[0]
        why = over.doubt and not over.certain
        reason = f"{over.reason.rstrip('.')}, but {over.doubt}." if why else over.reason
        # Paying what is due and keeping the excess are one answer: no other document takes the line in its place.
        alike = [o for o in self.found if o.situation in ("overpayment", "over_fee")]
        told = self._report(over.situation, reason, confidence=str(over.confidence), evidence=over.evidence)
        suggestions = tuple(self._candidate(o) for o in alike[:3])
        return replace(self._filled(told, over), status="review", rival=self._rival(), suggestions=suggestions)

    def refund(self) -> Verdict | None:
        back = [o for o in self.found if o.refunds]
        if not back:
            return None
        best = back[0]
        if any(o.takes and (o.level <= BY_NUMBER_PART or o.confidence > best.confidence) for o in self.found):
            return None
        alike = [o for o in back if o.confidence == best.confidence]
        if len(alike) > 1:
            reason = f"{len(alike)} credits fit as well: {' Or: '.join(o.reason for o in alike[:3])}"
            return self._review("refund", reason, best)
        why = doubt(self.line, self.facts, self.remaining, best)
        told = self._review("refund", f"{best.reason.rstrip('.')}, but {why}.", best)
        return self._filled(told, best)

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
        situation: Literal["prepayment", "on_account"]
        if payable and ahead is not None:
            situation, text = "prepayment", f"Money of {who} that names {ahead}, which no document bears."
        elif payable:
            situation, text = "on_account", f"Money of {who} for no open document of that amount."
        else:
            situation, text = "prepayment", f"Money of {who}, who has no open document it could pay."
        told = replace(self._report(situation, text, evidence=(evidence,), shown=True), status="review")
        if len(named) == 1:
            return replace(told, excess=self._kept(_KEPT_AS[situation], contact_id))
        others = ", ".join(contact_name(self.facts, c) for c in sorted(named)[1:4])
        kept = tuple(
            Candidate(
                settlements=(),
                confidence=Decimal("0.20"),
                reason=f"Keep it for {contact_name(self.facts, c)}.",
                excess=self._kept(_KEPT_AS[situation], c),
            )
            for c in sorted(named)[:3]
        )
        return replace(told, reason=f"{text} It may be of {others} too.", suggestions=(*told.suggestions, *kept))

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

    def _kept(self, kind: Literal["overpayment", "prepayment"], contact_id: str) -> Excess:
        """The whole line, kept for the contact."""
        name = contact_name(self.facts, contact_id)
        return Excess(kind=kind, contact_id=contact_id, contact=name, amount=self.line.amount)

    def _filled(self, told: Verdict, option: Option) -> Verdict:
        """The verdict with what the option would record: a person may approve what is not certain."""
        from finchat.books.matching.engine import excess, refunds, residual, settlements

        return replace(
            told,
            settlements=settlements(self.facts, self.line, option),
            refunds=refunds(self.facts, self.line, option),
            excess=excess(self.facts, self.line, option),
            residual=residual(self.facts, self.line, option),
        )

    def _review(self, situation: Situation, reason: str, top: Option) -> Verdict:
        from finchat.books.matching.engine import residual

        reported = self._report(situation, reason, confidence=str(top.confidence), evidence=top.evidence, shown=True)
        return replace(
            reported, status="review", residual=residual(self.facts, self.line, top) if top.residual else None
        )

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
