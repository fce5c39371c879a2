"""What was hashed and then redacted is hashed anew: a saved plan is still one, and memory still knows a payer."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from finchat.books.learning import account_digest
from finchat.books.plan import Plan
from finchat.books.plan_json import plan_from_json
from finchat.canonical import sha256_of
from finchat.cassettes.hashes import derived, replaced
from finchat.cassettes.redaction import Redaction
from finchat.cassettes.scanner import scan
from finchat.connections.toolbox import Tool
from finchat.safety.approval import bind, mismatch
from tests.safety.world import one_payment

EMAIL = "anna.baker@kiwi-feeds.co.nz"
ACCOUNT = "02-0456-1234567-00"
SALT = "00112233445566778899aabbccddeeff"


def planted_plan(reference: str = f"INV-1 {EMAIL} {ACCOUNT}") -> Plan:
    """A plan whose payload carries a reference."""
    plan = one_payment()
    (proposal,) = plan.proposals
    (write,) = proposal.writes
    arguments = {**write.arguments, "reference": reference}
    write = replace(write, arguments=arguments, verify={"by": "token", "token": "fc-abcdefghij"})
    return replace(plan, proposals=(replace(proposal, writes=(write,)),))


def rows_of(plan: Plan) -> list[dict[str, Any]]:
    (write,) = plan.proposals[0].writes
    approval = bind(plan, plan.proposals[0], user="somebody").as_json()
    return [
        {"kind": "file", "path": f"home/plans/{plan.id}.json", "text": json.dumps(plan.as_json(), indent=2)},
        {"kind": "table", "path": "home/state.sqlite3", "name": "plans", "columns": ["id", "hash", "body"],
         "rows": [[plan.id, plan.hash, json.dumps(plan.as_json())]]},
        {"kind": "table", "path": "home/state.sqlite3", "name": "approvals", "columns": ["id", "body"],
         "rows": [["a1", json.dumps(approval)]]},
        {"kind": "table", "path": "home/state.sqlite3", "name": "writes", "columns": ["arguments_sha256"],
         "rows": [[write.arguments_sha256]]},
        {"kind": "human", "asks": "decision", "prompt": f"Approve {plan.hash}?", "line": "y"},
    ]  # fmt: skip


def loaded(row: dict[str, Any]) -> Plan:
    return plan_from_json(json.loads(row["text"], parse_float=Decimal))


def test_a_saved_plan_whose_payload_was_redacted_is_sound_under_a_new_hash() -> None:
    before = planted_plan()
    rows = Redaction().rows(rows_of(before))
    after = loaded(rows[0])  # raises when its hash, or that of a payload, is not of what is there
    assert EMAIL not in rows[0]["text"]
    assert ACCOUNT not in rows[0]["text"]
    assert after.hash != before.hash
    assert rows[1]["rows"][0][1] == after.hash
    assert json.loads(rows[1]["rows"][0][2])["hash"] == after.hash
    assert rows[3]["rows"][0][0] == after.proposals[0].writes[0].arguments_sha256
    assert rows[4]["prompt"] == f"Approve {after.hash}?"
    assert (after.proposals[0].writes[0].verify or {})["token"] == "fc-abcdefghij"
    assert scan(rows) == []


def test_the_approval_of_a_redacted_plan_still_covers_it() -> None:
    rows = Redaction().rows(rows_of(planted_plan()))
    plan = loaded(rows[0])
    approval = json.loads(rows[2]["rows"][0][1])
    fresh = bind(plan, plan.proposals[0], user="somebody")
    assert mismatch(fresh, plan, plan.proposals[0]) is None
    for name in ("plan_hash", "proposal_sha256", "server_fingerprint", "writes"):
        assert approval[name] == fresh.as_json()[name], name


def test_a_plan_in_which_nothing_is_secret_stays_as_it_is() -> None:
    rows = rows_of(planted_plan("INV-1 from Kiwi Feeds"))
    assert Redaction().rows(rows) == rows


def test_a_tool_whose_words_were_redacted_has_the_hash_that_a_plan_names() -> None:
    tool = {"name": "t", "description": f"Ask {EMAIL}", "inputSchema": {"type": "object"}, "outputSchema": None}

    def hash_of(it: dict[str, Any]) -> str:
        return Tool(
            server="", name="t", description=it["description"], input_schema=it["inputSchema"], output_schema=None
        ).sha256

    rows: list[dict[str, Any]] = [
        {"kind": "header", "catalogues": {"books": sha256_of([tool])}},
        {"kind": "mcp", "method": "tools/list", "result": {"tools": [tool]}},
        {"kind": "local", "name": "x", "value": {"tool_sha256": hash_of(tool)}},
    ]
    header, listed, local = Redaction().rows(rows)
    (after,) = listed["result"]["tools"]
    assert after["description"] != tool["description"]
    assert local["value"]["tool_sha256"] == hash_of(after)
    assert header["catalogues"]["books"] == sha256_of([after])


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_statement_file_is_remembered_by_the_hash_of_its_redacted_bytes(encoding: str) -> None:
    data = f"M\xfcller;{ACCOUNT}\n".encode(encoding)
    content = {"text": data.decode()} if encoding == "utf-8" else {"base64": base64.b64encode(data).decode()}
    rows: list[dict[str, Any]] = [
        {"kind": "file", "path": "work/a.csv", **content},
        {
            "kind": "table",
            "name": "statement_files",
            "columns": ["sha256"],
            "rows": [[hashlib.sha256(data).hexdigest()]],
        },
    ]
    file, table = Redaction().rows(rows)
    after = file["text"].encode() if "text" in file else base64.b64decode(file["base64"])
    assert after != data
    assert table["rows"] == [[hashlib.sha256(after).hexdigest()]]


def test_memory_knows_a_payer_by_the_digest_of_the_stand_in_and_no_other_digest_can_be_guessed() -> None:
    rows: list[dict[str, Any]] = [
        {"kind": "table", "name": "memory_salt", "columns": ["id", "salt"], "rows": [[1, SALT]]},
        {"kind": "table", "name": "memory_accounts", "columns": ["digest"],
         "rows": [[account_digest(ACCOUNT, SALT)], [account_digest("99-1234-7654321-00", SALT)]]},
        {"kind": "mcp", "result": {"BankAccountNumber": ACCOUNT}},
    ]  # fmt: skip
    salt, accounts, books = Redaction(digest=account_digest).rows(rows)
    new_salt, new_number = salt["rows"][0][1], books["result"]["BankAccountNumber"]
    assert new_salt != SALT
    assert accounts["rows"][0] == [account_digest(new_number, new_salt)]
    assert accounts["rows"][1] == rows[1]["rows"][1]  # under a salt that nobody has any more


def test_a_request_that_differs_in_a_computed_mark_alone_is_the_same_request() -> None:
    recorded = {"name": "pay", "arguments": {"Reference": "INV-1 fc-abcdefghij", "Amount": Decimal("1.00")}}
    asked = {"name": "pay", "arguments": {"Reference": "INV-1 fc-qrstuvwxy2", "Amount": Decimal("1.00")}}
    found = derived(recorded, asked)
    assert found == {"fc-abcdefghij": "fc-qrstuvwxy2"}
    assert replaced([{"a": recorded, "b": ["x fc-abcdefghij"]}], found or {}) == [
        {"a": asked, "b": ["x fc-qrstuvwxy2"]}
    ]


@pytest.mark.parametrize(
    "asked",
    [
        {"Reference": "INV-1 fc-abcdefghij", "Amount": "1.00"},
        {"Reference": "INV-2 fc-qrstuvwxy2", "Amount": "1.00"},
        {"Reference": "INV-1 fc-qrstuvwxy2", "Amount": "2.00"},
        {"Reference": "INV-1 fc-qrstuvwxy2", "Amount": "1.00", "More": "1"},
        {"Reference": "INV-1", "Amount": "1.00"},
    ],
)
def test_any_other_difference_is_a_difference(asked: dict[str, str]) -> None:
    assert derived({"Reference": "INV-1 fc-abcdefghij", "Amount": "1.00"}, asked) is None
