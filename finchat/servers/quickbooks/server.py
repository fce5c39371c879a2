"""The QuickBooks server: the table, what QuickBooks' answers mean, and the calls that look before they write."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from finchat.clock import instant_text
from finchat.servers.failure import Failure
from finchat.servers.quickbooks import queries, totals
from finchat.servers.quickbooks.entities import ENTITIES, Entity
from finchat.servers.quickbooks.errors import STALE, fault_in, first_error, refusal, retry_after
from finchat.servers.quickbooks.normalise import DECIMALS, parse, raw
from finchat.servers.quickbooks.reports import Shape, flatten
from finchat.servers.quickbooks.safe_updates import differences, merged
from finchat.servers.quickbooks.table import CLEAR_FIELDS, QUICKBOOKS, REMOVE_LINES
from finchat.servers.requests import BodyRules, Page, Request, body_of, encoded, request_of
from finchat.servers.table import Operation
from finchat.servers.upstream import Response, Upstream
from finchat.servers.vendor import Answer, Send, Vendor

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

# Published per company, 500 a minute and 10 a second; QuickBooks tells nothing of it in its answers. Who keeps to 8 in
# any second keeps to both.
CALLS, WINDOW_S = 8, 1.0
# QuickBooks may work on a request this long: until then, an answer that never came proves nothing.
REQUEST_LIFETIME_S = 120.0
LONGEST_REQUEST_ID = 50
_REMEMBERED = 2000
_LONGEST_MESSAGE = 1000
_NO_CHARGE = "these tools record; they charge no card and send no money"
BODY_RULES = BodyRules(
    decimals=DECIMALS,
    never={
        **dict.fromkeys(("ProcessPayment", "ProcessBillPayment", "CreditChargeInfo"), _NO_CHARGE),
        "IsReconciled": "matching a statement line is a person's act in QuickBooks",
    },
)


def build(
    upstream: Upstream,
    *,
    methods: Iterable[str] = (),
    tags: Iterable[str] = (),
    expires: datetime | None = None,
    text_copy: bool = True,
) -> Server[Any]:
    """The MCP server on `upstream`, whose address is one company's; see `finchat.servers.server.build`."""
    from finchat.servers import server

    own = vendor(upstream.path)
    return server.build(own, upstream, methods=methods, tags=tags, expires=expires, text_copy=text_copy)


def vendor(path: str = "") -> Vendor:
    """QuickBooks as the generic server needs it, with a memory of its own of what it has answered. `path`: below which
    the company's API is; it ends in the realm, which QuickBooks' own records do not tell."""
    calls = Calls(path.rstrip("/").rpartition("/")[2])
    return Vendor(
        name="finchat-quickbooks",
        title="QuickBooks Online",
        prompt="servers/quickbooks",
        base_path="",
        table=QUICKBOOKS,
        paged=lambda request, page: request,
        answer=calls.answer,
        refusal=refusal,
        limits=limits,
        body_rules=BODY_RULES,
        longest_idempotency_key=LONGEST_REQUEST_ID,
        perform=calls.perform,
    )


