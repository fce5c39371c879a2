"""Which field the words around a figure name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from finchat.agent.grounding.blocks import Claim
from finchat.agent.grounding.lexicon import DATE, IMPLIES, MONEY, WEAK, units_of
from finchat.agent.grounding.page import Page
from finchat.agent.grounding.said import Said, units_shown
from finchat.agent.grounding.scanning import Scan, Term, coordinated

_PRICE = re.compile(r"(?:\d[\d.,]*\s(?:[^\W\d_]+\s){1,3}at|@|\d\s?[×x*])\s?[*_`$€£A-Z\s]{0,5}\Z")
_PART_OF = re.compile(
    r"\W*(?:out\s)?of\s(?:the|its|their|a|an|this|that|our|your)?[\s*_`]*[A-Z$€£]{0,4}\s?\Z", re.IGNORECASE
)
_SHARE_BEFORE = re.compile(r"%[*_]{0,2}\sof\s[^()\d\n]{3,50}\([*_]{0,2}\Z")
_PART_BEFORE = re.compile(r"[*_]{0,2}\sof\s[*_]{0,2}[A-Z$€£]{0,4}\s?\d")
_WHOLE_AFTER = re.compile(r"%[*_]{0,2}\sof\s[^()\d\n]{3,50}\([^()\n]{1,24}\sof\s[*_]{0,2}\Z")
_OF_DOCUMENTS = re.compile(
    r"\s(?:[^\W\d_]+\s)?(?:invoices?|bills?|documents?|quotes?|transactions?|payments?|deposits?)\b"
)
_BLANK = " *_`"
_NO_FIELD = frozenset({"?"})  # no fact's: the words contradict each other


def name_fields(page: Page, claim: Claim, said: Sequence[Said]) -> None:
    """Fill in what each figure of a claim is: by the words of its clause, its column and row, else of what it stands
    under, of the sentence before, of the question."""
    under = page.under(claim)
    for one in said:
        if part_of_share(page.text, one):
            continue  # its own field is not said: that of which it is a share is
        units = units_shown(one.shown)
        own = _Clause(page.text, one.scan, one, units).terms()
        column = _terms_of(under[0], units) if claim.head is not None else []
        row = _row_head(page, claim, units)
        sets = [allowed for part in (own, column, row) if (allowed := _allowed(part, units))]
        one.fields = (frozenset.intersection(*sets) or _NO_FIELD) if sets else frozenset()
        strong = [term for part in (own, column, row) for term in part if not term.weak and term.start < term.end]
        one.word = " ".join(page.text[term.start : term.end] for term in strong[:2])
        if not sets:
            _from_above(page, one, units, under[1:] if claim.head is not None else under)
        one.weakly = any("any_amount" in term.concepts for term in [*own, *column])
        late = any("overdue" in term.concepts for term in [*own, *column])
        one.overdue = "overdue" in one.fields or (late and one.shown.unit == "money")


def part_of_share(text: str, one: Said) -> bool:
    """The first of two amounts in "9% of revenue (4,500.00 of 50,000.00)"."""
    behind = text[max(one.claim.start, one.shown.start - 70) : one.shown.start]
    return bool(_SHARE_BEFORE.search(behind) and _PART_BEFORE.match(text, one.shown.end))


def whole_of_share(text: str, one: Said) -> bool:
    """The second of them."""
    behind = text[max(one.claim.start, one.shown.start - 110) : one.shown.start]
    return bool(_WHOLE_AFTER.search(behind))


def _terms_of(scan: Scan, units: frozenset[str]) -> list[Term]:
    return [term for term in scan.terms if any(units_of(concept) & units for concept in term.concepts)]


def _row_head(page: Page, claim: Claim, units: frozenset[str]) -> list[Term]:
    """The words of a row's first cell, when they are no name: "Gross profit"."""
    cells = page.cells(claim)
    if not cells or cells[0] is claim:
        return []
    head = page.scan(cells[0])
    if head.shown or any(not mention.soft for mention in head.mentions):
        return []
    return _terms_of(head, units)


def _from_above(page: Page, one: Said, units: frozenset[str], under: Sequence[Scan]) -> None:
    before = [page.scan(one.claim.before)] if one.claim.before is not None and units != frozenset({DATE}) else []
    for scan in [*under, *before, *page.asked]:
        terms = [term for term in _terms_of(scan, units) if not term.weak]
        if scan is page.question:  # "open invoices" tells which invoices, not which figure of them
            terms = [term for term in terms if not _OF_DOCUMENTS.match(scan.folded, term.end - scan.start)]
        sets = {frozenset(c for c in term.concepts if units_of(c) & units) for term in terms}
        if len(sets) == 1 or (sets and scan in under):
            one.fields = frozenset().union(*(_allowed([term], units) for term in terms))
            if scan is not page.question:
                one.word = " ".join(page.text[term.start : term.end] for term in terms[:2])
        if sets:
            return


