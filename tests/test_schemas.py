"""`finchat schema`: what real commands print, and the files they read, are as the published schemas say."""

from __future__ import annotations

import copy
import json
import os
import re
import sqlite3
import tomllib
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from finchat.app.schemas import PUBLISHED
from finchat.books.findings import CODES
from finchat.books.schemas import MEANINGS
from finchat.errors import UsageError
from finchat.safety.keys import all_keys
from finchat.safety.policy import Policy
from finchat.safety.signatures import add, sign_plan
from finchat.settings import Home, load_settings
from finchat.verifier import KEYS
from finchat.workflows import feed
from finchat.workflows.plans import load
from tests import forked
from tests.scripted.server import Say, ScriptedModel
from tests.workflows.decided import taught

ROOT = Path(__file__).parents[1]
NOW = "2026-11-20T09:00:00Z"
POLICY = """version = 1
[defaults]
destructive = "deny"
[servers.books]
resources = { payments = "write", accounts = "read" }
tools = { "list_*" = "read", "delete_*" = "deny" }
[unattended]
kinds = ["payment"]
max_amount = "1000.00"
max_total_per_day = "1200.00"
known_counterparties_only = false
expires = 2026-12-31
"""
A_KEY = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # the first test vector of RFC 8032
SETTINGS = """[servers.books]
[servers.books.finchat]
profile = "xero"
sandbox = true
clearing_accounts = ["Card & Wallet Receipts"]
request_lifetime_s = 0
"""
ASKED: list[tuple[str, dict[str, Any]]] = [("reconcile", {"days": 2}), ("no_such_tool", {}), ("chart", {})]
CASE: dict[str, Any] = {
    "contacts": [{"id": "c1", "name": "Kauri Joinery", "kind": "customer", "currency": "NZD", "bank_account": ""}],
    "invoices": [
        {
            "id": f"i{n}", "type": "ACCREC", "number": f"INV-004{n}", "reference": "", "contact_id": "c1",
            "date": "2026-10-01", "due_date": "2026-10-20", "currency": "NZD", "total": total, "amount_paid": "0.00",
            "amount_due": total, "status": "AUTHORISED",
        }
        for n, total in enumerate(("100.00", "250.00", "250.00"))
    ],
    "bank": [
        {
            "id": id, "date": "2026-10-20", "type": "RECEIVE", "amount": amount, "currency": "NZD", "payee": "",
            "narration": text, "reference": "", "counterparty_account": "", "fitid": id,
        }
        for id, amount, text in (("b1", "100.00", "KAURI JOINERY INV-0040"), ("b2", "250.00", "KAURI JOINERY"))
    ],
    "meta": {"as_of": "2026-10-31", "base_currency": "NZD", "fx": {}},
}  # fmt: skip


