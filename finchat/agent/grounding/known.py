"""The facts of the evidence, ready to be found by value and read by what they are about."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from finchat.agent.facts import Fact, FactPeriod
from finchat.agent.grounding.lexicon import DATE, MONEY, NUMBER, PERCENT, WEAK, field_concepts, units_of
from finchat.agent.grounding.names import Names

_ENTITY_FIELDS = frozenset(
    [
        "contact",
        "contact_name",
        "name",
        "customer",
        "customer_name",
        "supplier",
        "supplier_name",
        "number",
        "invoice_number",
        "bill_number",
        "document",
        "document_number",
        "account",
        "account_code",
        "account_name",
        "code",
        "item",
        "item_code",
    ]
)
_DOCUMENT_KINDS = frozenset(
    [
        "invoice",
        "bill",
        "credit_note",
        "payment",
        "quote",
        "purchase_order",
        "bank_transaction",
        "overpayment",
        "prepayment",
        "bank_transfer",
        "refund",
        "deposit",
        "receipt",
        "batch_payment",
        "bank_line",
        "transaction",
        "journal",
        "manual_journal",
        "allocation",
        "credit",
        "proposal",
    ]
)
_LINE_KINDS = frozenset(["line", "line_item", "lineitem", "invoice_line", "bill_line", "item_line", "lines"])
_FUNCTION = re.compile(r"\s*(\w+)\s*\(\s*(?:distinct\s+)?([\w.*]*)\s*\)\s*\Z", re.IGNORECASE)
_KIND_CONCEPTS = {
    "payment": {"paid", "applied"}, "batch_payment": {"paid"}, "overpayment": {"paid", "credited", "total"},
    "prepayment": {"paid", "credited", "total"}, "refund": {"paid", "credited"},
    "bank_transaction": {"spent", "deposited", "paid", "total"}, "bank_line": {"spent", "deposited", "paid"},
    "deposit": {"deposited", "paid"}, "credit_note": {"credited", "total"}, "credit": {"credited", "applied"},
    "allocation": {"credited", "applied", "paid"}, "transfer": {"total"}, "bank_transfer": {"total"},
    "proposal": {"paid", "applied", "total", "spent", "deposited", "credited"},
    "invoice": {"total"}, "bill": {"total"}, "quote": {"total"}, "purchase_order": {"total"},
}  # fmt: skip
_DATE_KINDS = {
    "payment": {"payment_date"}, "batch_payment": {"payment_date"}, "deposit": {"payment_date", "transaction_date"},
    "refund": {"payment_date"}, "bank_transaction": {"transaction_date", "payment_date"},
    "bank_line": {"transaction_date", "payment_date"}, "overpayment": {"payment_date", "issue_date"},
    "prepayment": {"payment_date", "issue_date"}, "allocation": {"payment_date", "transaction_date"},
    "credit": {"payment_date", "issue_date"}, "transfer": {"transaction_date"}, "bank_transfer": {"transaction_date"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A fact, read: `names` are casefolded, `level` is what it is about (org, contact, account, item, document, line,
    label), `side` sales or purchases."""

    fact: Fact
    names: frozenset[str]
    level: str
    concepts: frozenset[str]
    function: str
    side: str
    tokens: frozenset[str]

    @property
    def number(self) -> Decimal:
        return self.fact.value if isinstance(self.fact.value, Decimal) else Decimal(0)


