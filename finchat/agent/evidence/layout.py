"""How a result is laid out: its head, its lists of records, and what each record inherits from around it.

Two shapes are read: a list answer of finchat's servers (`records`, `next_cursor`, `count`, `total`, `report`), and an
object whose members are scalars, objects and lists of records, as finchat's own tools return it. Anything else is read
as the second.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from finchat.agent.evidence import fields
from finchat.agent.facts import FactPeriod

LONGEST_NAME = 300
DEPTH = 8  # objects in objects, and lists in lists, beyond this are not looked into
_SCALARS_OF_A_LIST = 24
_NO_RECORDS = frozenset(("org", "organisation", "plan", "period", "compare", "window", "report", "arguments"))
_DATE = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_WORDED = re.compile(r"([0-9]{1,2}) ([A-Z][a-z]{2})[a-z]* ([0-9]{4})")
_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
# What a tool says of a proposal: it was made, something is missing, or something speaks against it.
_DRAFT_STATES = ("proposed", "needs", "contradiction")
_PERIODS = (("period_from", "period_to"), ("from", "to"), ("from_date", "to_date"), ("period_start", "period_end"))
_OTHER_CURRENCY = ("bank_", "base_")
_AS_OF = ("as_of", "period_as_of", "balance_date", "report_as_of")


@dataclass(slots=True)
class Flat:
    """One record without its nesting: scalars by field name, where each stands, and its lists of records."""

    scalars: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    lists: list[tuple[str, str, Sequence[Mapping[str, Any]]]] = field(default_factory=list)
    currencies: list[str] = field(default_factory=list)  # the fields that may hold a currency
    foreign: set[str] = field(default_factory=set)  # fields of another record that this one only refers to


@dataclass(frozen=True, slots=True)
class Context:
    """What a record has from the records and the result around it."""

    kind: str = ""
    entities: frozenset[str] = frozenset()
    currency: str | None = None
    period: FactPeriod | None = None
    compare: FactPeriod | None = None
    drafted: bool = False  # of a proposal: not in the ledger before a person approves
    depth: int = 0  # lists around it


@dataclass(frozen=True, slots=True)
class Records:
    """A list of records of a result; `name` is "" for its main list."""

    name: str
    path: str
    records: Sequence[Mapping[str, Any]]
    context: Context
    headings: tuple[str, ...] = ()
    columns: Mapping[str, FactPeriod | None] = field(default_factory=dict)  # fields that are `amount` of a period


@dataclass(frozen=True, slots=True)
class Layout:
    """`head`: the result itself as one record, without its lists. `partial`: there are more pages."""

    head: Flat
    context: Context
    lists: tuple[Records, ...]
    head_is_main: bool
    partial: bool = False
    report: bool = False
    total_in_ledger: int | None = None


def flatten(record: Mapping[str, Any], headings: Sequence[str] = ()) -> Flat:
    """A record's scalars under one name each; `headings` name the entries of `amounts`."""
    flat = Flat()
    _flatten(record, ("", "", 0), flat, headings)
    return flat


def _flatten(record: Mapping[str, Any], at: tuple[str, str, int], flat: Flat, headings: Sequence[str]) -> None:
    prefix, path, depth = at
    scalars, paths = flat.scalars, flat.paths
    refers = depth > 0 and any(_names_record(key) for key in record)
    for key, value in record.items():
        kind = type(value)
        if kind is dict or (kind is not str and isinstance(value, Mapping)):
            if value and depth < DEPTH:
                below = prefix if fields.snake(key) in fields.TRANSPARENT else fields.joined(prefix, key)
                _flatten(value, (below, f"{path}{key}.", depth + 1), flat, headings)
            continue
        name = fields.joined(prefix, key)
        if kind is list:
            if value:
                _flatten_list(name, path + key, value, flat, headings if key == "amounts" else ())
            continue
        while name in paths:
            name += "_2"
        scalars[name], paths[name] = value, path + key
        if "currency" in name:
            flat.currencies.append(name)
        if refers:
            flat.foreign.add(name)


def _flatten_list(name: str, path: str, items: Sequence[Any], flat: Flat, headings: Sequence[str]) -> None:
    if isinstance(items[0], Mapping):
        flat.lists.append((name, path, [item for item in items if isinstance(item, Mapping)]))
    elif len(headings) == len(items):
        for position, (heading, amount) in enumerate(zip(headings, items, strict=True)):
            if position:  # the first stands beside them, as `amount`
                column = column_name(heading)
                flat.scalars[column], flat.paths[column] = amount, f"{path}[{position}]"
    else:
        flat.scalars[name] = ", ".join(str(item) for item in items[:_SCALARS_OF_A_LIST])
        flat.paths[name] = path


