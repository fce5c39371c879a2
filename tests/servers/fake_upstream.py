"""A small HTTP API that keeps what it was asked and answers as a test wants: for faults no faithful back end has."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from mcp import Client
from mcp_types import RequestParamsMeta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from finchat.servers.upstream import in_process
from finchat.servers.xero.server import build

Answering = Callable[["Asked"], Awaitable[Response]]
GUID = "5d8a7d6c-5d1a-4a0f-8f6f-5d8a7d6c5d1a"
OTHER_GUID = "0e1f2a3b-1111-4222-8333-444455556666"


@dataclass
class Asked:
    """One request as it arrived; `body` is parsed with exact numbers."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content, parse_float=Decimal)


def reply(text: str | bytes, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(text, status, {"Content-Type": "application/json; charset=utf-8", **named})


async def one_payment(asked: Asked) -> Response:
    """A payment whose reference repeats the idempotency key that came."""
    key = json.dumps(asked.headers.get("idempotency-key"))
    return reply(
        f'{{"Status":"OK","Payments":[{{"PaymentID":"{GUID}","Amount":110,"Reference":{key}}}]}}',
        X_MinLimit_Remaining="59",
        X_DayLimit_Remaining="4984",
    )


@dataclass
class FakeUpstream:
    answering: Answering = one_payment
    asked: list[Asked] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._take, methods=["GET", "PUT", "POST", "DELETE"])])

    async def _take(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode()
        asked = Asked(request.method, path, request.query_params, request.headers, await request.body())
        self.asked.append(asked)
        return await self.answering(asked)


@asynccontextmanager
async def session(
    upstream: FakeUpstream, *, mode: str = "auto", total_s: float = 5.0, **build_options: Any
) -> AsyncIterator[Client]:
    """A real MCP client session with the Xero server in memory, on the fake upstream."""
    async with (
        in_process(upstream.app(), total_s=total_s) as wire,
        Client(build(wire, **build_options), mode=mode) as client,
    ):
        yield client


def error_of(result: Any) -> dict[str, Any]:
    """The error of a failed call."""
    assert result.is_error
    error = result.structured_content["error"]
    assert isinstance(error, dict)
    return error


def answer_of(result: Any) -> dict[str, Any]:
    """The structured answer of a call that went well."""
    assert not result.is_error, result.structured_content
    answer = result.structured_content
    assert isinstance(answer, dict)
    return answer


def keyed_by(key: Any) -> RequestParamsMeta:
    """The `_meta` of a call that carries an idempotency key."""
    meta: Any = {"dev.finchat/idempotency-key": key}
    return cast("RequestParamsMeta", meta)


PAYMENT = {"invoice_id": GUID, "account_code": "090", "date": "2026-11-14", "amount": "110.50"}
