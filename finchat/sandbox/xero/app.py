"""The vendor's HTTP surface as a Starlette application: tokens, connections and the Accounting API."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from finchat.sandbox.faults import Faults, LostReply
from finchat.sandbox.xero.auth import Authority
from finchat.sandbox.xero.errors import ApiError
from finchat.sandbox.xero.json_text import json_text
from finchat.sandbox.xero.limits import Limits, RateLimiter, Refused
from finchat.sandbox.xero.requests import LARGEST_BODY
from finchat.sandbox.xero.service import Answer, Call, Service, as_answer

if TYPE_CHECKING:
    from finchat.sandbox.xero.back_end import XeroBackEnd

_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]
_WRITES = ("PUT", "POST", "DELETE", "PATCH")


class XeroApi:
    """The endpoints; state lives here because an ASGI lifespan does not run in process."""

    def __init__(self, back_end: XeroBackEnd, limits: Limits, faults: Faults, *, strict_auth: bool) -> None:
        self.back_end = back_end
        self.authority = Authority(strict=strict_auth)
        self.limiter = RateLimiter(limits, back_end.clock.monotonic)
        self.faults = faults
        self.service = Service(back_end)

    async def token(self, request: Request) -> Response:
        body = (await request.body())[:LARGEST_BODY]
        form = {key: values[-1] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
        try:
            reply = self.authority.grant(form, request.headers.get("authorization"), self.back_end.now())
        except ApiError as error:
            return _response(as_answer(error))
        return _response(Answer(200, json_text(reply)))

    async def connections(self, request: Request) -> Response:
        try:
            self.authority.check(request.headers.get("authorization"), self.back_end.now())
        except ApiError as error:
            return _response(as_answer(error))
        if self.back_end.empty:
            return _response(Answer(200, "[]"))
        organisation = self.back_end.organisation
        tenant = self.back_end.tenant_id
        instant = self.back_end.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"
        listed = {
            "id": tenant,
            "authEventId": tenant,
            "tenantId": tenant,
            "tenantType": "ORGANISATION",
            "tenantName": organisation["Name"],
            "createdDateUtc": instant,
            "updatedDateUtc": instant,
        }
        return _response(Answer(200, json_text([listed])))

    async def api(self, request: Request) -> Response:
        correlation = {"Xero-Correlation-Id": str(uuid4())}
        try:
            custom = self.authority.check(request.headers.get("authorization"), self.back_end.now())
            tenant = request.headers.get("xero-tenant-id")
            self.authority.check_tenant(tenant, self.back_end.tenant_id, optional=custom)
        except ApiError as error:
            return _response(as_answer(error), correlation)
        if (refused := self.limiter.enter()) is not None:
            return self._too_many(refused, correlation)
        try:
            response = await self._run(request)
            response.headers.update({**self.limiter.headers(), **correlation})
            return response
        finally:
            self.limiter.leave()

    async def _run(self, request: Request) -> Response:
        try:
            # Read even for GET, where some clients send a JSON body.
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        if (unfit := _unfit(request)) is not None:
            return _response(unfit)
        call = Call(
            method=request.method,
            path=tuple(part for part in request.path_params["path"].split("/") if part),
            query=dict(request.query_params),
            modified_since=request.headers.get("if-modified-since"),
            idempotency_key=request.headers.get("idempotency-key"),
            body=body,
        )
        write = request.method in _WRITES
        if write and self.faults.delay_before_commit_s:
            await asyncio.sleep(self.faults.delay_before_commit_s)
        answer = self.service.answer(call)
        if write and self.faults.delay_after_commit_s:
            await asyncio.sleep(self.faults.delay_after_commit_s)
        if write and self.faults.drop_after_commit and answer.status == 200:
            return LostReply()
        return _response(answer)

    def _too_many(self, refused: Refused, correlation: dict[str, str]) -> Response:
        headers = {**self.limiter.headers(), **correlation, "X-Rate-Limit-Problem": refused.problem}
        if refused.problem == "minute":
            headers["X-MinLimit-Remaining"] = "0"
        if refused.retry_after_s is not None:
            headers["Retry-After"] = str(refused.retry_after_s)
        return Response(status_code=429, headers=headers)


def create_app(
    back_end: XeroBackEnd,
    *,
    limits: Limits | None = None,
    strict_auth: bool = False,
    faults: Faults | None = None,
) -> Starlette:
    """The application over a company, with its own rate limiter and tokens."""
    api = XeroApi(back_end, limits or Limits(), faults or Faults(), strict_auth=strict_auth)
    app = Starlette(
        routes=[
            Route("/connect/token", api.token, methods=["POST"]),
            Route("/connections", api.connections, methods=["GET"]),
            Route("/Connections", api.connections, methods=["GET"]),
            Route("/api.xro/2.0/{path:path}", api.api, methods=_METHODS),
        ]
    )
    app.state.xero = api
    return app


def _unfit(request: Request) -> Answer | None:
    """JSON is the only language spoken here: another one asked for or sent is refused plainly."""
    accept = request.headers.get("accept", "*/*").lower()
    if not any(kind in accept for kind in ("json", "*/*", "application/*")):
        detail = "this sandbox answers in application/json only"
        return as_answer(ApiError(406, {"Title": "Not Acceptable", "Status": 406, "Detail": detail, "Field": "Accept"}))
    sent = request.headers.get("content-type", "").lower()
    if request.method in _WRITES and ("xml" in sent or "form" in sent):
        detail = "this sandbox reads application/json only"
        return as_answer(
            ApiError(415, {"Title": "Unsupported Media Type", "Status": 415, "Detail": detail, "Field": "Content-Type"})
        )
    return None


def _response(answer: Answer, headers: dict[str, str] | None = None) -> Response:
    return Response(
        answer.text.encode("utf-8", "replace"),
        status_code=answer.status,
        headers={**answer.headers, **(headers or {})},
        media_type=answer.media_type,
    )
