"""The facts an approval rests on, read again: one reader for each group of records, in as few queries as it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from finchat.books.money import amount_text
from finchat.books.plan import Precondition
from finchat.canonical import plain_decimal
from finchat.connections.toolbox import Toolbox
from finchat.events import silent
from finchat.providers.fields import Record
from finchat.providers.quickbooks import kept_lines, parsing
from finchat.providers.quickbooks.again import WITH_INACTIVE, queried, read_again, records_of
from finchat.providers.quickbooks.payloads import (
    SYNC_TOKEN,
    contents,
    currency_of,
    deposited,
    money_account,
    reference,
    remaining_of,
    total,
    voided,
)
from finchat.providers.quickbooks.queries import all_rows, literal, together

Facts = dict[tuple[str, str], dict[str, str]]  # (type, id) -> field -> text
Wanted = Mapping[str, Sequence[str]]  # type -> ids
YES_NO = {True: "yes", False: "no"}
_DOCUMENTS = frozenset({"invoice", "bill"})
_CREDITS = frozenset({"credit_memo", "vendor_credit", "payment", "bill_payment"})
_TRANSACTIONS = _DOCUMENTS | _CREDITS | {"sales_receipt", "deposit", "purchase", "transfer", "journal_entry"}
_LISTS = frozenset({"customer", "vendor", "class", "department", "term"})


@dataclass(frozen=True, slots=True)
class FactReader:
    """Reads the facts of records of some `types`: all that are wanted in as few queries as the API allows."""

    types: frozenset[str]
    read: Callable[[Toolbox, Wanted], Awaitable[Facts]]


async def observe(toolbox: Toolbox, conditions: Sequence[Precondition]) -> Mapping[Precondition, str]:
    """The present text of each fact; a record that is gone is left out. Raises FinchatError."""
    wanted: dict[str, set[str]] = {}
    for condition in conditions:
        wanted.setdefault(condition.type, set()).add(condition.id)
    reads = []
    for reader in READERS:
        if mine := {type: sorted(ids) for type, ids in wanted.items() if type in reader.types}:
            reads.append(reader.read(toolbox, mine))
    facts: Facts = {}
    for part in await together(*reads):
        facts |= part
    return {
        condition: text
        for condition in conditions
        if (text := facts.get((condition.type, condition.id), {}).get(condition.field)) is not None
    }


async def _transactions(toolbox: Toolbox, wanted: Wanted) -> Facts:
    found = await read_again(toolbox, [(kind, id) for kind, ids in wanted.items() for id in ids])
    return {need: transaction_facts(need[0], record) for need, record in found.items() if record is not None}


def transaction_facts(kind: str, record: Record) -> dict[str, str]:
    """Version, contents, amount and state of a transaction; what is due on a document, what a credit has left."""
    currency = currency_of(record)
    text = {
        SYNC_TOKEN: record.text(SYNC_TOKEN),
        "contents": contents(kind, record),
        "currency": currency,
        "amount": _amount(total(record), currency),
        "account": money_account(record),
        "deposited": YES_NO[deposited(record)],
        "linked": ", ".join(sorted(_linked(record))) or "nothing",
    }
    if kind in _DOCUMENTS:
        due = record.decimal("Balance", Decimal(0))
        return {**text, "amount_due": _amount(due, currency), "status": parsing.status(record, due)}
    if kind in _CREDITS:
        left = remaining_of(record)
        state = "void" if voided(record) else "open" if left else "used"
        return {**text, "remaining": _amount(left, currency), "status": state}
    return {**text, "status": "void" if voided(record) else "open"}


async def _lines(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """What a change of an invoice's lines rests on."""
    found = await records_of(toolbox, "invoice", wanted[kept_lines.FACT])
    return {(kept_lines.FACT, record.text("Id")): kept_lines.facts(record) for record in found}


def _linked(record: Record) -> list[str]:
    return [f"{x.text('TxnType', '')} {x.text('TxnId', '')}" for x in record.children("LinkedTxn", "TxnId")]


def _amount(amount: Decimal, currency: str) -> str:
    return amount_text(amount, currency) if currency else plain_decimal(amount)


