"""The facts that stored results hold, and the names in them. Only records with a wanted value are looked into."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from finchat.agent.evidence import fields
from finchat.agent.evidence.layout import (
    DEPTH,
    LONGEST_NAME,
    Context,
    Flat,
    Layout,
    Records,
    currency_of,
    flatten,
    inherit,
    is_report_figure,
    iso_date,
    nested,
    organisations,
)
from finchat.agent.evidence.layout import named as named_fields
from finchat.agent.facts import Fact, FactPeriod, Filter, Unit

_WORD = re.compile(r"[^\W_]+")
_UNITS: Mapping[fields.Role, Unit] = {
    "money": "money", "percent": "percent", "ratio": "percent", "count": "count", "number": "number",
}  # fmt: skip
# A figure of a draft is true of the draft alone: it is said as such, or not verified.
_STATED = "amount_due"  # what a draft tells of the ledger, or of the ledger after it
DRAFTED = (Filter(field="status", operator="=", value="draft"),)
_COMPARED = frozenset(("compare", "compared", "previous", "prior"))
_HEAD_FIELDS_OF_A_LIST = frozenset(("next_cursor", "count", "total"))


class Wanted:
    """The values that facts are asked for.

    A number is found in either sign, as a ratio of a percentage, and where it is the rounded form of a fact: 42.3
    finds 0.4231 and 42.28. A date is found in an instant of that day, a text in any case.
    """

    def __init__(self, values: Collection[Decimal | date | str]) -> None:
        self._numbers = [(abs(v), _half_unit(v)) for v in values if isinstance(v, Decimal) and v.is_finite()]
        self._days = frozenset(v.isoformat() for v in values if isinstance(v, date))
        self._texts = frozenset(v.casefold() for v in values if isinstance(v, str))
        self._wholes: set[str] = set()
        self._wide = False
        for value, half in self._numbers:
            for low, high in ((value - half, value + half), ((value - half) / 100, (value + half) / 100)):
                first, last = int(max(low, Decimal(0))), int(high)
                if last - first > 1000:
                    self._wide = True
                for whole in range(first, min(last, first + 1000) + 1):
                    self._wholes |= {str(whole), f"-{whole}"}
        self._known: dict[str, tuple[bool, bool]] = {}  # as it is, as a ratio

    def touches(self, name: str, value: Any) -> bool:
        """Whether a field may hold one of the values."""
        if type(value) is not str:
            return (type(value) is int or type(value) is Decimal) and self._is_number(name, str(value))
        return (
            ((self._wide or value.partition(".")[0] in self._wholes) and self._is_number(name, value))
            or value[:10] in self._days
            or (bool(self._texts) and value.casefold() in self._texts)
        )

    def in_record(self, record: Mapping[str, Any]) -> bool:
        """Whether one of the values may stand anywhere in a record."""
        # `touches`, written out: it is asked of every field of every result.
        wholes, texts, days, wide = self._wholes, self._texts, self._days, self._wide
        pending: list[Any] = [record]
        while pending:
            node = pending.pop()
            for name, value in node.items() if isinstance(node, Mapping) else (("", item) for item in node):
                kind = type(value)
                if kind is str:
                    if (
                        ((wide or value.partition(".")[0] in wholes) and self._is_number(name, value))
                        or value[:10] in days
                        or (texts and value.casefold() in texts)
                    ):
                        return True
                elif kind is dict or kind is list:
                    pending.append(value)
                elif (kind is int or kind is Decimal) and self._is_number(name, str(value)):
                    return True
        return False

    def holds(self, value: Decimal | date | str) -> bool:
        """Whether a fact's value is one of them."""
        if isinstance(value, Decimal):
            size = abs(value)
            return any(abs(size - number) <= half for number, half in self._numbers)
        if isinstance(value, date):
            return value.isoformat() in self._days
        return value.casefold() in self._texts

    def _is_number(self, name: str, text: str) -> bool:
        known = self._known.get(text)
        if known is None:
            number = fields.number_of(text)
            known = self._known[text] = (
                number is not None and self.holds(number),
                (number is not None and self.holds(number * 100)),
            )
        return known[0] or (known[1] and fields.role_by_name(fields.joined("", name)) == "ratio")


