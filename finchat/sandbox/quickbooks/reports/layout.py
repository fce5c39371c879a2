"""The shape of a report: a header, columns, and rows that are data or sections. Every value is text, "" for none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Cell = Mapping[str, str]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it is announced. `key` is its ColKey; a column of a period has its days beside it."""

    title: str
    kind: str
    key: str | None = None
    first: str | None = None
    last: str | None = None

    def as_json(self) -> dict[str, Any]:
        meta = [("StartDate", self.first), ("EndDate", self.last), ("ColKey", self.key)]
        found = [{"Name": name, "Value": value} for name, value in meta if value is not None]
        return {"ColTitle": self.title, "ColType": self.kind} | ({"MetaData": found} if found else {})


def money(minor: int) -> str:
    """Hundredths as "-1234.50"."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def amounts(values: Sequence[int | None]) -> list[Cell]:
    """One cell for each; blank for none."""
    return [{"value": "" if value is None else money(value)} for value in values]


def blanks(count: int) -> list[Cell]:
    return [{"value": ""}] * count


def named(name: str, id: str | None = None) -> Cell:
    return {"value": name} if id is None else {"value": name, "id": id}


def data(cells: Sequence[Cell], group: str | None = None) -> Row:
    return {"ColData": list(cells), "type": "Data"} | ({"group": group} if group else {})


def section(
    header: Sequence[Cell] | None,
    rows: Sequence[Row] | None,
    summary: Sequence[Cell] | None,
    group: str | None = None,
) -> Row:
    """A section; without `rows` it has none at all, as a total that stands alone."""
    found: Row = {}
    if header is not None:
        found["Header"] = {"ColData": list(header)}
    if rows is not None:
        found["Rows"] = {"Row": list(rows)} if rows else {}
    if summary is not None:
        found["Summary"] = {"ColData": list(summary)}
    found["type"] = "Section"
    if group is not None:
        found["group"] = group
    return found


def report(header: Mapping[str, Any], columns: Sequence[Column], rows: Sequence[Row]) -> dict[str, Any]:
    """The whole answer; members of the header that are None are left out."""
    return {
        "Header": {name: value for name, value in header.items() if value is not None},
        "Columns": {"Column": [column.as_json() for column in columns]},
        "Rows": {"Row": list(rows)} if rows else {},
    }
