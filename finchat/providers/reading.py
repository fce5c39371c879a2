"""Calling read tools: every page of a list, with progress, and tool errors as finchat's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from finchat.clock import Clock, instant_text
from finchat.connections.toolbox import CallError, CallResult, Toolbox
from finchat.errors import AuthenticationError, FinchatError, LimitReached, Unavailable, UsageError
from finchat.events import Emit, Reading

_UNAVAILABLE = frozenset({"unavailable", "timeout", "dropped", "crashed", "closed", "disconnected", "oversized"})
_POLICY = frozenset({"denied", "approval_required"})
# A ledger that keeps sending pages is broken; 1,000 pages are a million documents.
_MOST_PAGES = 1000


def error_of(error: CallError, doing: str) -> FinchatError:
    """The exception that a failed read becomes: what the policy holds back 2, authentication 6, unavailable 7,
    limit 9, anything else 1."""
    text = f"{doing}: {error.message}"
    if error.code in {"unauthorized", "forbidden"} or error.status in {401, 403}:
        return AuthenticationError(text, field=error.field, next=error.next)
    if error.code in {"rate_limited", "limit"} or error.status == 429:
        wait = error.retry_after_s
        when = None if wait is None else f"try again after {instant_text(Clock().now() + timedelta(seconds=wait))}"
        return LimitReached(text, next=error.next or when)
    if error.code in _POLICY:
        return UsageError(text, code=error.code, field=error.field, next=error.next)
    if error.code in _UNAVAILABLE or (error.status or 0) >= 500:
        return Unavailable(text, next=error.next)
    return FinchatError(text, code=error.code, field=error.field, next=error.next)


async def call(toolbox: Toolbox, tool: str, arguments: Mapping[str, Any], doing: str) -> CallResult:
    """One read. Raises the FinchatError of a failed one."""
    result = await toolbox.call(tool, arguments)
    if result.error is not None:
        raise error_of(result.error, doing)
    return result


async def records(
    toolbox: Toolbox, tool: str, arguments: Mapping[str, Any], *, what: str, emit: Emit
) -> list[Mapping[str, Any]]:
    """All records of a list tool, page by page (1,000 a call unless `page_size` says otherwise).

    Raises FinchatError when a call fails or the answer is not a list of records: half a list is never a list.
    """
    emit(Reading(server=toolbox.server, what=what))
    rows: list[Mapping[str, Any]] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = dict(arguments) if cursor is None else {**arguments, "cursor": cursor}
        result = await call(toolbox, tool, page, f"reading {what}")
        body = result.structured or {}
        found = body.get("records")
        if not isinstance(found, list):
            raise FinchatError(f"reading {what}: {tool} answered without a list of records", code="unreadable_answer")
        rows.extend(found)
        following = body.get("next_cursor")
        if following is None or following == cursor:
            emit(Reading(server=toolbox.server, what=what, rows=len(rows), done=True))
            return rows
        emit(Reading(server=toolbox.server, what=what, rows=len(rows)))
        cursor = str(following)
    raise FinchatError(f"reading {what}: the server never ends its pages", code="unreadable_answer")


def single_record(result: CallResult) -> Mapping[str, Any] | None:
    """The record of an answer: the only one of `records`, or the answer itself; None without one."""
    body = result.structured
    if body is None:
        return None
    listed = body.get("records")
    if not isinstance(listed, list):
        return body
    return listed[0] if listed and isinstance(listed[0], Mapping) else None
