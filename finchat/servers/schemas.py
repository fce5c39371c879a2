"""JSON Schemas of a row: plain keywords only, so that every model provider and validator accepts them."""

from __future__ import annotations

from typing import Any

from finchat.servers.table import Operation

MOST_ROWS = 1000
MOST_LISTED = 50

_PAGE_SIZE: dict[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MOST_ROWS,
    "default": MOST_ROWS,
    "description": "Most records in one answer.",
}
_CURSOR: dict[str, Any] = {
    "type": "string",
    "maxLength": 200,
    "description": "next_cursor of the previous answer; all other arguments stay as they were.",
}
# Shallow on purpose: a client validates every answer against it, and a deep schema costs ten times the transport.
OUTPUT: dict[str, Any] = {
    "type": "object",
    "required": ["records", "next_cursor", "count"],
    "properties": {
        "records": {"type": "array", "items": {"type": "object"}},
        "next_cursor": {"type": ["string", "null"]},
        "count": {"type": "integer"},
        "total": {"type": ["integer", "null"]},
        "report": {"type": "object"},
    },
}


def input_schema(row: Operation) -> dict[str, Any]:
    """What the tool takes. Rules a portable schema cannot hold (exactly one of …) are in its texts, checked later."""
    properties: dict[str, Any] = {}
    for parameter in row.parameters:
        doc = parameter.doc
        if row.list_form and parameter.place == "body" and parameter.required:
            doc += f" Required, unless {row.list_form} is given."
        for group in row.exactly_one:
            if parameter.name == group[0]:
                doc += f" Give exactly one of {', '.join(group)}."
        properties[parameter.name] = {**parameter.schema, "description": doc.strip()}
    if row.paging:
        properties |= {"page_size": _PAGE_SIZE, "cursor": _CURSOR}
    if row.list_form:
        properties[row.list_form] = {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_LISTED,
            "items": {"type": "object"},
            "description": "Instead of the other body arguments: whole records in the vendor's own field names, "
            "amounts as text.",
        }
    required = [p.name for p in row.parameters if p.required and not (row.list_form and p.place == "body")]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema
