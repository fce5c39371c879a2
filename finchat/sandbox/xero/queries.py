"""Reading collections: filters, order, pages, one record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from finchat.sandbox.xero import rendering
from finchat.sandbox.xero.errors import Refusal, bad_query, not_found
from finchat.sandbox.xero.json_text import Raw
from finchat.sandbox.xero.resources import RESOURCES, Resource, order_sql, where_sql
from finchat.sandbox.xero.values import amount, guid_or_none, instant, ms_date, stored_instant

if TYPE_CHECKING:
    from finchat.sandbox.xero.back_end import XeroBackEnd

Row = Mapping[str, Any]
LARGEST_PAGE = 1000
DEFAULT_PAGE = 100
_DOCUMENTS = ("Invoices", "CreditNotes", "Prepayments", "Overpayments", "BankTransactions")
_LISTS = {
    "IDs": None,  # the resource's own key
    "InvoiceNumbers": "d.number",
    "ContactIDs": "d.contact",
    "Statuses": "d.status",
    "References": "d.reference",
}
# Which comma lists each collection understands.
_ACCEPTS = {
    "Invoices": ("IDs", "InvoiceNumbers", "ContactIDs", "Statuses"),
    "Contacts": ("IDs",),
    "Prepayments": (),
    "Overpayments": ("References",),
}


@dataclass(frozen=True, slots=True)
class Page:
    """Rendered records, and the pagination object when the collection was paged."""

    records: list[dict[str, Any]]
    pagination: dict[str, int] | None


def list_records(back_end: XeroBackEnd, name: str, query: Mapping[str, str], modified_since: str | None) -> Page:
    """A collection as asked for. Raises ApiError naming the parameter."""
    resource = RESOURCES[name]
    conditions, values = _conditions(resource, query, modified_since)
    where = resource.source + "".join(f" AND {condition}" for condition in conditions)
    tie = resource.seq
    if query.get("order"):
        order = f"{order_sql(name, query['order'])}, {tie}"
    else:
        order = f"{resource.updated}, {resource.key}" if resource.updated else tie
    summary = name in ("Invoices", "Contacts") and query.get("summaryOnly", "").lower() == "true"
    paged = resource.paged and (summary or "page" in query or "pageSize" in query)
    limit: tuple[int, ...] = ()
    pagination = None
    if paged:
        size = min(LARGEST_PAGE, max(1, _whole(query, "pageSize", DEFAULT_PAGE)))
        page = max(1, _whole(query, "page", 1))
        count = back_end.db.execute(f"SELECT count(*) FROM {where}", values).fetchone()[0]  # noqa: S608 - columns of the table
        pagination = {"page": page, "pageSize": size, "pageCount": -(-count // size), "itemCount": count}
        limit = (size, (page - 1) * size)
    rows = back_end.db.execute(
        f"SELECT {resource.columns} FROM {where} ORDER BY {order}{' LIMIT ? OFFSET ?' if paged else ''}",  # noqa: S608 - columns of the table
        (*values, *limit),
    ).fetchall()
    lines = paged and not summary
    places = unit_places(query)
    if name == "TrackingCategories":
        return Page([rendering.tracking_category(row, archived=_asked(query, "includeArchived")) for row in rows], None)
    return Page(render(back_end, name, rows, lines=lines, summary=summary, unit_places=places), pagination)


def one_record(back_end: XeroBackEnd, name: str, key: str, query: Mapping[str, str]) -> dict[str, Any]:
    """A record by GUID, or by number where the vendor allows it. Raises ApiError 404."""
    resource = RESOURCES[name]
    column = {"Invoices": "d.number", "CreditNotes": "d.number", "Contacts": "c.number", "TaxRates": "t.tax_type"}
    identity = guid_or_none(key)
    if identity is None and name not in column:
        raise not_found(resource.singular)
    condition = f"{resource.key} = ?" if identity and name != "TaxRates" else f"{column[name]} = ?"
    if identity is None and name in _DOCUMENTS:
        condition += " AND d.status <> 'DELETED'"
    row = back_end.db.execute(
        f"SELECT {resource.columns} FROM {resource.source} AND {condition} ORDER BY {resource.seq} DESC",  # noqa: S608 - columns of the table
        (identity or key,),
    ).fetchone()
    if row is None:
        raise not_found(resource.singular)
    return full(back_end, name, row, unit_places(query))


def full(back_end: XeroBackEnd, name: str, row: Row, places: int = 2) -> dict[str, Any]:
    """One record with everything: a document with its lines and contact, a payment with its document."""
    (found,) = render(back_end, name, [row], lines=True, unit_places=places)
    if name in _DOCUMENTS and row["contact"]:
        contact = by_guid(back_end, "Contacts", row["contact"])
        found["Contact"] = rendering.contact(contact)
    if name == "Contacts" and (owed := _balances(back_end, row["guid"])):
        found["Balances"] = owed
    if name == "Payments":
        paid = by_guid(back_end, row["resource"], row["document"])
        (document,) = render(back_end, row["resource"], [paid], lines=True)
        if row["resource"] == "Invoices":
            found["Invoice"] = document
        else:
            found["Invoice"] |= {"Status": document["Status"], "Total": document["Total"]}
            found[RESOURCES[row["resource"]].singular] = document
    return found


def _balances(back_end: XeroBackEnd, contact: str) -> dict[str, dict[str, Raw]]:
    """What a contact owes and is owed on documents in base currency, and how much of it is overdue."""
    today = stored_instant(back_end.now())[:10]
    rows = back_end.db.execute(
        "SELECT substr(type, 1, 6), sum(base_due), sum(CASE WHEN due_date < ? THEN base_due ELSE 0 END) FROM document"
        " WHERE contact = ? AND resource = 'Invoices' AND base_due > 0 GROUP BY type",
        (today, contact),
    )
    names = {"ACCREC": "AccountsReceivable", "ACCPAY": "AccountsPayable"}
    return {
        names[side]: {"Outstanding": amount(outstanding), "Overdue": amount(overdue)}
        for side, outstanding, overdue in rows
    }


def by_guid(back_end: XeroBackEnd, name: str, guid: str) -> Row:
    """The row of a record that exists."""
    resource = RESOURCES[name]
    row: Row | None = back_end.db.execute(
        f"SELECT {resource.columns} FROM {resource.source} AND {resource.key} = ?",  # noqa: S608 - columns of the table
        (guid,),
    ).fetchone()
    if row is None:
        raise not_found(resource.singular)
    return row


def render(
    back_end: XeroBackEnd,
    name: str,
    rows: Iterable[Row],
    *,
    lines: bool,
    summary: bool = False,
    unit_places: int = 2,
) -> list[dict[str, Any]]:
    """Rows as the vendor's records."""
    if name in _DOCUMENTS:
        listed = list(rows)
        settled = rendering.Settlements(back_end.db, [] if summary else rendering.many(listed))
        return [
            rendering.document(row, settled, lines=lines, summary=summary, unit_places=unit_places) for row in listed
        ]
    simple: dict[str, Callable[[Row], dict[str, Any]]] = {
        "Payments": rendering.payment,
        "Accounts": rendering.account,
        "Contacts": rendering.contact,
        "TaxRates": rendering.tax_rate,
        "BankTransfers": rendering.bank_transfer,
        "TrackingCategories": rendering.tracking_category,
    }
    return [simple[name](row) for row in rows]


