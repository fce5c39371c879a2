"""Lines that no document explains, coded as this organisation always books their payee; everything else is asked.

Certain is only what a careful person would book without asking: the line names one payee, by words nobody else uses
and with no word of anybody else; its earlier money in the same direction and currency was booked at least three times,
on three days, always alike and lately; the amount is usual; account, tax code and tracking can still be used; and
nothing else speaks for a document or for money the ledger already holds. The narration cannot add certainty: what it
says beyond the payee's own words only takes it away.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from finchat.books.coding.checks import Chart
from finchat.books.coding.evidence import AT_LEAST, LAST, Habitual, Tally, habitual, tallies, usual_amount
from finchat.books.coding.payees import Payee, Payees
from finchat.books.coding.residuals import Residuals
from finchat.books.coding.sentences import spoken_coding
from finchat.books.documents import BankLine, Books, CodedTransaction, Coding, Contact
from finchat.books.matching.verdict import Coded, CodingChoice, Situation, Verdict
from finchat.books.money import spoken, to_minor
from finchat.books.plan import Evidence, Rival

# Nothing else than these may be money without a document: any other situation names what the line is.
_WITHOUT_DOCUMENT: frozenset[Situation] = frozenset({"unrelated", "unmatched"})
_OF_A_CONTACT: frozenset[Situation] = frozenset({"on_account", "prepayment"})
_CHOICES = 5
_SAME_AMOUNT = "an open document has the same amount"
# The ledger's entry for this very money may be this far away and still not have claimed the line.
_NEAR = dt.timedelta(days=10)
_CERTAIN, _REVIEW, _ASKED = Decimal("0.97"), Decimal("0.70"), Decimal("0.40")


def code(books: Books, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts in their order, with `coded` where no document explains the line and `residual_coding` where memory
    knows how the rest of a counterparty's short payments is booked.

    A coded verdict has the situation `coded` (or stays `unrelated`/`unmatched` when its payee was never booked) and
    the status `settle` when certain, else `review`: with a coding when all but certainty is there, else with choices,
    for a person to answer. It carries no cash of its own; `suggestions` of documents stay, for the person to see.
    Give it the verdicts of all lines of the books, earlier ones too: what they claim teaches what the bank calls whom.
    Pure: the same books and verdicts in any order give the same answers. `books.coded` is what it learns from,
    `books.tax_rates` and `books.tracking` must be read for anything to be certain.
    """
    return _Coding(books, verdicts).run(verdicts)


@dataclass(frozen=True, slots=True)
class _Case:
    """One line with the payee it is judged by, the likeliest of `payees`, and what of their past is like it."""

    verdict: Verdict
    line: BankLine
    best: Payee
    payees: tuple[Payee, ...]
    history: tuple[CodedTransaction, ...]
    found: Habitual

    @property
    def minor(self) -> int:
        return to_minor(self.line.amount, self.line.currency)

    @property
    def amounts(self) -> tuple[CodedTransaction, ...]:
        """What tells the usual amount: the same bank account's own money, where there is enough of it."""
        own = tuple(t for t in self.history if t.account_id == self.line.account_id)
        return own if len(own) >= AT_LEAST else self.history


