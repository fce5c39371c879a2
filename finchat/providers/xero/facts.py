"""The facts an approval rests on, read again: one reader for each group of records, in as few calls as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from finchat.books.money import amount_text
from finchat.books.plan import Precondition
from finchat.canonical import plain_decimal
from finchat.connections.toolbox import Toolbox
from finchat.events import silent
from finchat.providers.fields import Record
from finchat.providers.reading import records
from finchat.providers.xero import kept_lines, parsing, reversal
from finchat.providers.xero.again import contact_records, credit_records, document_records, read_again
from finchat.providers.xero.parsing import CREDIT_IDS, CREDIT_TYPES, DOCUMENT_STATUSES, CreditKind
from finchat.providers.xero.table import TABLE

Facts = dict[tuple[str, str], dict[str, str]]  # (type, id) -> field -> text
Wanted = Mapping[str, Sequence[str]]  # type -> ids
YES_NO = {True: "yes", False: "no"}


@dataclass(frozen=True, slots=True)
class FactReader:
    """Reads the facts of records of some `types`: all that are wanted in as few calls as the API allows."""

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
    for part in await asyncio.gather(*reads):
        facts |= part
    return {
        condition: text
        for condition in conditions
        if (text := facts.get((condition.type, condition.id), {}).get(condition.field)) is not None
    }


async def documents(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """amount_due, status, currency and date of invoices and bills, under both names: one read, whatever they are
    called."""
    facts: Facts = {}
    ids = sorted({id for ids in wanted.values() for id in ids})
    for record in await document_records(toolbox, ids):
        currency = record.text("CurrencyCode", "")
        known = {
            "amount_due": amount_text(record.decimal("AmountDue"), currency),
            "status": DOCUMENT_STATUSES.get(record.text("Status"), record.text("Status")),
            "currency": currency,
            "date": record.date("Date").isoformat(),
        }
        for kind in ("invoice", "bill"):
            facts[kind, record.text("InvoiceID")] = known
    return facts


async def _lines(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """The ids of a document's lines, and what they say."""
    return {
        (kept_lines.FACT, record.text("InvoiceID")): {
            "ids": kept_lines.line_ids(record), "contents": kept_lines.said(record),
        }
        for record in await document_records(toolbox, wanted[kept_lines.FACT])
    }  # fmt: skip


async def _credits(kind: CreditKind, toolbox: Toolbox, wanted: Wanted) -> Facts:
    """remaining, status, currency and side (the kind of document it can be put against)."""
    facts: Facts = {}
    for record in await credit_records(toolbox, kind, wanted[kind]):
        status, currency = record.text("Status", ""), record.text("CurrencyCode", "")
        facts[kind, record.text(CREDIT_IDS[kind])] = {
            "remaining": amount_text(record.decimal("RemainingCredit"), currency),
            "status": DOCUMENT_STATUSES.get(status, status),
            "currency": currency,
            "side": CREDIT_TYPES.get(record.text("Type", ""), ""),
            **reversal.facts_of(kind, record),
        }
    return facts