@lru_cache(maxsize=4096)
def _names_record(key: str) -> bool:
    return key.endswith(("ID", "Id", "_id")) or key == "id" or fields.role_by_name(fields.joined("", key)) == "entity"


def column_name(heading: str) -> str:
    """The field of a report's amount under this heading."""
    return f"amount_{fields.snake(heading)}"


def lay_out(
    data: Mapping[str, Any], *, tool: str, arguments: Mapping[str, Any], base_currency: str | None = None
) -> Layout:
    """The layout of a result. `base_currency` is that of reports, which name none."""
    if isinstance(data.get("records"), list):
        return _list_answer(data, tool, arguments, base_currency)
    whole, records = dict(data), []
    for key, value in data.items():
        if isinstance(value, Mapping) and key not in _NO_RECORDS and _is_record(value):
            del whole[key]
            records.append((key, value))
    head = flatten(whole)
    drafted = "plan_id" in data or data.get("status") in _DRAFT_STATES
    kind = fields.kind_of_record(arguments.get("type"), fields.kind_of_tool(tool)) if drafted else ""
    context = inherit(head, Context(kind=kind, drafted=drafted))
    if base := data.get("base_currency"):
        context = replace(context, currency=context.currency or str(base))
    if context.period is None:
        context = replace(context, period=period_of(arguments))
    contacts = frozenset().union(
        *(_entities(flatten(value)) for key, value in records if fields.named_kind(key, "") == "contact"), frozenset()
    )
    context = replace(context, entities=context.entities | contacts)
    lists = [Records(key, key, [value], replace(context, kind=fields.singular(key))) for key, value in records] + [
        Records(name, path, items, replace(context, kind=fields.singular(path.rpartition(".")[2])))
        for name, path, items in head.lists
    ]
    if len(lists) == 1:
        lists = [replace(lists[0], name="")]
    return Layout(head, context, tuple(lists), head_is_main=len(lists) != 1, partial=_has_more(data))


def _has_more(data: Mapping[str, Any]) -> bool:
    """Whether a result says that it is not the whole."""
    return any(bool(data.get(name)) for name in ("next_cursor", "nextCursor", "next_page", "has_more", "truncated"))


def _list_answer(data: Mapping[str, Any], tool: str, arguments: Mapping[str, Any], base_currency: str | None) -> Layout:
    report = data.get("report")
    records = [item for item in data["records"] if isinstance(item, Mapping)]
    head = flatten({key: value for key, value in data.items() if key not in ("records", "report")})
    total = data.get("total")
    context = Context(kind=fields.kind_of_tool(tool))
    headings: tuple[str, ...] = ()
    columns: Mapping[str, FactPeriod | None] = {}
    if isinstance(report, Mapping):
        titles = [str(title) for title in report.get("titles") or [] if isinstance(title, str)]
        period = next((p for title in reversed(titles) if (p := _titled(title))), None) or period_of(arguments)
        context = Context("report_line", frozenset(), base_currency, period)
        headings = tuple(str(heading) for heading in report.get("columns") or [])
        columns = _columns(headings, period, arguments)
    return Layout(
        head,
        context,
        (Records("", "records", records, context, headings, columns),),
        head_is_main=False,
        partial=_has_more(data),
        report=isinstance(report, Mapping),
        total_in_ledger=total if isinstance(total, int) and not isinstance(total, bool) else None,
    )


def inherit(flat: Flat, above: Context) -> Context:
    """The context of a record: what it says of itself, and of the rest what it inherits."""
    scalars = flat.scalars
    period = period_of(scalars)
    compare = _between(scalars, (("compare_from", "compare_to"),))
    return Context(
        kind=fields.kind_of_record(scalars.get("type"), above.kind),
        entities=above.entities | _entities(flat),
        currency=currency_of("", flat, above.currency),
        period=period or above.period,
        compare=compare or above.compare,
        drafted=above.drafted,
        depth=above.depth,
    )


def nested(flat: Flat, context: Context) -> Iterator[tuple[str, str, Sequence[Mapping[str, Any]], Context]]:
    """The lists inside a record, with the context of their records."""
    for name, path, items in flat.lists if context.depth < DEPTH else ():
        kind = fields.singular(path.rpartition(".")[2])
        yield name, path, items, replace(context, kind=kind, depth=context.depth + 1)


def named(flat: Flat) -> Iterator[tuple[str, str]]:
    """The fields of a record that say what it is about, with their texts."""
    if is_report_figure(flat.scalars):
        return
    for name, value in flat.scalars.items():
        if type(value) is str and value and len(value) <= LONGEST_NAME and fields.role_by_name(name) == "entity":
            yield name, value


