"""What is said of each figure of a claim: whom, when, which field, read together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from finchat.agent.facts import FactPeriod
from finchat.agent.grounding import columns
from finchat.agent.grounding.binding import Bound, Place, bind
from finchat.agent.grounding.blocks import Claim
from finchat.agent.grounding.lexicon import NOUN_KINDS, PURCHASES, SALES, STATUSES
from finchat.agent.grounding.names import CLASSES, Mention
from finchat.agent.grounding.page import Page
from finchat.agent.grounding.said import Said
from finchat.agent.grounding.scanning import Scan
from finchat.agent.grounding.shown import Shown
from finchat.agent.grounding.strangers import stranger
from finchat.agent.grounding.wording import name_fields, whole_of_share

_AGGREGATE = re.compile(
    r"\b(?:total|totals|totalling|totaling|together|combined|altogether|overall|in all|sum|all (?:customers|suppliers"
    r"|contacts|invoices|bills|accounts)|across|grand total|aggregate|everyone|both)\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"\b(?:total (?:receivables?|payables?|outstanding|owed|overdue|due)|overall|all (?:customers|suppliers|contacts"
    r"|invoices|bills|open|unpaid|overdue)|across (?:all|the)|company[- ]wide|altogether|grand total|receivables total"
    r"|payables total|of all|everyone|your (?:total|receivables|payables|books|business)|organi[sz]ation)\b",
    re.IGNORECASE,
)
_OF_TOTAL = re.compile(r"\b(?:of|out of)\s(?:the|our|your|a)?[\s*_`$€£A-Z]{0,8}\Z")
_TOTAL_AFTER = re.compile(r"[*_`\s]{0,4}(?:in\s)?(?:total|overall)", re.IGNORECASE)
_SHARES = re.compile(r"\b(?:accounts? for|makes? up|represents?)\b", re.IGNORECASE)
_OWED_AFTER = re.compile(
    r"[*_`\s]{0,4}(?:in\s)?(?:total|overall|outstanding|owed|due|overdue|receivable)", re.IGNORECASE
)
_CONDITION = re.compile(
    r"\b(over|more than|at least|older than|beyond|exceeding|under|less than|fewer than|above|below|greater than"
    r"|minimum of|up to|at most|a minimum of|no more than|within|just over|just under|longer than|later than)"
    r"\s[*_`]{0,3}\Z",
    re.IGNORECASE,
)
_UP_FROM = re.compile(r"\b(?:up|down|from|compared (?:with|to)|against|versus|vs\.?|than)\s[*_`]{0,3}\Z", re.IGNORECASE)
_WE_OWE = re.compile(
    r"\b(?:we|you|i)(?:['’]ve| have| still| currently)? owe\b|\bowed to\b|\bpayable to\b|\byour? (?:bill|payable)",
    re.IGNORECASE,
)
_OWED_BY_US = re.compile(r"\bowed\b[^;\n]{0,60}\bby (?:you|us|me)\b", re.IGNORECASE)
_THEY_OWE = re.compile(
    r"\b(?<!we )(?<!you )(?<!i )(?<!still )owes\b|\bowed by\b|\b(?:we|you) are owed\b|\bowed to (?:you|us)\b"
    r"|\bowes? (?:you|us)\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"[*_`\s]{0,4}(?:(?:more|less|higher|lower|fewer|greater) than|ahead of|behind)(?![^\W_])", re.IGNORECASE
)
_SUM_HEAD = re.compile(r"\W*(?:grand\s|sub[- ]?)?(?:total|totals|sum|overall|all|combined)\b", re.IGNORECASE)


class Reader:
    """Reads what is said of each figure of the claims of one answer."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._text = page.text

    def read(self, claim: Claim) -> list[Said]:
        """What is said of the figures of a claim."""
        page, scan = self._page, self._page.scan(claim)
        said = [
            Said(columns.counting(page, claim, shown), claim, scan)
            for shown in scan.shown
            if not columns.is_row_number(page, claim, shown)
        ]
        if not said:
            return []
        under, row = page.under(claim), page.beside(claim)
        for one in said:
            self._place(one, under, row)
        for kind in CLASSES:
            self._names(kind, claim, scan, said)
        self._periods(claim, scan, said)
        name_fields(page, claim, said)
        for one in said:
            one.misplaced = columns.misplaced(page, claim, one.shown)
            one.stranger = stranger(page, one)
        return said

    # the words around

    def _place(self, one: Said, under: list[Scan], row: list[Scan]) -> None:
        scan, shown, text = one.scan, one.shown, self._text
        everything = [scan, *row, *under]
        one.context = " \n ".join(each.folded for each in everything)
        one.words = frozenset().union(*(each.words for each in everything))
        one.earlier = " \n ".join(each.folded for each in self._page.before(one.claim))
        one.question = self._page.question.folded
        one.around, one.near = self._clause(scan, shown), self._near(scan, shown)
        one.total_row = any(_SUM_HEAD.match(each.folded.strip("*_ ")) and not each.shown for each in row)
        one.aggregate = one.total_row or bool(_AGGREGATE.search(one.around))
        one.whole = bool(_WHOLE.search(one.around)) or (one.total_row and not any(each.mentions for each in row))
        behind, ahead = text[max(scan.start, shown.start - 24) : shown.start], text[shown.end : scan.end][:30]
        share = _SHARES.search(text[max(scan.start, shown.start - 60) : shown.start])
        after = (_OWED_AFTER if share else _TOTAL_AFTER).match(ahead)
        one.of_total = bool(_OF_TOTAL.search(behind) and after) or whole_of_share(text, one)
        one.compared = bool(_COMPARED.match(ahead))
        condition = _CONDITION.search(behind)
        if condition and shown.unit != "date":
            one.condition = condition[1].casefold()
        self._direct(one, under, row)
        one.currencies = _currencies(shown, [*row, *under])
        one.buckets = _buckets(text, [scan, *row, *under[:2]], shown)
        one.statuses = _statuses(one, under)

    def _clause(self, scan: Scan, shown: Shown) -> str:
        first, last = scan.piece(shown.start)
        if self._text[scan.start : first].rstrip().endswith(":"):  # "Total: 500": a label belongs to what it labels
            label, _ = scan.piece(first - 1)
            if not any(label <= other.start < first for other in scan.shown):
                first = label
        return self._text[first:last]

    def _near(self, scan: Scan, shown: Shown) -> str:
        first, last = scan.piece(shown.start)
        before = max((other.end for other in scan.shown if other.end <= shown.start), default=first)
        after = min((other.start for other in scan.shown if other.start >= shown.end), default=last)
        return self._text[max(first, before) : min(last, after, shown.end + 30)]

    def _direct(self, one: Said, under: list[Scan], row: list[Scan]) -> None:
        """Whether it is said of sales or of purchases."""
        first, last = one.scan.segment(one.shown.start)
        segment = self._text[first:last]
        one.purchases, one.sales = bool(_WE_OWE.search(segment)), bool(_THEY_OWE.search(segment))
        if _OWED_BY_US.search(segment):
            one.purchases, one.sales = True, False
        if one.sales or one.purchases:
            return
        here = one.scan.words.intersection(re.findall(r"[^\W\d_]+", segment.casefold()))
        heads = [
            self._page.scan(cell.head)
            for cell in self._page.cells(one.claim)
            if cell.head is not None and any(m.kind == "contact" for m in self._page.scan(cell).mentions)
        ]
        for words in (here, *(scan.words for scan in [*row, *heads, *under])):
            one.purchases = bool(words & PURCHASES)
            one.sales = bool(words & SALES) and not (one.purchases and words & {"supplier", "vendor", "purchase"})
            if one.sales or one.purchases:
                return

    # whom

    def _names(self, kind: str, claim: Claim, scan: Scan, said: list[Said]) -> None:
        if kind == "document":  # a number is said of its contact, not of itself; a count of documents of none of them
            said = [one for one in said if one.shown.unit != "identifier" and not _counts_documents(one.shown)]
        here = [mention for mention in scan.mentions if mention.kind == kind]
        under, before = self._page.under(claim), self._page.before(claim)
        if here:
            places = [Place(mention.start, mention.end, mention.names) for mention in here]
            spans = [(one.shown.start, one.shown.end) for one in said]
            bounds = bind(scan, self._text, places, spans, lambda index: said[index].aggregate)
            known = {mention.names: mention for mention in here}
            for one, bound in zip(said, bounds, strict=True):
                self._take(one, kind, bound, known)
            self._inherit([one for one, b in zip(said, bounds, strict=True) if b.how == "none"], kind, under, [])
            return
        in_row = _distinct(m for each in self._page.beside(claim) for m in each.mentions if m.kind == kind)
        if in_row:
            for one in said:
                _put(one, kind, in_row)
            return
        self._inherit(said, kind, under, [*before, *self._page.asked])

    def _take(
        self, one: Said, kind: str, bound: Bound[frozenset[str]], known: dict[frozenset[str], Mention]
    ) -> None:  # fmt: skip
        if bound.how == "open":
            one.open = "it is not clear which name it belongs to"
            return
        _put(one, kind, [known[names] for names in bound.things])
        one.each = one.each or bound.how == "each"

    def _inherit(self, said: list[Said], kind: str, under: list[Scan], lenders: list[Scan]) -> None:
        """What a claim does not name itself comes from above it, else from the sentence before, else the question."""
        for one in said:
            if one.total_row and kind != "contact":
                continue
            above = next((found for scan in under if (found := _of_kind(scan, kind))), None)
            if above is not None:
                hard = [mention for mention in above if not mention.soft]
                _put(one, kind, hard if len(hard) == 1 else above if len(above) == 1 else [])
                continue
            own = bool(one.names.keys() - one.lent) or any(
                m.kind in {"contact", "document", "account"} for m in one.scan.mentions
            )
            if one.condition or (own and kind != "contact"):
                continue
            lender = next((scan for scan in lenders if _of_kind(scan, kind, soft=False)), None)
            lent = _of_kind(lender, kind, soft=False) if lender is not None else []
            if len(lent) == 1 and one.lender in {None, lender}:
                _put(one, kind, lent)
                one.lent |= {kind}
                one.lender = lender

    # when

    def _periods(self, claim: Claim, scan: Scan, said: list[Said]) -> None:
        under, row = self._page.under(claim), self._page.beside(claim)
        if scan.phrases:
            bounds = bind(
                scan, self._text, _merged(scan, self._text), [(one.shown.start, one.shown.end) for one in said],
                lambda i: bool(_UP_FROM.search(self._text[max(0, said[i].shown.start - 16) : said[i].shown.start])),
            )  # fmt: skip
            for one, bound in zip(said, bounds, strict=True):
                if bound.how == "none":
                    one.periods = self._period_above([*row, *under])
                else:
                    one.periods = frozenset.intersection(*bound.things) if bound.things else frozenset()
            return
        above = self._period_above([*row, *under, *self._page.before(claim)])
        beside = claim.row >= 0 and any(each.phrases for each in [*row, *under[:1]])
        if above is None:
            asked = {phrase.periods for each in self._page.asked for phrase in each.phrases}
            above = asked.pop() if len(asked) == 1 else None
        for one in said:
            one.periods, one.lent_period = above, not beside

    def _period_above(self, scans: list[Scan]) -> frozenset[FactPeriod] | None:
        for scan in scans:
            found = {place.thing for place in _merged(scan, self._text)}
            if found:
                return found.pop() if len(found) == 1 else None
        return None