class Knowledge:
    """All facts but the opaque ones, indexed when first asked for."""

    def __init__(self, facts: Sequence[Fact], names: Names, as_of: date) -> None:
        self._names = names
        self._as_of = as_of
        self._facts = [fact for fact in facts if not fact.opaque]
        self._read: dict[int, Known] = {}
        self._entities: dict[frozenset[str], tuple[frozenset[str], frozenset[str]]] = {}
        self._left = _MOST_LOOKED_AT
        self._crowds: dict[Hashable, dict[str, list[int]]] = {}
        numbers = [
            (fact.value, index)
            for index, fact in enumerate(self._facts)
            if isinstance(fact.value, Decimal) and fact.value.is_finite()
        ]
        numbers.sort(key=lambda pair: pair[0])
        self._values = [value for value, _ in numbers]
        self._order = [index for _, index in numbers]

    @cached_property
    def _days(self) -> dict[date, list[int]]:
        days: dict[date, list[int]] = defaultdict(list)
        for index, fact in enumerate(self._facts):
            if isinstance(fact.value, date):
                days[fact.value].append(index)
        return days

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        by_name: dict[str, list[int]] = defaultdict(list)
        for index, fact in enumerate(self._facts):
            for name in fact.entities or ("",):
                by_name[name.casefold()].append(index)
            if isinstance(fact.value, str) and fact.value not in fact.entities:
                by_name[fact.value.casefold()].append(index)
        return by_name

    @cached_property
    def _records(self) -> dict[str, list[int]]:
        records: dict[str, list[int]] = defaultdict(list)
        for index, fact in enumerate(self._facts):
            records[fact.record].append(index)
        return records

    @cached_property
    def currencies(self) -> frozenset[str]:
        return frozenset(fact.currency for fact in self._facts if fact.currency)

    @cached_property
    def main_currency(self) -> frozenset[str]:
        """The currency that most facts are in."""
        counts = Counter(fact.currency for fact in self._facts if fact.currency)
        return frozenset(currency for currency, _ in counts.most_common(1))

    @cached_property
    def texts(self) -> frozenset[str]:
        """Texts of records, folded, that are more than a number: what an answer may quote."""
        return frozenset(
            folded(fact.value) for fact in self._facts if isinstance(fact.value, str) and len(fact.value) > 2
        )

    def quoted(self, text: str) -> frozenset[str]:
        """The records that hold a folded text."""
        return self._by_text.get(text, frozenset())

    @cached_property
    def _by_text(self) -> dict[str, frozenset[str]]:
        records: dict[str, set[str]] = defaultdict(set)
        for fact in self._facts:
            if isinstance(fact.value, str):
                records[folded(fact.value)].add(fact.record)
        return {text: frozenset(found) for text, found in records.items()}

    @cached_property
    def _periods(self) -> dict[tuple[frozenset[str], str, str], dict[FactPeriod, set[Decimal]]]:
        periods: dict[tuple[frozenset[str], str, str], dict[FactPeriod, set[Decimal]]] = defaultdict(dict)
        for fact in self._facts:
            if fact.period is not None and isinstance(fact.value, Decimal):
                key = (fact.entities, fact.field, fact.derivation)
                periods[key].setdefault(fact.period, set()).add(fact.value)
        return periods

    def rivals(self, fact: Fact) -> bool:
        """Another period has the same figure with another value."""
        here = self._periods.get((fact.entities, fact.field, fact.derivation), {})
        return any(fact.value not in values for period, values in here.items() if period != fact.period)

    def between(self, low: Decimal, high: Decimal, names: Iterable[frozenset[str]]) -> Iterator[Known]:
        """Facts with a number from `low` to `high`; of a crowd only those about the first of `names`."""
        first, last = bisect_left(self._values, low), bisect_right(self._values, high)
        yield from self._few((first, last), self._order[first:last], names)

    def on(self, day: date, names: Iterable[frozenset[str]]) -> Iterator[Known]:
        """Facts of a date; of a crowd only those about the first of `names`."""
        yield from self._few(day, self._days.get(day, []), names)

    def _few(self, key: Hashable, indexes: Sequence[int], names: Iterable[frozenset[str]]) -> Iterator[Known]:
        if len(indexes) <= _CROWD:
            yield from (self.known(index) for index in indexes)
            return
        if key not in self._crowds:
            if len(self._crowds) >= _MOST_CROWDS:
                return
            crowd: dict[str, list[int]] = defaultdict(list)
            for index in indexes:
                for name in self._facts[index].entities or ("",):
                    crowd[name.casefold()].append(index)
            self._crowds[key] = crowd
        wanted = next(iter(names), None)
        for name in sorted(wanted) if wanted else ("",):
            yield from (self.known(index) for index in self._crowds[key].get(name, ())[:_CROWD])

    def about(self, name: str) -> Iterator[Known]:
        """Facts whose record has the name ("": those of the whole organisation), until `exhausted`."""
        for index in self._by_name.get(name, ()):
            if self._left <= 0:
                return
            self._left -= 1
            yield self.known(index)

    def all_owed(self) -> Iterator[Known]:
        """Facts that are amounts due, the first few thousand."""
        fields = [i for i, fact in enumerate(self._facts) if fact.unit == "money" and "due" in fact.field]
        yield from (self.known(index) for index in fields[:_MOST_OWED])

    @property
    def exhausted(self) -> bool:
        """So much was looked through that nothing more is: what is not seen proves nothing."""
        return self._left <= 0

    def of_record(self, record: str) -> Iterator[Known]:
        yield from (self.known(index) for index in self._records.get(record, ())[:_CROWD])

    def day_of(self, known: Known, concept: str) -> date | None:
        """A date of the same record."""
        for other in self.of_record(known.fact.record):
            if isinstance(other.fact.value, date) and concept in other.concepts:
                return other.fact.value
        return None

    def known(self, index: int) -> Known:
        if index not in self._read:
            self._read[index] = self._digest(self._facts[index])
        return self._read[index]

    def _digest(self, fact: Fact) -> Known:
        entities = fact.entities
        pinned = frozenset(f.value for f in fact.filters if f.operator in {"=", "=="} and f.field in _ENTITY_FIELDS)
        key = entities | pinned
        if key not in self._entities:
            names = frozenset(full for name in key for full in self._names.full(name.casefold().strip()))
            self._entities[key] = names, frozenset(self._names.kind(name) for name in names)
        names, classes = self._entities[key]
        match = _FUNCTION.match(fact.derivation)
        function = match[1].casefold() if match else ("?" if fact.derivation else "")
        path = re.sub(r"\[\d+\]", "", fact.path[:300])
        tokens = frozenset(re.findall(r"[a-z]+|\d+", f"{fact.field[:200]} {path}".casefold()))
        return Known(
            fact, names, _level(fact, classes), concepts_of(fact), function, _side(fact, tokens), tokens
        )  # fmt: skip


