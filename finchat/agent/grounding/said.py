"""What an answer says of each of its figures: of whom, which field, which period, which currency."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from finchat.agent.facts import FactPeriod
from finchat.agent.grounding.binding import Bound, Place, bind
from finchat.agent.grounding.blocks import Claim
from finchat.agent.grounding.lexicon import (
    COUNT_NOUNS,
    DATE,
    IMPLIES,
    MONEY,
    NUMBER,
    PERCENT,
    PURCHASES,
    RANKS,
    SALES,
    WEAK,
    units_of,
)
from finchat.agent.grounding.names import CLASSES, Mention
from finchat.agent.grounding.scanning import Scan, Term, coordinated
from finchat.agent.grounding.shown import Shown

_AGGREGATE = re.compile(
    r"\b(?:total|totals|totalling|totaling|together|combined|altogether|overall|in all|sum|all (?:customers|suppliers"
    r"|contacts|invoices|bills|accounts)|across|grand total|aggregate|everyone|both)\b",
    re.I,
)
_WHOLE = re.compile(
    r"\b(?:total (?:receivables?|payables?|outstanding|owed|overdue|due)|overall|all (?:customers|suppliers|contacts"
    r"|invoices|bills|open|unpaid|overdue)|across (?:all|the)|company[- ]wide|altogether|grand total|receivables total"
    r"|payables total|of all|everyone|your (?:total|receivables|payables|books|business)|organi[sz]ation)\b",
    re.I,
)
_PRICE = re.compile(r"(?:\d[\d.,]*\s(?:[^\W\d_]+\s){1,3}at|@|\d\s?[×x*])\s?[*_`$€£A-Z\s]{0,5}\Z")
_PART_OF = re.compile(r"\W*(?:out\s)?of\s(?:the|its|their|a|an|this|that|our|your)?[\s*_`]*[A-Z$€£]{0,4}\s?\Z", re.I)
_OF_TOTAL = re.compile(r"\b(?:of|out of)\s(?:the|our|your|a)?[\s*_`$€£A-Z]{0,8}\Z")
_TOTAL_AFTER = re.compile(r"[*_`\s]{0,4}(?:in\s)?(?:total|overall)", re.I)
_CONDITION = re.compile(
    r"\b(over|more than|at least|older than|beyond|exceeding|under|less than|fewer than|above|below|greater than|minimum of"
    r"|up to|at most|a minimum of|no more than|within|just over|just under|longer than|later than)\s[*_`]{0,3}\Z",
    re.I,
)
_UP_FROM = re.compile(r"\b(?:up|down|from|compared (?:with|to)|against|versus|vs\.?|than)\s[*_`]{0,3}\Z", re.I)
_WE_OWE = re.compile(
    r"\b(?:we|you|i)(?:['’]ve| have| still| currently)? owe\b|\bowed to\b|\bpayable to\b|\byou(?:r)? (?:bill|payable)",
    re.I,
)
_THEY_OWE = re.compile(
    r"\b(?<!we )(?<!you )(?<!i )(?<!still )owes\b|\bowed by\b|\b(?:we|you) are owed\b|\bowed to (?:you|us)\b|\bowes? (?:you|us)\b",
    re.I,
)
_COMPARED = re.compile(r"[*_`\s]{0,4}(?:(?:more|less|higher|lower|fewer|greater) than|ahead of|behind)(?![^\W_])", re.I)
_LEGAL = re.compile(
    r"[*_]{0,2}\s(?:ltd|limited|inc|llc|llp|pty|gmbh|plc|corp|co|company|corporation|bv|ag)(?![^\W_])\.?", re.I
)
_DOES = re.compile(
    r"[*_`\"”]{0,3}(?:['’]s?\s|\s(?:still\s|currently\s|also\s)?(?:owes|owed|paid|pays|has|had)(?![^\W_]))"
)
_DASH_BEFORE = re.compile(r"\s[-–—|]\s[*_]{0,2}\Z")
_DASH_AFTER = re.compile(r"[*_]{0,2}\s[-–—|]\s")
_SOURCE = re.compile(r"\b(?:from|by|customer|supplier|client|vendor|contact)\s[*_`\"“]{0,3}\Z", re.I)
_WHO = frozenset(
    [
        "customer",
        "contact",
        "supplier",
        "vendor",
        "client",
        "name",
        "payee",
        "debtor",
        "creditor",
        "who",
        "company",
        "payer",
    ]
)
_OF_DOCUMENTS = re.compile(
    r"\s(?:[^\W\d_]+\s)?(?:invoices?|bills?|documents?|quotes?|transactions?|payments?|deposits?)\b"
)
_WHAT = frozenset("invoice bill document number line item description product service details category account".split())
# Heads that also stand over the names of what is summed.
_GROUPS = frozenset({"opex", "cogs", "revenue", "assets", "liabilities", "equity", "fee", "tax", "discount"})
_SUM_HEAD = re.compile(r"\W*(?:grand\s|sub[- ]?)?(?:total|totals|sum|overall|all|combined)\b", re.I)


@dataclass(slots=True)
class Said:
    """One figure and what is said of it. `names`: for each class, the sets of names one of which must be the fact's.
    `optional`: those that everyday words may mean. `lent`: classes that only an earlier sentence or the question names.
    `fields`: concepts that the words allow, empty when none is named; `word`: the words. `periods`: None when no time
    is named; `lent_period`: it comes from a heading or the question."""

    shown: Shown
    claim: Claim
    scan: Scan
    names: dict[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    optional: dict[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    lent: frozenset[str] = frozenset()
    each: bool = False
    open: str = ""
    stranger: str = ""
    fields: frozenset[str] = frozenset()
    word: str = ""
    overdue: bool = False
    periods: frozenset[FactPeriod] | None = None
    lent_period: bool = False
    currencies: frozenset[str] = frozenset()
    around: str = ""  # the clause
    near: str = ""  # the words between the figure before and the one after
    context: str = ""  # the claim and what it stands under, casefolded
    question: str = ""
    earlier: str = ""  # the sentences before it
    words: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    sales: bool = False
    purchases: bool = False
    aggregate: bool = False
    whole: bool = False
    ranked: bool = False
    condition: str = ""
    of_total: bool = False
    buckets: tuple[tuple[str, ...], ...] = ()
    total_row: bool = False
    weakly: bool = False  # "amount", "total": money, of no field that is told
    compared: bool = False  # "100 more than Beta": a difference
    misplaced: str = ""  # the head of its column, when that is of something else

    def required(self) -> list[frozenset[str]]:
        return [names for sets in self.names.values() for names in sets]

    @property
    def who(self) -> str:
        """The names it is said of, in plain words."""
        return ", ".join(sorted({min(names, key=len) for names in self.required()}))


class Reader:
    """Reads what is said of each figure of the claims of one answer."""

    def __init__(
        self, text: str, scans: dict[int, Scan], rows: dict[tuple[int, int], list[Claim]], question: Scan
    ) -> None:
        self._text = text
        self._scans = scans
        self._rows = rows
        self._question = question
        # Several things are asked: what one of them names is not what all of the answer is about.
        self._many_asked = question.folded.strip().count("\n") > 0

    def scan(self, claim: Claim) -> Scan:
        return self._scans[id(claim)]

    def read(self, claim: Claim) -> list[Said]:
        """What is said of the figures of a claim."""
        scan = self.scan(claim)
        if not scan.shown:
            return []
        around = [self._clause(scan, shown) for shown in scan.shown]
        shown = [self._counting(one, claim) for one in scan.shown]
        said = [Said(one, claim, scan, around=clause) for one, clause in zip(shown, around, strict=True)]
        under = self._under(claim)
        row = (
            [self.scan(c) for c in self._rows.get((claim.table, claim.row), ()) if c is not claim]
            if claim.row >= 0
            else []
        )
        shared = self._shared(scan, under, row)
        row_total = any(_SUM_HEAD.match(s.folded.strip("*_ ")) and not s.shown for s in row)
        for one in said:
            one.near = self._near(scan, one.shown)
            one.compared = bool(_COMPARED.match(self._text[one.shown.end : min(scan.end, one.shown.end + 30)]))
            one.aggregate = bool(_AGGREGATE.search(one.around)) or row_total
            one.total_row = row_total
            one.whole = bool(_WHOLE.search(one.around)) or (row_total and not any(s.mentions for s in row))
            one.of_total = bool(
                _OF_TOTAL.search(self._text[max(scan.start, one.shown.start - 20) : one.shown.start])
                and _TOTAL_AFTER.match(self._text[one.shown.end : min(scan.end, one.shown.end + 20)])
            )
            one.question = self._question.folded
            one.context = shared[0]
            one.earlier = " \n ".join(s.folded for s in self._before(claim))
            one.words = shared[1]
            self._condition(one)
            self._direction(one, scan, under, row)
            self._currency(one, under, row)
            one.buckets = _buckets(self._text, [scan, *row, *under[:2]], one)
        for kind in CLASSES:
            self._names(kind, claim, scan, said, under, row)
        self._periods(claim, scan, said, under, row)
        self._fields(claim, scan, said, under, row)
        for one in said:
            one.statuses = self._status(one, scan, under, row)
            one.misplaced = self._misplaced(one, claim)
            one.stranger = self._stranger(one, claim, scan, under, row)
        return said

    # context

    def _counting(self, shown: Shown, claim: Claim) -> Shown:
        """A whole number under the head "Lines" or "Invoices" counts them."""
        if claim.head is None or not shown.bare or shown.step != 1 or not shown.numbers or shown.unit != "money":
            return shown
        head = self.scan(claim.head)
        nouns = sorted(w for w in head.words & COUNT_NOUNS if w.endswith("s") or head.words & {"count", "number"})
        if not nouns or any(not t.weak for t in head.terms):
            return shown
        return replace(shown, unit="count", noun=nouns[0])

    def _clause(self, scan: Scan, shown: Shown) -> str:
        first, last = scan.piece(shown.start)
        if self._text[scan.start : first].rstrip().endswith(":"):  # "Total: 500": a label belongs to what it labels
            label, _ = scan.piece(first - 1)
            if not any(label <= s.start < first for s in scan.shown):
                first = label
        return self._text[first:last]

    def _near(self, scan: Scan, shown: Shown) -> str:
        first, last = scan.piece(shown.start)
        before = max((s.end for s in scan.shown if s.end <= shown.start), default=first)
        after = min((s.start for s in scan.shown if s.start >= shown.end), default=last)
        return self._text[max(first, before) : min(last, after, shown.end + 30)]

    def _under(self, claim: Claim) -> list[Scan]:
        """Scans of what a claim stands under, nearest first; a column's head comes first."""
        heads = [claim.head] if claim.head is not None else []
        return [self.scan(c) for c in (*heads, *claim.parents)]

    def _shared(self, scan: Scan, under: Sequence[Scan], row: Sequence[Scan]) -> tuple[str, frozenset[str]]:
        everything = [scan, *row, *under]
        return " \n ".join(s.folded for s in everything), frozenset().union(*(s.words for s in everything))

    def _before(self, claim: Claim) -> list[Scan]:
        led = claim.parents[0] if claim.parents and claim.parents[0].kind == "sentence" else None
        found, at = [], claim.before or claim.lead or (led.before if led is not None else None)
        while at is not None and len(found) < 3:
            found.append(self.scan(at))
            at = at.before
        return found

    # whom

    def _names(
        self, kind: str, claim: Claim, scan: Scan, said: list[Said], under: list[Scan], row: list[Scan]
    ) -> None:  # fmt: skip
        if kind == "document":  # a number is said of its contact, not of itself
            said = [one for one in said if one.shown.unit != "identifier"]
        here = [m for m in scan.mentions if m.kind == kind]
        figures = [(one.shown.start, one.shown.end) for one in said]
        if here:
            places = [Place(m.start, m.end, m.names) for m in here]
            soft = {m.names for m in here if m.soft}
            vague = {m.names for m in here if m.vague}
            bounds = bind(scan, self._text, places, figures, lambda i: said[i].aggregate)
            for one, bound in zip(said, bounds, strict=True):
                self._take(one, kind, bound, soft, vague)
            absent = [one for one, bound in zip(said, bounds, strict=True) if bound.how == "none"]
            if claim.row >= 0 or claim.parents:
                self._inherit(absent, kind, [], under)
            return
        in_row = _distinct(m for s in row for m in s.mentions if m.kind == kind)
        if in_row:
            for one in said:
                self._put(one, kind, [m for m in in_row if not m.soft], [m for m in in_row if m.soft])
            self._inherit([], kind, [], under)
            return
        self._inherit(said, kind, self._before(claim), under)

    def _take(
        self, one: Said, kind: str, bound: Bound[frozenset[str]], soft: set[frozenset[str]], vague: set[frozenset[str]]
    ) -> None:
        if bound.how == "open":
            one.open = "it is not clear which name it belongs to"
            return
        hard = tuple(names for names in bound.things if names not in soft)
        maybe = tuple(names for names in bound.things if names in soft)
        if any(names in vague for names in bound.things):
            one.open = f"{' or '.join(sorted(next(n for n in bound.things if n in vague))[:3])}: it is not clear which is meant"
        if hard:
            one.names[kind] = hard
        if maybe:
            one.optional[kind] = maybe
        one.each = one.each or bound.how == "each"

    def _put(self, one: Said, kind: str, hard: Sequence[Mention], soft: Sequence[Mention]) -> None:
        if hard:
            one.names[kind] = tuple(m.names for m in hard)
            vague = next((m for m in hard if m.vague), None)
            if vague is not None:
                one.open = f"{' or '.join(sorted(vague.names)[:3])}: it is not clear which is meant"
        if soft:
            one.optional[kind] = tuple(m.names for m in soft)

    def _inherit(self, said: list[Said], kind: str, before: list[Scan], under: list[Scan]) -> None:
        """What a claim does not name itself comes from above it, else from the sentence before, else the question."""
        for one in said:
            if one.total_row and kind != "contact":
                continue
            above = None
            for scan in under:
                found = _distinct(m for m in scan.mentions if m.kind == kind)
                if found:
                    above = found
                    break
            if above is not None:
                hard, soft = [m for m in above if not m.soft], [m for m in above if m.soft]
                if len(hard) == 1:
                    self._put(one, kind, hard, [])
                elif len(soft) == 1 and not hard:
                    self._put(one, kind, [], soft)
                continue
            if one.condition:
                continue
            own = bool(one.names) or any(m.kind in {"contact", "document", "account"} for m in one.scan.mentions)
            if kind != "contact" and own:
                continue
            for scan in [*before, *([] if self._many_asked else [self._question])]:
                found = _distinct(m for m in scan.mentions if m.kind == kind and not m.soft)
                if len(found) == 1:
                    self._put(one, kind, found, [])
                    one.lent |= {kind}
                if found:
                    break

    def _stranger(self, one: Said, claim: Claim, scan: Scan, under: list[Scan], row: list[Scan]) -> str:
        """A name that nothing knows, which the figure may be said of."""
        text = self._text
        first, last = scan.segment(one.shown.start)
        spans = [(a, b) for a, b in scan.strangers if first <= a < last]
        rows = [(a, b) for s in row for a, b in s.strangers if not s.mentions]
        heads = [
            (a, b) for s in under for a, b in s.strangers if not s.mentions and (s.alone(a, b, text) or _legal(text, b))
        ]
        if "contact" in one.names and "contact" not in one.lent:
            ends = {m.end for m in scan.mentions if m.kind == "contact"}
            spans = [
                (a, b)
                for a, b in spans
                if _acts(text, a, b) or (text[a - 2 : a] == " (" and text[b : b + 1] == ")" and a - 2 in ends)
            ]
            rows = heads = []
        elif set(one.names) - one.lent or one.shown.unit == "identifier":
            spans = [(a, b) for a, b in spans if _acts(text, a, b) or _sourced(text, a, b)]
            if not any(m.kind == "contact" for m in scan.mentions):
                spans += [(a, b) for a, b in scan.strangers if _legal(text, b) or _between_dashes(text, a, b)]
            heads = [(a, b) for a, b in heads if _legal(text, b)]
            people = {
                s.start for c, s in self._row_scans(claim) if c.head is not None and self.scan(c.head).words & _WHO
            }
            rows = [
                (a, b)
                for a, b in rows
                if _legal(text, b) or any(p <= a < p + 400 for p in people if _within(p, a, row))
            ]
        for a, b in (*spans, *rows, *heads):
            return text[a:b]
        return ""

    def _row_scans(self, claim: Claim) -> list[tuple[Claim, Scan]]:
        cells = self._rows.get((claim.table, claim.row), ()) if claim.row >= 0 else ()
        return [(cell, self.scan(cell)) for cell in cells]

    def _misplaced(self, one: Said, claim: Claim) -> str:
        """The head of a column that cannot be the figure's: an amount under "Customer", a date under "Total"."""
        if claim.head is None:
            return ""
        head = self.scan(claim.head)
        shown = one.shown
        units = frozenset(u for t in head.terms for c in t.concepts for u in units_of(c))
        who = head.words & (_WHO | _WHAT) and not units
        if any(self._misnamed(cell) for cell in self._rows.get((claim.table, claim.row), ())):
            wrong = True
        elif shown.unit == "identifier":
            wrong = bool(units) or bool(head.words & _WHO - {"name"})
        elif shown.unit == "date":
            wrong = bool(who) or (bool(units) and DATE not in units)
        elif shown.unit in {"money", "percent"} and not (shown.bare and who and not head.words & _WHO):
            wrong = bool(who) or units == {DATE} or (shown.unit == "money" and not shown.bare and units == {NUMBER})
        else:
            wrong = False
        return self._text[claim.head.start : claim.head.end] if wrong else ""

    def _misnamed(self, cell: Claim) -> bool:
        """A name stands under the head of an amount: the columns are out of order."""
        if cell.head is None:
            return False
        scan, head = self.scan(cell), self.scan(cell.head)
        if scan.shown or not scan.mentions or not scan.alone(scan.mentions[0].start, scan.mentions[-1].end, self._text):
            return False
        held = frozenset(c for t in head.terms for c in t.concepts)
        return bool(held) and not held & _GROUPS and not head.words & (_WHO | _WHAT)

    # when

    def _periods(self, claim: Claim, scan: Scan, said: list[Said], under: list[Scan], row: list[Scan]) -> None:
        if scan.phrases:
            places = _merged(scan, self._text)
            bounds = bind(
                scan, self._text, places, [(o.shown.start, o.shown.end) for o in said],
                lambda i: bool(_UP_FROM.search(self._text[max(0, said[i].shown.start - 16) : said[i].shown.start])),
            )  # fmt: skip
            for one, bound in zip(said, bounds, strict=True):
                if bound.how in {"one", "all"}:
                    common = frozenset.intersection(*bound.things)
                    one.periods = common
                elif bound.how == "open":
                    one.periods = frozenset()
                else:
                    one.periods = self._period_above(under, row)
            return
        for one in said:
            above = self._period_above([*under, *self._before(claim)], row)
            if above is None:
                asked = [] if self._many_asked else [p.periods for p in self._question.phrases]
                distinct = list(dict.fromkeys(asked))
                above = distinct[0] if len(distinct) == 1 else None
                one.lent_period = True
            elif not (claim.row >= 0 and any(s.phrases for s in [*row, *under[:1]])):
                one.lent_period = True
            one.periods = above

    def _period_above(self, under: list[Scan], row: list[Scan]) -> frozenset[FactPeriod] | None:
        for scan in [*row, *under]:
            found = [place.thing for place in _merged(scan, self._text)]
            distinct = list(dict.fromkeys(found))
            if len(distinct) == 1:
                return distinct[0]
            if distinct:
                return None
        return None

    # which field

    def _fields(self, claim: Claim, scan: Scan, said: list[Said], under: list[Scan], row: list[Scan]) -> None:
        for one in said:
            units = _units(one.shown)
            own = self._own_terms(scan, one, units)
            column = self._terms_of(under[0], units) if claim.head is not None and under else []
            if claim.row >= 0:
                heads = self._rows[(claim.table, claim.row)][:1]
                beside = [
                    t
                    for c in heads
                    if c is not claim and not self.scan(c).shown
                    for t in self._terms_of(self.scan(c), units)
                ]
                beside = [t for t in beside if self._heads_row(t, row)]
                parts = [own, column, beside]
                sets = [_allowed(part, units) for part in parts if _allowed(part, units)]
                chosen = frozenset.intersection(*sets) if sets else frozenset()
                one.fields = chosen or (frozenset({"?"}) if sets else frozenset())
                one.word = self._words([t for part in parts for t in part if not t.weak])
                if not sets:
                    self._field_above(one, units, under[1 if claim.head is not None else 0 :], own + column)
            else:
                one.fields = _allowed(own, units)
                one.word = self._words([t for t in own if not t.weak])
                if not one.fields:
                    self._field_above(one, units, under, own)
            one.weakly = any("any_amount" in t.concepts for t in [*own, *column])
            overdue = {"overdue"}
            one.overdue = "overdue" in one.fields or any(
                overdue & t.concepts for t in [*own, *column] if one.shown.unit == "money"
            )

    def _heads_row(self, term: Term, row: list[Scan]) -> bool:
        scan = next(s for s in row if s.start <= term.start < max(s.end, s.start + 1))
        return not scan.mentions or all(m.soft for m in scan.mentions)

    def _terms_of(self, scan: Scan, units: frozenset[str]) -> list[Term]:
        return [t for t in scan.terms if any(units_of(c) & units for c in t.concepts)]

    def _field_above(self, one: Said, units: frozenset[str], under: list[Scan], weak: list[Term]) -> None:
        before = [self.scan(one.claim.before)] if one.claim.before is not None else []
        date_only = units == frozenset({DATE})
        asked = [] if self._many_asked else [self._question]
        for scan in [*under, *([] if date_only else before), *asked]:
            terms = [t for t in self._terms_of(scan, units) if not t.weak]
            if scan is self._question:  # "open invoices" tells which invoices, not which figure of them
                terms = [t for t in terms if not _OF_DOCUMENTS.match(scan.folded, t.end - scan.start)]
            sets = {frozenset(c for c in t.concepts if units_of(c) & units) for t in terms}
            if len(sets) == 1 or (sets and scan in under):
                one.fields = (
                    _allowed(terms, units)
                    if len(sets) == 1
                    else frozenset().union(*(_allowed([t], units) for t in terms))
                )
                one.word = self._words(terms[:2]) if scan is not self._question else ""
                return
            if sets:
                return
        if any("any_amount" in t.concepts for t in weak):
            one.word = ""

    def _own_terms(self, scan: Scan, one: Said, units: frozenset[str]) -> list[Term]:
        """The words of the figure's own clause that name its field, else those of the clauses before, else after."""
        start, end = one.shown.start, one.shown.end
        first, last = scan.piece(start)
        text = self._text
        if one.shown.unit == "money" and _PRICE.search(text[max(first, start - 40) : start]):
            return [Term(start, start, frozenset({"unit_price", "rate"}))]
        others = sorted(
            (s.start, s.end)
            for s in scan.shown
            if s is not one.shown
            and s.unit != "identifier"
            and first <= s.start < last
            and (s.start > start or _units(s) & units)
        )
        before = max((e for _, e in others if e <= start), default=first)
        part_of = before > first and bool(_PART_OF.match(text[before:start]))
        # "400 of the 920 has been paid": the words behind belong to the part.
        ahead = [(s, e) for s, e in others if s >= end]
        if ahead and _PART_OF.match(text[end : ahead[0][0]]):
            ahead = ahead[1:]
        after = ahead[0][0] if ahead else last
        terms = self._terms_of(scan, units)
        left = [t for t in terms if before <= t.start and t.end <= start and not self._taken(scan, t, one)]
        right = [t for t in terms if end <= t.start and t.end <= after]
        if part_of:
            left = []
            right = [t for t in right if not text[end : t.start].strip(" *_`")]
        average = [t for t in left + right if "average" in t.concepts]
        in_piece = [t for t in terms if first <= t.start < last]
        leads = bool(in_piece) and bool(others) and in_piece[0].start > min(others[0][0], start)
        strong = [[t for t in side if not t.weak and t not in average] for side in (left, right)]
        near = _nearest(strong[0], -1), _nearest(strong[1], 1)
        if _at_odds(strong[0][-2:], text) or _at_odds(strong[1][:2], text):
            return [Term(start, start, frozenset({"?"}))]
        if near[0] and near[1]:
            if leads:
                return near[1] + average
            late = [t for t in strong[0] if "overdue" in t.concepts and t not in near[0]]
            if not others:
                return near[0] + late + [t for t in near[1] if "overdue" in t.concepts] + average
            return near[0] + late + average
        if near[0] or near[1]:
            late = [t for t in strong[0] if "overdue" in t.concepts and t not in near[0]]
            return near[0] + near[1] + late + average
        if average:
            return average
        if part_of:
            return [Term(start, start, frozenset({"total", "revenue", "due"}))] if one.shown.unit == "money" else []
        segment_first, segment_last = scan.segment(start)
        weak = [t for t in left + right if t.weak]
        earlier = [t for t in terms if segment_first <= t.start < first and not t.weak]
        if not earlier and self._terse(scan, one, segment_first, segment_last):
            earlier = [t for t in terms if t.start < first and not t.weak]
        if earlier and _at_odds(earlier[-2:], text):
            return [Term(start, start, frozenset({"?"}))]
        if earlier:
            total = [
                Term(t.start, t.end, frozenset({"total"}))
                for t in weak
                if text[t.start : t.end].casefold().startswith("total")
            ]
            return _nearest(earlier, -1) + total[:1]
        later = [t for t in terms if last <= t.start < segment_last and not t.weak]
        if _at_odds(later[:2], text):
            return [Term(start, start, frozenset({"?"}))]
        if (
            later
            and not weak
            and not text[first:start].casefold().lstrip("*_ ").startswith("of ")
            and self._runs_on(scan, one, later[0])
        ):
            return _nearest(later, 1)
        return weak

    def _terse(self, scan: Scan, one: Said, first: int, last: int) -> bool:
        """ "Acme owes 500; Beta 700": the second clause leaves out what the first says."""
        clause = self._text[first:last]
        for m in scan.mentions:
            if first <= m.start and m.end <= last:
                clause = clause.replace(self._text[m.start : m.end], " ")
        return len(re.findall(r"[^\W\d_]{2,}", clause)) <= 3

    def _runs_on(self, scan: Scan, one: Said, term: Term) -> bool:
        """500 and 700 are due: the words after a run of figures name the field of all of it."""
        run = [s for s in scan.shown if one.shown.start <= s.start < term.start]
        return all(coordinated(self._text[a.end : b.start]) for a, b in zip(run, run[1:], strict=False))

    def _taken(self, scan: Scan, term: Term, one: Said) -> bool:
        """The words belong to the figure right before them: "10 hours at 150"."""
        for shown in scan.shown:
            if (
                shown is not one.shown
                and shown.end <= term.start
                and not self._text[shown.end : term.start].strip(" *_`")
            ):
                return (
                    bool(_units(shown) & {u for c in term.concepts for u in units_of(c)}) and shown.unit != "identifier"
                )
        return False

    def _words(self, terms: Sequence[Term]) -> str:
        return " ".join(self._text[t.start : t.end] for t in terms[:2] if t.start < t.end)

    # the rest

    def _condition(self, one: Said) -> None:
        match = _CONDITION.search(self._text[max(0, one.shown.start - 24) : one.shown.start])
        if match and one.shown.unit != "date":
            one.condition = match[1].casefold()

    def _direction(self, one: Said, scan: Scan, under: list[Scan], row: list[Scan]) -> None:
        first, last = scan.segment(one.shown.start)
        segment = self._text[first:last]
        if _WE_OWE.search(segment):
            one.purchases = True
        if _THEY_OWE.search(segment):
            one.sales = True
        if one.sales or one.purchases:
            return
        here = {w for w in re.findall(r"[^\W\d_]+", segment.casefold())} & scan.words
        for words in (here, *(s.words for s in [*row, *under])):
            one.sales, one.purchases = bool(words & SALES), bool(words & PURCHASES)
            if one.purchases and words & {"supplier", "vendor", "purchase"}:
                one.sales = False
            if one.sales or one.purchases:
                return

    def _currency(self, one: Said, under: list[Scan], row: list[Scan]) -> None:
        one.currencies = one.shown.currencies
        if one.shown.unit != "money":
            return
        for scan in [*row, *under]:
            if len(scan.currencies) == 1:
                one.currencies = (
                    (one.currencies & scan.currencies or frozenset({"?"})) if one.currencies else scan.currencies
                )
                return

    def _status(self, one: Said, scan: Scan, under: list[Scan], row: list[Scan]) -> frozenset[str]:
        words = one.around.casefold()
        here = frozenset(status for status in scan.statuses if any(w in words for w in _status_words(status)))
        return (
            here or frozenset().union(*(s.statuses for s in under if len(s.statuses) == 1))
            if one.shown.unit == "count"
            else here
        )