class _Coding:
    def __init__(self, books: Books, verdicts: Sequence[Verdict]) -> None:
        self._books = books
        self._lines = {line.id: line for line in books.lines}
        self._chart = Chart(books)
        self._payees = Payees(books, verdicts)
        self._residuals = Residuals(books, self._chart)
        self._contacts: dict[str, Contact] = {c.id: c for c in books.contacts}
        self._billed: dict[tuple[str, str], int] = defaultdict(int)
        self._open: set[tuple[str, str]] = set()
        for d in books.documents:
            if d.status in ("open", "paid"):
                self._billed[d.contact_id, d.direction] += 1
            if d.status == "open" and d.amount_due > 0:
                self._open.add((d.contact_id, d.direction))
        self._due: dict[str, list[Decimal]] = defaultdict(list)  # on open invoices, by currency
        for d in books.documents:
            if d.type == "invoice" and d.status == "open" and d.amount_due > 0:
                self._due[d.currency].append(d.amount_due)
        self._claimed = {ledger_id for v in verdicts for ledger_id in v.ledger_ids}
        self._first_line: dict[str, dt.date] = {}
        for line in books.lines:
            first = self._first_line.get(line.account_id, line.date)
            self._first_line[line.account_id] = min(first, line.date)

    def run(self, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
        return tuple(self._of(v) for v in verdicts)

    def _of(self, verdict: Verdict) -> Verdict:
        residual = self._residuals.coding(verdict) if self._books.habits else None
        if residual is not None:
            return replace(verdict, residual_coding=residual)
        line = self._lines.get(verdict.line_id)
        if line is None or verdict.status in ("settle", "already_settled") or verdict.ledger_ids:
            return verdict
        if verdict.situation in _WITHOUT_DOCUMENT:
            payees = self._payees.of(line)
            return self._coded(verdict, line, payees) if payees else self._new_payee(verdict, line)
        if verdict.situation in _OF_A_CONTACT:
            return self._of_contact(verdict, line)
        return verdict

    def _of_contact(self, verdict: Verdict, line: BankLine) -> Verdict:
        """Money of a contact for no document: coded only where that is what its money usually is."""
        named = verdict.excess.contact_id if verdict.excess else _contact_named(verdict)
        history = self._payees.history(named, line)
        if (named, line.direction) in self._open or len(history) <= self._billed[named, line.direction]:
            return verdict
        payees = self._payees.of(line)
        if not payees or payees[0].contact_id != named:
            known = Payee(named, self._payees.names.get(named, named), False, False, history, history)
            payees = (known, *(p for p in payees if p.contact_id != named))
        return self._coded(replace(verdict, excess=None), line, payees)

    def _new_payee(self, verdict: Verdict, line: BankLine) -> Verdict:
        name = self._payees.shown_name(line)
        text = "No earlier money of this payee says how it is booked."
        return replace(
            verdict,
            status="review",
            certain=False,
            confidence=min(verdict.confidence, _ASKED),
            coded=Coded(contact_id="", contact=name),
            evidence=(*verdict.evidence, Evidence(kind="history", text=text)),
        )

    def _coded(self, verdict: Verdict, line: BankLine, payees: Sequence[Payee]) -> Verdict:
        best = payees[0]
        # Money that says all the line says is closest; a payee called by name but in new words is judged as a whole.
        history = best.alike if len(best.alike) >= AT_LEAST else best.all
        case = _Case(verdict, line, best, tuple(payees), history, habitual(history, line.date))
        asked = self._why_asked(case)
        coding = None if asked else case.found.coding
        doubt = "" if coding is None else self._why_review(case, coding)
        certain = coding is not None and not doubt
        surely = self._surely(case)
        name = best.contact if surely else self._payees.shown_name(line)
        coded = Coded(
            contact_id=best.contact_id if surely else "",
            contact=name,
            coding=coding,
            choices=self._choices(payees) if coding is None else (),
        )
        return replace(
            verdict,
            situation="coded",
            status="settle" if certain else "review",
            certain=certain,
            confidence=_CERTAIN if certain else _REVIEW if coding is not None else _ASKED,
            reason=self._reason(case, coding, asked or doubt),
            coded=coded,
            settlements=(),
            allocations=(),
            refunds=(),
            excess=None,
            evidence=self._evidence(case, coding),
            rival=verdict.rival or _rival(case),
        )

    def _reason(self, case: _Case, coding: Coding | None, doubt: str) -> str:
        who = case.best.contact
        if coding is None or case.found.last is None:
            return f"Perhaps {who}, but {doubt}."
        where = spoken_coding(coding, self._chart.accounts, self._chart.tax_rates)
        told = f"{who}: all of the last {case.found.times} times to {where}, last on {case.found.last.date}"
        return f"{told}, but {doubt}." if doubt else f"{told}."

    def _why_asked(self, case: _Case) -> str:
        """Why no coding is filled in; "" when one is."""
        best, found = case.best, case.found
        gone = None if found.coding is None else self._chart.unusable(found.coding)
        asked = (
            (sum(p.identified for p in case.payees) > 1, "the text names more than one payee"),
            (not best.identified, self._why_unclear(case)),
            (found.coding is None, found.why_not),
            (gone is not None, gone or ""),
            (
                usual_amount(case.amounts, case.minor) is None,
                f"{spoken(case.line.amount, case.line.currency)} is not what it usually is",
            ),
            ((best.contact_id, case.line.direction) in self._open, "a document of theirs is open"),
            (bool(case.verdict.suggestions) and not best.named, _SAME_AMOUNT),
        )
        return next((text for holds, text in asked if holds), "")

    def _why_review(self, case: _Case, coding: Coding) -> str:
        """Why a coding that is filled in is not certain; "" when it is."""
        who = case.best.contact_id
        held = self._held_already(case)
        doubts = (
            (bool(held), held),
            (
                (who, coding) in self._books.doubted,
                "a person refused just this more often lately than confirmed it",
            ),
            (bool(case.verdict.suggestions), _SAME_AMOUNT),
            (
                not case.best.named and self._may_pay_in_part(case.line),
                "the text names nobody, and the money may be part of what is due on an open document",
            ),
            (self._billed[who, case.line.direction] > 0, "some of their money is for documents"),
            (
                bool(self._contacts) and who not in self._contacts,
                "the ledger's list of contacts does not show them any more",
            ),
        )
        return next((text for holds, text in doubts if holds), "")

    def _why_unclear(self, case: _Case) -> str:
        if self._payees.says_more(case.line, case.best.contact_id):
            return "the text says more than earlier ones of theirs"
        if len(case.payees) > 1:
            return f"{case.payees[1].contact} uses the same words"
        return "no word of the text is theirs alone"

    def _surely(self, case: _Case) -> bool:
        """Whether the contact is not in question, whatever is asked about the coding."""
        if case.best.identified:
            return sum(p.identified for p in case.payees) == 1
        return len(case.payees) == 1 and not self._payees.says_more(case.line, case.best.contact_id)

    def _may_pay_in_part(self, line: BankLine) -> bool:
        """Whether it is half or more of what is due on an invoice: less is seldom paid, and payments out have names."""
        due = self._due[line.currency] if line.direction == "receive" else []
        return any(line.amount <= amount <= 2 * line.amount for amount in due)

    def _held_already(self, case: _Case) -> str:
        """The ledger's own entry of the same money, when no line has claimed it: booking the line books it twice."""
        line = case.line
        since = self._first_line[line.account_id]
        for t in case.best.all:
            same = (t.account_id, t.amount) == (line.account_id, line.amount) and abs(t.date - line.date) <= _NEAR
            if same and t.date >= since and t.id not in self._claimed:
                return f"the ledger holds {spoken(t.amount, t.currency)} of theirs dated {t.date} that no line explains"
        return ""

    def _choices(self, payees: Sequence[Payee]) -> tuple[CodingChoice, ...]:
        """The codings of the payees in question, the likeliest payee's first, as far as they can still be used."""
        found: dict[Coding, CodingChoice] = {}
        for payee in payees:
            history = payee.alike or payee.all
            for tally in tallies(history[-2 * LAST :]):
                if tally.coding not in found and self._chart.unusable(tally.coding) is None:
                    whose = "" if len(payees) == 1 else f"{payee.contact}: "
                    found[tally.coding] = CodingChoice(coding=tally.coding, text=f"{whose}{self._told(tally)}")
        return tuple(found.values())[:_CHOICES]

    def _told(self, tally: Tally) -> str:
        where = spoken_coding(tally.coding, self._chart.accounts, self._chart.tax_rates)
        times = "the only time" if tally.of == 1 else f"{tally.times} of {tally.of} times"
        return f"{times} to {where}, last on {tally.last}"

    def _evidence(self, case: _Case, coding: Coding | None) -> tuple[Evidence, ...]:
        best, history = case.best, case.history
        how = "names" if best.named else "is like earlier ones of" if best.identified else "has words of"
        text = f"the text {how} {best.contact}"
        found = [Evidence(kind="payee", text=text, record_type="contact", record_id=best.contact_id)]
        for tally in tallies(history[-2 * LAST :])[:1]:
            found.append(
                Evidence(
                    kind="history",
                    text=self._told(tally),
                    record_type="bank_transaction",
                    record_id=history[-1].id,
                )
            )
        if coding is not None and (usual := usual_amount(case.amounts, case.minor)):
            found.append(Evidence(kind="amount", text=usual))
        return tuple(found)


def _rival(case: _Case) -> Rival | None:
    if len(case.payees) < 2:
        return None
    lost = "the text does not name them" if case.best.identified else "fewer earlier ones are like it"
    return Rival(documents=(), text=f"money of {case.payees[1].contact}", why_lost=lost)


def _contact_named(verdict: Verdict) -> str:
    return next((e.record_id for e in verdict.evidence if e.record_type == "contact"), "")
