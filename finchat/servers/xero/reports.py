"""Xero's nested report rows as flat records.

Every record has `row` (account: of one account; line: without one, such as Net Profit; summary: a total; section: the
heading of a section without rows) and `section`, its heading. Nothing is computed here: amounts are Xero's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from finchat.servers.exact import exact
from finchat.servers.xero.normalise import day

_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_CODED = re.compile(r"(?P<name>.*) \((?P<code>[^()]{1,10})\)", re.DOTALL)


def flatten(
    report: Mapping[str, Any], shape: Literal["columns", "periods"]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The records of a report and what its head says.

    "columns": each record is keyed by the headings (debit, credit, ytd_debit …). "periods": the headings are dates or
    periods, so a record has `amount` (the first) and, with more than one, `amounts` in the order of `columns`.
    Raises KeyError, TypeError or AttributeError for what is no report.
    """
    rows: Sequence[Mapping[str, Any]] = report["Rows"]
    headings = [cell.get("Value", "") for row in rows if row["RowType"] == "Header" for cell in row["Cells"]]
    head = {
        "name": report.get("ReportName"),
        "titles": report.get("ReportTitles", []),
        "date": report.get("ReportDate"),
        "columns": headings[1:] if shape == "periods" else headings,
    }
    return list(_records(rows, headings, shape, "")), head


def _records(
    rows: Sequence[Mapping[str, Any]], headings: Sequence[str], shape: Literal["columns", "periods"], section: str
) -> Iterator[dict[str, Any]]:
    for row in rows:
        kind = row["RowType"]
        if kind == "Header":
            continue
        if kind == "Section":
            title = row.get("Title") or section
            inner = row.get("Rows") or []
            if not inner and title:
                yield {"row": "section", "section": title}
            yield from _records(inner, headings, shape, title)
            continue
        cells: Sequence[Mapping[str, Any]] = row["Cells"]
        facts = {a["Id"]: a["Value"] for a in (cells[0].get("Attributes") or []) if cells} if cells else {}
        account = facts.pop("account", None)
        record: dict[str, Any] = {
            "row": "summary" if kind == "SummaryRow" else "account" if account else "line",
            "section": section,
        }
        if account:
            record["account_id"] = account
        record |= {_snake(name): value for name, value in facts.items()}
        record |= _values(cells, headings, shape)
        yield record


def _values(
    cells: Sequence[Mapping[str, Any]], headings: Sequence[str], shape: Literal["columns", "periods"]
) -> dict[str, Any]:
    texts = [str(cell.get("Value") or "") for cell in cells]
    if not texts:
        return {}
    if shape == "periods":
        amounts = [_value(text) for text in texts[1:]]
        several = {"amounts": amounts} if len(amounts) > 1 else {}
        return {"name": texts[0], "amount": amounts[0] if amounts else None, **several}
    result: dict[str, Any] = {}
    for heading, text in zip(headings, texts, strict=False):
        if heading == "Account":
            # "Sales (400)"; name + " (" + code + ")" gives Xero's text back.
            coded = _CODED.fullmatch(text)
            result |= {"code": coded["code"], "name": coded["name"]} if coded else {"code": None, "name": text}
        else:
            result[_snake(heading) or "note"] = _value(text)
    return result


def _value(text: str) -> str | None:
    if not text:
        return None
    return exact(text) if _AMOUNT.fullmatch(text) else day(text)


def _snake(heading: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
