"""The Xero server: the table, and what Xero's answers mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from finchat.clock import instant_text
from finchat.servers.failure import Failure
from finchat.servers.requests import BodyRules, Page, Request
from finchat.servers.table import Operation
from finchat.servers.upstream import Response, Upstream
from finchat.servers.vendor import Answer, Vendor
from finchat.servers.xero.errors import refusal, refused_elements, retry_after
from finchat.servers.xero.normalise import DECIMALS, parse
from finchat.servers.xero.reports import flatten
from finchat.servers.xero.table import XERO

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

# Xero's published limits per organisation; its headers only say what is left. (Its free tier has 1,000 a day.)
MINUTE_LIMIT = 60
DAY_LIMIT = 5000
# What Xero puts around every answer.
_ENVELOPE = ("Id", "Status", "ProviderName", "DateTimeUTC")
_POLICY = re.compile(r"\bq=(\d{1,9});w=(\d{1,9}(?:\.\d{1,3})?)\b")


def build(
    upstream: Upstream,
    *,
    methods: Iterable[str] = (),
    tags: Iterable[str] = (),
    expires: datetime | None = None,
    text_copy: bool = True,
) -> Server[Any]:
    """The MCP server on `upstream`; see `finchat.servers.server.build`."""
    from finchat.servers import server

    return server.build(VENDOR, upstream, methods=methods, tags=tags, expires=expires, text_copy=text_copy)


def paged(request: Request, page: Page) -> Request:
    return replace(request, query={**request.query, "page": str(page.number), "pageSize": str(page.size)})


def answer(row: Operation, page: Page | None, response: Response) -> Answer:
    """Raises Failure unexpected_answer for what is not Xero's JSON: the outcome of a write is unknown then."""
    if response.status in (204, 304) or (row.effect == "destructive" and not response.content):
        return Answer(records=[])
    try:
        data = parse(response.content)
        if row.shape == "single" and row.envelope not in data:
            return Answer(records=[_single(data)])
        records = data[row.envelope]
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise TypeError("the records are no list of objects")
        if row.shape in ("columns", "periods"):
            flat, head = flatten(records[0], cast('Literal["columns", "periods"]', row.shape))
            return Answer(records=flat, report=head)
        if row.effect != "read" and (refused := refused_elements(row, records)):
            raise refused
        if page is None or row.paging != "vendor":
            return Answer(records=records)
        pagination = data.get("pagination")
        if pagination is None:
            # An upstream that does not page: a full page may have a successor.
            return Answer(records=records, more=len(records) >= page.size)
        return Answer(
            records=records, more=page.number < int(pagination["pageCount"]), total=int(pagination["itemCount"])
        )
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Failure(
            code="unexpected_answer",
            message=f"the answer is not Xero's JSON for {row.envelope} (status {response.status})",
            next="check XERO_BASE_URL" if row.effect == "read" else "read back whether it was written",
            status=response.status,
            outcome="failed" if row.effect == "read" else "unknown",
        ) from error


def _single(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record that came without its envelope, as the deletion of an allocation does by Xero's own description.

    Xero's description spells its id both AllocationID and AllocationId. Raises TypeError for anything else.
    """
    found = {name: value for name, value in record.items() if name not in _ENVELOPE}
    if "AllocationId" in found:
        found.setdefault("AllocationID", found.pop("AllocationId"))
    if not isinstance(found.get("IsDeleted"), bool):
        raise TypeError("the answer holds no record")
    return found


def limits(response: Response) -> Mapping[str, Any] | None:
    """Xero's rate-limit headers, normalised; None when it sent none. On a 429 the limit it names has nothing left."""
    minute, day = _count(response, "x-minlimit-remaining"), _count(response, "x-daylimit-remaining")
    wait = retry_after(response) if response.status == 429 else None
    if response.status == 429:
        problem = response.headers.get("x-rate-limit-problem", "").lower()
        minute = 0 if problem == "minute" else minute
        day = 0 if problem == "day" else day
    if minute is None and day is None and wait is None:
        return None
    told = _POLICY.search(response.headers.get("ratelimit-policy", ""))  # a sandbox with limits of its own names them
    own: dict[str, int | float] = {"minute_limit": int(told[1]), "window_s": float(told[2])} if told else {}
    return {
        "minute_limit": max(MINUTE_LIMIT, minute or 0),
        "minute_remaining": minute,
        "day_limit": max(DAY_LIMIT, day or 0),
        "day_remaining": day,
        "resets_at": None if wait is None else instant_text(datetime.now(UTC) + timedelta(seconds=wait)),
        **own,
    }


def _count(response: Response, name: str) -> int | None:
    text = response.headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


VENDOR = Vendor(
    name="finchat-xero",
    title="Xero",
    prompt="servers/xero",
    base_path="/api.xro/2.0",
    table=XERO,
    paged=paged,
    answer=answer,
    refusal=refusal,
    limits=limits,
    body_rules=BodyRules(
        decimals=DECIMALS,
        never=dict.fromkeys(
            ("IsReconciled", "FromIsReconciled", "ToIsReconciled"),
            "matching a statement line is a person's act in Xero",
        ),
    ),
)