def currency_of(name: str, flat: Flat, inherited: str | None) -> str | None:
    """The currency that an amount in this field of a record is in; None where nothing says it."""
    if not flat.currencies:
        return None if name.startswith(_OTHER_CURRENCY) else inherited
    column = currency_column(name, tuple(flat.currencies))
    if column == "":
        return None
    value = flat.scalars.get(column) if column else None
    return value if isinstance(value, str) and value else inherited


@lru_cache(maxsize=16384)
def currency_column(name: str, names: tuple[str, ...]) -> str | None:
    """The field that holds the currency of the amount in `name`; `names`: the record's fields of currencies.

    None where there is none beside it, "" where the amount is in another currency than the record's and nothing says
    which (the bank's side of a payment).
    """
    words = name.split("_") if name else []
    for end in range(len(words), 0, -1):
        for ending in ("_currency", "_currency_code"):
            if (own := "_".join(words[:end]) + ending) in names:
                return own
    if name.startswith(_OTHER_CURRENCY):
        return ""
    for plain in ("currency_code", "currency"):
        if plain in names:
            return plain
    return next(
        (n for n in names if n.endswith("_currency_code") and not n.startswith(("default", "base", "bank"))), None
    )


def currency_names(names: Iterable[str]) -> tuple[str, ...]:
    """Those of a record's fields that may hold a currency."""
    return tuple(name for name in names if "currency" in name)


def period_of(values: Mapping[str, Any]) -> FactPeriod | None:
    """The period that fields (or arguments) name: from … to, or as of a day."""
    if found := _between(values, _PERIODS):
        return found
    for name in _AS_OF:
        if last := iso_date(values.get(name)):
            return FactPeriod(first=None, last=last)
    return None


def iso_date(value: Any) -> date | None:
    """The day that an ISO date or instant names."""
    if isinstance(value, str) and value[4:5] == "-" and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return None
    return None


def _between(values: Mapping[str, Any], pairs: Sequence[tuple[str, str]]) -> FactPeriod | None:
    for first_name, last_name in pairs:
        first, last = iso_date(values.get(first_name)), iso_date(values.get(last_name))
        if first and last and first <= last:
            return FactPeriod(first=first, last=last)
    return None


def is_report_figure(scalars: Mapping[str, Any]) -> bool:
    """Whether a row of a report is a figure of its own, not an account's: Gross Profit, Total Income."""
    return scalars.get("row") in ("line", "summary", "section")


def organisations(flat: Flat) -> Iterator[str]:
    """The names of the organisation whose books these are. A figure of the whole organisation is about nobody."""
    for name in ("organisation", "organization", "org", "organisation_name", "org_name", "company", "company_name"):
        value = flat.scalars.get(name)
        if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME:
            yield value


def _entities(flat: Flat) -> frozenset[str]:
    return frozenset(value for _, value in named(flat))


def _is_record(value: Mapping[str, Any]) -> bool:
    scalars = [key for key, inner in value.items() if not isinstance(inner, Mapping | list)]
    return len(scalars) >= 2 and any(fields.role_by_name(fields.joined("", key)) == "entity" for key in scalars)


def _titled(title: str) -> FactPeriod | None:
    """The period in a report's title: "1 November 2026 to 30 November 2026", "As at 30 November 2026"."""
    days = [day for match in _WORDED.finditer(title) if (day := _worded(match))]
    if len(days) == 2 and days[0] <= days[1] and " to " in title:
        return FactPeriod(first=days[0], last=days[1])
    return FactPeriod(first=None, last=days[0]) if len(days) == 1 and title.startswith("As at") else None


def _worded(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[3]), _MONTHS[match[2]], int(match[1]))
    except (KeyError, ValueError):
        return None


def _columns(
    headings: Sequence[str], period: FactPeriod | None, arguments: Mapping[str, Any]
) -> dict[str, FactPeriod | None]:
    """The period of each amount column but the first, which is the report's own: it ends on the day of its heading."""
    found: dict[str, FactPeriod | None] = {}
    for heading in headings[1:]:
        match = _WORDED.fullmatch(heading)
        last = _worded(match) if match else None
        if last is None:
            continue
        if period is not None and period.first is None:
            found[column_name(heading)] = FactPeriod(first=None, last=last)
        else:
            months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}.get(str(arguments.get("timeframe", "")))
            found[column_name(heading)] = FactPeriod(first=_months_before(last, months), last=last) if months else None
    return found


def _months_before(last: date, months: int) -> date:
    """The first day of the `months` months that end with `last`."""
    after = last + timedelta(days=1)
    number = after.year * 12 + after.month - 1 - months
    year, month = divmod(number, 12)
    return date(year, month + 1, min(after.day, calendar.monthrange(year, month + 1)[1]))
