"""The API of one company: requests in, answers out. What a record may be and what it moves is decided below."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from finchat.dialects.quickbooks_query import QueryError
from finchat.errors import UsageError
from finchat.sandbox import exact_json
from finchat.sandbox.quickbooks import errors, queries
from finchat.sandbox.quickbooks.entities import BY_PATH, Entity
from finchat.sandbox.quickbooks.errors import Fault
from finchat.sandbox.quickbooks.records import Records
from finchat.sandbox.quickbooks.rendering import pdf
from finchat.sandbox.quickbooks.values import shown_time, stored_instant
from finchat.sandbox.quickbooks.writing import Writer

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd

LARGEST_BODY = 3_500_000
LONGEST_REQUEST_ID = 50
REQUEST_LIFE = timedelta(days=7)
JSON = "application/json;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """A request taken apart: path segments after /v3/company/{realm}, query, content type, body."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes = b""
    content_type: str = ""
    whole_path: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with its body and its type. `changed`: whether answering changed the company."""

    status: int
    content: bytes
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    changed: bool = True


Handler = Callable[[Call], Mapping[str, Any] | Answer]
"""Answers a path of its own with the members of the envelope, or with the whole answer. Raises Fault.

Runs inside the request's transaction."""


class Service:
    """The API of one company. `special` are the paths that are no entity's: name of the first segment → handler."""

    def __init__(self, back_end: QuickBooksBackEnd) -> None:
        self.back_end = back_end
        self.records = Records(back_end)
        self.writer = Writer(self.records)
        self.special: dict[str, Handler] = {}

    def answer(self, call: Call) -> Answer:
        """Run one request to its end. Only a defect raises."""
        try:
            if not self._writes(call):
                return self._snapshot(call)
            return self._write(call)
        except Fault as fault:
            return self.refused(fault)
        except sqlite3.OperationalError as error:
            # Another process holds the file, or the disk is full: nothing was written.
            return self.refused(errors.system(f"The service is temporarily unavailable ({error})", 503))
        except UsageError as error:
            return self.refused(errors.system(f"The company is not there: {error.message}", 503))

    def refused(self, fault: Fault) -> Answer:
        body: dict[str, Any] = {"Fault": fault.as_json()}
        if fault.timed:
            body["time"] = self.time()
        return Answer(fault.status, exact_json.write(body).encode(), "application/json")

    def ok(self, members: Mapping[str, Any]) -> Answer:
        return Answer(200, exact_json.write({**members, "time": self.time()}).encode())

    def time(self) -> str:
        return shown_time(self.back_end.now())

    # -- what a batch is made of: each runs inside the caller's transaction and raises Fault

    def query(self, text: str) -> dict[str, Any]:
        """The member "QueryResponse"."""
        try:
            return queries.run(self.records, text)
        except QueryError as error:
            raise errors.bad_query(error) from None

    def write(self, entity: Entity, payload: Any, operation: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Create (`operation` "create" or ""), update, delete or void; the object as it is now."""
        return self.writer.write(entity, payload, operation, params)

    # -- requests

    @staticmethod
    def _writes(call: Call) -> bool:
        return call.method not in ("GET", "HEAD") and call.path[:1] != ("query",)

    def _snapshot(self, call: Call) -> Answer:
        self.back_end.db.execute("BEGIN")
        try:
            return self._read(call)
        finally:
            self.back_end.db.execute("ROLLBACK")

    def _write(self, call: Call) -> Answer:
        key = call.query.get("requestid") or None
        if key is not None and len(key) > LONGEST_REQUEST_ID:
            raise errors.business(
                f"You cannot enter more than {LONGEST_REQUEST_ID} characters in the request_id field. You tried"
                f" entering {key[:10]}..., which is {len(key)} characters.",
                "request_id",
            )
        with self.back_end.transaction():
            if key is not None and (kept := self._replay(key)) is not None:
                return kept
            with self.back_end.savepoint():
                answer = self._change(call)
                if answer.changed:
                    self.back_end.mark_written()
            if key is not None and answer.status == 200:
                # Kept with the effect itself: a reply lost after COMMIT is repeated, never done again.
                self.back_end.db.execute(
                    "INSERT INTO request VALUES(?,?,?,?)",
                    (key, answer.status, answer.content.decode(), self.back_end.stamp()),
                )
        return answer

    def _replay(self, key: str) -> Answer | None:
        oldest = stored_instant(self.back_end.now() - REQUEST_LIFE)
        self.back_end.db.execute("DELETE FROM request WHERE at < ?", (oldest,))
        row = self.back_end.db.execute("SELECT * FROM request WHERE key = ?", (key,)).fetchone()
        return None if row is None else Answer(row["status"], row["body"].encode())

    def _read(self, call: Call) -> Answer:
        if not call.path:
            raise errors.no_such_path(call.whole_path)
        if call.path == ("query",):
            return self.ok({"QueryResponse": self.query(self._query_text(call))})
        if (handler := self.special.get(call.path[0].lower())) is not None:
            return self._handled(handler(call))
        entity = self._entity(call)
        if len(call.path) == 3 and call.path[2].lower() == "pdf" and entity.kind == "transaction":
            record = self.records.read(entity, call.path[1])
            return Answer(200, pdf(entity, self.records.shown(record)), "application/pdf")
        found = self.records.find(entity, call.path[1:], call.query)
        if found is None:
            raise errors.no_such_path(call.whole_path)
        return self.ok({entity.name: self.records.shown(found)})

    def _change(self, call: Call) -> Answer:
        if call.method != "POST" or not call.path:
            raise errors.unsupported(f"Operation {call.method} is not supported.")
        if (handler := self.special.get(call.path[0].lower())) is not None:
            return self._handled(handler(call))
        entity = self._entity(call)
        if len(call.path) == 3 and call.path[2].lower() == "send":
            return self.ok({entity.name: self.writer.send(entity, call.path[1], call.query.get("sendTo"))})
        if len(call.path) != 1:
            raise errors.no_such_path(call.whole_path)
        operation = call.query.get("operation", "").lower()
        return self.ok({entity.name: self.write(entity, read_body(call.body), operation, call.query)})

    def _handled(self, found: Mapping[str, Any] | Answer) -> Answer:
        return found if isinstance(found, Answer) else self.ok(found)

    def _entity(self, call: Call) -> Entity:
        if (entity := BY_PATH.get(call.path[0].lower())) is None:
            raise errors.no_such_path(call.whole_path)
        return entity

    @staticmethod
    def _query_text(call: Call) -> str:
        if "query" in call.query:
            return call.query["query"]
        text = call.body[:LARGEST_BODY].decode("utf-8", "replace")
        if "form" in call.content_type:
            text = parse_qs(text).get("query", [""])[-1]
        if not text:
            # The vendor answers 200 all the same when no query came at all.
            raise errors.system("System Failure Error: there is no query in the request", 200)
        return text


def read_body(body: bytes) -> Any:
    """A request's JSON, numbers as int or Decimal. Raises Fault 2010."""
    if len(body) > LARGEST_BODY:
        raise errors.system("The request is larger than is allowed", 413)
    try:
        return exact_json.read(body)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise errors.bad_property("body", f"Unexpected content: {str(error)[:120]}") from None