class Names:
    """What records are called: casefolded names with what each names, and what lines are called by (`labels`).

    Anybody who can write a line can write what it is called, so a label counts only where it cannot be taken for the
    name of somebody or something else.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, set[str]] = defaultdict(set)
        self.labels: set[str] = set()
        self._first_words: set[str] = set()

    def add(self, name: str, kind: str) -> None:
        """Take a name in."""
        if folded := name.strip().casefold():
            self.kinds[folded].add(kind)
            if kind in ("contact", "organisation") and (words := _WORD.findall(folded)):
                self._first_words.add(words[0])

    def join(self, other: Names) -> None:
        """Take in what another result calls its records."""
        for name, kinds in other.kinds.items():
            self.kinds[name] |= kinds
        self.labels |= other.labels
        self._first_words |= other._first_words

    def is_free(self, label: str) -> bool:
        """Whether a label is nobody's name, short form of one, or number."""
        folded = label.strip().casefold()
        if folded in self.kinds:
            return False
        return not any(
            word in self._first_words or (word in self.kinds and not word.isalpha())
            for word in (*_WORD.findall(folded), *folded.split())
        )


def facts_of(evidence_id: str, layout: Layout, wanted: Wanted | None, names: Names) -> Iterator[Fact]:
    """The facts of a result's records; `wanted` None: all of them, else those with a wanted value and the days of the
    same record. `names`: those of all results."""
    if not layout.report and (wanted is None or wanted.in_record(layout.head.scalars)):
        head = layout.head
        if layout.lists and layout.lists[0].path == "records":
            head = Flat({k: v for k, v in head.scalars.items() if k not in _HEAD_FIELDS_OF_A_LIST}, head.paths)
        yield from _facts((evidence_id, ""), head, layout.context, {}, wanted)
    for records in layout.lists:
        yield from _facts_of_list(evidence_id, records, wanted, names)


def _facts_of_list(evidence_id: str, records: Records, wanted: Wanted | None, names: Names) -> Iterator[Fact]:
    for position, record in enumerate(records.records):
        if wanted is None or wanted.in_record(record):
            flat = flatten(record, records.headings)
            context = inherit(flat, records.context)
            path = f"{records.path}[{position}]"
            yield from _facts((evidence_id, path), flat, _described(flat, context, names), records.columns, wanted)
            for _, below, items, inner in nested(flat, context):
                yield from _facts_of_list(evidence_id, Records("", f"{path}.{below}", items, inner), wanted, names)


def _described(flat: Flat, context: Context, names: Names) -> Context:
    label = _label(flat)
    if label is None or not names.is_free(label):
        return context
    return replace(context, entities=context.entities | {label})


def _label(flat: Flat) -> str | None:
    """What a line calls the thing it is for."""
    description = flat.scalars.get("description")
    return description if isinstance(description, str) and 0 < len(description.strip()) <= LONGEST_NAME else None


def _stays(name: str, raw: Any) -> bool:
    """Whether a field is told along with any other of its record: its days say whether it is overdue, and when."""
    return (type(raw) is str and iso_date(raw) is not None) or name == "days_overdue"


