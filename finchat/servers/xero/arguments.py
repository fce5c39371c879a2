"""Arguments that several Xero tools share, and how Xero wants their values."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from finchat.servers.table import DATE, FLAG, GUID, MONEY, TEXT, Parameter, Schema, one_of, records, texts

STATUSES = one_of("DRAFT", "SUBMITTED", "AUTHORISED")
# Xero answers 404 above 52 ids: the address gets too long.
MOST_IDS = 50
# A longer filter does not fit a URL, and Xero's own parser gives up on it.
LONGEST_WHERE = 4000


def http_instant(text: str) -> str:
    """If-Modified-Since as Xero reads it: ISO, UTC, to the second, without an offset."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not an ISO instant") from None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def record_id(text: str) -> str:
    """A path segment that cannot lead elsewhere."""
    if text in (".", "..") or re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("is not an id or a number")
    return text


def where(*examples: str) -> Parameter:
    """The `where` filter of a list, with examples of this resource."""
    doc = (
        "Filter in Xero's dialect. Compare with ==, !=, <, <=, >, >=; join with AND, OR and parentheses; "
        'text in double quotes; Guid("…") for ids; DateTime(2026, 10, 1) for dates; true, false, null; '
        'methods .Contains("x"), .StartsWith("x"), .EndsWith("x"), .ToLower(). '
        "Guard a field that may be empty: Reference!=null AND Reference.Contains(…). Examples: " + " · ".join(examples)
    )
    return Parameter("where", doc, {"type": "string", "maxLength": LONGEST_WHERE, "examples": list(examples)})


def order(*examples: str) -> Parameter:
    return Parameter(
        "order",
        f"Sort by one field, ASC or DESC: {' · '.join(examples)}.",
        {"type": "string", "maxLength": 200, "examples": list(examples)},
    )


MODIFIED_SINCE = Parameter(
    "modified_since",
    "Only records created or changed at or after this instant, to the second (ISO; UTC unless it has an offset).",
    {"type": "string", "examples": ["2026-11-01T00:00:00Z"]},
    "header",
    "If-Modified-Since",
    convert=http_instant,
)
UNIT_DECIMALS = Parameter(
    "unitdp",
    "Decimal places of UnitAmount: 2 (default) or 4.",
    {"type": "integer", "minimum": 2, "maximum": 4},
)
INCLUDE_ARCHIVED = Parameter("include_archived", "Archived records too.", FLAG, upstream="includeArchived")
SUMMARY_ONLY = Parameter(
    "summary_only", "Leave out lines, payments and other heavy fields.", FLAG, upstream="summaryOnly"
)
PAYMENTS_ONLY = Parameter("payments_only", "Cash basis instead of accrual.", FLAG, upstream="paymentsOnly")
STANDARD_LAYOUT = Parameter(
    "standard_layout", "Ignore the organisation's custom layout.", FLAG, upstream="standardLayout"
)


def id_list(name: str, upstream: str, of: str) -> Parameter:
    return Parameter(name, f"Only these {of} (at most {MOST_IDS}).", texts(MOST_IDS, GUID), upstream=upstream)


def text_list(name: str, upstream: str, doc: str, *examples: str) -> Parameter:
    return Parameter(name, doc, texts(MOST_IDS, {**TEXT, "examples": list(examples)}), upstream=upstream)


def field(name: str, upstream: str, doc: str, schema: Schema = TEXT, *, required: bool = False) -> Parameter:
    """An argument that goes into the body."""
    return Parameter(name, doc, schema, "body", upstream, required)


def path_id(doc: str, schema: Schema | None = None) -> Parameter:
    given = schema or {"type": "string", "minLength": 1, "maxLength": 255}
    return Parameter("id", doc, given, "path", required=True, convert=record_id)


# Xero keeps two tracking categories at most; a line names each by its ids or by its names.
TRACKING: dict[str, Any] = {
    "type": "array",
    "maxItems": 2,
    "items": {
        "type": "object",
        "properties": {"Name": TEXT, "Option": TEXT, "TrackingCategoryID": GUID, "TrackingOptionID": GUID},
        "additionalProperties": False,
    },
    "examples": [[{"Name": "Region", "Option": "North"}]],
}
LINE: Schema = {
    "type": "object",
    "properties": {
        "LineItemID": {**GUID, "description": "On an update: the existing line this is."},
        "Description": TEXT,
        "Quantity": MONEY,
        "UnitAmount": MONEY,
        "LineAmount": {**MONEY, "description": "Quantity × UnitAmount less discount; Xero checks it."},
        "ItemCode": TEXT,
        "AccountCode": {**TEXT, "examples": ["200"]},
        "TaxType": {**TEXT, "examples": ["OUTPUT2"]},
        "TaxAmount": MONEY,
        "DiscountRate": MONEY,
        "Tracking": TRACKING,
    },
    "additionalProperties": False,
}
_EXAMPLE_LINE = {"Description": "Consulting", "Quantity": "1", "UnitAmount": "2500.00", "AccountCode": "200"}
LINES: Schema = {**records(LINE), "examples": [[_EXAMPLE_LINE]]}


def document(*, required: bool, statuses: Schema, replaced: str = "") -> tuple[Parameter, ...]:
    """What invoices and credit notes have in common. `replaced` says what an update does to lines not given."""
    return (
        field("contact_id", "Contact.ContactID", "The customer or supplier.", GUID, required=required),
        field("date", "Date", "Issue date.", DATE, required=required),
        field("line_items", "LineItems", f"The lines, in Xero's own field names. {replaced}", LINES, required=required),
        field(
            "line_amount_types",
            "LineAmountTypes",
            "Whether line amounts are before or with tax.",
            one_of("Exclusive", "Inclusive", "NoTax"),
        ),
        field("reference", "Reference", "Reference (sales documents).", {"type": "string", "maxLength": 255}),
        field("currency_code", "CurrencyCode", "ISO currency; the organisation's own when left out."),
        field("currency_rate", "CurrencyRate", "Units of this currency for one unit of the base currency.", MONEY),
        field("status", "Status", "The status it gets.", statuses),
    )