def run(home: Path, *arguments: str) -> str:
    given = {"FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW}
    return forked.run(*arguments, environment={**os.environ, **given}).stdout


def errors(name: str, document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(PUBLISHED[name]).iter_errors(document)]


def as_data(toml: str) -> Any:
    """TOML as JSON data: dates as text, as the schema of the policy file has them."""
    return json.loads(json.dumps(tomllib.loads(toml), default=str))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What one company's commands print, and the files they leave and read, under the names of their schemas."""
    home = tmp_path_factory.mktemp("home")
    case = tmp_path_factory.mktemp("case")
    for name, records in CASE.items():
        (case / f"{name}.json").write_text(json.dumps(records))
    (case / "rates.json").write_text(json.dumps({"2026-11-20": {"EUR": "1.9155"}}))
    found: dict[str, list[Any]] = {name: [] for name in PUBLISHED}

    def printed(name: str, *arguments: str) -> Any:
        found[name].append(json.loads(run(home, *arguments, "--json")))
        return found[name][-1]

    (home / "policy.toml").write_text(POLICY)
    (home / "finchat.toml").write_text(SETTINGS)
    printed("sandbox", "sandbox", "status")
    printed("statement-file", "sandbox", "statement", "--out", str(case / "statement.csv"))
    reconciled = printed("reconcile", "reconcile", "--days", "2", "--yes", "--rates", str(case / "rates.json"))
    plan = reconciled["plan"]
    asks = next(p["id"] for p in reconciled["proposals"] if any(ask["contact_id"] for ask in p["asks"]))
    answer = ["--account", "429", "--tax", "NONE"]
    printed("plan-code", "plan", "code", plan["id"], asks, *answer)
    printed("review", "review", plan["id"])
    printed("apply", "apply", plan["id"], "--yes")
    printed("undo", "undo", plan["id"])
    printed("policy-show", "policy", "show")
    printed("policy-test", "policy", "test", "create_a_xero_payment")
    printed("servers", "servers")
    printed("journal", "journal", "show", "--all")
    printed("audit", "audit", "show", "--last", "0")
    printed("audit-verify", "audit", "verify")
    printed("audit-verifier", "audit", "verifier")
    printed("evidence-list", "audit", "evidence")
    printed("keys", "key", "make", "anna")
    signed = load(home / "plans" / f"{plan['id']}.json")
    (key,) = all_keys(Home(home))
    add(home / "plans" / f"{plan['id']}.signatures.json", signed, sign_plan(signed, key, datetime.now(UTC), str))
    printed("plan-show", "plan", "show", plan["id"])
    printed("plans", "plan", "list")
    taught(home / "state.sqlite3")
    printed("memory", "memory")
    printed("memory", "memory", "forget", "--contact", "Netflix")
    printed("case-proposals", "reconcile", "--from-files", str(case))
    printed("schemas", "schema")
    (home / "budget.sqlite3").unlink()  # a minute's calls are spent: nobody waits for the next
    with (
        ScriptedModel(lambda seen: Say("5 NZD.") if seen.results() else Say(calls=ASKED)) as model,
        pytest.MonkeyPatch.context() as given,
    ):
        for variable, value in model.environ.items():
            given.setenv(variable, value)
        printed("ask", "ask", "what waits?", "--record", str(case / "asked.jsonl"), "--record-mode", "all")
        found["events"] = [json.loads(line) for line in run(home, "ask", "what waits?", "--events").splitlines()]
    cassette = str(case / "asked.jsonl")
    printed("replay", "replay", cassette)
    story = printed("cassette", "cassette", "show", cassette)
    printed("cassette-lint", "cassette", "lint", cassette)
    printed("cassette-diff", "cassette", "diff", cassette, cassette)
    printed("cassette-verify", "cassette", "verify", cassette)
    row = next(str(step["n"]) for step in story["steps"] if step["kind"] == "model")
    fault = ("--on", row, "--fault", "429", "--out", str(case / "faulty.jsonl"))
    printed("cassette-made", "cassette", "fault", cassette, *fault)
    sent = [path.read_text() for path in (home / "sessions").glob("*.sent.jsonl")]
    found["sent-line"] = [json.loads(line) for text in sent for line in text.splitlines()]
    sessions = printed("sessions", "sessions")["sessions"]
    ids = [session["id"] for session in sessions]
    lines = [(home / "sessions" / f"{id}.jsonl").read_text().splitlines() for id in ids]
    found["session-line"] = [json.loads(line) for text in lines for line in text]
    printed("session", "sessions", "show", ids[0])
    printed("session-search", "sessions", "search", "WAITS")
    printed("sessions", "sessions", "rename", ids[0], "A name")
    printed("session-export", "sessions", "export", ids[0], "--out", str(case / "session.md"))
    printed("sessions-deleted", "sessions", "delete", ids[0], "--yes")
    printed("server-changes", "servers", "changes")
    printed("error", "policy", "show", "--policy", str(case / "meta.json"))
    printed("error", "apply", "no-such-plan")
    found["plan"] = [load(path).as_json() for path in (home / "plans").glob("*.json") if ".signatures" not in path.stem]
    found["signatures"] = [json.loads(path.read_text()) for path in (home / "plans").glob("*.signatures.json")]
    found["signature"] = [s for file in found["signatures"] for s in file["signatures"]]
    found["evidence"] = [json.loads(path.read_text()) for path in (home / "evidence").glob("*/*-*.json")]
    found["audit-line"] = [json.loads(line) for line in (home / "audit.jsonl").read_text().splitlines()]
    with closing(sqlite3.connect(home / "state.sqlite3")) as state:
        found["approval"] = [json.loads(body) for (body,) in state.execute("SELECT body FROM approvals")]
    found["bank-feed"] = [json.loads((home / "sandbox" / "bank_feed.json").read_text()), CASE["bank"]]
    found["rates"] = [json.loads((case / "rates.json").read_text())]
    found["policy"] = [as_data(POLICY)]
    found["settings"] = [as_data(SETTINGS)]
    found["mcp-config"] = [
        {"mcpServers": {"books": {"command": "finchat", "args": ["serve", "xero"], "type": "stdio"}}}
    ]
    found["finding-codes"] = [f["code"] for document in found["reconcile"] for f in document["findings"]]
    found["error-codes"] = [document["error"]["code"] for document in found["error"]]
    return found


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_finchat_prints_and_reads_is_as_published(name: str, real: dict[str, list[Any]]) -> None:
    assert real[name], f"nothing real to check {name} with"
    for document in real[name]:
        assert errors(name, document) == []


def test_the_documents_that_were_checked_have_something_in_them(real: dict[str, list[Any]]) -> None:
    assert {o["outcome"] for o in real["reconcile"][0]["outcomes"]} == {"committed", None}
    assert real["apply"][0]["outcomes"]
    assert real["plan"]
    assert real["approval"]
    assert {fact["kind"] for fact in real["memory"][0]["facts"]} == {"name", "residual", "coding"}
    assert real["memory"][1]["forgotten"] == 1
    assert {"call", "proposal", "decision", "intent", "outcome"} <= {line["event"] for line in real["audit-line"]}
    assert real["journal"][0]["writes"]
    assert {link["bank_id"] for link in real["case-proposals"][0]["links"]} == {"b1"}
    assert {s["bank_id"] for s in real["case-proposals"][0]["suggestions"]} == {"b2"}


# What a document of finchat holds: all its keys, and no other. (Codes are words; files of people may hold more.)
_LOOSE = {"finding-codes", "error-codes", "bank-feed", "rates", "settings", "mcp-config", "events", "session-line"}
_STRICT = sorted(set(PUBLISHED) - _LOOSE)


@pytest.mark.parametrize("name", _STRICT)
def test_a_document_that_lacks_a_key_or_has_one_more_is_seen(name: str, real: dict[str, list[Any]]) -> None:
    document = real[name][-1]
    required = PUBLISHED[name]["required"]
    assert required
    for key in required:
        assert errors(name, {k: v for k, v in document.items() if k != key}), key
    assert errors(name, {**document, "one_more": 1})


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_schema_is_a_schema_with_a_sentence_of_one_line(name: str) -> None:
    Draft202012Validator.check_schema(PUBLISHED[name])
    assert PUBLISHED[name]["description"].endswith(".")
    assert len(PUBLISHED[name]["description"]) <= 82


def test_every_document_that_names_itself_in_the_source_is_published() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "finchat").rglob("*.py"))
    names = set(re.findall(r'"(finchat\.[a-z_]+/[0-9]+)"', source))
    assert len(names) > 10
    assert names == {schema["properties"]["schema"]["const"] for schema in PUBLISHED.values()
                     if "schema" in schema.get("properties", {})}  # fmt: skip


