"""Xero's `order` parameter: "Date DESC, InvoiceNumber" to SQLite ORDER BY terms."""

from __future__ import annotations

import re
from collections.abc import Mapping

from finchat.dialects.xero_where import Field, WhereError

_TERM = re.compile(r"\s*([A-Za-z_][\w.]{0,127})(?:\s+(asc|desc|ascending|descending))?\s*\Z", re.IGNORECASE)
LONGEST = 500


def compile_order(resource: str, text: str, fields: Mapping[str, Field]) -> str:
    """ORDER BY terms over the columns of `fields`. Raises WhereError with position and field."""
    if len(text) > LONGEST:
        raise WhereError(f"The order is longer than {LONGEST} characters", LONGEST)
    known = {name.lower(): field for name, field in fields.items()}
    terms: list[str] = []
    at = 0
    for part in text.split(","):
        match = _TERM.match(part)
        if match is None:
            raise WhereError(f"Syntax error at position {at}", at)
        if (field := known.get(match[1].lower())) is None:
            raise WhereError(f"No property or field '{match[1]}' exists in type '{resource}'", at, match[1])
        terms.append(f"{field.column} {'DESC' if (match[2] or '').lower().startswith('desc') else 'ASC'}")
        at += len(part) + 1
    return ", ".join(terms)