class Calls:
    """The calls of one server. It remembers the records it answered, to show what changed since somebody saw one."""

    def __init__(self, realm: str = "") -> None:
        self._realm = realm
        self._seen: OrderedDict[tuple[str, str, str], Mapping[str, Any]] = OrderedDict()

    async def perform(
        self, send: Send, row: Operation, arguments: Mapping[str, Any], page: Page | None, key: str | None
    ) -> tuple[Response, Page | None]:
        """One call. Raises Failure, for a write before it is sent where what is wrong can be known here."""
        entity = entity_of(row)
        if entity is not None and row.verb == "list" and page is not None:
            request, page = _listing(entity, arguments.get("query"), page)
            return await send(request), page
        if entity is None or row.effect == "read":
            return await send(request_of(row, arguments, BODY_RULES)), page
        if row.verb == "update":
            body = await self._update(send, row, entity, arguments)
        else:
            body = body_of(row, arguments, BODY_RULES)
            if row.verb == "create":
                totals.check(entity, body, stated="TotalAmt" in body)
        keyed = {} if key is None else {"requestid": key}
        response = await send(
            Request("POST", entity.path, {**row.fixed_query, **keyed}, {}, encoded(body), writes=True)
        )
        if response.status == 400 and row.verb != "create" and first_error(response)[0] == STALE:
            raise await self._overtaken(send, row, entity, arguments, response)
        return response, page

    async def _update(self, send: Send, row: Operation, entity: Entity, arguments: Mapping[str, Any]) -> dict[str, Any]:
        changes = body_of(row, arguments, BODY_RULES)
        for name in ("Id", "SyncToken", REMOVE_LINES, CLEAR_FIELDS):
            changes.pop(name, None)
        remove, clear = arguments.get(REMOVE_LINES, ()), arguments.get(CLEAR_FIELDS, ())
        if not (changes or remove or clear):
            raise Failure(
                code="invalid_argument", message="nothing to change", next="give at least one field that changes"
            )
        current = await self._read(send, row, entity, str(arguments["id"]))
        if str(current["SyncToken"]) != arguments["SyncToken"]:
            raise self._stale(entity, arguments, current)
        body = merged(entity, current, changes, remove=remove, clear=clear)
        totals.check(entity, body, stated="TotalAmt" in changes)
        return body

    async def _read(self, send: Send, row: Operation, entity: Entity, id: str) -> dict[str, Any]:
        """The record before it is changed, amounts exact. Raises Failure not_sent: the write did not begin."""
        request = Request("GET", f"{entity.path}/{quote(id, safe='')}")
        try:
            response = await send(request)
            if response.status >= 400:
                raise refusal(row, response)
            record = raw(response.content)[entity.name]
            if str(record["Id"]) != id or not record["SyncToken"]:
                raise KeyError("Id")
        except Failure as failure:
            failure.outcome = "not_sent"
            raise
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise _unexpected(entity.name, response, "not_sent") from error
        return cast("dict[str, Any]", record)

    async def _overtaken(
        self, send: Send, row: Operation, entity: Entity, arguments: Mapping[str, Any], response: Response
    ) -> Failure:
        """QuickBooks says that the record changed; what changed is read for the caller."""
        told = refusal(row, response)
        try:
            failure = self._stale(entity, arguments, await self._read(send, row, entity, str(arguments["id"])))
        except Failure:
            return told
        failure.status, failure.outcome = told.status, told.outcome
        return failure

    def _stale(self, entity: Entity, arguments: Mapping[str, Any], current: Mapping[str, Any]) -> Failure:
        now = _normal(current)
        id, token = str(now["Id"]), str(arguments["SyncToken"])
        before = self._seen.get((entity.name, id, token))
        if before is not None:
            changed = differences(before, now) or ["nothing that these tools show"]
            shown = f"Changed since: {'; '.join(changed)}"
        else:
            given = [name for name in arguments if name in now and name not in ("Id", "SyncToken")]
            held = differences({}, {name: now[name] for name in given})
            shown = f"What you would change: {'; '.join(held)}" if held else "Read it again to see what changed"
        at = (now.get("MetaData") or {}).get("LastUpdatedTime")
        when = f", last changed {at}" if at else ""
        self._remember(entity, now)
        return Failure(
            code="conflict",
            message=f"{entity.what} {id} is at SyncToken {now['SyncToken']}, not {token}{when}. {shown}"[
                :_LONGEST_MESSAGE
            ],
            field="SyncToken",
            next=f"read it with get_single_quick_books_{entity.singular}_by_id, and decide anew",
        )

    def answer(self, row: Operation, page: Page | None, response: Response) -> Answer:
        """Raises Failure unexpected_answer for what is not QuickBooks' JSON: a write's outcome is unknown then."""
        try:
            data = parse(response.content)
            if (fault := fault_in(row, data, response)) is not None:
                raise fault
            entity = entity_of(row)
            if entity is None:
                flat, head = flatten(data, cast("Shape", row.shape))
                return Answer(records=flat, report=head)
            found = _listed(entity, data["QueryResponse"], page) if row.verb == "list" else _single(entity, data)
            for record in found.records:
                self._remember(entity, record)
            if entity.name == "CompanyInfo" and self._realm:
                found = replace(found, records=[{**record, "RealmId": self._realm} for record in found.records])
            return found
        except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise _unexpected(row.envelope, response, "failed" if row.effect == "read" else "unknown") from error

    def _remember(self, entity: Entity, record: Mapping[str, Any]) -> None:
        key = (entity.name, str(record.get("Id")), str(record.get("SyncToken")))
        self._seen[key] = record
        self._seen.move_to_end(key)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


def entity_of(row: Operation) -> Entity | None:
    """What a row is about; None for a report."""
    return None if row.path.startswith("/reports/") else ENTITIES[row.envelope]


def limits(response: Response) -> Mapping[str, Any] | None:
    """What QuickBooks allows, since it never says what is left; on a 429 nothing is, for the time it names."""
    refused = response.status == 429
    wait = timedelta(seconds=retry_after(response)) if refused else None
    return {
        "minute_limit": CALLS,
        "minute_remaining": 0 if refused else None,
        "window_s": WINDOW_S,
        "day_limit": None,
        "day_remaining": None,
        "resets_at": None if wait is None else instant_text(datetime.now(UTC) + wait),
    }


def _listing(entity: Entity, text: str | None, page: Page) -> tuple[Request, Page]:
    query, most = queries.checked(entity, text)
    page = page if most is None else replace(page, size=min(page.size, most))
    start = query.start + (page.number - 1) * page.size
    return Request("GET", "query", {"query": queries.text_of(query, start=start, most=page.size)}), page


def _listed(entity: Entity, data: Mapping[str, Any], page: Page | None) -> Answer:
    if "totalCount" in data and entity.name not in data:
        return Answer(records=[], total=int(data["totalCount"]))
    records = data.get(entity.name, [])
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise TypeError("the records are no list of objects")
    more = page is not None and len(records) >= page.size
    first = page is None or (page.number == 1 and data.get("startPosition") == 1)
    return Answer(records=records, more=more, total=len(records) if first and not more else None)


def _single(entity: Entity, data: Mapping[str, Any]) -> Answer:
    record = data[entity.name]
    if not isinstance(record, dict) or not record.get("Id"):
        raise TypeError("the answer holds no record")
    return Answer(records=[record])


def _normal(record: Any) -> Any:
    """A record with exact amounts, as the tools answer it."""
    return parse(encoded(record))


def _unexpected(name: str, response: Response, outcome: Any) -> Failure:
    return Failure(
        code="unexpected_answer",
        message=f"the answer is not QuickBooks' JSON for {name} (status {response.status})",
        next="read back whether it was written" if outcome == "unknown" else "check QUICKBOOKS_BASE_URL",
        status=response.status,
        outcome=outcome,
    )


__all__ = ["CALLS", "REQUEST_LIFETIME_S", "WINDOW_S", "Calls", "build", "limits", "vendor"]