def folded(text: str) -> str:
    """A text without its case and white space, as quotes are compared."""
    return " ".join(text.split()).casefold()


_CROWD = 64
_MOST_OWED = 2_000
_MOST_LOOKED_AT = 120_000  # facts, in all that `about` gives for one answer
_MOST_CROWDS = 64


def _lists(path: str) -> list[str]:
    return [re.sub(r"\[\d+\]\Z", "", part) for part in path.split(".") if part.endswith("]")]


def _level(fact: Fact, classes: frozenset[str]) -> str:
    lists = _lists(fact.path[:300])
    if fact.kind in _LINE_KINDS or (lists and lists[-1] in {"lines", "line_items", "LineItems"}):
        return "line"
    if not fact.derivation:
        if "document" in classes:
            return "document"
        inner = lists[-1].casefold().rstrip("s") if lists else ""
        if fact.kind in _DOCUMENT_KINDS and (
            not lists or inner in {fact.kind, "record", "payment", "document", "credit"}
        ):
            return "document" if lists or classes else "org"
    for one in ("document", "item", "account", "contact", "label"):
        if one in classes:
            return one
    return "org"


def _side(fact: Fact, tokens: frozenset[str]) -> str:
    if tokens & {"payables", "payable", "bills", "bill", "purchases"}:
        return "purchases"
    if tokens & {"receivables", "receivable", "invoices", "invoice"} and fact.kind != "bill":
        return "sales"
    return {"invoice": "sales", "sales_invoice": "sales", "bill": "purchases", "purchase_bill": "purchases"}.get(
        fact.kind, ""
    )


_UNIT_CLASSES = {
    "money": {MONEY}, "percent": {PERCENT}, "count": {NUMBER}, "number": {NUMBER, PERCENT}, "date": {DATE},
    "identifier": set(),
}  # fmt: skip


def concepts_of(fact: Fact) -> frozenset[str]:
    """What a fact is a figure of: by its field (the one computed over, not a name given to the result), then by the
    list it stands in, then by the kind of its record. Empty: nothing says it."""
    field = fact.field
    if fact.derivation:
        match = _FUNCTION.match(fact.derivation)
        if match is None:
            return frozenset()
        field = match[2] or field
    if fact.unit == "date" and field == "date":
        return frozenset(_DATE_KINDS.get(fact.kind, {"issue_date"}))
    named = _fitting(field, fact)
    parts = [] if fact.derivation else [re.sub(r"\[\d+\]", "", part) for part in fact.path[:300].split(".")[:-1]]
    for found in (named, *(_fitting(part, fact) for part in reversed(parts))):
        if found - WEAK:
            return found - WEAK
    return _by_kind(fact) if fact.unit == "money" and (named or field in {"amount", "total", "value"}) else frozenset()


def _fitting(words: str, fact: Fact) -> frozenset[str]:
    return frozenset(c for c in field_concepts(words) if units_of(c) & _UNIT_CLASSES[fact.unit])


def _by_kind(fact: Fact) -> frozenset[str]:
    """What an `amount` is, by the record it stands in. What a proposal does to a document is a payment or an
    allocation, not what the document comes to."""
    if fact.kind in _LINE_KINDS:
        return frozenset({"line_amount"})
    kinds = _KIND_CONCEPTS.get("proposal" if "proposals[" in fact.path else fact.kind)
    return frozenset(kinds) if kinds else _fitting(fact.kind, fact) - WEAK