def _facts(
    at: tuple[str, str], flat: Flat, context: Context, columns: Mapping[str, FactPeriod | None], wanted: Wanted | None
) -> Iterator[Fact]:
    evidence_id, path = at
    scalars, record = flat.scalars, f"{evidence_id}/{path}"
    titled = is_report_figure(scalars)
    for name, raw in scalars.items():
        beside = wanted is not None and _stays(name, raw)
        if wanted is not None and not beside and not wanted.touches(name, raw):
            continue
        read = value_of(name, raw, flat, context)
        if read is None and wanted is not None and type(raw) is str and wanted.holds(raw):
            read = raw, "identifier"  # words that an answer quotes
        if read is None:
            continue
        value, unit = read
        if wanted is not None and not beside and not wanted.holds(value):
            continue
        period, field = context.period, name
        if name in columns:
            period, field = columns[name], "amount"
        elif not _COMPARED.isdisjoint(name.split("_")):
            period = context.compare
        if field == "amount" and titled:
            field = fields.snake(str(scalars.get("name") or "")) or "amount"
        yield Fact(
            evidence_id=evidence_id,
            path=f"{path}.{flat.paths[name]}" if path else flat.paths[name],
            record=record,
            field=field,
            value=value,
            unit=unit,
            currency=currency_of(name, flat, context.currency) if unit == "money" else None,
            entities=context.entities,
            kind=context.kind,
            period=period,
            filters=DRAFTED if context.drafted and not field.startswith(_STATED) else (),
        )


def value_of(name: str, raw: Any, flat: Flat, context: Context) -> tuple[Decimal | date | str, Unit] | None:
    """The value of a field as a fact has it (a percentage in percent points), with its unit; None for mere words."""
    if raw is None or isinstance(raw, bool):
        return None
    number = fields.number_of(raw)
    if number is not None:
        beside = currency_of(name, flat, context.currency) is not None
        role = fields.numeric_role(name, raw, beside_currency=beside)
        if role is not None and role in _UNITS:
            return (number * 100 if role == "ratio" else number), _UNITS[role]
    if not isinstance(raw, str) or not raw:
        return None
    if day := iso_date(raw):
        return day, "date"
    role = fields.role_by_name(name)
    if role == "identifier" or (role == "entity" and name.rpartition("_")[2] in ("number", "code", "document")):
        return raw, "identifier"
    return None


def names_of(layout: Layout) -> Names:
    """The names in a result."""
    found = Names()
    for value in organisations(layout.head):
        # "Kōwhai Fitout (Demo)" is called Kōwhai Fitout as well.
        for name in (value, value.partition(" (")[0]):
            found.add(name, "organisation")
    for name, value in named_fields(layout.head):
        found.add(value, fields.named_kind(name, layout.context.kind))
    for records in layout.lists:
        _names_in(records.records, ("", records.context.kind, 0), found)
    return found


def _names_in(records: Iterable[Any], at: tuple[str, str, int], found: Names) -> None:
    """The names in records and in what is nested in them. Every field of every result passes here."""
    prefix, kind, depth = at
    if depth > DEPTH:
        return
    for record in records:
        if not isinstance(record, Mapping) or (not prefix and is_report_figure(record)):
            continue
        own = kind if prefix else fields.kind_of_record(record.get("Type") or record.get("type"), kind)
        for key, value in record.items():
            told = type(value)
            if told is str:
                name, role = _named(prefix, key)
                if role == "entity" and value and len(value) <= LONGEST_NAME:
                    found.add(value, fields.named_kind(name, own))
                elif name == "description" and value.strip() and len(value) <= LONGEST_NAME:
                    found.labels.add(value.strip().casefold())
            elif told is dict and value:
                transparent = fields.snake(key) in fields.TRANSPARENT
                below = prefix if transparent else fields.joined(prefix, key)
                _names_in((value,), (below, own, depth + 1), found)
            elif told is list and value and isinstance(value[0], Mapping):
                _names_in(value, ("", fields.singular(key), depth + 1), found)


@lru_cache(maxsize=16384)
def _named(prefix: str, key: str) -> tuple[str, fields.Role]:
    name = fields.joined(prefix, key)
    return name, fields.role_by_name(name)


def _half_unit(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    return Decimal((0, (5,), int(exponent) - 1))