def others(back_end: XeroBackEnd, resource: str) -> list[dict[str, Any]]:
    """Records that are kept as they were loaded."""
    rows = back_end.db.execute("SELECT body FROM other WHERE resource = ? ORDER BY seq", (resource,))
    return [json.loads(row[0]) for row in rows]


def organisation(back_end: XeroBackEnd) -> dict[str, Any]:
    """The Organisation record with dates in the vendor's form."""
    found = back_end.organisation
    for key in ("PeriodLockDate", "EndOfYearLockDate", "CreatedDateUTC"):
        if found.get(key):
            found[key] = ms_date(stored_instant(instant(found[key], key)))
        else:
            found.pop(key, None)
    return found


def unit_places(query: Mapping[str, str]) -> int:
    """Decimal places of UnitAmount: 4 when asked for, else 2. Raises ApiError."""
    given = query.get("unitdp", "2")
    if given not in ("2", "4"):
        raise bad_query("unitdp must be 2 or 4", "unitdp")
    return int(given)


def _conditions(
    resource: Resource, query: Mapping[str, str], modified_since: str | None
) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if query.get("where"):
        sql, args = where_sql(resource.name, query["where"])
        conditions.append(f"({sql})")
        values += args
    for parameter in _ACCEPTS.get(resource.name, ()):
        if query.get(parameter):
            column = _LISTS[parameter] or resource.key
            wanted = [item.strip().strip('"') for item in query[parameter].split(",")]
            if parameter in ("IDs", "ContactIDs"):
                wanted = [_identifier(item, parameter) for item in wanted]
            conditions.append(f"{column} IN (SELECT value FROM json_each(?))")  # noqa: S608 - columns of the table
            values.append(json.dumps(wanted))
    if resource.name == "Contacts" and not _asked(query, "includeArchived") and not query.get("IDs"):
        conditions.append("c.status <> 'ARCHIVED'")
    if resource.name == "BankTransfers" and not _asked(query, "includeDeleted"):
        conditions.append("t.status <> 'DELETED'")
    if resource.name == "TrackingCategories" and not _asked(query, "includeArchived"):
        conditions.append("coalesce(json_extract(o.body, '$.Status'), 'ACTIVE') = 'ACTIVE'")
    if query.get("searchTerm") and resource.name in ("Invoices", "Contacts"):
        columns = "d.number d.reference c.name" if resource.name == "Invoices" else "c.name c.first_name c.email"
        tests = " OR ".join(f"instr(lower(coalesce({column}, '')), lower(?)) > 0" for column in columns.split())
        conditions.append(f"({tests})")
        values += [query["searchTerm"]] * 3
    if modified_since and resource.updated:
        conditions.append(f"{resource.updated} >= ?")
        values.append(_since(modified_since))
    return conditions, values


def _asked(query: Mapping[str, str], flag: str) -> bool:
    return query.get(flag, "").lower() == "true"


def _identifier(given: str, parameter: str) -> str:
    if (found := guid_or_none(given)) is None:
        raise bad_query(f"{parameter} holds '{given[:60]}', which is not a valid identifier", parameter)
    return found


def _since(given: str) -> str:
    try:
        return stored_instant(instant(given, "If-Modified-Since"))[:19]
    except Refusal:
        pass
    try:
        found = parsedate_to_datetime(given)
        return stored_instant(found if found.tzinfo else found.replace(tzinfo=UTC))[:19]
    except (ValueError, TypeError, OverflowError, IndexError):
        raise bad_query("If-Modified-Since is not a valid date and time", "If-Modified-Since") from None


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    given = query.get(name)
    if given is None or given == "":
        return default
    if not (given.lstrip("-").isascii() and given.lstrip("-").isdigit() and len(given) < 10):
        raise bad_query(f"{name} must be a whole number", name)
    return int(given)