def _counts_documents(shown: Shown) -> bool:
    return shown.unit == "count" and bool(NOUN_KINDS.get(shown.noun, frozenset()) & {"invoice", "bill", "quote"})


def _of_kind(scan: Scan, kind: str, *, soft: bool = True) -> list[Mention]:
    return _distinct(mention for mention in scan.mentions if mention.kind == kind and (soft or not mention.soft))


def _put(one: Said, kind: str, mentions: Sequence[Mention]) -> None:
    """Take names in: those that are plainly names, and those that everyday words may mean."""
    hard = tuple(mention.names for mention in mentions if not mention.soft)
    soft = tuple(mention.names for mention in mentions if mention.soft)
    if hard:
        one.names[kind] = hard
    if soft:
        one.optional[kind] = soft
    vague = next((mention for mention in mentions if mention.vague), None)
    if vague is not None:
        one.open = f"{' or '.join(sorted(vague.names)[:3])}: it is not clear which is meant"


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
            # "Q1 2026 (1 July – 30 September)" is no period at all.
            if gap.strip() == "(" if not common else len(gap) <= 12:
                places[-1] = Place(places[-1].start, phrase.end, common)
                continue
        places.append(Place(phrase.start, phrase.end, phrase.periods))
    return [Place(p.start, p.end, next((q.thing for q in places if q.thing < p.thing), p.thing)) for p in places]


