"""Figures recomputed from other figures of the same answer: sums, differences, shares, products, counts.

Every input must itself be verified. A sum is over what the answer lists, never over what it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations

from finchat.agent.grounding.blocks import Claim, Document
from finchat.agent.grounding.filtering import limited_by
from finchat.agent.grounding.judging import Judge
from finchat.agent.grounding.known import Knowledge
from finchat.agent.grounding.lexicon import NOUN_KINDS, RANKS
from finchat.agent.grounding.names import Names
from finchat.agent.grounding.said import Said
from finchat.agent.grounding.verdicts import Verdict
from finchat.agent.grounding.verdicts import same as _same

_MOST_INPUTS = 60  # figures of one claim that differences and shares are sought among
_EXACT = re.compile(r"[=＝]\s?[*_`]{0,3}[A-Z$€£]{0,4}\s?\Z")
_CHANGE = re.compile(
    r"\b(?:up|down|more|less|increase|increased|decrease|decreased|difference|change|changed|grew|growth|rose|rise|risen|fell"
    r"|fall|fallen|gap|higher|lower|remaining|remains|leaves|leaving|left|short|shortfall|drop|dropped|declined|decline"
    r"|variance|ahead|behind|exceeds|net|improved|movement|gained|gain|lost|still|balance|δ|Δ)\b|[Δ]",
    re.I,
)
_RISE = re.compile(
    r"\b(?:up|more|increase|increased|grew|growth|rose|rise|risen|higher|gained|improved|ahead|exceeds)\b", re.I
)
_FALL = re.compile(
    r"\b(?:down|less|decrease|decreased|fell|fall|fallen|lower|drop|dropped|declined|decline|lost|behind)\b", re.I
)
_SHARE = re.compile(
    r"%\s?(?:\w+\s){0,3}of\b|\bshare|\bproportion|\bof (?:the )?(?:total|revenue|sales|income)|\brepresent|\baccounts? for|\bof\b|\bper cent\b",
    re.I,
)
_TOTAL = re.compile(
    r"\b(?:totals?|totall?ing|together|combined|altogether|in all|sum|overall|come to|comes to|adds? up|makes?|amounts? to|in aggregate)\b",
    re.I,
)
_OWN_REQUEST = re.compile(
    r"\b(?:you asked|you(?:['’]ve| have)? (?:requested|said|mentioned|want|wanted|gave|specified|named)|your request|asked for"
    r"|requested|would|proposed|as requested|the payment of)\b",
    re.I,
)
# What a figure is by its parts: result, first, those taken off it.
_IDENTITIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("gross_profit", "revenue", ("cogs",)),
    ("net_profit", "gross_profit", ("opex",)),
    ("operating_profit", "gross_profit", ("opex",)),
    ("due", "total", ("paid",)),
    ("not_due", "due", ("overdue",)),
    ("due", "total", ("paid", "credited")),
    ("due", "due", ("paid",)),
    ("subtotal", "total", ("tax",)),
    ("paid", "total", ("due",)),
    ("tax", "total", ("subtotal",)),
)
_RATIOS = (
    ("gross_margin", "gross_profit", "revenue"),
    ("net_margin", "net_profit", "revenue"),
    ("operating_margin", "operating_profit", "revenue"),
)


class Deriver:
    """Recomputes what no fact carries. `verdicts`: by claim, in order."""

    def __init__(
        self, text: str, document: Document, verdicts: dict[int, list[Verdict]], judge: Judge, knowledge: Knowledge,
        names: Names, question: Sequence[Said],
    ) -> None:  # fmt: skip
        self._text, self._document, self._verdicts, self._judge = text, document, verdicts, judge
        self._knowledge, self._names, self._question = knowledge, names, question
        self._item_of = {id(claims[0]): number for number, (_, items) in enumerate(document.lists) for claims in items}
        self._lists_of: dict[int, list[int]] = {}
        for number, (lead, _) in enumerate(document.lists):
            if lead is not None:
                self._lists_of.setdefault(id(lead), []).append(number)
        self._tables_of: dict[int, list[int]] = {}
        for number, rows in enumerate(document.tables):
            for parent in rows[0][0].parents[:1] if rows and rows[0] else ():
                if parent.kind == "sentence":
                    self._tables_of.setdefault(id(parent), []).append(number)

    def run(self) -> None:
        """Passes over the unverified until none is added: shares need totals, totals need parts."""
        for _ in range(4):
            added = False
            for claim in self._document.claims:
                for verdict in self._verdicts.get(id(claim), ()):
                    if not verdict.verified and self._derive(claim, verdict):
                        verdict.verified, verdict.why, added = True, "", True
            if not added:
                break
        for claim in self._document.claims:
            self._one_record(claim)
            for verdict in self._verdicts.get(id(claim), ()):
                if verdict.verified:
                    self._doubt(claim, verdict)

    def _one_record(self, claim: Claim) -> None:
        """Figures of records that name nobody verify together or not at all: date and amount of one bank line, with
        the text of it when that is quoted."""
        claims = self._document.tables[claim.table][claim.row] if claim.row >= 0 else [claim]
        everything = [v for c in claims for v in self._verdicts.get(id(c), ()) if v.verified]
        group = [v for v in everything if v.nameless]
        if not group:
            return
        dates = [v for v in everything if v.said.shown.unit == "date"]
        amounts = [v for v in group if v.said.shown.unit != "date"]
        shared = frozenset.intersection(*(v.records for v in amounts)) if amounts else frozenset[str]()
        quotes = [self._knowledge.quoted(text) for text in group[0].said.scan.quotes]
        for records in quotes:
            shared &= records
        for v in dates:
            days = set(v.said.shown.dates)
            shared = frozenset(r for r in shared if days & {k.fact.value for k in self._knowledge.of_record(r)})
        if shared and (len(amounts) > 1 or dates or quotes):
            return
        for v in group:
            v.verified, v.why = False, "no one record holds these figures together"

    def _doubt(self, claim: Claim, verdict: Verdict) -> None:
        """Takes back what a fact carries but the answer's own parts deny: a total that is not that of the list above
        it, a price that is not that of the quantity before it."""
        said = verdict.said
        if verdict.derivation or not verdict.facts or said.shown.unit != "money":
            return
        if said.aggregate and not said.required() and (said.total_row or not said.whole):
            parts: list[list[Verdict]] = []
            if said.total_row:
                parts.append(self._column(claim.table, claim.column, said, claim.row))
            elif claim.follows is not None and claim.follows[0] == "list":
                parts.append(self._items(claim.follows[1], said))
            for inputs in parts:
                if len(inputs) < 2 or not all(v.verified and v.value is not None for v in inputs):
                    continue
                total = sum((v.value for v in inputs if v.value is not None), Decimal(0))
                if self._alike(verdict, inputs) and not _same(total, said.shown.numbers[0], said.shown):
                    verdict.verified, verdict.why = False, "it is not the sum of what is listed"
                    return
        if "unit_price" in verdict.concepts and "unit_price" in said.fields:
            before = [v for v in self._pool(claim, verdict) if "quantity" in v.concepts and v.facts]
            before = [v for v in before if v.said.shown.start < said.shown.start]
            if before and not {f.record for f in before[-1].facts} & {f.record for f in verdict.facts}:
                verdict.verified, verdict.why = False, "it is the price of another line"

    def _derive(self, claim: Claim, verdict: Verdict) -> bool:
        said = verdict.said
        shown = said.shown
        if (
            (said.open and not said.aggregate)
            or said.stranger
            or shown.unit in {"date", "identifier"}
            or not shown.numbers
        ):
            return False
        if said.condition:
            return self._condition(claim, verdict)
        if shown.unit == "count":
            return self._count(claim, verdict)
        if shown.unit == "percent":
            return self._percent(claim, verdict)
        if shown.times:
            return self._ratio(claim, verdict)
        if shown.noun:
            return False
        return (
            self._sum(claim, verdict)
            or self._difference(claim, verdict)
            or self._product(claim, verdict)
            or self._asked(verdict)
        )

    # sums

    def _sum(self, claim: Claim, verdict: Verdict) -> bool:
        said = verdict.said
        for inputs in self._groups(claim, verdict):
            if len(inputs) < 2 or not all(v.verified and v.value is not None for v in inputs):
                continue
            if not self._alike(verdict, inputs):
                continue
            total = sum((v.value for v in inputs if v.value is not None), Decimal(0))
            if _same(total, said.shown.numbers[0], said.shown) and (total >= 0) == (said.shown.numbers[0] >= 0):
                if said.whole and self._contradicted(verdict, inputs):
                    continue
                self._settle(verdict, inputs, f"sum of {len(inputs)} figures listed")
                return True
        return False

    def _groups(self, claim: Claim, verdict: Verdict) -> list[list[Verdict]]:
        """What a figure may be the sum of: the figures of its claim, its list, its column, the sentences before it."""
        said = verdict.said
        groups: list[list[Verdict]] = []
        mine = [v for v in self._verdicts[id(claim)] if v is not verdict and self._addable(v, said)]
        segment_total = bool(_TOTAL.search(said.around)) or self._is_result(said)
        lead_sum = (
            said.shown.start < min((v.said.shown.start for v in mine), default=0)
            and ":" in self._text[said.shown.end : claim.end]
        )
        if segment_total or lead_sum or said.aggregate:
            before = [v for v in mine if v.said.shown.start < said.shown.start]
            after = [v for v in mine if v.said.shown.start > said.shown.start]
            groups += [mine, before, after]
        if claim.row >= 0:
            if said.total_row:
                groups.append(self._column(claim.table, claim.column, said, claim.row))
            return groups
        for number in self._lists_of.get(id(claim), ()):
            groups.append(self._items(number, said))
        for child in self._related_lists(claim):
            groups.append(self._items(child, said))
        if claim.list_id >= 0 and (segment_total or said.aggregate):
            groups.append(self._items(claim.list_id, said, without=claim))
        tables = [*self._tables_of.get(id(claim), ())]
        if claim.follows is not None:
            kind, number = claim.follows
            (groups.append(self._items(number, said)) if kind == "list" else tables.append(number))
        for number in tables:
            width = max((len(row) for row in self._document.tables[number]), default=0)
            groups += [self._column(number, column, said, None) for column in range(min(width, 20))]
        if segment_total or said.aggregate:
            groups.append(self._sentences_before(claim, said))
        return groups

    def _related_lists(self, claim: Claim) -> list[int]:
        """The list that an item's first claim heads, for the item's other claims as well."""
        return (
            [n for n in self._lists_of.get(id(claim.before), ())]
            if claim.before is not None and claim.list_id >= 0
            else []
        )

    def _is_result(self, said: Said) -> bool:
        return bool(_EXACT.search(self._text[max(0, said.shown.start - 8) : said.shown.start]))

    def _addable(self, verdict: Verdict, said: Said) -> bool:
        other = verdict.said
        if other.shown.unit != said.shown.unit and not (other.shown.bare and said.shown.unit == "money"):
            return False
        return not other.condition and not verdict.derivation.startswith("sum") and other.shown.noun == said.shown.noun

    def _pick(self, candidates: Sequence[Verdict], said: Said) -> Verdict | None:
        """The one figure of an item that a total of `said` adds up: that of the same field, else the only one."""
        fitting = [v for v in candidates if self._addable(v, said)]
        if said.fields:
            named = [v for v in fitting if v.verified and self._field_fits(v, said)]
            if len({v.value for v in named}) == 1 and named:
                return named[0]
            if named:
                own = [v for v in named if v.said.fields & said.fields]
                return own[0] if len(own) == 1 else None
        if len(fitting) == 1:
            return fitting[0]
        return fitting[0] if fitting and not said.fields and len({v.value for v in fitting}) == 1 else None

    def _items(self, number: int, said: Said, without: Claim | None = None) -> list[Verdict]:
        picked: list[Verdict] = []
        for claims in self._document.lists[number][1]:
            if without is not None and any(claim is without for claim in claims):
                continue
            verdicts = [v for claim in claims for v in self._verdicts.get(id(claim), ())]
            if not verdicts:
                continue
            if any(v.said.aggregate and not v.said.required() for v in verdicts):
                continue
            one = self._pick(verdicts, said)
            if one is None:
                return []
            picked.append(one)
        return picked

    def _column(self, table: int, column: int, said: Said, row: int | None) -> list[Verdict]:
        picked: list[Verdict] = []
        for cells in self._document.tables[table]:
            if column >= len(cells) or (row is not None and cells[0].row >= row):
                continue
            verdicts = [v for v in self._verdicts.get(id(cells[column]), ()) if self._addable(v, said)]
            if any(v.said.total_row for v in verdicts) or not verdicts:
                continue
            if len(verdicts) > 1:
                return []
            picked.append(verdicts[0])
        return picked

    def _sentences_before(self, claim: Claim, said: Said) -> list[Verdict]:
        picked: list[Verdict] = []
        at, steps = claim.before, 0
        while at is not None and steps < 30:
            for verdict in reversed(self._verdicts.get(id(at), [])):
                if self._addable(verdict, said) and (
                    not said.fields or self._field_fits(verdict, said) or not verdict.verified
                ):
                    picked.append(verdict)
            at, steps = at.before, steps + 1
        return picked

    def _alike(self, verdict: Verdict, inputs: Sequence[Verdict]) -> bool:
        """Inputs of one field, period and currency, said of what the result is said of; each listed once."""
        said = verdict.said
        concepts = frozenset.intersection(*(v.concepts for v in inputs))
        if not concepts and any(v.concepts for v in inputs):
            return False
        if said.fields and concepts and not all(self._field_fits(v, said) for v in inputs):
            return False
        if not _compatible([v.currencies for v in inputs]) or not _compatible([frozenset(v.periods) for v in inputs]):
            return False
        if not _money_fits(said, inputs):
            return False
        if said.periods is not None and not said.lent_period:
            for v in inputs:
                if (
                    not (v.periods & said.periods)
                    and v.said.periods != said.periods
                    and not all(p is None or p.first is None for p in v.periods)
                ):
                    return False
        if not self._whose(said, inputs):
            return False
        subjects = [(v.names, v.said.shown.numbers[0], v.said.periods) for v in inputs]
        return len(set(subjects)) == len(subjects) or not all(names for names, _, _ in subjects)

    def _whose(self, said: Said, inputs: Sequence[Verdict]) -> bool:
        """A total of Acme is over figures of Acme; a total of Acme and Beta over one figure of each."""
        for kind, sets in said.names.items():
            if len(sets) > 1:
                have = {names for v in inputs for names in v.said.names.get(kind, ())}
                if have != set(sets) or len(inputs) != len(sets):
                    return False
                continue
            for v in inputs:
                other = v.said.names.get(kind, ())
                carried = frozenset(n.casefold() for f in v.facts for n in f.entities)
                full = frozenset(x for n in carried for x in self._names.full(n))
                if other and set(other) != set(sets):
                    return False
                if not other and not (sets[0] & full) and not v.derivation:
                    return False
        return True

    def _field_fits(self, verdict: Verdict, said: Said) -> bool:
        fields = said.fields
        if not fields:
            return True
        if "overdue" in fields and "overdue" not in verdict.concepts:
            return ("due" in verdict.concepts and verdict.said.overdue) or (
                all(
                    self._judge.is_overdue(k)
                    for f in verdict.facts[:1]
                    for k in self._knowledge.of_record(f.record)
                    if k.fact == f
                )
                and bool(verdict.facts)
                and "due" in verdict.concepts
            )
        return bool(
            fields
            & (
                verdict.concepts
                | (frozenset({"due"}) if "overdue" in verdict.concepts and "due" in fields and False else frozenset())
            )
        )

    def _contradicted(self, verdict: Verdict, inputs: Sequence[Verdict]) -> bool:
        """The evidence has this total of the whole organisation, and it is another."""
        concepts = frozenset.intersection(*(v.concepts for v in inputs))
        total = sum((v.value for v in inputs if v.value is not None), Decimal(0))
        return self._knowledge.exhausted or any(
            known.concepts & concepts and known.number != total and known.fact.unit == "money"
            and (not inputs[0].currencies or known.fact.currency in inputs[0].currencies)
            and not known.fact.filters
            for known in self._knowledge.about("")
        )  # fmt: skip

    # differences, ratios, products

    def _pool(self, claim: Claim, verdict: Verdict) -> list[Verdict]:
        """Verified figures of the same claim or row."""
        claims = [claim]
        if claim.row >= 0:
            claims = self._document.tables[claim.table][claim.row]
        pool = [
            v
            for c in claims
            for v in self._verdicts.get(id(c), ())
            if v is not verdict and v.verified and v.value is not None
        ]
        return pool[:_MOST_INPUTS]

    def _difference(self, claim: Claim, verdict: Verdict) -> bool:
        said = verdict.said
        wanted = said.shown
        head = self._text[claim.head.start : claim.head.end] if claim.head is not None else ""
        words = self._near(claim, said) + " " + head
        pool = [v for v in self._pool(claim, verdict) if v.said.shown.unit == "money" and not v.said.shown.noun]
        for result, whole, parts in _IDENTITIES:
            if result not in said.fields or (result == "due" and "not_due" in said.fields):
                continue
            for first in pool:
                if whole not in first.concepts:
                    continue
                taken = [next((v for v in pool if v is not first and part in v.concepts), None) for part in parts]
                if any(v is None for v in taken):
                    continue
                inputs = [first, *(v for v in taken if v is not None)]
                value = (first.value or Decimal(0)) - sum((abs(v.value or Decimal(0)) for v in inputs[1:]), Decimal(0))
                if (
                    _same(value, wanted.numbers[0], wanted)
                    and (value < 0) == (wanted.numbers[0] < 0)
                    and self._one_subject(verdict, inputs)
                ):
                    self._settle(verdict, inputs, f"{whole} less {' and '.join(parts)}")
                    return True
        if not (_CHANGE.search(words) or self._is_result(said)):
            return False
        for first, second in combinations(pool, 2):
            value = (first.value or Decimal(0)) - (second.value or Decimal(0))
            if not _same(value, wanted.numbers[0], wanted) or (
                not first.concepts & second.concepts and not self._parts(first, second)
            ):
                continue
            if not _compatible([first.currencies, second.currencies]) or not self._direction(
                claim, words, first, second, wanted.numbers[0]
            ):
                continue
            if said.fields and not said.fields & first.concepts & second.concepts:
                continue
            if not _money_fits(said, [first, second]) or not self._between(said, first, second):
                continue
            self._settle(verdict, [first, second], "difference of two figures")
            return True
        return False

    def _near(self, claim: Claim, said: Said) -> str:
        """The words around a figure in its claim."""
        return self._text[max(claim.start, said.shown.start - 40) : min(claim.end, said.shown.end + 60)]

    def _parts(self, first: Verdict, second: Verdict) -> bool:
        pairs = (
            {"total", "paid"},
            {"due", "paid"},
            {"total", "credited"},
            {"revenue", "cogs"},
            {"gross_profit", "opex"},
            {"total", "due"},
        )
        return any(pair <= first.concepts | second.concepts for pair in pairs)

    def _between(self, said: Said, first: Verdict, second: Verdict) -> bool:
        """A difference is said of one or both of those it lies between, and those differ in one thing alone."""
        mine = frozenset(n for names in said.required() for n in names)
        if mine and not mine <= first.names | second.names:
            return False
        if first.names == second.names:
            return True
        return first.said.periods == second.said.periods or first.periods == second.periods

    def _direction(self, claim: Claim, words: str, first: Verdict, second: Verdict, number: Decimal) -> bool:
        """What is said to rise must rise: from the older to the newer figure."""
        rise, fall = bool(_RISE.search(words)), bool(_FALL.search(words))
        older, newer = self._older(first, second)
        if older is None or newer is None:
            return True
        if rise and not fall and (newer.value or 0) < (older.value or 0):
            return False
        if fall and not rise and (newer.value or 0) > (older.value or 0):
            return False
        if not rise and not fall and claim.row >= 0:
            return ((newer.value or Decimal(0)) - (older.value or Decimal(0)) < 0) == (number < 0) or number == 0
        return True

    @staticmethod
    def _older(first: Verdict, second: Verdict) -> tuple[Verdict | None, Verdict | None]:
        a = max((p.last for p in first.periods if p is not None), default=None)
        b = max((p.last for p in second.periods if p is not None), default=None)
        if a is None or b is None or a == b:
            return None, None
        return (first, second) if a < b else (second, first)

    def _one_subject(self, verdict: Verdict, inputs: Sequence[Verdict]) -> bool:
        if not _compatible([v.currencies for v in inputs]) or not _compatible([v.periods for v in inputs]):
            return False
        if not _money_fits(verdict.said, inputs):
            return False
        return (
            all(v.names == inputs[0].names for v in inputs)
            and verdict.names <= inputs[0].names
            and (
                verdict.said.periods is None
                or any(v.periods & verdict.said.periods or v.said.periods == verdict.said.periods for v in inputs)
            )
        )

    def _product(self, claim: Claim, verdict: Verdict) -> bool:
        """10 hours at 150 make 1,500."""
        if verdict.said.fields and not verdict.said.fields & {"line_amount", "total", "subtotal"}:
            return False
        pool = self._pool(claim, verdict)
        counts = [v for v in pool if "quantity" in v.concepts]
        prices = [v for v in pool if "unit_price" in v.concepts]
        for count in counts:
            for price in prices:
                if _same(
                    (count.value or Decimal(0)) * (price.value or Decimal(0)),
                    verdict.said.shown.numbers[0],
                    verdict.said.shown,
                ):
                    if not _money_fits(verdict.said, [price]):
                        continue
                    if count.facts and price.facts and count.facts[0].record == price.facts[0].record:
                        self._settle(verdict, [count, price], "quantity times unit price")
                        return True
        return False

    def _percent(self, claim: Claim, verdict: Verdict) -> bool:
        said = verdict.said
        shown = said.shown
        pool = self._pool(claim, verdict)
        if shown.points:
            rates = [v for v in pool if v.said.shown.unit == "percent"]
            for a, b in combinations(rates, 2):
                if a.concepts & b.concepts and _same(
                    (a.value or Decimal(0)) - (b.value or Decimal(0)), shown.numbers[0], shown
                ):
                    self._settle(verdict, [a, b], "difference in percentage points")
                    return True
            return False
        money = [v for v in pool if v.said.shown.unit == "money" and v.value]
        head = self._text[claim.head.start : claim.head.end] if claim.head is not None else ""
        words = f"{self._near(claim, said)} {head}"
        for ratio, top, bottom in _RATIOS:
            if ratio in said.fields:
                for a in money:
                    for b in money:
                        if (
                            top in a.concepts
                            and bottom in b.concepts
                            and self._one_subject(verdict, [a, b])
                            and self._is_ratio(a, b, verdict)
                        ):
                            self._settle(verdict, [a, b], f"{top} over {bottom}")
                            return True
        if said.fields - {"share"}:
            if not said.fields & {"discount", "tax_rate"}:
                pass
            else:
                return False
        if _CHANGE.search(words) and self._growth(claim, verdict, money, words):
            return True
        if not (_SHARE.search(self._text[shown.start : shown.end + 60]) or _SHARE.search(words) or "%" in head):
            return False
        for part in money:
            if not self._numerator(said, part, claim):
                continue
            for whole in self._wholes(claim, part, verdict):
                if whole is not part and self._is_ratio(part, whole, verdict):
                    self._settle(verdict, [part, whole], "share of a total")
                    return True
        return False

    def _numerator(self, said: Said, part: Verdict, claim: Claim) -> bool:
        mine = frozenset(n for names in said.required() for n in names)
        optional = frozenset(n for sets in said.optional.values() for names in sets for n in names)
        theirs = part.names | frozenset(n for sets in part.said.optional.values() for names in sets for n in names)
        if claim.row >= 0:
            return True
        return (
            mine <= theirs
            and (bool(mine) == bool(part.names) or not part.names)
            and (not optional or optional <= theirs)
        )

    def _is_ratio(self, part: Verdict, whole: Verdict, verdict: Verdict) -> bool:
        if not whole.value or not _compatible([part.currencies, whole.currencies]):
            return False
        return _same(
            abs((part.value or Decimal(0)) / whole.value) * 100, verdict.said.shown.numbers[0], verdict.said.shown
        )

    def _wholes(self, claim: Claim, part: Verdict, verdict: Verdict) -> list[Verdict]:
        """What a share can be of: a total in the same claim, the total of its list or column, or a field named after
        "of" anywhere in the answer."""
        said = verdict.said
        shown = said.shown
        after = self._text[shown.end : min(claim.end, shown.end + 60)].casefold()
        head = self._text[claim.head.start : claim.head.end].casefold() if claim.head is not None else ""
        of = re.search(r"\bof (?:the |its |our |your |all )?([a-z ]{3,40})", after + " | " + head)
        named = of[1] if of else ""
        everyone = [
            v for vs in self._verdicts.values() for v in vs if v.verified and v.value and v.said.shown.unit == "money"
        ]
        found: list[Verdict] = []
        for whole in everyone[:400]:
            if whole is part or not _compatible([part.periods, whole.periods]):
                continue
            same_claim = whole.said.claim is claim or (
                claim.row >= 0
                and whole.said.claim.table == claim.table
                and (whole.said.claim.row == claim.row or whole.said.total_row)
            )
            aggregate = whole.derivation.startswith("sum") or not whole.names
            if named:
                strong = {c for c in _named_concepts(named)}
                if strong & whole.concepts and aggregate:
                    found.append(whole)
                    continue
                if strong and not ({"any_amount"} & strong or not strong - {"any_amount"}):
                    continue
            if (
                aggregate
                and (same_claim or whole.derivation.startswith("sum"))
                and (part.concepts & whole.concepts or whole.derivation)
            ) or (same_claim and whole.names < part.names and part.concepts & whole.concepts):
                found.append(whole)
        return found

    def _growth(self, claim: Claim, verdict: Verdict, money: Sequence[Verdict], words: str) -> bool:
        shown = verdict.said.shown
        for a, b in combinations(money, 2):
            if not a.concepts & b.concepts or not self._between(verdict.said, a, b):
                continue
            older, newer = self._older(a, b)
            if older is None or newer is None or not older.value or not newer.value:
                continue
            change = (newer.value - older.value) / abs(older.value) * 100
            if _same(change, shown.numbers[0], shown) and self._direction(
                claim, words, a, b, change if shown.numbers[0] >= 0 else shown.numbers[0]
            ):
                if (
                    claim.row >= 0
                    and not _RISE.search(words)
                    and not _FALL.search(words)
                    and (change < 0) != (shown.numbers[0] < 0)
                ):
                    continue
                self._settle(verdict, [older, newer], "change between two figures")
                return True
        return False

    def _ratio(self, claim: Claim, verdict: Verdict) -> bool:
        money = [v for v in self._pool(claim, verdict) if v.said.shown.unit == "money" and v.value]
        for a, b in combinations(money, 2):
            high, low = sorted((abs(a.value or Decimal(0)), abs(b.value or Decimal(0))), reverse=True)
            if a.concepts & b.concepts and low and _same(high / low, verdict.said.shown.numbers[0], verdict.said.shown):
                self._settle(verdict, [a, b], "ratio of two figures")
                return True
        return False

    # counts

    def _count(self, claim: Claim, verdict: Verdict) -> bool:
        said = verdict.said
        wanted = said.shown.numbers[0]
        around = self._text[said.shown.end : said.shown.end + 40].casefold()
        ranked = any(word in RANKS for word in re.findall(r"[a-z]+", around)[:3]) or bool(
            re.search(
                r"\b(?:top|first|last)\s[*_]{0,2}\Z", self._text[max(0, said.shown.start - 8) : said.shown.start], re.I
            )
        )
        if ranked and any(q.shown.numbers and q.shown.numbers[0] == wanted for q in self._question):
            self._settle(verdict, [], "asked for")
            return True
        for rows in self._listed(claim, said):
            if len(rows) != wanted:
                continue
            if all(any(v.verified for v in row) for row in rows) and self._noun_fits(said, rows):
                self._settle(verdict, [next(v for v in row if v.verified) for row in rows], "count of what is listed")
                return True
        return False

    def _listed(self, claim: Claim, said: Said) -> list[list[list[Verdict]]]:
        """Lists and tables that a count may be of: rows, each with its figures."""
        found: list[list[list[Verdict]]] = []
        lists = [*self._lists_of.get(id(claim), ()), *self._related_lists(claim)]
        tables = [*self._tables_of.get(id(claim), ())]
        if claim.follows is not None:
            (lists if claim.follows[0] == "list" else tables).append(claim.follows[1])
        for number in lists:
            rows = [
                [v for c in claims for v in self._verdicts.get(id(c), ())] for claims in self._document.lists[number][1]
            ]
            found.append([row for row in rows if not any(v.said.aggregate and not v.said.required() for v in row)])
        for number in tables:
            rows = [
                [v for c in cells for v in self._verdicts.get(id(c), ())] for cells in self._document.tables[number]
            ]
            found.append([row for row in rows if not any(v.said.total_row for v in row)])
        after = [v for v in self._verdicts[id(claim)] if v.said.shown.start > said.shown.start]
        numbers = {v.said.shown.name.casefold(): v for v in after if v.said.shown.unit == "identifier"}
        found.append([[v] for v in numbers.values()])
        by_name: dict[frozenset[str], list[Verdict]] = {}
        for v in after:
            for kind in ("contact", "account"):
                for names in (*v.said.names.get(kind, ()), *v.said.optional.get(kind, ())):
                    if kind not in v.said.lent and v.said.shown.unit != "count":
                        by_name.setdefault(names, []).append(v)
        found.append(list(by_name.values()))
        return found

    def _noun_fits(self, said: Said, rows: Sequence[Sequence[Verdict]]) -> bool:
        noun = said.shown.noun
        kinds = NOUN_KINDS.get(noun)
        if kinds is None:
            return not said.statuses - {"open"}
        people = bool(kinds & {"contact"})
        for row in rows:
            good = [v for v in row if v.verified]
            names = {n for v in good for sets in v.said.names.values() for s in sets for n in s} | {
                v.said.shown.name.casefold() for v in good if v.said.shown.unit == "identifier"
            }
            for kind, sets in said.names.items():
                if kind == "contact" and not all(
                    any(sets[0] & self._full(f.entities) for f in v.facts) or sets[0] & v.names for v in good[:1]
                ):
                    return False
            if people:
                if not any(self._names.kind(n) == "contact" for n in names):
                    return False
                continue
            if kinds & {"account", "item", "line"} and not kinds & {"invoice", "bill"}:
                continue
            known = [k for n in sorted(names) if self._names.kind(n) == "document" for k in self._knowledge.about(n)]
            if not any(k.fact.kind in kinds for k in known) and not any(f.kind in kinds for v in good for f in v.facts):
                return False
            if "overdue" in said.statuses and not any(self._judge.is_overdue(k) for k in known[:40]):
                if not any(v.said.fields & {"days_overdue", "overdue"} and v.verified for v in row):
                    return False
            if "paid" in said.statuses and not any("paid" in str(k.fact.value).casefold() for k in known):
                return False
        return True

    def _full(self, entities: frozenset[str]) -> frozenset[str]:
        return frozenset(x for n in entities for x in self._names.full(n.casefold()))

    # what the question itself says

    def _condition(self, claim: Claim, verdict: Verdict) -> bool:
        """A limit ("over 30 days") is the question's, or that of a computation in the same claim, or it holds."""
        said = verdict.said
        number = said.shown.numbers[0]
        if any(
            q.shown.numbers and q.shown.numbers[0] == number and q.shown.noun == said.shown.noun for q in self._question
        ):
            self._settle(verdict, [], "asked for")
            return True
        for other in self._verdicts[id(claim)]:
            if other is not verdict and other.verified and other.facts and other.facts[0].filters:
                if any(
                    limited_by(k, said, self._judge.as_of) for k in self._knowledge.of_record(other.facts[0].record)
                ):
                    self._settle(verdict, [other], "condition of a computation")
                    return True
        if said.shown.noun != "days" and not said.shown.unit == "money":
            return False
        over = said.condition in {
            "over",
            "more than",
            "at least",
            "older than",
            "beyond",
            "exceeding",
            "above",
            "greater than",
            "just over",
            "longer than",
            "later than",
        }
        required = said.required()
        if not required:
            return False
        held = []
        for name in required[0]:
            for known in self._knowledge.about(name):
                if not all(one & known.names for one in required):
                    continue
                value: Decimal | None = None
                if said.shown.noun == "days":
                    if "due_date" in known.concepts and not isinstance(known.fact.value, (str, Decimal)):
                        value = Decimal((self._judge.as_of - known.fact.value).days)
                elif (
                    known.fact.unit == "money"
                    and said.fields & known.concepts
                    and self._judge.carries(known, said, said.names)
                ):
                    value = abs(known.number)
                if value is not None:
                    held.append(value >= number if over else value <= number)
        if held and all(held):
            self._settle(verdict, [], "holds for the records")
            return True
        return False

    def _asked(self, verdict: Verdict) -> bool:
        """The figure is the person's own, said to be so: "the payment of 2,000 you asked for"."""
        said = verdict.said
        asks = self._text[said.claim.start : said.claim.end].rstrip("*_ \n").endswith("?")
        if not asks and not _OWN_REQUEST.search(
            self._text[max(said.claim.start, said.shown.start - 80) : min(said.claim.end, said.shown.end + 60)]
        ):
            return False
        if said.fields & {
            "due",
            "overdue",
            "balance",
            "revenue",
            "net_profit",
            "gross_profit",
            "tax",
            "total",
        } and not said.fields & {"paid", "unit_price"}:
            return False
        own = self._knowledge.main_currency
        for q in self._question:
            if not q.shown.numbers or q.shown.numbers[0] != said.shown.numbers[0]:
                continue
            if said.currencies and not said.currencies & (q.shown.currencies or own):
                continue
            self._settle(verdict, [], "asked for")
            verdict.concepts = frozenset({"paid"})
            return True
        return False

    def _settle(self, verdict: Verdict, inputs: Sequence[Verdict], how: str) -> None:
        verdict.inputs = tuple(inputs)
        verdict.derivation = how
        if inputs:
            verdict.concepts = frozenset.intersection(*(v.concepts for v in inputs)) or verdict.said.fields
            verdict.periods = inputs[0].periods
            verdict.currencies = frozenset().union(*(v.currencies for v in inputs))


def _money_fits(said: Said, inputs: Sequence[Verdict]) -> bool:
    """The inputs are in the currency that the result names."""
    currencies = frozenset().union(*(v.currencies for v in inputs))
    return not said.currencies or not currencies or currencies <= said.currencies


def _compatible(sets: Sequence[frozenset[object]]) -> bool:
    """Something is common to all that say anything."""
    said = [one for one in sets if one]
    return not said or bool(frozenset.intersection(*said))


def _named_concepts(words: str) -> set[str]:
    from finchat.agent.grounding.lexicon import concepts

    return {c for _, _, hit in concepts(words.split()) for c in hit}
