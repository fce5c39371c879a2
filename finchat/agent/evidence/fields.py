"""What the fields of a result are called and what they hold: names in snake_case, roles, kinds of records.

Field names are finchat's own (amount_due, gross_margin) or those of Xero's API (AmountDue); a stranger's are read by
the same words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

Role = Literal["money", "percent", "ratio", "count", "number", "currency", "entity", "identifier", "text"]


def words_of(text: str) -> frozenset[str]:
    """The words of a text, for tables of them."""
    return frozenset(text.split())


# A dict under one of these names says nothing of its own: totals.revenue is revenue.
TRANSPARENT = words_of("totals ratios summary record result results data figures facts values counts amounts")
# Words of an amount. They count unless the last word says that the field is something else (due_date, tax_type).
_MONEY = words_of(
    """amount amounts total totals subtotal due paid credited balance balances price debit credit tax revenue income
    profit loss cost costs expense expenses sales purchases gross net fee fees outstanding overdue open owed owing
    remaining discount budget actual variance compare difference turnover receivable receivables payable payables cash
    deposit deposits withdrawal buckets bucket current opening closing received spent unallocated refund"""
)
_NOT_MONEY_LAST = words_of(
    """date id ids number numbers code codes name names status type types rate rates ratio percent percentage pct days
    count counts currency at on by utc reference class terms label text kind margin share rows position day month year
    format path url hash next reason note details account contact"""
)
_RATIO = words_of("ratio ratios share shares margin margins confidence")
_PERCENT = words_of("percent percentage pct")
_PERCENT_RATES = words_of("tax discount effective cis vat gst interest withholding")
_COUNTS = words_of("count counts rows days")
_QUANTITIES = words_of("quantity qty hours units weight")
_CALENDAR = words_of("year month day hour minute page version")
_NAMING = words_of(
    """name number code contact customer supplier vendor payee account counterparty item label title document invoice
    bill project customer_name"""
)
_NOT_NAMING = words_of(
    """currency country postal short reporting tax phone first last file organisation org tool server sort legal
    line"""
)
_KEYS = words_of("id ids guid uuid")
_IDENTIFYING = words_of("reference number code sku")
_CLASSES = words_of("status type types kind class section row")
_FREE_TEXT = words_of("description narration narrative note notes details text reason hint message wish")

_TYPES: Mapping[str, str] = {
    "ACCREC": "invoice",
    "ACCPAY": "bill",
    "ACCRECCREDIT": "credit_note",
    "ACCPAYCREDIT": "credit_note",
    "SPEND": "bank_transaction",
    "RECEIVE": "bank_transaction",
}
_KINDS = words_of(
    """invoice bill credit_note payment overpayment prepayment bank_transaction bank_transfer contact account item
    tax_rate tracking_category organisation quote purchase_order journal"""
)
_RESOURCES = sorted(_KINDS, key=len, reverse=True)
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,20})?")


@lru_cache(maxsize=8192)
def snake(name: str) -> str:
    """`AmountDue`, `UpdatedDateUTC`, `1-30` as amount_due, updated_date_utc, 1_30; "" where nothing is left."""
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name[:200]))
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:60]


@lru_cache(maxsize=8192)
def joined(parent: str, key: str) -> str:
    """The name of a field inside a nested object; words said twice are said once: Contact.ContactID is contact_id."""
    child = snake(key) or "field"
    if not parent:
        return f"n_{child}" if child[0].isdigit() else child
    above, below = parent.split("_"), child.split("_")
    for overlap in range(min(len(above), len(below)), 0, -1):
        if above[-overlap:] == below[:overlap]:
            return "_".join(above + below[overlap:])
    return f"{parent}_{child}"


@lru_cache(maxsize=8192)
def role_by_name(field: str) -> Role:
    """What a field holds by its name alone. "number" where the name leaves it open: the value then decides."""
    words = field.split("_")
    last, of = words[-1], frozenset(words)
    rules: tuple[tuple[bool, Role], ...] = (
        (field.endswith(("currency", "currency_code")), "currency"),
        (last in _KEYS, "identifier"),
        (bool(of & _FREE_TEXT), "text"),
        (bool(of & _RATIO), "ratio"),
        (bool(of & _PERCENT) or ("rate" in of and bool(of & _PERCENT_RATES)), "percent"),
        (last in _COUNTS or words[0] == "days", "count"),
        (last in _NAMING and not of & _NOT_NAMING, "entity"),
        (last in _IDENTIFYING, "identifier"),
        (bool(of & _MONEY) and last not in _NOT_MONEY_LAST, "money"),
        (last in _CLASSES, "text"),
    )
    return next((role for holds, role in rules if holds), "number")


def number_of(value: Any) -> Decimal | None:
    """The number that a JSON value or a decimal text is; None for anything else."""
    if isinstance(value, str):
        return Decimal(value) if _PLAIN_NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return Decimal(value)
    return value if isinstance(value, Decimal) else None


def numeric_role(field: str, value: Any, *, beside_currency: bool) -> Role | None:
    """The role of a value that is a number, or None where it is text after all (a code, a phone number)."""
    role = role_by_name(field)
    if role in ("entity", "identifier", "text", "currency"):
        return None
    if role != "number":
        return role
    if isinstance(value, str):
        # "1234" under a name nobody knows may be anything; with a point it is a number.
        _, point, places = value.partition(".")
        words = set(field.split("_"))
        if not point and not words & _QUANTITIES:
            return None
        named_otherwise = words & (_QUANTITIES | {"rate", "rates"})
        return "money" if beside_currency and len(places) >= 2 and not named_otherwise else "number"
    if isinstance(value, int):
        return "number" if set(field.split("_")) & _CALENDAR else "count"
    return "number"


@lru_cache(maxsize=4096)
def named_kind(field: str, kind: str) -> str:
    """What an entity in `field` of a record of `kind` is: contact, account, item, or the record itself."""
    words = field.split("_")
    of = set(words)
    if of & {"contact", "customer", "supplier", "vendor", "payee", "counterparty"}:
        return "contact"
    if "item" in of:
        return "item"
    if of & {"account", "bank"}:
        return "account"
    if words[-1] == "code":
        return "item" if kind == "item" else "account"
    for resource in _RESOURCES:
        if resource in field:
            return resource
    return kind


@lru_cache(maxsize=4096)
def kind_of_tool(tool: str) -> str:
    """The kind of the records that a tool of a server lists, by the words of its name; "" where it has none."""
    for resource in _RESOURCES:
        if resource in tool:
            return resource
    return ""


@lru_cache(maxsize=4096)
def singular(key: str) -> str:
    """The kind of the records in a list of this name."""
    name = snake(key)
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def kind_of_record(type_value: Any, default: str) -> str:
    """The kind of a record by its own `type`, where that is one finchat knows."""
    if isinstance(type_value, str):
        if kind := _TYPES.get(type_value):
            return kind
        for ending, kind in (("OVERPAYMENT", "overpayment"), ("PREPAYMENT", "prepayment"), ("PAYMENT", "payment")):
            if type_value.endswith(ending) and type_value.isupper():
                return kind
        if (own := snake(type_value)) in _KINDS:
            return own
    return default