class _Clause:
    """The words around one figure of a claim."""

    def __init__(self, text: str, scan: Scan, one: Said, units: frozenset[str]) -> None:
        self.text, self.scan, self.one = text, scan, one
        self.start, self.end = one.shown.start, one.shown.end
        self.first, self.last = scan.piece(self.start)
        self.all = _terms_of(scan, units)
        self.others = sorted(
            (other.start, other.end)
            for other in scan.shown
            if other is not one.shown
            and other.start != self.start
            and other.unit != "identifier"
            and self.first <= other.start < self.last
            and (other.start > self.start or units_shown(other) & units)
        )
        before = max((end for _, end in self.others if end <= self.start), default=self.first)
        self.part_of = before > self.first and bool(_PART_OF.match(text[before : self.start]))
        ahead = [(start, end) for start, end in self.others if start >= self.end]
        if ahead and _PART_OF.match(text[self.end : ahead[0][0]]):
            ahead = ahead[1:]  # "400 of the 920 has been paid": the words behind belong to the part
        after = ahead[0][0] if ahead else self.last
        self.left = [t for t in self.all if before <= t.start and t.end <= self.start and not self._taken(t)]
        self.right = [t for t in self.all if self.end <= t.start and t.end <= after]
        if self.part_of:
            self.left = []
            self.right = [t for t in self.right if not text[self.end : t.start].strip(_BLANK)]

    def terms(self) -> list[Term]:
        """The words of the figure's own clause that name its field, else those of the clauses before, else after."""
        if self.one.shown.unit == "money" and _PRICE.search(self.text[max(self.first, self.start - 40) : self.start]):
            return self._meant("unit_price", "rate")
        own = self._own()
        if own:
            return own
        if self.part_of:
            return self._meant("total", "revenue", "due") if self.one.shown.unit == "money" else []
        return self._around()

    def _meant(self, *concepts: str) -> list[Term]:
        return [Term(self.start, self.start, frozenset(concepts))]

    def _own(self) -> list[Term]:
        average = [term for term in self.left + self.right if "average" in term.concepts]
        left = [term for term in self.left if not term.weak and term not in average]
        right = [term for term in self.right if not term.weak and term not in average]
        if _at_odds(left[-2:], self.text) or _at_odds(right[:2], self.text):
            return self._meant("?")
        late = [term for term in left[:-1] if "overdue" in term.concepts]
        if left and right:
            if self._leads():
                return right[:1] + average
            if not self.others:  # "the balance of 500 is overdue"
                late += [term for term in right[:1] if "overdue" in term.concepts]
            return left[-1:] + late + average
        return left[-1:] + right[:1] + late + average

    def _leads(self) -> bool:
        """500 due, 300 paid: in this clause the figures come before their words."""
        inside = [term for term in self.all if self.first <= term.start < self.last]
        return bool(inside and self.others) and inside[0].start > min(self.others[0][0], self.start)

    def _around(self) -> list[Term]:
        weak = [term for term in self.left + self.right if term.weak]
        first, last = self.scan.segment(self.start)
        earlier = [term for term in self.all if first <= term.start < self.first and not term.weak]
        if not earlier and self._terse(first, last):
            earlier = [term for term in self.all if term.start < self.first and not term.weak]
        later = [term for term in self.all if self.last <= term.start < last and not term.weak]
        if _at_odds(earlier[-2:], self.text) or (not earlier and _at_odds(later[:2], self.text)):
            return self._meant("?")
        if earlier:
            total = any(self.text[term.start : term.end].casefold().startswith("total") for term in weak)
            late = [term for term in earlier[-2:-1] if "overdue" in term.concepts and self._adjoin(term, earlier[-1])]
            return late + earlier[-1:] + (self._meant("total") if total else [])
        of = self.text[self.first : self.start].casefold().lstrip("*_ ").startswith("of ")
        return later[:1] if later and not weak and not of and self._runs_on(later[0]) else weak

    def _adjoin(self, first: Term, second: Term) -> bool:
        return not self.text[first.end : second.start].strip(_BLANK)

    def _terse(self, first: int, last: int) -> bool:
        """Acme owes 500; Beta 700: the second clause leaves out what the first says."""
        clause = self.text[first:last]
        for mention in self.scan.mentions:
            if first <= mention.start and mention.end <= last:
                clause = clause.replace(self.text[mention.start : mention.end], " ")
        return len(re.findall(r"[^\W\d_]{2,}", clause)) <= 3

    def _runs_on(self, term: Term) -> bool:
        """500 and 700 are due: the words after a run of figures name the field of all of it."""
        run = [shown for shown in self.scan.shown if self.start <= shown.start < term.start]
        return all(coordinated(self.text[a.end : b.start]) for a, b in pairwise(run))

    def _taken(self, term: Term) -> bool:
        """The words belong to the figure right before them: "10 hours at 150"."""
        units = {unit for concept in term.concepts for unit in units_of(concept)}
        return any(
            shown.start != self.start
            and shown.end <= term.start
            and shown.unit != "identifier"
            and bool(units_shown(shown) & units)
            and not self.text[shown.end : term.start].strip(_BLANK)
            for shown in self.scan.shown
        )


def _at_odds(terms: Sequence[Term], text: str) -> bool:
    """The paid balance: two words side by side that no one figure is."""
    if len(terms) < 2 or text[terms[-2].end : terms[-1].start].strip(" *_"):
        return False
    if not {text[term.start : term.end].casefold() for term in terms} & {"paid", "settled", "collected"}:
        return False
    first, second = terms[-2].concepts, terms[-1].concepts
    owed = {"due", "overdue", "balance"}
    paid = ("paid" in first and bool(second & owed)) or ("paid" in second and bool(first & owed))
    return paid and not first & second


def _allowed(terms: Sequence[Term], units: frozenset[str]) -> frozenset[str]:
    """The concepts that some words allow, with what accounting usage lets through."""
    strong = [term for term in terms if not term.weak]
    found = {concept for term in strong for concept in term.concepts if units_of(concept) & units}
    if "overdue" in found and MONEY in units and any("overdue" in term.concepts for term in strong):
        found -= {"due"}
    return frozenset(also for concept in found - WEAK for also in IMPLIES.get(concept, frozenset()) | {concept})
