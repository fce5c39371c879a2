"""QuickBooks' nested report rows as flat records.

Every record has `row` (account: of one account; line: any other row; summary: a total; section: a heading without rows)
and `section`, the heading it stands under. Nothing is computed here: amounts are QuickBooks'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from finchat.servers.exact import exact

Shape = Literal["summed", "columns"]
_AMOUNT = re.compile(r"-?[0-9]*\.?[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SUMS = ("money", "amount", "bal", "debt", "credit", "debit")


def flatten(report: Mapping[str, Any], shape: Shape) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The records of a report and what its head says.

    "summed": a record has `name`, `amount` (the first column) and, with more than one, `amounts` in the order of
    `columns`. "columns": each record is keyed by the headings, ids beside (name, name_id); what a total or an
    opening balance is called is its `label` where the first column holds dates.
    Raises KeyError, TypeError or AttributeError for what is no report.
    """
    header, columns = report["Header"], report["Columns"].get("Column") or []
    options = {option["Name"]: option["Value"] for option in header.get("Option") or []}
    titles = [str(column.get("ColTitle") or "") for column in columns]
    head = {
        "name": header.get("ReportName"),
        "from": header.get("StartPeriod"),
        "to": header.get("EndPeriod"),
        "basis": header.get("ReportBasis"),
        "currency": header.get("Currency"),
        "columns": titles[1:] if shape == "summed" else titles,
        "empty": options.get("NoReportData") == "true",
    }
    sums = [_sums(column) for column in columns]
    return list(_records((report.get("Rows") or {}).get("Row") or [], titles, sums, shape, "")), head


def _records(
    rows: Sequence[Mapping[str, Any]], titles: Sequence[str], sums: Sequence[bool], shape: Shape, section: str
) -> Iterator[dict[str, Any]]:
    for row in rows:
        group = {"group": row["group"]} if row.get("group") else {}
        heading = (row.get("Header") or {}).get("ColData") or []
        title = _text(heading[0]) if heading else ""
        inner = (row.get("Rows") or {}).get("Row") or []
        if any(_text(cell) for cell in heading[1:]):
            # An account with accounts below it: what was booked to it alone stands in the heading.
            yield {"row": "account", "section": section, **group, **_values(heading, titles, sums, shape)}
        elif heading and not inner and not row.get("Summary"):
            yield {"row": "section", "section": title, **group}
        yield from _records(inner, titles, sums, shape, title or section)
        if (cells := row.get("ColData")) is not None:
            kind = "account" if shape == "summed" and cells and cells[0].get("id") else "line"
            yield {"row": kind, "section": section, **group, **_values(cells, titles, sums, shape)}
        if summary := (row.get("Summary") or {}).get("ColData"):
            yield {"row": "summary", "section": title or section, **group, **_values(summary, titles, sums, shape)}


def _values(
    cells: Sequence[Mapping[str, Any]], titles: Sequence[str], sums: Sequence[bool], shape: Shape
) -> dict[str, Any]:
    if not cells:
        return {}
    if shape == "summed":
        amounts = [_amount(_text(cell)) for cell in cells[1:]]
        named = {"id": str(cells[0]["id"])} if cells[0].get("id") else {}
        several = {"amounts": amounts} if len(amounts) > 1 else {}
        return {**named, "name": _text(cells[0]), "amount": amounts[0] if amounts else None, **several}
    result: dict[str, Any] = {}
    for index, cell in enumerate(cells):
        key = _snake(titles[index]) if index < len(titles) else ""
        key = key or ("name" if index == 0 else f"column_{index + 1}")
        text = _text(cell)
        if index == 0 and "date" in key and not _DATE.fullmatch(text):
            key = "label"  # "Beginning Balance", "Total for Checking": words in a column of dates
        result[key] = _amount(text) if index < len(sums) and sums[index] else text
        if cell.get("id"):
            result[f"{key}_id"] = str(cell["id"])
    return result


def _text(cell: Mapping[str, Any]) -> str:
    value = cell.get("value")
    return "" if value is None else str(value)


def _amount(text: str) -> str | None:
    """An amount with at least two places; text that is none as it is; None for an empty cell."""
    if not text:
        return None
    if not _AMOUNT.fullmatch(text):
        return text
    whole, _, places = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return exact(f"{sign}{digits or '0'}.{places}")


def _sums(column: Mapping[str, Any]) -> bool:
    """Whether a column holds amounts."""
    keys = [str(entry.get("Value", "")) for entry in column.get("MetaData") or [] if entry.get("Name") == "ColKey"]
    kind = " ".join((str(column.get("ColType") or ""), *keys)).lower()
    return any(word in kind for word in _SUMS) and "date" not in kind


def _snake(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")
