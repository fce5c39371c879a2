"""Who ran finchat, and what a server is given to let it in, is nowhere in a cassette; its audit log stays sound."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from finchat import verifier
from finchat.app.cassettes import recording
from finchat.canonical import canonical_json
from finchat.cassettes.redaction import Redaction
from finchat.cassettes.scanner import scan
from tests.cassettes.samples import HEADER, OUTPUT


def audit_log(lines: int, user: str) -> str:
    """A log of this many lines, each chained to the one before."""
    prev, texts = verifier.START, []
    for seq in range(1, lines + 1):
        line: dict[str, Any] = {"seq": seq, "prev": prev, "hash": ""}
        line |= {"actor": {"user": user, "via": "command"}, "text": f"{user} read invoices, for joe{seq}@corp.io"}
        line["hash"] = prev = verifier.hash_of(line)
        texts.append(json.dumps(line, separators=(",", ":")))
    return "".join(f"{text}\n" for text in texts)


def test_an_audit_log_of_any_length_is_sound_without_the_name_of_who_acted() -> None:
    text = audit_log(40, "alicexyz")
    head = canonical_json({"seq": 40, "hash": json.loads(text.splitlines()[-1])["hash"]})
    cells = [[n, line] for n, line in enumerate(text.splitlines(), 1)]
    rows: list[dict[str, Any]] = [
        {"kind": "file", "path": "home/audit.jsonl", "text": text},
        {"kind": "file", "path": "home/audit.head", "text": head},
        {"kind": "table", "path": "home/state.sqlite3", "name": "a", "columns": ["seq", "line"], "rows": cells},
    ]
    redacted = Redaction(names=recording._actors(rows)).rows(rows)
    assert "alicexyz" not in canonical_json(redacted)
    assert "corp.io" not in canonical_json(redacted)
    lines = [json.loads(line) for line in redacted[0]["text"].splitlines()]
    assert [line["hash"] for line in lines] == [verifier.hash_of(line) for line in lines]
    assert [line["prev"] for line in lines] == [verifier.START, *(line["hash"] for line in lines[:-1])]
    assert json.loads(redacted[1]["text"]) == {"seq": 40, "hash": lines[-1]["hash"]}
    assert [json.loads(line) for _, line in redacted[2]["rows"]] == lines


def test_who_refused_a_proposal_is_somebody() -> None:
    table = {"kind": "table", "path": "home/state.sqlite3", "name": "refusals", "columns": ["id", "user"]}
    approval = json.dumps({"decided_by": "human", "user": "alicexyz"})
    rows = [{**table, "rows": [["p1", "alicexyz"], ["p2", approval]]}]
    assert "alicexyz" not in canonical_json(Redaction().rows(rows))


def test_the_folder_of_a_person_is_somebodys_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/net/people/alicexyz")
    redaction = Redaction(paths=recording._places() | {"/net/people/alicexyz/books": "work"})
    told = "cannot read /net/people/alicexyz/a.json; /net/people/alicexyz/books/b.json"
    assert redaction.text(told) == "cannot read /home/somebody/a.json; work/b.json"
    monkeypatch.setenv("HOME", "/")
    assert recording._places() == {}


@pytest.mark.parametrize("where", ["finchat.toml", "mcp.json"])
def test_what_a_header_or_variable_holds_is_secret_by_its_name_however_it_looks(where: str) -> None:
    headers, env = {"Cookie": "sid=plantcookie", "X-Api-Key": "shortkey"}, {"BANK_PIN": "PL4711", "NODE_ENV": "test"}
    env |= {"USE_AUTH": "true"}
    if where == "mcp.json":
        text = json.dumps({"mcpServers": {"books": {"url": "https://h.example/mcp", "headers": headers, "env": env}}})
    else:
        tables = (("headers", headers), ("env", env))
        text = "".join(
            f"[servers.books.{name}]\n" + "".join(f'{k} = "{v}"\n' for k, v in table.items()) for name, table in tables
        )
    row = {"kind": "file", "path": f"home/{where}", "text": text}
    found = canonical_json(Redaction().rows([HEADER | {"kind": "header"}, row, OUTPUT | {"kind": "output"}]))
    assert [planted for planted in ("plantcookie", "shortkey", "PL4711") if planted in found] == []
    assert "NODE_ENV" in found
    assert "true" in found
    if where == "mcp.json":
        assert {finding.what for finding in scan([row])} >= {"the value of Cookie", "the value of BANK_PIN"}


@pytest.mark.parametrize(
    "text",
    ['{"' + '\\"' * 20_000, " ".join(f"joe{n}@corp.io" for n in range(4_000)),
     " ".join(f"account 12-3456-{n:07d}-00" for n in range(2_500))],
)  # fmt: skip
def test_the_time_of_redaction_grows_with_the_length_of_a_text_alone(text: str) -> None:
    redaction, began = Redaction(), time.process_time()
    redacted = redaction.text(text)
    assert time.process_time() - began < 4  # each took from ten seconds to minutes
    assert "corp.io" not in redacted
    assert "12-3456-0000123-00" not in redacted
