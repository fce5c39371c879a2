"""An MCP server made from a table, on the SDK's low-level server.

The SDK's `MCPServer` reads schemas from Python signatures only; this one takes them from the rows.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server

from finchat import __version__, prompts
from finchat.errors import UsageError
from finchat.servers.failure import Failure, Outcome, invalid_argument
from finchat.servers.requests import Request, page_of, request_of, validate
from finchat.servers.schemas import OUTPUT, input_schema
from finchat.servers.table import Operation, check
from finchat.servers.upstream import Response, Upstream
from finchat.servers.vendor import Answer, Vendor

META_IDEMPOTENCY_KEY = "dev.finchat/idempotency-key"
META_RATE_LIMIT = "dev.finchat/rate-limit"
META_OPERATION = "dev.finchat/operation"
_TOOLS_A_PAGE = 50
_VERBS = ("list", "get", "create", "update", "delete", "void")
_EFFECTS = ("read", "write", "destructive")
_log = logging.getLogger(__name__)


def select(
    table: Sequence[Operation], *, methods: Iterable[str] = (), tags: Iterable[str] = ()
) -> tuple[Operation, ...]:
    """The documented rows that both filters let through; an empty filter lets all through.

    `methods`: effects (read, write, destructive), verbs of the names (list, get, create, update, delete, void) or put
    and post. Raises UsageError for a word that selects nothing.
    """
    rows = tuple(row for row in table if row.documented)
    for row in table:
        if not row.documented:
            _log.warning("%s is not served: it has no documentation", row.name)
    wanted, labels = {word.strip().lower() for word in methods}, {word.strip().lower() for word in tags}
    known_methods = {*_EFFECTS, *_VERBS, "put", "post"}
    known_tags = {tag for row in rows for tag in row.tags}
    if strangers := wanted - known_methods:
        raise UsageError(
            f"no method is called {min(strangers)!r}",
            field="--methods",
            next=f"known are: {', '.join((*_EFFECTS, *_VERBS, 'put', 'post'))}",
        )
    if strangers := labels - known_tags:
        raise UsageError(
            f"no tag is called {min(strangers)!r}", field="--tags", next=f"known are: {', '.join(sorted(known_tags))}"
        )
    chosen = tuple(
        row for row in rows if (not wanted or wanted & _words_for(row)) and (not labels or labels & set(row.tags))
    )
    if not chosen:
        raise UsageError("the filters leave no tool", field="--methods", next="widen --methods or --tags")
    return chosen


def _words_for(row: Operation) -> set[str]:
    # "get" is the verb (one record by id): every read is a GET.
    return {row.effect, row.verb} | ({row.method.lower()} if row.method in ("PUT", "POST") else set())


def tool(row: Operation) -> types.Tool:
    """The published definition of a row."""
    return types.Tool(
        name=row.name,
        description=row.doc,
        input_schema=input_schema(row),
        output_schema=OUTPUT,
        annotations=types.ToolAnnotations(
            read_only_hint=row.effect == "read",
            # Of a write the protocol means by this: more than adding something new.
            destructive_hint=row.effect == "destructive" or row.verb == "update",
            idempotent_hint=row.effect == "read",
            open_world_hint=True,
        ),
        _meta={
            META_OPERATION: {
                "method": row.method,
                "path": row.path,
                "effect": row.effect,
                "resource": row.resource,
                "tags": list(row.tags),
            }
        },
    )


def build(
    vendor: Vendor,
    upstream: Upstream,
    *,
    methods: Iterable[str] = (),
    tags: Iterable[str] = (),
    expires: datetime | None = None,
    text_copy: bool = True,
) -> Server[Any]:
    """The server of a vendor. Filters are made here, once: a tool they hide is neither listed nor callable.

    After `expires` (an aware instant) every call is refused. `text_copy` repeats the structured answer as text, for
    clients that know no structured content. Raises UsageError for filters that select nothing, ValueError for a table
    that contradicts itself.
    """
    check(vendor.table)
    rows = {row.name: row for row in select(vendor.table, methods=methods, tags=tags)}
    tools = [tool(row) for row in rows.values()]
    schemas = {entry.name: entry.input_schema for entry in tools}

    async def list_tools(_context: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        first = int(params.cursor) if params and params.cursor and params.cursor.isdecimal() else 0
        following = first + _TOOLS_A_PAGE
        return types.ListToolsResult(
            tools=tools[first:following],
            next_cursor=str(following) if following < len(tools) else None,
            ttl_ms=3_600_000,
            cache_scope="private",
        )

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        row = rows.get(params.name)
        try:
            if expires is not None and datetime.now(UTC) >= expires:
                raise Failure(
                    code="expired", message="this server has expired", next="start it again with a later --expires"
                )
            if row is None:
                raise Failure(
                    code="unknown_tool",
                    message=f"this server has no tool {params.name[:80]!r}",
                    next="list the tools; --methods and --tags may hide some",
                )
            document, limits = await _called(vendor, upstream, row, params.arguments or {}, _key(context.meta, vendor))
            return types.CallToolResult(
                content=_copy(document, text_copy),
                structured_content=document,
                _meta={META_RATE_LIMIT: dict(limits)} if limits else None,
            )
        except Failure as failure:
            return _failed(failure, text_copy)
        except Exception:  # the handshake-era wire would send str(exception) to the client
            _log.exception("tool %r", params.name)
            outcome: Outcome = "unknown" if row is None or row.effect != "read" else "failed"
            return _failed(
                Failure(
                    code="internal",
                    message="the server itself failed; its log says why",
                    next="report it with the server's log",
                    outcome=outcome,
                ),
                text_copy,
            )

    return Server(
        vendor.name,
        version=__version__,
        title=vendor.title,
        instructions=prompts.load(vendor.prompt),
        get_tool_input_schema=schemas.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _called(
    vendor: Vendor, upstream: Upstream, row: Operation, arguments: Mapping[str, Any], key: str | None
) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    """The structured answer and the rate-limit state. Raises Failure."""
    validate(row, arguments)
    page = page_of(row, arguments) if row.paging else None

    async def send(request: Request) -> Response:
        return await upstream.send(_below(vendor.base_path, request))

    if vendor.perform is not None:
        response, page = await vendor.perform(send, row, arguments, page, key)
    else:
        request = request_of(row, arguments, vendor.body_rules, idempotency_key=key)
        response = await send(vendor.paged(request, page) if page is not None and row.paging == "vendor" else request)
    limits = vendor.limits(response)
    if response.status >= 400:
        failure = vendor.refusal(row, response)
        failure.limits = limits
        raise failure
    try:
        answer = vendor.answer(row, page, response)
    except Failure as failure:
        failure.limits = limits
        raise
    more = answer.more
    records = answer.records
    if page is not None and row.paging == "here":
        first = (page.number - 1) * page.size
        more = len(records) > first + page.size
        answer = Answer(records=records[first : first + page.size], total=len(records))
    document: dict[str, Any] = {
        "records": answer.records,
        "next_cursor": page.next_cursor() if page is not None and more else None,
        "count": len(answer.records),
        "total": answer.total,
    }
    if answer.report is not None:
        document["report"] = answer.report
    return document, limits


def _below(base_path: str, request: Request) -> Request:
    path = f"{base_path.strip('/')}/{request.path}".lstrip("/")
    return Request(request.method, path, request.query, request.headers, request.body, request.writes)


def _failed(failure: Failure, text_copy: bool) -> types.CallToolResult:
    document = failure.document()
    return types.CallToolResult(
        content=_copy(document, text_copy),
        structured_content=document,
        is_error=True,
        _meta={META_RATE_LIMIT: dict(failure.limits)} if failure.limits else None,
    )


def _copy(document: Mapping[str, Any], wanted: bool) -> list[types.ContentBlock]:
    if not wanted:
        return []
    return [types.TextContent(text=json.dumps(document, ensure_ascii=False, separators=(",", ":")))]


def _key(meta: Mapping[str, Any] | None, vendor: Vendor) -> str | None:
    """The idempotency key that came outside the arguments. Raises Failure for one the vendor cannot take."""
    key = (meta or {}).get(META_IDEMPOTENCY_KEY)
    if key is None:
        return None
    if not isinstance(key, str) or not 0 < len(key) <= vendor.longest_idempotency_key or not key.isascii():
        raise invalid_argument(
            f"the idempotency key is not 1 to {vendor.longest_idempotency_key} ASCII characters",
            field=f"_meta.{META_IDEMPOTENCY_KEY}",
            next="mint a shorter one, such as a UUID",
        )
    if not key.isprintable():
        raise invalid_argument("the idempotency key holds control characters", field=f"_meta.{META_IDEMPOTENCY_KEY}")
    return key
