"""The words that QuickBooks' fields are declared in, and the shapes that several entities share.

Arguments carry QuickBooks' own field names, as its records do: what a tool answered can be given back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from finchat.servers.table import DATE, DECIMAL_PATTERN, FLAG, TEXT, Schema, one_of, records

Kind = Literal["text", "id", "money", "date", "instant", "flag", "ref", "object", "lines"]

ID: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$", "examples": ["145"]}
SYNC_TOKEN: Schema = {"type": "string", "pattern": "^[0-9]{1,10}$", "examples": ["3"]}
# Published with numbers; given as text an amount keeps its digits whatever a client does to numbers.
MONEY: Schema = {"type": ["string", "number"], "pattern": DECIMAL_PATTERN}


def words(most: int = 4000) -> Schema:
    """Text. Emptying a field is `clear_fields`, never an empty text."""
    return {"type": "string", "minLength": 1, "maxLength": most}


def an_object(properties: Mapping[str, Schema], *required: str) -> Schema:
    schema: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


# These stand in the schemas hundreds of times, so they say no more than they must.
REF: Schema = an_object({"value": TEXT, "name": TEXT}, "value")
WHO: Schema = an_object({"value": TEXT, "name": TEXT, "type": one_of("Customer", "Vendor", "Employee")}, "value")
EMAIL: Schema = {**an_object({"Address": words(100)}, "Address"), "examples": [{"Address": "ap@example.com"}]}
PHONE: Schema = {**an_object({"FreeFormNumber": words(30)}, "FreeFormNumber")}
WEB: Schema = an_object({"URI": words(1000)}, "URI")
MEMO: Schema = an_object({"value": words(1000)}, "value")
_ADDRESS = ("Line1", "Line2", "Line3", "Line4", "Line5", "City", "CountrySubDivisionCode", "PostalCode", "Country")
ADDRESS: Schema = an_object(dict.fromkeys(_ADDRESS, TEXT))
LINKED: Schema = records(
    an_object({"TxnId": TEXT, "TxnType": TEXT, "TxnLineId": TEXT}, "TxnId", "TxnType"),
)
TAX_DETAIL: Schema = an_object(
    {
        "TxnTaxCodeRef": REF,
        "TotalTax": MONEY,
        "TaxLine": records(
            an_object(
                {
                    "Amount": MONEY,
                    "DetailType": one_of("TaxLineDetail"),
                    "TaxLineDetail": an_object(
                        {
                            "TaxRateRef": REF,
                            "PercentBased": FLAG,
                            "TaxPercent": MONEY,
                            "NetAmountTaxable": MONEY,
                            "TaxInclusiveAmount": MONEY,
                        }
                    ),
                }
            )
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity. `queryable`: a query can filter and sort by it. `writable`: a tool can set it."""

    name: str
    doc: str
    kind: Kind
    schema: Schema
    queryable: bool = False
    writable: bool = True
    required: bool = False


def _field(kind: Kind, schema: Schema) -> Any:
    def declare(name: str, doc: str, marks: str = "", shape: Schema | None = None) -> Field:
        """`marks`: q queryable, r required to create, o only read."""
        return Field(name, doc, kind, shape or schema, "q" in marks, "o" not in marks, "r" in marks)

    return declare


text = _field("text", words())
number = _field("money", MONEY)
day = _field("date", DATE)
flag = _field("flag", FLAG)
ref = _field("ref", REF)
inner = _field("object", {"type": "object"})
instant = _field("instant", words())
identity = _field("id", ID)


def lines(schema: Schema, doc: str, *, required: bool = True) -> Field:
    return Field("Line", doc, "lines", schema, required=required)


_LINE: Mapping[str, Schema] = {
    "Id": {**ID, "description": "On an update: the existing line this is. A line without it is new."},
    "Description": words(),
    "Amount": {**MONEY, "description": "Qty × UnitPrice, checked to the cent."},
}
_CODED: Mapping[str, Schema] = {
    "CustomerRef": REF,
    "ClassRef": REF,
    "TaxCodeRef": REF,
    "BillableStatus": one_of("Billable", "NotBillable", "HasBeenBilled"),
}
_ITEM: Mapping[str, Schema] = {"ItemRef": REF, "Qty": MONEY, "UnitPrice": MONEY}


def _line(details: Mapping[str, Schema], example: Mapping[str, Any], *plain: str) -> Schema:
    kinds = one_of(*details, *plain)
    schema = an_object({**_LINE, "DetailType": kinds, **details, "LinkedTxn": LINKED})
    return {**records(schema), "examples": [[dict(example)]]}


SALES_LINES = _line(
    {
        "SalesItemLineDetail": an_object({**_ITEM, "TaxCodeRef": REF, "ClassRef": REF, "ServiceDate": DATE}),
        "DiscountLineDetail": an_object({"PercentBased": FLAG, "DiscountPercent": MONEY, "DiscountAccountRef": REF}),
    },
    {
        "Description": "Consulting",
        "Amount": "2500.00",
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": "10", "UnitPrice": "250.00"},
    },
    "DescriptionOnly",
)
EXPENSE_LINES = _line(
    {
        "AccountBasedExpenseLineDetail": an_object({"AccountRef": REF, **_CODED}),
        "ItemBasedExpenseLineDetail": an_object({**_ITEM, **_CODED}),
    },
    {
        "Description": "Stationery",
        "Amount": "84.20",
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    },
)
JOURNAL_LINES = _line(
    {
        "JournalEntryLineDetail": an_object(
            {
                "PostingType": one_of("Debit", "Credit"),
                "AccountRef": REF,
                "Entity": an_object({"Type": one_of("Customer", "Vendor", "Employee"), "EntityRef": REF}),
                "ClassRef": REF,
                "DepartmentRef": REF,
            }
        )
    },
    {
        "Amount": "100.00",
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": {"PostingType": "Debit", "AccountRef": {"value": "7"}},
    },
    "DescriptionOnly",
)
DEPOSIT_LINES = _line(
    {
        "DepositLineDetail": an_object(
            {"AccountRef": REF, "Entity": WHO, "PaymentMethodRef": REF, "CheckNum": words(21), "ClassRef": REF}
        )
    },
    {"Amount": "250.00", "LinkedTxn": [{"TxnId": "88", "TxnType": "Payment", "TxnLineId": "0"}]},
)
SETTLING_LINES: Schema = {
    **records(an_object({"Amount": MONEY, "LinkedTxn": {**LINKED, "maxItems": 1}}, "Amount", "LinkedTxn")),
    "examples": [[{"Amount": "250.00", "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}]}]],
}
BUDGET_LINES: Schema = records({"type": "object"})


def record_id(value: str) -> str:
    """A path segment that cannot lead elsewhere. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value):
        raise ValueError("is not an id")
    return value


def queryable(fields: Sequence[Field]) -> tuple[str, ...]:
    return tuple(field.name for field in fields if field.queryable)
