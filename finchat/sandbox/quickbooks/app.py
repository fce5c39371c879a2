"""The vendor's HTTP surface as a Starlette application: discovery, tokens and the company's API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from finchat.sandbox import exact_json
from finchat.sandbox.faults import Faults, LostReply
from finchat.sandbox.quickbooks import errors, reports
from finchat.sandbox.quickbooks.auth import Authority, GatewayRefused, OAuthRefused, discovery
from finchat.sandbox.quickbooks.batch import Batch
from finchat.sandbox.quickbooks.cdc import ChangedData
from finchat.sandbox.quickbooks.limits import Limits, RateLimiter, throttled
from finchat.sandbox.quickbooks.service import LARGEST_BODY, Answer, Call, Service

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd

_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]
_DISCOVERY = (
    "openid_configuration",
    "openid_configuration/",
    "openid_sandbox_configuration",
    "openid_sandbox_configuration/",
)


class QuickBooksApi:
    """The endpoints; state lives here because an ASGI lifespan does not run in process."""

    def __init__(self, back_end: QuickBooksBackEnd, limits: Limits, faults: Faults, *, strict_auth: bool) -> None:
        self.back_end = back_end
        self.faults = faults
        self.authority = Authority(strict=strict_auth)
        self.limiter = RateLimiter(limits, back_end.clock.monotonic)
        self.service = Service(back_end)
        self.service.special |= {
            "batch": Batch(self.service).run,
            "cdc": ChangedData(self.service).run,
            "reports": self._report,
        }

    # -- who may call

    async def discovery(self, request: Request) -> Response:
        return _json(200, discovery(str(request.base_url).rstrip("/")))

    async def authorize(self, request: Request) -> Response:
        """Every user agrees at once: the browser is sent back with a code."""
        try:
            where = self.authority.authorize(request.query_params, self.back_end.realm_id, self.back_end.now())
        except OAuthRefused as refused:
            return _json(refused.status, refused.body)
        return Response(status_code=302, headers={"Location": where})

    async def token(self, request: Request) -> Response:
        form = _form(await request.body())
        try:
            reply = self.authority.grant(form, request.headers.get("authorization"), self.back_end.now())
        except OAuthRefused as refused:
            return _json(refused.status, refused.body)
        return _json(200, reply, {"Cache-Control": "no-cache, no-store"})

    async def revoke(self, request: Request) -> Response:
        body = await request.body()
        try:
            sent = exact_json.read(body)
        except (ValueError, RecursionError, ArithmeticError):
            sent = _form(body)
        token = str(sent.get("token", "")) if isinstance(sent, Mapping) else ""
        try:
            self.authority.revoke(token, request.headers.get("authorization"), self.back_end.now())
        except OAuthRefused as refused:
            return _json(refused.status, refused.body)
        return Response(status_code=200)

    # -- the company

    async def api(self, request: Request) -> Response:
        path = tuple(part for part in request.path_params["path"].split("/") if part)
        now = self.back_end.now()
        try:
            self.authority.check(request.headers.get("authorization"), now)
            self.authority.check_realm(request.path_params["realm"], self.back_end.realm_id, now)
        except GatewayRefused as refused:
            return _json(refused.status, refused.body, refused.headers)
        if not self.limiter.enter(batch=path == ("batch",)):
            return _traced(Response(throttled(self.service.time()), 429, media_type="application/xml"))
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        call = Call(
            method=request.method,
            path=path,
            query=dict(request.query_params),
            body=body,
            content_type=request.headers.get("content-type", "").lower(),
            whole_path=request.url.path,
        )
        return await self._run(call)

    async def _run(self, call: Call) -> Response:
        write = call.method == "POST" and call.path != ("query",)
        if write and self.faults.delay_before_commit_s:
            await asyncio.sleep(self.faults.delay_before_commit_s)
        answer = self.service.answer(call)
        if write and self.faults.delay_after_commit_s:
            await asyncio.sleep(self.faults.delay_after_commit_s)
        if write and self.faults.drop_after_commit and answer.status == 200:
            return LostReply()
        return _traced(Response(answer.content, answer.status, dict(answer.headers), answer.media_type))

    def _report(self, call: Call) -> Answer:
        """A report has no envelope: it is the whole answer."""
        if call.method != "GET" or len(call.path) != 2:
            raise errors.no_such_path(call.whole_path)
        found = reports.run(self.back_end, call.path[1], call.query)
        if found is None:
            raise errors.no_such_path(call.whole_path)
        return Answer(200, exact_json.write(found).encode())


def create_app(
    back_end: QuickBooksBackEnd,
    *,
    limits: Limits | None = None,
    strict_auth: bool = False,
    faults: Faults | None = None,
) -> Starlette:
    """The application over a company, with its own rate limiter and tokens."""
    api = QuickBooksApi(back_end, limits or Limits(), faults or Faults(), strict_auth=strict_auth)
    app = Starlette(
        routes=[
            *(Route(f"/.well-known/{name}", api.discovery, methods=["GET"]) for name in _DISCOVERY),
            Route("/connect/oauth2", api.authorize, methods=["GET"]),
            Route("/oauth2/v1/tokens/bearer", api.token, methods=["POST"]),
            Route("/v2/oauth2/tokens/revoke", api.revoke, methods=["POST"]),
            Route("/v3/company/{realm}/{path:path}", api.api, methods=_METHODS),
        ]
    )
    app.state.quickbooks = api
    return app


def _json(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return _traced(Response(exact_json.write(body), status, dict(headers or {}), "application/json"))


def _traced(response: Response) -> Response:
    """With the id that the vendor's support asks for."""
    response.headers["intuit_tid"] = f"1-{uuid4().hex[:8]}-{uuid4().hex[:24]}"
    return response


def _form(body: bytes) -> dict[str, str]:
    text = body[:LARGEST_BODY].decode("utf-8", "replace")
    return {key: values[-1] for key, values in parse_qs(text).items()}