def _status_words(status: str) -> Iterable[str]:
    from finchat.agent.grounding.lexicon import STATUSES

    return [word for word, meaning in STATUSES.items() if meaning == status]


def _within(start: int, at: int, row: Sequence[Scan]) -> bool:
    return any(s.start == start and s.start <= at < s.end for s in row)


def _legal(text: str, end: int) -> bool:
    """A company's legal form follows: whoever it is, it is a company."""
    return bool(_LEGAL.match(text, end))


def _between_dashes(text: str, start: int, end: int) -> bool:
    """INV-0081 – Zorro – 6,000: a part of its own."""
    return bool(_DASH_BEFORE.search(text[max(0, start - 6) : start]) and _DASH_AFTER.match(text, end))


def _acts(text: str, start: int, end: int) -> bool:
    """The name owes, pays or has something."""
    legal = _LEGAL.match(text, end)
    end = legal.end() if legal else end
    return bool(_DOES.match(text[end : end + 24]))


def _sourced(text: str, start: int, end: int) -> bool:
    """The name is who a document is from, or stands in parentheses behind its number."""
    if text[start - 1 : start] == "(" and text[end : end + 1] in {")", ","}:
        return True
    return bool(_SOURCE.search(text[max(0, start - 14) : start]))


def _distinct(mentions: Iterable[Mention]) -> list[Mention]:
    found: dict[frozenset[str], Mention] = {}
    for mention in mentions:
        found.setdefault(mention.names, mention)
    return list(found.values())


