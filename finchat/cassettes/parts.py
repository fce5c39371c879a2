"""What in the rows of a cassette holds more than it seems: JSON in a text, files of other encodings, tables."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

_LARGEST = 16_000_000  # characters of a text that is looked into as JSON


def is_table(value: Mapping[str, Any]) -> bool:
    """Whether it is the rows of a table, each cell of which has the name of its column."""
    columns, rows = value.get("columns"), value.get("rows")
    return (
        isinstance(columns, list) and isinstance(rows, list) and all(isinstance(c, str) for c in columns)
        and all(isinstance(row, list | tuple) for row in rows)
    )  # fmt: skip


def members(value: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """The members of an object: name, JSON pointer within it, value; for a table the cells under their columns."""
    for name, each in value.items():
        if name == "rows" and is_table(value):
            for number, row in enumerate(each):
                cells = zip(value["columns"], row, strict=False)
                yield from ((column, f"rows/{number}/{at}", cell) for at, (column, cell) in enumerate(cells))
        else:
            yield str(name), str(name).replace("~", "~0").replace("/", "~1"), each


def json_in(text: str) -> Iterator[Any]:
    """The objects and lists that a text is in JSON, or that its lines are."""
    if text[:64].lstrip()[:1] not in ("{", "[") or len(text) > _LARGEST:
        return
    try:
        yield json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        for line in text.splitlines():
            if line[:1] in ("{", "["):
                try:
                    yield json.loads(line, parse_float=Decimal)
                except (ValueError, RecursionError):
                    continue


def decoded(text: Any) -> tuple[str, str] | None:
    """The bytes that a text is in base64 as characters, each of which can be written again, and their encoding; None
    for a text that is none."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except ValueError:
        return None
    if data is None:
        return None
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError:
                break
    zeros = data[:2000].count(0)
    for encoding in ("utf-16-le", "utf-16-be") if zeros * 3 > len(data[:2000]) else ():
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"
