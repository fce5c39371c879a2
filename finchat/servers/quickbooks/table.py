"""QuickBooks Online as rows: one way to list, read, create, update, delete and void for every entity, and the reports.

Updates take the SyncToken their caller saw; what else they do is in `safe_updates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from finchat.servers.quickbooks.arguments import ID, SYNC_TOKEN, Field, record_id
from finchat.servers.quickbooks.entities import ENTITIES, Entity
from finchat.servers.quickbooks.entities.entity import Verb
from finchat.servers.table import DATE, Operation, Parameter, Resource, Schema, one_of, records

LONGEST_QUERY = 4000
REMOVE_LINES, CLEAR_FIELDS = "remove_lines", "clear_fields"
_KEPT = (
    "Only what is given changes: the record is read first, merged and sent whole. If it has changed since the "
    "SyncToken you saw, nothing is written and the difference is shown."
)
_KEPT_LINES = "Lines are merged by Id, one without Id is added, and none is dropped unless `remove_lines` names it."
_VOID: Mapping[str, tuple[Mapping[str, str], Mapping[str, Any]]] = {
    "Invoice": ({"operation": "void"}, {}),
    **dict.fromkeys(
        ("Payment", "BillPayment", "SalesReceipt"), ({"operation": "update", "include": "void"}, {"sparse": True})
    ),
}


def resource_of(entity: Entity) -> Resource:
    return Resource(
        "quick_books",
        entity.singular,
        entity.plural,
        f"/{entity.path}",
        entity.name,
        (entity.plural, "lists" if entity.named else "transactions" if "TxnDate" in entity.queryable else "company"),
        wrapped=False,
    )


def selecting(entity: Entity) -> str:
    """The query of every record of an entity."""
    return f"SELECT * FROM {entity.name}"  # noqa: S608 — QuickBooks' own language, of our own words


def _query(entity: Entity) -> Parameter:
    doc = (
        f"Query in QuickBooks' own language: {selecting(entity)} [WHERE field op 'value' [AND …]] "
        "[ORDERBY field [ASC|DESC]] [STARTPOSITION n] [MAXRESULTS n]. op: = < > <= >= IN LIKE (% only). No OR, no "
        f"joins, no !=; values in single quotes, \\' inside. Fields: {', '.join(entity.queryable)}. "
        f"{_hidden(entity)}All of them when left out. Examples: {' · '.join(entity.examples)}"
    )
    return Parameter("query", doc, {"type": "string", "maxLength": LONGEST_QUERY, "examples": list(entity.examples)})


def _hidden(entity: Entity) -> str:
    return "Inactive ones only with Active IN (true, false). " if entity.named else ""


def _body(field: Field, *, required: bool) -> Parameter:
    return Parameter(field.name, field.doc, field.schema, "body", field.name, required)


def _id(entity: Entity) -> Parameter:
    return Parameter("id", f"Id of the {entity.what}.", ID, "body", "Id", required=True)


_SYNC_TOKEN = Parameter(
    "SyncToken", "SyncToken of the record as you saw it.", SYNC_TOKEN, "body", "SyncToken", required=True
)


def _create(entity: Entity, resource: Resource) -> Operation:
    rows = [_body(field, required=field.required) for field in entity.writable]
    doc = f"Create one {entity.what}; never changes an existing one. {entity.note}"
    return replace(resource.create(doc.strip(), *rows, listed=False), method="POST")


def _update(entity: Entity, resource: Resource) -> Operation:
    rows = [_id(entity), _SYNC_TOKEN, *(_body(field, required=False) for field in entity.writable)]
    if entity.has_lines:
        rows.append(
            Parameter(
                REMOVE_LINES,
                "Lines to drop: their Id, or TxnType:TxnId for a line that only links a document (Invoice:145).",
                _listed({"type": "string", "pattern": "^[A-Za-z0-9:_-]{1,60}$", "examples": ["3"]}),
                "body",
            )
        )
    if entity.clearable:
        rows.append(
            Parameter(CLEAR_FIELDS, "Fields to empty. No other is.", _listed(one_of(*entity.clearable)), "body")
        )
    lines = _KEPT_LINES if entity.has_lines else ""
    doc = " ".join(
        part.strip()
        for part in (f"Change one {entity.what}. {_KEPT}", lines, entity.update_note, _deactivation(entity))
    )
    return replace(resource.update(doc.strip()), path=resource.path, parameters=tuple(rows))


def _listed(schema: Schema) -> Schema:
    return {**records(schema), "maxItems": 200}


def _deactivation(entity: Entity) -> str:
    return "It is never deleted: `Active` false takes it out of use." if entity.named else ""


def _delete(entity: Entity, resource: Resource) -> Operation:
    return replace(
        resource.delete(
            f"Delete one {entity.what} for good. The SyncToken is the one you saw; after a change since, nothing "
            "is deleted.",
            method="POST",
            fixed_query={"operation": "delete"},
        ),
        path=resource.path,
        parameters=(_id(entity), _SYNC_TOKEN),
    )


def _void(entity: Entity, resource: Resource) -> Operation:
    query, body = _VOID[entity.name]
    row = _delete(entity, resource)
    return replace(
        row,
        name=row.name.replace("delete_", "void_", 1),
        doc=f"Void one {entity.what}: its amounts become 0, it stays with its number. It cannot be undone. The "
        "SyncToken is the one you saw.",
        fixed_query=query,
        fixed_body=body,
    )


def _rows(entity: Entity) -> tuple[Operation, ...]:
    resource = resource_of(entity)
    made: dict[Verb, Any] = {
        "list": lambda: replace(
            resource.list_all(
                f"List {entity.plural.replace('_', ' ')} by a query. {entity.note}".strip(),
                _query(entity),
                paging="vendor",
            ),
            path="/query",
        ),
        "get": lambda: resource.get_single(
            f"One {entity.what}, whole, with its SyncToken.",
            id=Parameter("id", f"Id of the {entity.what}.", ID, "path", required=True, convert=record_id),
        ),
        "create": lambda: _create(entity, resource),
        "update": lambda: _update(entity, resource),
        "delete": lambda: _delete(entity, resource),
        "void": lambda: _void(entity, resource),
    }
    return tuple(made[verb]() for verb in entity.verbs)


def _day(name: str, doc: str) -> Parameter:
    return Parameter(name, doc, DATE)


_PERIOD = (_day("start_date", "First day."), _day("end_date", "Last day."))
_METHOD = Parameter("accounting_method", "Accrual or cash basis.", one_of("Accrual", "Cash"))
_COLUMNS = Parameter(
    "summarize_column_by",
    "One column for each.",
    one_of("Total", "Month", "Week", "Days", "Quarter", "Year", "Customers", "Vendors", "Classes", "Departments"),
)
_OF = {
    name: Parameter(name, f"Only this {name.replace('department', 'location')}, by Id.", ID)
    for name in ("customer", "vendor", "class", "department", "account")
}
_AGEING = (
    _day("report_date", "As of this day."),
    Parameter("aging_period", "Days in a bucket.", {"type": "integer", "minimum": 1, "maximum": 365}),
    Parameter("num_periods", "How many buckets.", {"type": "integer", "minimum": 1, "maximum": 20}),
    Parameter("aging_method", "Age as of the report date or of today.", one_of("Report_Date", "Current")),
)
_SUMMED = (
    "One record a row: row (account, line, summary, section), section, id, name, amount (amounts with more columns)."
)
_DETAILED = "One record a row, keyed by the report's own columns; ids beside the names."


def _report(singular: str, name: str, doc: str, shape: str, *parameters: Parameter) -> Operation:
    resource = Resource("quick_books", singular, singular, f"/reports/{name}", name, ("reports",))
    return resource.list_all(doc, *parameters, shape=shape)


_REPORTS = (
    _report(
        "profit_and_loss",
        "ProfitAndLoss",
        f"Profit and loss of a period. {_SUMMED}",
        "summed",
        *_PERIOD,
        _METHOD,
        _COLUMNS,
        *_OF.values(),
    ),
    _report(
        "balance_sheet",
        "BalanceSheet",
        f"Balance sheet as of end_date. {_SUMMED}",
        "summed",
        *_PERIOD,
        _METHOD,
        _COLUMNS,
        _OF["department"],
        _OF["class"],
    ),
    _report("cash_flow", "CashFlow", f"Cash flow of a period. {_SUMMED}", "summed", *_PERIOD, _COLUMNS),
    _report(
        "trial_balance",
        "TrialBalance",
        f"Trial balance as of end_date: debit and credit of each account. {_DETAILED}",
        "columns",
        *_PERIOD,
        _METHOD,
    ),
    _report(
        "general_ledger",
        "GeneralLedger",
        f"Every posting of a period by account. {_DETAILED}",
        "columns",
        *_PERIOD,
        _METHOD,
        _OF["account"],
        _OF["customer"],
        _OF["vendor"],
    ),
    _report(
        "aged_receivables",
        "AgedReceivables",
        f"What customers owe by age. {_DETAILED}",
        "columns",
        *_AGEING,
        _OF["customer"],
    ),
    _report(
        "aged_receivable_detail",
        "AgedReceivableDetail",
        f"What customers owe, document by document. {_DETAILED}",
        "columns",
        *_AGEING,
        _OF["customer"],
    ),
    _report(
        "aged_payables",
        "AgedPayables",
        f"What suppliers are owed by age. {_DETAILED}",
        "columns",
        *_AGEING,
        _OF["vendor"],
    ),
    _report(
        "aged_payable_detail",
        "AgedPayableDetail",
        f"What suppliers are owed, document by document. {_DETAILED}",
        "columns",
        *_AGEING,
        _OF["vendor"],
    ),
    _report(
        "customer_balance",
        "CustomerBalance",
        f"What each customer owes. {_DETAILED}",
        "columns",
        _AGEING[0],
        _OF["customer"],
    ),
    _report(
        "customer_balance_detail",
        "CustomerBalanceDetail",
        f"What each customer owes, document by document. {_DETAILED}",
        "columns",
        _AGEING[0],
        _OF["customer"],
    ),
    _report(
        "vendor_balance",
        "VendorBalance",
        f"What each supplier is owed. {_DETAILED}",
        "columns",
        _AGEING[0],
        _OF["vendor"],
    ),
    _report(
        "vendor_balance_detail",
        "VendorBalanceDetail",
        f"What each supplier is owed, document by document. {_DETAILED}",
        "columns",
        _AGEING[0],
        _OF["vendor"],
    ),
    _report(
        "transaction_list",
        "TransactionList",
        f"Transactions of a period. {_DETAILED}",
        "columns",
        *_PERIOD,
        _OF["customer"],
        _OF["vendor"],
    ),
)

QUICKBOOKS: tuple[Operation, ...] = (*(row for entity in ENTITIES.values() for row in _rows(entity)), *_REPORTS)
