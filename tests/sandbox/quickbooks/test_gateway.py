"""The QuickBooks sandbox over HTTP: tokens, refusals in the gateway's shape, throttling, faults of a test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from finchat.sandbox.faults import Faults
from finchat.sandbox.quickbooks.app import create_app
from finchat.sandbox.quickbooks.auth import CLIENT_ID, CLIENT_SECRET
from finchat.sandbox.quickbooks.limits import Limits
from tests.sandbox.quickbooks.seeded import REALM, back_end

ROOT = Path(__file__).parents[3]
QUERY = {"query": "select * from CompanyInfo"}
TOKEN = "/oauth2/v1/tokens/bearer"


@asynccontextmanager
async def client(*, token: str | None = "any", **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    company = back_end()
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(create_app(company, **options), raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers) as made:
            yield made
    finally:
        company.close()


async def company_info(http: httpx.AsyncClient, realm: str = REALM) -> httpx.Response:
    return await http.get(f"/v3/company/{realm}/query", params=QUERY)


async def test_a_client_finds_its_way_from_the_discovery_document_to_the_company() -> None:
    async with client(token=None, strict_auth=True) as http:
        app = http._transport.app  # type: ignore[attr-defined]
        for path in ("/.well-known/openid_configuration", "/.well-known/openid_sandbox_configuration/"):
            found = (await http.get(path)).json()
            assert found["token_endpoint"] == f"http://sandbox{TOKEN}"
        form = {"grant_type": "refresh_token", "refresh_token": app.state.quickbooks.authority.refresh_token}
        reply = await http.post(TOKEN, data=form, auth=(CLIENT_ID, CLIENT_SECRET))
        http.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        answer = await company_info(http)
        assert answer.status_code == 200
        assert "CompanyInfo" in answer.json()["QueryResponse"]
        again = await http.post(TOKEN, data=form, auth=(CLIENT_ID, CLIENT_SECRET))
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        await http.post(
            "/v2/oauth2/tokens/revoke",
            json={"token": reply.json()["access_token"]},
            headers={"Authorization": httpx.BasicAuth(CLIENT_ID, CLIENT_SECRET)._auth_header},
        )
        assert (await company_info(http)).status_code == 401


async def test_a_browser_is_sent_back_with_a_code_and_the_realm() -> None:
    async with client(token=None) as http:
        query = {
            "client_id": "mine", "response_type": "code", "scope": "com.intuit.quickbooks.accounting",
            "redirect_uri": "http://localhost:1/cb", "state": "x y",
        }  # fmt: skip
        answer = await http.get("/connect/oauth2", params=query)
        assert answer.status_code == 302
        where = httpx.URL(answer.headers["location"])
        assert (where.params["state"], where.params["realmId"]) == ("x y", REALM)
        form = {"grant_type": "authorization_code", "code": where.params["code"], "redirect_uri": query["redirect_uri"]}
        reply = await http.post(TOKEN, data=form, auth=("mine", "secret"))
        assert reply.status_code == 200
        assert (await http.get("/connect/oauth2", params=query | {"scope": "x"})).status_code == 400


async def test_no_token_is_refused_in_the_gateways_own_shape() -> None:
    async with client(token=None) as http:
        answer = await company_info(http)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'
    body = answer.json()
    assert body["fault"]["type"] == "AUTHENTICATION"
    assert body["fault"]["error"][0]["code"] == "3200"
    assert isinstance(body["time"], int)


async def test_another_realm_is_refused() -> None:
    async with client() as http:
        answer = await company_info(http, "1")
    assert answer.status_code == 403
    (error,) = answer.json()["fault"]["error"]
    assert error["message"] == "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"


async def test_the_refused_shape_is_the_recorded_one(shared: Path) -> None:
    (pair,) = json.loads((shared / "data/quickbooks/recorded/error_401.json").read_text("utf-8"))
    async with client(token=None) as http:
        body = (await company_info(http)).json()
    recorded = pair["response_json"]
    assert body.keys() == recorded.keys()
    assert body["fault"]["error"][0].keys() == recorded["fault"]["error"][0].keys()
    assert {k: v for k, v in body.items() if k not in ("fault", "time")} == {
        k: v for k, v in recorded.items() if k not in ("fault", "time")
    }


async def test_the_eleventh_request_of_a_second_is_refused_as_xml_whatever_is_accepted() -> None:
    async with client(limits=Limits(per_second=2, window_s=3600)) as http:
        answers = [await company_info(http) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused = answers[-1]
    assert refused.headers["content-type"].startswith("application/xml")
    assert "errorCode=003001" in refused.text
    assert "retry-after" not in refused.headers


async def test_a_refused_call_without_a_token_does_not_count() -> None:
    async with client(limits=Limits(per_second=1)) as http:
        for _ in range(3):
            assert (await http.get(f"/v3/company/{REALM}/query", headers={"Authorization": ""})).status_code == 401
        assert (await company_info(http)).status_code == 200


async def test_a_lost_reply_leaves_a_write_done_once() -> None:
    async with client(faults=Faults(drop_after_commit=True)) as http:
        path = f"/v3/company/{REALM}/customer"
        body = {"DisplayName": "Lost and Found"}
        lost = await http.post(path, params={"requestid": "r1"}, json=body)
        assert lost.content == b""
        found = {"query": "select count(*) from Customer where DisplayName = 'Lost and Found'"}
        counted = await http.get(f"/v3/company/{REALM}/query", params=found)
        assert counted.json()["QueryResponse"]["totalCount"] == 1
        await http.post(path, params={"requestid": "r1"}, json=body)
        counted = await http.get(f"/v3/company/{REALM}/query", params=found)
        assert counted.json()["QueryResponse"]["totalCount"] == 1


@pytest.fixture
def served() -> Iterator[dict[str, str]]:
    """The ready line of a company served by another process; it is stopped with SIGTERM at the end."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox.quickbooks.serve_child"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())
    finally:
        child.terminate()
        assert child.wait(timeout=20) in (0, -15)
        assert child.stdout is not None
        child.stdout.close()


def test_a_served_company_prints_where_it_is(served: dict[str, str]) -> None:
    ready = served
    assert ready.keys() >= {"base_url", "token_url", "client_id", "client_secret", "realm_id", "refresh_token"}
    with httpx.Client(base_url=ready["base_url"]) as http:
        token_url = http.get("/.well-known/openid_configuration").json()["token_endpoint"]
        assert token_url == ready["token_url"]
        form = {"grant_type": "refresh_token", "refresh_token": ready["refresh_token"]}
        reply = http.post(token_url, data=form, auth=(ready["client_id"], ready["client_secret"])).json()
        answer = http.get(
            f"/v3/company/{ready['realm_id']}/companyinfo/{ready['realm_id']}",
            headers={"Authorization": f"Bearer {reply['access_token']}"},
        )
        assert json.loads(answer.text)["CompanyInfo"]["CompanyName"]


@pytest.mark.parametrize("path", ["/reports/Nonsense", "/reports", "/cdc/x/y", "/nonsense", "/invoice/1/2/3"])
async def test_a_path_that_is_none_is_an_unsupported_operation(path: str) -> None:
    async with client() as http:
        answer = await http.get(f"/v3/company/{REALM}{path}", params={"entities": "invoice"})
    assert answer.status_code == 400
    assert answer.json()["Fault"]["Error"][0]["code"] in ("500", "2020")
