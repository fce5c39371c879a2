"""Whether what a computation was limited by is said where its result is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from finchat.agent.facts import Filter
from finchat.agent.grounding.known import Known
from finchat.agent.grounding.lexicon import words_of
from finchat.agent.grounding.names import Names
from finchat.agent.grounding.said import Said

_TRIVIAL = frozenset({"", "0", "0.0", "0.00", "false", "none", "null"})
_SALES_TYPES = words_of("accrec invoice sales sales_invoice receivable customer receive income")
_PURCHASE_TYPES = words_of("accpay bill purchase purchases payable supplier spend expense")
_OPEN_TYPES = words_of("authorised authorized open unpaid submitted outstanding active sent approved")
# Beginnings of words that say a status. What is drafted must be said to be only that.
_STATUS_WORDS = {
    "paid": words_of("paid settled"),
    "draft": words_of("draft propos prepare would plan suggest approv"),
    "voided": words_of("void"),
    "deleted": words_of("deleted"),
    "archived": words_of("archived"),
}


def filters_fit(known: Known, said: Said, beside: Sequence[Said], names: Names, as_of: date) -> bool:
    """Every limit of a computation is said with its result, and every limit that is said is one of the computation.
    `beside`: the figures of the same claim."""
    if not all(_said(one, known, said, names) for one in known.fact.filters):
        return False
    if said.shown.unit == "count":
        if not all(_has_status(known, status, as_of) for status in said.statuses - {"open", "authorised"}):
            return False
        if said.buckets and not any(set(bucket) <= known.tokens for bucket in said.buckets):
            return False
    if said.shown.unit not in {"count", "money"} or not (known.fact.derivation or known.level in {"org", "contact"}):
        return True
    segment = said.scan.segment(said.shown.start)
    conditions = [one for one in beside if one.condition and one is not said]
    return all(limited_by(known, one, as_of) for one in conditions if one.scan.segment(one.shown.start) == segment)


def limited_by(known: Known, condition: Said, as_of: date) -> bool:
    """The computation has a limit that is said: "over 30 days" is 30, 31, or the day so long ago."""
    if not condition.shown.numbers:
        return False
    number = condition.shown.numbers[0]
    if {f"{number:f}", f"{number + 1:f}"} & known.tokens:
        return True
    for one in known.fact.filters:
        day = day_of(one.value)
        if decimal_of(one.value) in {number, number + 1}:
            return True
        if day is not None and abs((as_of - day).days - number) <= 1:
            return True
    return False


def is_late_by_filter(one: Filter, as_of: date) -> bool:
    """The condition leaves only what is overdue."""
    day, least = day_of(one.value), decimal_of(one.value)
    if one.field.startswith("min_days"):
        return least is not None and least > 0
    return one.field.startswith("due") and one.operator in {"<", "<="} and day is not None and day <= as_of


def _has_status(known: Known, status: str, as_of: date) -> bool:
    """A count of overdue (paid, draft …) documents is limited to them, by its name or its conditions."""
    filters = known.fact.filters
    if status == "overdue" and any(is_late_by_filter(one, as_of) for one in filters):
        return True
    if any(one.field.startswith("min_days") and not is_late_by_filter(one, as_of) for one in filters):
        return False
    traces = [*known.tokens, *(one.field for one in filters), *(one.value.casefold() for one in filters)]
    return any(status in trace for trace in traces)


def _said(one: Filter, known: Known, said: Said, names: Names) -> bool:
    """One condition of a computation is said with its result."""
    value, last = one.value.casefold().strip(), one.field.rpartition("_")[2]
    heard = f"{said.context} \n {said.question}"
    day = day_of(value)
    if value in _TRIVIAL:
        return True
    if one.field.endswith(("currency", "currency_code")):
        return known.fact.currency is None or known.fact.currency.casefold() == value
    if last in {"type", "status", "state", "statuses"}:
        fits = _type_fits if last == "type" else _status_fits
        return all(fits(part.strip(), said, heard) for part in value.split(","))
    if day is not None:
        return _day_fits(one, day, known, said, heard)
    return (one.operator in {"=", "==", "in"} and _pinned(value, said, names)) or _number_or_words(one, value, heard)


def _number_or_words(one: Filter, value: str, heard: str) -> bool:
    number = decimal_of(value)
    more = number is not None and "days" in one.field and _stands(f"{number - 1:f}", heard)
    return more or _stands(value, heard)  # at least 31 days is more than 30


def _type_fits(value: str, said: Said, heard: str) -> bool:
    if value in _SALES_TYPES:
        return said.sales or not said.purchases
    if value in _PURCHASE_TYPES:
        return said.purchases or not said.sales
    return _stands(value, heard)


def _status_fits(value: str, said: Said, heard: str) -> bool:
    if value in _OPEN_TYPES:
        return "paid" not in said.statuses
    words = _STATUS_WORDS.get(value)
    if words is None:
        return _stands(value, heard)
    return any(word in heard or (value == "draft" and word in said.earlier) for word in words)


def _day_fits(one: Filter, day: date, known: Known, said: Said, heard: str) -> bool:
    """A bound on due dates is overdue, or said; one on the records' own dates is the period that is named."""
    forms = {f"{day.day} {day:%B}", f"{day.day} {day:%b}", f"{day:%b} {day.day}", f"{day:%B} {day.day}"}
    spelled = day.isoformat() in heard or any(form.casefold() in heard for form in forms)
    if one.field.startswith("due"):
        return spelled or said.overdue or "overdue" in said.statuses or "overdue" in heard
    if one.field.rpartition("_")[2] not in {"date", "from", "to", "on", "day"}:
        return spelled
    return known.fact.period is not None or _bounds_fit(known, said)  # a period is compared as such


def _bounds_fit(known: Known, said: Said) -> bool:
    first = last = None
    for one in known.fact.filters:
        day = day_of(one.value.casefold().strip())
        if day is None or one.field.startswith("due"):
            continue
        first = day if one.operator[0] in ">=" else first
        last = day if one.operator[0] in "<=" else last
    return any(period.last == last and first in {None, period.first} for period in said.periods or ())


def _pinned(value: str, said: Said, names: Names) -> bool:
    """The value names what the figure is said of, whole or in part."""
    named = said.named | said.maybe_named
    return all(
        bool(names.full(part) & named) or (len(part) >= 3 and any(part in name for name in named))
        for part in (part.strip() for part in value.split(", "))
    )


def _stands(value: str, heard: str) -> bool:
    """The value stands in the words, as itself and not inside another."""
    number = decimal_of(value)
    if number is not None:
        shown = (match.group().strip(" .,").replace(",", "") for match in re.finditer(r"\d[\d,.' ]*", heard))
        return any(decimal_of(one) == number for one in shown)
    return bool(re.search(rf"(?<!\w){re.escape(value.replace('_', ' '))}(?!\w)", heard))


def decimal_of(text: str) -> Decimal | None:
    """The number that a plain text is."""
    return Decimal(text) if re.fullmatch(r"-?\d{1,20}(?:\.\d{1,10})?", text, re.ASCII) else None


def day_of(text: str) -> date | None:
    """The day that an ISO text begins with."""
    try:
        return date.fromisoformat(text[:10]) if re.match(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None