def test_the_schema_command_lists_the_names_prints_one_and_knows_no_other(tmp_path: Path) -> None:
    listed = run(tmp_path, "schema")
    assert [line.split()[0] for line in listed.splitlines()] == list(PUBLISHED)
    printed = run(tmp_path, "schema", "audit_verify")
    assert json.loads(printed) == PUBLISHED["audit-verify"]
    assert run(tmp_path, "schema", "audit-verify", "--json") == printed
    unknown = json.loads(run(tmp_path, "schema", "invoice", "--json"))
    assert unknown["exit_code"] == 2
    assert unknown["error"]["field"] == "NAME"
    assert all(name in unknown["error"]["next"] for name in PUBLISHED)
    assert list(tmp_path.iterdir()) == []


def test_an_audit_line_has_the_keys_the_verifier_checks_in_their_order() -> None:
    assert tuple(PUBLISHED["audit-line"]["properties"]) == KEYS


def test_every_finding_code_has_its_sentence() -> None:
    assert set(MEANINGS) == set(CODES)


def _changed(path: str, value: Any) -> Callable[[Any], Any]:
    """The document with one value put in, or taken out (None)."""

    def change(document: Any) -> Any:
        document = copy.deepcopy(document)
        *parents, last = path.split(".")
        at = document
        for key in parents:
            at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
        if value is None:
            del at[last]
        else:
            at[last] = value
        return document

    return change


