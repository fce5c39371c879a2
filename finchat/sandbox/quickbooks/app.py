"""The vendor's HTTP surface as a Starlette application: the company's API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from finchat.sandbox.faults import Faults
from finchat.sandbox.quickbooks.limits import Limits
from finchat.sandbox.quickbooks.service import Answer, Call, Service

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd

_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]


class QuickBooksApi:
    """The endpoints; state lives here because an ASGI lifespan does not run in process."""

    def __init__(self, back_end: QuickBooksBackEnd, limits: Limits, faults: Faults, *, strict_auth: bool) -> None:
        self.back_end = back_end
        self.faults = faults
        self.limits = limits
        self.strict_auth = strict_auth
        self.service = Service(back_end)

    async def api(self, request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        call = Call(
            method=request.method,
            path=tuple(part for part in request.path_params["path"].split("/") if part),
            query=dict(request.query_params),
            body=body,
            content_type=request.headers.get("content-type", "").lower(),
            whole_path=request.url.path,
        )
        return _response(self.service.answer(call))


def create_app(
    back_end: QuickBooksBackEnd,
    *,
    limits: Limits | None = None,
    strict_auth: bool = False,
    faults: Faults | None = None,
) -> Starlette:
    """The application over a company, with its own rate limiter and tokens."""
    api = QuickBooksApi(back_end, limits or Limits(), faults or Faults(), strict_auth=strict_auth)
    app = Starlette(routes=[Route("/v3/company/{realm}/{path:path}", api.api, methods=_METHODS)])
    app.state.quickbooks = api
    return app


def _response(answer: Answer) -> Response:
    headers = {"intuit_tid": f"1-{uuid4().hex[:8]}-{uuid4().hex[:24]}", **answer.headers}
    return Response(answer.content, status_code=answer.status, headers=headers, media_type=answer.media_type)