def _merged(scan: Scan, text: str) -> list[Place[frozenset[FactPeriod]]]:
    """Phrases of time; two that stand together and can mean the same ("Q3 (July–September 2026)") are one."""
    places: list[Place[frozenset[FactPeriod]]] = []
    for phrase in scan.phrases:
        if places:
            common = places[-1].thing & phrase.periods
            gap = text[places[-1].end : phrase.start]
            if not common and gap.strip() == "(":  # "Q1 2026 (1 July – 30 September)" is no period
                places[-1] = Place(places[-1].start, phrase.end, frozenset())
                continue
            if common and len(gap) <= 12:
                places[-1] = Place(places[-1].start, phrase.end, common)
                continue
        places.append(Place(phrase.start, phrase.end, phrase.periods))
    shared = [Place(p.start, p.end, next((q.thing for q in places if q.thing < p.thing), p.thing)) for p in places]
    return shared


def _units(shown: Shown) -> frozenset[str]:
    if shown.unit == "date":
        return frozenset({DATE})
    if shown.unit == "percent":
        return frozenset({PERCENT})
    if shown.unit == "money":
        return frozenset({MONEY, NUMBER}) if shown.bare else frozenset({MONEY})
    return frozenset({NUMBER})


def _nearest(terms: list[Term], side: int) -> list[Term]:
    """The term next to the figure, with one that stands right beside it."""
    if not terms:
        return []
    return [terms[-1] if side < 0 else terms[0]]