@pytest.mark.parametrize(
    ("path", "value", "good"),
    [
        ("defaults.read", "deny", True),
        ("defaults.write", "allow", False),
        ("defaults.delete", "ask", False),
        ("version", 2, False),
        ("version", True, False),
        ("version", None, False),
        ("servers.*", {"tools": {"echo": "read"}}, True),
        ("servers.a b", {}, False),
        ("servers.books.resources.payments", "ask", False),
        ("servers.books.resources.Payments", "off", False),
        ("servers.books.tools.echo", "allow", False),
        ("unattended", None, True),
        ("unattended.known_counterparties_only", None, True),
        ("unattended.max_amount", "0.00", False),
        ("unattended.max_amount", "1,000.00", False),
        ("unattended.max_amount", 500, False),
        ("unattended.max_total_per_day", None, False),
        ("unattended.kinds", [], False),
        ("unattended.kinds", ["theft"], False),
        ("unattended.expires", None, False),
        ("signatures", {"required": 1, "signers": {"anna": A_KEY}}, True),
        ("signatures", {"required": 1, "signers": {"anna": A_KEY}, "above": "5000.00", "kinds": ["refund"]}, True),
        ("signatures", {"required": 0, "signers": {"anna": A_KEY}}, False),
        ("signatures", {"required": True, "signers": {"anna": A_KEY}}, False),
        ("signatures", {"required": 1, "signers": {}}, False),
        ("signatures", {"required": 1, "signers": {"anna": A_KEY[:-2]}}, False),
        ("signatures", {"required": 1, "signers": {"a b": A_KEY}}, False),
        ("signatures", {"required": 1, "signers": {"anna": A_KEY}, "above": 5000}, False),
        ("signatures", {"required": 1, "signers": {"anna": A_KEY}, "kinds": []}, False),
        ("signatures", {"signers": {"anna": A_KEY}}, False),
        ("signatures", {"required": 1, "signers": {"anna": A_KEY}, "more": 1}, False),
    ],
)
def test_the_schema_of_the_policy_file_agrees_with_its_reader(path: str, value: Any, good: bool) -> None:
    data = _changed(path, value)(tomllib.loads(POLICY))
    try:
        Policy.from_data(data, source=Path("policy.toml"))
        taken = True
    except UsageError:
        taken = False
    assert taken is good
    assert (errors("policy", json.loads(json.dumps(data, default=str))) == []) is good


@pytest.mark.parametrize(
    ("path", "value", "good"),
    [
        ("lines.0.amount", 12, True),
        ("lines.0.amount", "-1.00", False),
        ("lines.0.amount", "0.00", False),
        ("lines.0.amount", "1e3", False),
        ("lines.0.type", "receive", False),
        ("lines.0.date", "20 Nov", False),
        ("lines.0.payee", None, True),
        ("lines.0.payee", 7, False),
        ("lines.0.date", None, False),
        ("account_code", None, True),
        ("lines", None, False),
        ("bank", "Kowhai", True),
    ],
)
def test_the_schema_of_the_bank_feed_agrees_with_its_reader(path: str, value: Any, good: bool, tmp_path: Path) -> None:
    data = _changed(path, value)({"account_code": "090", "currency": "NZD", "lines": CASE["bank"]})
    file = tmp_path / "feed.json"
    file.write_text(json.dumps(data))
    try:
        feed.read(file)
        taken = True
    except UsageError:
        taken = False
    assert taken is good
    assert (errors("bank-feed", data) == []) is good


@pytest.mark.parametrize(
    ("path", "value", "good"),
    [
        ("mcpServers.other", {"url": "https://example.com/mcp"}, True),
        ("mcpServers.other", {"args": []}, False),
        ("mcpServers.books.url", "https://example.com/mcp", False),
        ("mcpServers.books.finchat", {"profile": "sage"}, False),
        ("mcpServers.no good", {"command": "x"}, False),
    ],
)
def test_the_schema_of_the_mcp_config_is_what_its_reader_checks(
    path: str, value: Any, good: bool, tmp_path: Path
) -> None:
    data = _changed(path, value)({"mcpServers": {"books": {"command": "finchat"}}})
    file = tmp_path / "mcp.json"
    file.write_text(json.dumps(data))
    try:
        load_settings(Home(tmp_path), mcp_config=file)
        taken = True
    except UsageError:
        taken = False
    assert taken is good
    assert (errors("mcp-config", data) == []) is good
