"""No secret survives: a real run with one planted in every place that it passes, and a cassette without any."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from finchat.cassettes.scanner import scan
from tests import forked
from tests.conversation_cases import NOW
from tests.scripted.server import Raw, Say, ScriptedModel, Seen

KEY = "mk-9fQ2rT7vLp0aXz81dd"  # of the model, of no shape that a vendor has
BEARER = "tk7Hq2mZ0aa81VxPp93"
SERVER_SECRET = "Zx81-kLmQ_w0e9r8t7y6"
EMAIL = "anna.baker@kiwi-feeds.co.nz"
ACCOUNT = "02-0456-1234567-00"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4ZXJvIn0.c2lnbmF0dXJlLW9mLXhlcm8"
CARD = "4111 1111 1111 1111"
PLANTED = (KEY, BEARER, SERVER_SECRET, EMAIL, ACCOUNT, ACCOUNT.replace("-", ""), JWT, CARD, "annabaker")
# A server that is another program: what it answers and complains of holds what it was given to sign in with.
SERVER = f"""
import json, os, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    method, result = asked["method"], None
    if method == "initialize":
        result = {{"protocolVersion": "2025-06-18", "capabilities": {{"tools": {{}}}},
                   "serverInfo": {{"name": "crm", "version": "1"}}}}
    elif method == "tools/list":
        result = {{"tools": [{{"name": "customer_notes", "description": "Notes.",
                               "inputSchema": {{"type": "object", "properties": {{}}}}}}]}}
    elif method == "tools/call":
        secret = os.environ["CRM_TOKEN"]
        result = {{"content": [{{"type": "text", "text": json.dumps({{
            "note": f"write to {EMAIL}, token {{secret}}, Authorization: Bearer {BEARER}, jwt {JWT}, card {CARD}",
            "bankAccount": "{ACCOUNT}"}})}}]}}
    said = {{"result": result}} if result is not None else {{"error": {{"code": -32601, "message": "no such method"}}}}
    print(json.dumps({{"jsonrpc": "2.0", "id": asked["id"], **said}}), flush=True)
"""
SETTINGS = """
[model]
base_url = "{url}"
name = "scripted"
key_env = "MY_MODEL_KEY"
[servers.books]
finchat = {{ profile = "xero", sandbox = true }}
[servers.crm]
command = "{python}"
args = ["{server}", "--api-key", "{bearer}"]
env = {{ CRM_TOKEN = "{secret}" }}
"""
POLICY = """
version = 1
[servers.crm]
tools = { "customer_notes" = "read" }
"""


def script(seen: Seen) -> Say | Raw:
    if not seen.results("find_tools"):
        return Say(calls=[("find_tools", {"query": "customer notes"})])
    if not seen.results("crm__customer_notes"):
        return Say(calls=[("crm__customer_notes", {})])
    if seen.turn == 3:  # an endpoint in trouble, which repeats the key
        return Raw(status=500, parts=[json.dumps({"error": {"message": f"bad key {KEY}", "code": "x"}}).encode()])
    return Say(f"The note says to write to {EMAIL} and to pay into {ACCOUNT}; the token is {SERVER_SECRET}.")


@pytest.fixture(scope="module")
def cassette(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("annabaker")  # a folder with the person's name
    home = folder / "home"
    home.mkdir()
    server = folder / "crm.py"
    server.write_text(SERVER)
    with ScriptedModel(script) as model:
        url = model.environ["OPENAI_BASE_URL"]
        (home / "finchat.toml").write_text(
            SETTINGS.format(url=url, python=sys.executable, server=server, bearer=BEARER, secret=SERVER_SECRET)
        )
        (home / "policy.toml").write_text(POLICY)
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("OPENAI_") and k != "CI"},
            "FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, "MY_MODEL_KEY": KEY, "LOGNAME": "annabaker",
        }  # fmt: skip
        question = f"What do the notes on {EMAIL} say, whose card is {CARD} and account {ACCOUNT}?"
        done = forked.run("ask", question, "--record", "run.jsonl", environment=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "run.jsonl"


@pytest.mark.parametrize("secret", PLANTED)
def test_what_was_planted_is_nowhere_in_the_file(cassette: Path, secret: str) -> None:
    text = cassette.read_text("utf-8")
    assert secret not in text
    assert json.dumps(secret)[1:-1] not in text


def test_the_scanner_finds_nothing_in_it_and_the_run_is_still_whole(cassette: Path, tmp_path: Path) -> None:
    text = cassette.read_text("utf-8")
    assert scan(text) == []
    assert "customer_notes" in text
    done = forked.run("replay", str(cassette), environment=dict(os.environ), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "The note says to write to" in done.stdout


def test_the_scanner_would_find_each_of_them() -> None:
    for secret in (JWT, EMAIL, CARD, f"Authorization: Bearer {BEARER}"):
        assert scan([{"kind": "local", "name": "x", "value": f"it says {secret} here"}]), secret