async def _chart(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """lock_date of the organisation; status, accepts_payments, codable, code, kind and currency of every account. An
    account without a currency of its own is in the organisation's, so that is read with them."""
    reads = [records(toolbox, TABLE["organisation.list"].tool, {}, what="the organisation again", emit=silent)]
    if "account" in wanted:
        reads.append(records(toolbox, TABLE["account.list"].tool, {}, what="accounts again", emit=silent))
    organisations, *accounts = await asyncio.gather(*reads)
    facts: Facts = {}
    base = ""
    for row in organisations:
        record = Record(row, "Xero organisation", "OrganisationID")
        base = record.text("BaseCurrency", "")
        locks = [record.optional_date(name) for name in ("PeriodLockDate", "EndOfYearLockDate")]
        latest = max((lock for lock in locks if lock), default=None)
        facts["organisation", record.text("OrganisationID")] = {"lock_date": latest.isoformat() if latest else "none"}
    for row in accounts[0] if accounts else ():
        account = parsing.account(row, base, frozenset())
        facts["account", account.id] = {
            "status": Record(row, "Xero account", "AccountID").text("Status", "ACTIVE").lower(),
            "accepts_payments": YES_NO[account.accepts_payments],
            "codable": YES_NO[account.codable],
            "code": account.code,
            "kind": account.kind,
            "currency": account.currency,
        }
    return facts


async def _tax_rates(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """status and percent of every tax code, in one call."""
    rows = await records(toolbox, TABLE["tax_rate.list"].tool, {}, what="tax rates again", emit=silent)
    facts: Facts = {}
    for rate in (parsing.tax_rate(row) for row in rows):
        facts["tax_rate", rate.type] = {
            "status": "active" if rate.active else "archived",
            "percent": plain_decimal(rate.percent),
        }
    return facts


async def _tracking(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """status of every tracking option; its id is `Category=Option`."""
    tool = TABLE["tracking_category.list"].tool
    rows = await records(toolbox, tool, {}, what="tracking categories again", emit=silent)
    found = (parsing.tracking_category(row) for row in rows)
    return {
        ("tracking", tracking_id(category.name, option)): {"status": "active"}
        for category in found
        if category is not None
        for option in category.options
    }


def tracking_id(category: str, option: str) -> str:
    """The id of a tracking option in preconditions."""
    return f"{category}={option}"


async def _contacts(toolbox: Toolbox, wanted: Wanted) -> Facts:
    return {
        ("contact", record.text("ContactID")): {"status": record.text("ContactStatus", "ACTIVE").lower()}
        for record in await contact_records(toolbox, wanted["contact"])
    }


async def _contact_names(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """Whether an active contact has this name already: `free` or `taken`."""
    names = wanted["contact_name"]
    found = await asyncio.gather(*(contacts_called(toolbox, name) for name in names))
    return {
        ("contact_name", name): {"status": "taken" if contacts else "free"}
        for name, contacts in zip(names, found, strict=True)
    }


async def _invoice_numbers(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """Whether an invoice has this number already: `free` or `taken`. Xero keeps those of sales invoices unique."""
    numbers = wanted["invoice_number"]
    taken = {row["InvoiceNumber"] for row in await invoices_numbered(toolbox, numbers) if row.get("Type") == "ACCREC"}
    return {("invoice_number", number): {"status": "taken" if number in taken else "free"} for number in numbers}


async def invoices_numbered(toolbox: Toolbox, numbers: Sequence[str]) -> list[Mapping[str, Any]]:
    """Invoices and bills with one of these numbers that were not deleted. Numbers that hold a comma, which the list of
    numbers cannot, are looked for by themselves."""
    tool, plain = TABLE["invoice.list"].tool, [number for number in numbers if "," not in number]
    asked: list[dict[str, Any]] = [{"invoice_numbers": plain}] if plain else []
    asked += [{"search_term": number} for number in numbers if "," in number]
    pages = await asyncio.gather(
        *(records(toolbox, tool, one, what="invoices of this number", emit=silent) for one in asked)
    )
    found = [row for rows in pages for row in rows]
    return [row for row in found if row.get("InvoiceNumber") in numbers and row.get("Status") != "DELETED"]


async def _items(toolbox: Toolbox, wanted: Wanted) -> Facts:
    """That an item is still there."""
    rows = await records(toolbox, TABLE["item.list"].tool, {}, what="items again", emit=silent)
    return {("item", str(row.get("Code", ""))): {"status": "active"} for row in rows}


async def contacts_called(toolbox: Toolbox, name: str) -> list[Record]:
    """Active contacts of this name, in any case of letters: that is what Xero takes for the same name."""
    rows = await records(
        toolbox, TABLE["contact.list"].tool, {"search_term": name}, what="contacts of this name", emit=silent
    )
    found = [Record(row, "Xero contact", "ContactID") for row in rows]
    return [r for r in found if r.text("Name", "").strip().casefold() == name.strip().casefold()]


async def _records(kind: str, toolbox: Toolbox, wanted: Wanted) -> Facts:
    """What a reversal rests on: the records that it takes back."""
    found = await read_again(toolbox, [(kind, id) for id in wanted[kind]])
    return {(kind, id): reversal.facts_of(kind, record) for (_, id), record in found.items() if record is not None}


READERS: tuple[FactReader, ...] = (
    FactReader(frozenset({"invoice", "bill"}), documents),
    FactReader(frozenset({kept_lines.FACT}), _lines),
    FactReader(frozenset({"account", "organisation"}), _chart),
    *(FactReader(frozenset({kind}), partial(_credits, kind)) for kind in CREDIT_IDS),
    FactReader(frozenset({"tax_rate"}), _tax_rates),
    FactReader(frozenset({"tracking"}), _tracking),
    FactReader(frozenset({"contact"}), _contacts),
    FactReader(frozenset({"contact_name"}), _contact_names),
    FactReader(frozenset({"invoice_number"}), _invoice_numbers),
    FactReader(frozenset({"item"}), _items),
    *(
        FactReader(frozenset({kind}), partial(_records, kind))
        for kind in ("payment", "bank_transaction", "bank_transfer")
    ),
)