def _at_odds(terms: list[Term], text: str) -> bool:
    """ "The paid balance": two words side by side that no one figure is."""
    if len(terms) < 2 or text[terms[-2].end : terms[-1].start].strip(" *_"):
        return False
    if not {text[t.start : t.end].casefold() for t in terms} & {"paid", "settled", "collected"}:
        return False
    first, second = terms[-2].concepts, terms[-1].concepts
    owed = {"due", "overdue", "balance"}
    return not first & second and (
        ("paid" in first and bool(second & owed)) or ("paid" in second and bool(first & owed))
    )


def _allowed(terms: Sequence[Term], units: frozenset[str]) -> frozenset[str]:
    strong = [t for t in terms if not t.weak] or []
    concepts = {c for t in strong for c in t.concepts if units_of(c) & units}
    if any("overdue" in t.concepts for t in strong) and "overdue" in concepts and MONEY in units:
        concepts -= {"due"}
    return frozenset(c for concept in concepts - WEAK for c in IMPLIES.get(concept, frozenset()) | {concept})


def _buckets(text: str, scans: Sequence[Scan], one: Said) -> tuple[tuple[str, ...], ...]:
    own, *others = scans
    before = [s for s in own.buckets if s[0] < one.shown.start][-1:]
    for spans in (before or own.buckets[:1], *(scan.buckets for scan in others)):
        if spans:
            return tuple(tuple(re.findall(r"\d+", text[a:b])) for a, b in spans)
    return ()


__all__ = ["RANKS", "Reader", "Said", "date"]