async def _accounts(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """lock_date of the company; status, accepts_payments, codable, kind and currency of every account. An account
    without a currency of its own is in the company's, so its preferences are read with them."""
    reads = [all_rows(toolbox, "preferences.list", "", "the preferences again", silent)]
    if "account" in wanted:
        reads.append(all_rows(toolbox, "account.list", WITH_INACTIVE, "accounts again", silent))
    preferences, *accounts = await together(*reads)
    facts: Facts = {}
    prefs = Record(preferences[0] if preferences else {}, "QuickBooks preferences", "Id")
    base = reference(prefs, "CurrencyPrefs", "HomeCurrency")
    lock = prefs.child("AccountingInfoPrefs", "BookCloseDate").optional_date("BookCloseDate")
    for id in wanted.get("organisation", ()):
        facts["organisation", id] = {"lock_date": lock.isoformat() if lock else "none"}
    for row in accounts[0] if accounts else ():
        account = parsing.account(row, base, frozenset())
        facts["account", account.id] = {
            "status": "active" if account.active else "inactive",
            "accepts_payments": YES_NO[account.accepts_payments],
            "codable": YES_NO[account.codable],
            "kind": account.kind,
            "currency": account.currency,
        }
    return facts


async def _tax_rates(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """status and percent of every tax code: three queries."""
    codes, rates, preferences = await together(
        all_rows(toolbox, "tax_code.list", WITH_INACTIVE, "tax codes again", silent),
        all_rows(toolbox, "tax_rate.list", WITH_INACTIVE, "tax rates again", silent),
        all_rows(toolbox, "preferences.list", "", "the preferences again", silent),
    )
    prefs = Record(preferences[0] if preferences else {}, "QuickBooks preferences", "Id")
    return {
        ("tax_rate", rate.type): {
            "status": "active" if rate.active else "inactive",
            "percent": plain_decimal(rate.percent),
        }
        for rate in parsing.tax_rates(codes, rates, reference(prefs, "TaxPrefs", "TaxGroupCodeRef"))
    }


async def _lists(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """Whether records of a list are still in use, and where lines of an item post."""
    found = await read_again(toolbox, [(kind, id) for kind, ids in wanted.items() for id in ids])
    facts: Facts = {}
    for need, record in found.items():
        if record is not None:
            stocked = record.text("Type", "") == "Inventory"
            facts[need] = {
                "status": "active" if record.flag("Active", True) else "inactive",
                "income_account": reference(record, "IncomeAccountRef") or "none",
                "expense_account": reference(record, "AssetAccountRef" if stocked else "ExpenseAccountRef") or "none",
            }
    return facts


async def _contact_names(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """Whether a customer, supplier or employee has this name already: `free` or `taken`."""
    names = wanted["contact_name"]
    where = f"DisplayName IN ({', '.join(literal(name) for name in names)}) AND {WITH_INACTIVE}"
    rows = await together(
        *(queried(toolbox, kind, where, f"{kind}s of this name") for kind in ("customer", "vendor", "employee"))
    )
    taken = {row.text("DisplayName", "").strip().casefold() for found in rows for row in found}
    return {
        ("contact_name", name): {"status": "taken" if name.strip().casefold() in taken else "free"} for name in names
    }


async def _invoice_numbers(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """Whether an invoice has this number already: `free` or `taken`."""
    numbers = wanted["invoice_number"]
    where = f"DocNumber IN ({', '.join(literal(number) for number in numbers)})"
    taken = {row.text("DocNumber", "") for row in await queried(toolbox, "invoice", where, "invoices of this number")}
    return {("invoice_number", number): {"status": "taken" if number in taken else "free"} for number in numbers}


READERS: tuple[FactReader, ...] = (
    FactReader(_TRANSACTIONS, _transactions),
    FactReader(frozenset({kept_lines.FACT}), _lines),
    FactReader(frozenset({"account", "organisation"}), _accounts),
    FactReader(frozenset({"tax_rate"}), _tax_rates),
    FactReader(_LISTS | {"item"}, _lists),
    FactReader(frozenset({"contact_name"}), _contact_names),
    FactReader(frozenset({"invoice_number"}), _invoice_numbers),
)
