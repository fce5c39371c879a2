"""One API request against the company, synchronously: no await lies between BEGIN and COMMIT."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from finchat.errors import UsageError
from finchat.sandbox.xero import (
    bank_transactions,
    bank_transfers,
    directory,
    documents,
    queries,
    rendering,
    settlements,
)
from finchat.sandbox.xero.company import Company, Row
from finchat.sandbox.xero.errors import ApiError, Refusal, exception, not_found, validation
from finchat.sandbox.xero.json_text import json_text
from finchat.sandbox.xero.reports import Reports
from finchat.sandbox.xero.requests import elements, parse_json
from finchat.sandbox.xero.resources import RESOURCES
from finchat.sandbox.xero.values import guid_or_none, ms_instant, stored_instant

if TYPE_CHECKING:
    from finchat.sandbox.xero.back_end import XeroBackEnd

IDEMPOTENCY_LIFE = timedelta(minutes=6)
LONGEST_KEY = 128
PROVIDER = "finchat sandbox"
_NAMES = {name.lower(): name for name in (*RESOURCES, "Organisation", "Organisations", "Reports")}
_KEPT = ("Items", "ManualJournals")
_NAMES |= {name.lower(): name for name in _KEPT}
_CREDITS = {"CreditNotes": "CreditNote", "Prepayments": "Prepayment", "Overpayments": "Overpayment"}
_WRITABLE = ("Invoices", "CreditNotes", "Contacts", "Accounts", "Payments", "BankTransactions", "BankTransfers")


@dataclass(frozen=True, slots=True)
class Call:
    """A request taken apart: path segments after /api.xro/2.0, query, the two headers that matter, body."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    modified_since: str | None = None
    idempotency_key: str | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with the exact text of its body, and its type."""

    status: int
    text: str
    media_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class _Bare(dict[str, Any]):
    """An answer that comes without the envelope."""


class Service:
    """The API of one company."""

    def __init__(self, back_end: XeroBackEnd) -> None:
        self.back_end = back_end

    def answer(self, call: Call) -> Answer:
        """Run one request to its end. Only a defect raises."""
        try:
            if call.method in ("GET", "HEAD"):
                return self._snapshot(call)
            return self._write(call)
        except ApiError as error:
            return as_answer(error)
        except sqlite3.OperationalError as error:
            # Another process holds the file, or the disk is full: nothing was written.
            return as_answer(_offline(f"The Xero API is temporarily unavailable ({error})"))
        except UsageError as error:
            return as_answer(_offline(f"The organisation is offline: {error.message}"))

    def _snapshot(self, call: Call) -> Answer:
        self.back_end.db.execute("BEGIN")
        try:
            return self._ok(self._read(call))
        except Refusal as refusal:
            message, name = refusal.errors[0]
            raise exception(16, "QueryParseException", message, name) from None
        finally:
            self.back_end.db.execute("ROLLBACK")

    def _write(self, call: Call) -> Answer:
        key = call.idempotency_key
        if key is not None and not 0 < len(key) <= LONGEST_KEY:
            message = f"Idempotency Key must be 1 to {LONGEST_KEY} characters"
            raise exception(10, "ValidationException", message, "Idempotency-Key")
        request = hashlib.sha256(
            repr((call.method, [p.lower() for p in call.path], sorted(call.query.items()))).encode() + call.body
        ).hexdigest()
        with self.back_end.transaction():
            if key is not None and (kept := self._replay(key, request)) is not None:
                return kept
            try:
                with self.back_end.savepoint():
                    answer = self._ok(self._change(call))
                    self.back_end.mark_written()
            except ApiError as error:
                answer = as_answer(error)
            if key is not None:
                # Stored with the effect itself: a reply lost after COMMIT is repeated, never done again.
                self.back_end.db.execute(
                    "INSERT INTO idempotency VALUES(?,?,?,?,?)",
                    (key, request, answer.status, f"{answer.media_type}\n{answer.text}", self._instant()),
                )
        return answer

    def _replay(self, key: str, request: str) -> Answer | None:
        oldest = stored_instant(self.back_end.now() - IDEMPOTENCY_LIFE)
        self.back_end.db.execute("DELETE FROM idempotency WHERE at < ?", (oldest,))
        row = self.back_end.db.execute("SELECT * FROM idempotency WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row["request"] != request:
            message = f"Idempotency Key {key} is used with a different request."
            raise exception(10, "ValidationException", message, "Idempotency-Key")
        media_type, _, text = row["body"].partition("\n")
        return Answer(row["status"], text, media_type)

    def _instant(self) -> str:
        return stored_instant(self.back_end.now())

    def _ok(self, found: Mapping[str, Any]) -> Answer:
        envelope = {
            "Id": str(uuid4()),
            "Status": "OK",
            "ProviderName": PROVIDER,
            "DateTimeUTC": ms_instant(self.back_end.now()),
        }
        return Answer(200, json_text(found if isinstance(found, _Bare) else {**envelope, **found}))

    def _resource(self, call: Call) -> str:
        name = _NAMES.get(call.path[0].lower()) if call.path else None
        if name is None:
            raise not_found("/".join(call.path)[:60])
        return name

    # -- reading

    def _read(self, call: Call) -> dict[str, Any]:
        name, rest = self._resource(call), call.path[1:]
        if name in ("Organisation", "Organisations"):
            return {"Organisations": [queries.organisation(self.back_end)]}
        if name == "Reports":
            return {"Reports": [self._report(call)]}
        if name in _KEPT:
            return {name: self._kept(name, rest)}
        if not rest:
            page = queries.list_records(self.back_end, name, call.query, call.modified_since)
            head = {"pagination": page.pagination} if page.pagination else {}
            return {**head, name: page.records}
        if len(rest) == 1:
            return {name: [queries.one_record(self.back_end, name, rest[0], call.query)]}
        if len(rest) == 2 and rest[1].lower() == "allocations" and name in _CREDITS:
            found = queries.one_record(self.back_end, name, rest[0], {})
            return {"Allocations": found["Allocations"]}
        raise not_found("/".join(call.path)[:60])

    def _kept(self, name: str, rest: tuple[str, ...]) -> list[dict[str, Any]]:
        records = queries.others(self.back_end, name)
        if rest:
            records = [r for r in records if rest[0] in (r.get(f"{name[:-1]}ID"), r.get("Code")) and len(rest) == 1]
            if not records:
                raise not_found(name[:-1])
        return records

    def _report(self, call: Call) -> dict[str, Any]:
        reports = Reports(self.back_end)
        made: dict[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
            "profitandloss": reports.profit_and_loss,
            "balancesheet": reports.balance_sheet,
            "trialbalance": reports.trial_balance,
        }
        if len(call.path) != 2 or call.path[1].lower() not in made:
            raise not_found("Report")
        return made[call.path[1].lower()](call.query)

    # -- writing

    def _change(self, call: Call) -> dict[str, Any]:
        name, rest = self._resource(call), call.path[1:]
        if name in _CREDITS and len(rest) in (2, 3) and rest[1].lower() == "allocations":
            return self._allocations(call, name, rest)
        if call.method == "DELETE":
            if name != "Accounts" or len(rest) != 1:
                raise _not_allowed(call.method)
            return {"Accounts": [self._deleted_account(rest[0])]}
        if name not in _WRITABLE or call.method not in ("PUT", "POST") or len(rest) > 1:
            raise _not_allowed(call.method)
        if rest and call.method == "PUT":
            raise _not_allowed(call.method)
        return self._save_all(call, name, rest[0] if rest else None)

    def _save_all(self, call: Call, name: str, key: str | None) -> dict[str, Any]:
        if key is not None:
            queries.one_record(self.back_end, name, key, {})  # 404 when the path names nothing
        given = elements(parse_json(call.body), name)
        if key is not None and len(given) != 1:
            message = f"{name} must hold exactly one object when the path names one"
            raise exception(14, "PostDataInvalidException", message, name)
        if name == "Accounts" and len(given) != 1:
            raise exception(14, "PostDataInvalidException", "Accounts takes one object a request", name)
        company = Company(self.back_end)
        places = queries.unit_places(call.query)
        summarise = call.query.get("summarizeErrors", "true").lower() != "false"
        create_only = call.method == "PUT"

        def save(item: Any) -> str:
            match name:
                case "Invoices" | "CreditNotes":
                    kind = documents.INVOICE if name == "Invoices" else documents.CREDIT_NOTE
                    return documents.save(company, kind, item, create_only=create_only, key=key, unit_places=places)
                case "BankTransactions":
                    return bank_transactions.save(company, item, create_only=create_only, key=key, unit_places=places)
                case "BankTransfers":
                    return bank_transfers.save(company, item, create_only=create_only, key=key)
                case "Payments":
                    return settlements.save_payment(company, item, create_only=create_only, key=key)
                case "Contacts":
                    return directory.save_contact(company, item, create_only=create_only, key=key)
                case _:
                    return directory.save_account(company, item, create_only=create_only, key=key)

        return {name: self._each(name, given, save, summarise=summarise, places=places)}

    def _each(
        self, name: str, given: list[Any], save: Callable[[Any], str], *, summarise: bool, places: int
    ) -> list[dict[str, Any]]:
        """All or nothing, with every error; or, with summarizeErrors=false, each object for itself."""
        outcomes: list[str | Refusal] = []
        for item in given:
            try:
                with self.back_end.savepoint():
                    outcomes.append(save(item))
            except Refusal as refusal:
                outcomes.append(refusal)
        if summarise and any(isinstance(outcome, Refusal) for outcome in outcomes):
            raise validation(
                [
                    _refused(item, outcome)
                    for item, outcome in zip(given, outcomes, strict=True)
                    if isinstance(outcome, Refusal)
                ]
            )
        found: list[dict[str, Any]] = []
        for item, outcome in zip(given, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                found.append({"StatusAttributeString": "ERROR", **_refused(item, outcome)})
            else:
                record = queries.full(self.back_end, name, queries.by_guid(self.back_end, name, outcome), places)
                found.append(record if summarise else {"StatusAttributeString": "OK", **record})
        return found

    def _allocations(self, call: Call, name: str, rest: tuple[str, ...]) -> dict[str, Any]:
        company = Company(self.back_end)
        credit = self._credit(name, rest[0])
        if call.method == "DELETE" and len(rest) == 3:
            try:
                gone = settlements.delete_allocation(company, credit, rest[2])
            except Refusal as refusal:
                raise validation([_refused({"AllocationID": rest[2]}, refusal)]) from None
            # The allocation itself, without the usual envelope: what the vendor's OpenAPI says and its SDKs expect.
            # (Its live service is reported to send Allocations instead: xero-php-oauth2 #341, xero-python #159.)
            return _Bare(self._allocation(gone, name))
        if call.method not in ("PUT", "POST") or len(rest) != 2:
            raise _not_allowed(call.method)
        made: list[str] = []
        for item in elements(parse_json(call.body), "Allocations"):
            try:
                made.append(settlements.allocate(company, self._credit(name, rest[0]), item))
            except Refusal as refusal:
                raise validation([_refused(item, refusal)]) from None
        return {"Allocations": [self._allocation(identity, name) for identity in made]}

    def _credit(self, name: str, key: str) -> Row:
        row: Row | None = self.back_end.db.execute(
            "SELECT * FROM document WHERE resource = ? AND guid = ?", (name, guid_or_none(key))
        ).fetchone()
        if row is None:
            raise not_found(_CREDITS[name])
        return row

    def _allocation(self, identity: str, name: str) -> dict[str, Any]:
        row = self.back_end.db.execute(
            "SELECT a.*, d.number FROM allocation a JOIN document d ON d.guid = a.invoice WHERE a.guid = ?", (identity,)
        ).fetchone()
        found = rendering.allocation(row)
        singular = _CREDITS[name]
        found[singular] = {f"{singular}ID": row["credit"], "ID": row["credit"], "LineItems": []}
        return found

    def _deleted_account(self, key: str) -> dict[str, Any]:
        try:
            row = directory.delete_account(Company(self.back_end), key)
        except Refusal as refusal:
            raise validation([_refused({"AccountID": key}, refusal)]) from None
        return {**rendering.account(row), "Status": "DELETED"}


def as_answer(error: ApiError) -> Answer:
    """An error as its answer: JSON, plain text or nothing."""
    if isinstance(error.body, dict):
        return Answer(error.status, json_text(error.body), headers=error.headers)
    media: Literal["text/plain; charset=utf-8"] = "text/plain; charset=utf-8"
    return Answer(error.status, error.body or "", media, error.headers)


def _refused(item: Any, refusal: Refusal) -> dict[str, Any]:
    echoed = dict(item) if isinstance(item, Mapping) else {}
    return {**echoed, "HasErrors": True, "ValidationErrors": refusal.as_json()}


def _offline(detail: str) -> ApiError:
    return ApiError(503, {"Title": "Unavailable", "Status": 503, "Detail": detail})


def _not_allowed(method: str) -> ApiError:
    detail = f"method {method} is not offered here"
    return ApiError(405, {"Title": "Method Not Allowed", "Status": 405, "Detail": detail, "Field": "method"})