def _currencies(shown: Shown, around: Sequence[Scan]) -> frozenset[str]:
    """The currencies a figure can be in by its own sign and by the one code that stands over it."""
    if shown.unit != "money":
        return shown.currencies
    named = next((scan.currencies for scan in around if len(scan.currencies) == 1), frozenset[str]())
    if not named or not shown.currencies:
        return shown.currencies or named
    return shown.currencies & named or frozenset({"?"})


def _statuses(one: Said, under: Sequence[Scan]) -> frozenset[str]:
    """Which documents a clause is about: overdue, paid, draft … A count takes it from what it stands under as well."""
    around = one.around.casefold()
    here = frozenset(status for word, status in STATUSES.items() if status in one.scan.statuses and word in around)
    if here or one.shown.unit != "count":
        return here
    return frozenset().union(*(scan.statuses for scan in under if len(scan.statuses) == 1))


def _buckets(text: str, scans: Sequence[Scan], shown: Shown) -> tuple[tuple[str, ...], ...]:
    """The numbers of the age bucket ("31–60 days") that a figure is of."""
    own, *others = scans
    before = [span for span in own.buckets if span[0] < shown.start][-1:]
    for spans in (before or own.buckets[:1], *(scan.buckets for scan in others)):
        if spans:
            return tuple(tuple(re.findall(r"\d+", text[start:end])) for start, end in spans)
    return ()
