"""Reading a request's body: JSON with exact numbers, and the objects in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import InvalidOperation
from typing import Any

from finchat.sandbox import exact_json
from finchat.sandbox.xero.errors import ApiError, bad_body, exception

LARGEST_BODY = 3_500_000
MOST_ELEMENTS = 500


def parse_json(body: bytes) -> Any:
    """JSON data, numbers as int or Decimal. Raises ApiError 400 naming the body."""
    if len(body) > LARGEST_BODY:
        raise ApiError(413, {"Title": "Request too large", "Status": 413, "Detail": "body", "Field": "body"})
    if not body.strip():
        raise exception(17, "NoDataProcessedException", "No data was processed: the body is empty.", "body")
    try:
        return exact_json.read(body)
    except (ValueError, RecursionError, InvalidOperation) as error:
        where = f" at position {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise bad_body(f"The body is not valid JSON{where}") from None


def elements(data: Any, name: str) -> list[Any]:
    """The objects of a collection sent as {"Invoices": [...]}, as one object or as a bare list. Raises ApiError."""
    found = data
    if isinstance(data, Mapping):
        found = data.get(name, data)
    if isinstance(found, Mapping):
        found = [found]
    if not isinstance(found, list):
        raise bad_body(f"The body must hold {name}", name)
    if not found:
        raise exception(17, "NoDataProcessedException", f"No data was processed: {name} is empty.", name)
    if len(found) > MOST_ELEMENTS:
        raise bad_body(f"{name} may hold at most {MOST_ELEMENTS} objects", name)
    return found
