"""finchat as a server and as one that starts servers: how it ends, and what it hands on. In real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked
from tests.test_cli import ROOT, run


def serving(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )


def from_a_cold_start(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "finchat", *arguments]


SERVERS = pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (["sandbox", "run", "xero"], {"base_url", "token_url", "client_id", "client_secret", "tenant_id"}),
        (["serve", "xero", "--sandbox", "--http", "127.0.0.1:0"], {"url"}),
    ],
)


@SERVERS
def test_a_signal_ends_a_started_server_quietly_with_its_code(arguments: list[str], keys: set[str]) -> None:
    child = serving(*from_a_cold_start(*arguments))
    assert child.stdout is not None
    assert keys <= set(json.loads(child.stdout.readline()))
    child.send_signal(signal.SIGTERM)
    _, errors = child.communicate(timeout=20)
    assert (child.returncode, errors) == (143, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, 143)])
@SERVERS
def test_other_signals_end_a_server_quietly_with_their_code(
    arguments: list[str], keys: set[str], number: signal.Signals, code: int, tmp_path: Path
) -> None:
    reads, writes = os.pipe()
    errors = tmp_path / "errors"
    with open(reads) as said, open(os.devnull) as nothing, errors.open("w") as told:
        streams = (nothing.fileno(), writes, told.fileno())
        child = forked.start(arguments, os.environ, ROOT, streams, terminal=False)
        os.close(writes)
        assert keys <= set(json.loads(said.readline()))
        os.kill(child.pid, number)
        status = child.status(20)
    assert status is not None
    assert (os.waitstatus_to_exitcode(status), errors.read_text()) == (code, "")


INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "host", "version": "1"}},
}  # fmt: skip
CALL = {
    "jsonrpc": "2.0", "id": 2, "method": "tools/call",
    "params": {"name": "list_all_xero_invoices", "arguments": {}},
}  # fmt: skip


@pytest.mark.parametrize(("end", "code"), [("signal", 143), ("end of input", 0), ("broken pipe", 0)])
def test_a_host_that_goes_ends_a_stdio_server_quietly(end: str, code: int) -> None:
    how = from_a_cold_start if end == "signal" else forked.command
    child = serving(*how("serve", "xero", "--sandbox"))
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdin.write(json.dumps(INITIALIZE) + "\n")
    child.stdin.flush()
    assert json.loads(child.stdout.readline())["id"] == 1
    if end == "signal":
        child.send_signal(signal.SIGTERM)  # while it waits for the host's next line
    elif end == "broken pipe":
        child.stdout.close()
        child.stdin.write(json.dumps(CALL) + "\n")
        child.stdin.flush()
    else:
        child.stdin.close()
    assert child.wait(timeout=20) == code
    assert child.stderr.read() == ""


def test_a_started_finchat_works_in_the_same_home(tmp_path: Path, own_home: Path) -> None:
    config = {
        "mcpServers": {
            "books": {
                "command": sys.executable, "args": ["-m", "finchat", "serve", "xero", "--sandbox"],
                "finchat": {"profile": "xero"},
            }
        }
    }  # fmt: skip
    (tmp_path / "mcp.json").write_text(json.dumps(config))
    done = run(
        "reconcile", "--days", "2", "--as-of", "2026-11-20", "--mcp-config", str(tmp_path / "mcp.json"),
        HOME=str(tmp_path / "user"), FINCHAT_NOW="2026-11-20T03:00:00Z",
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert (own_home / "sandbox" / "xero.sqlite3").exists()
    assert not (tmp_path / "user").exists()


def test_a_started_finchat_without_credentials_is_a_sign_in_that_failed(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    config = json.loads(next(part for part in text.split("```json\n")[1:] if "mcpServers" in part).split("```")[0])
    books = config["mcpServers"]["books"]
    books["command"], *books["args"] = forked.command(*books["args"])
    assert set(books["env"]) >= {"XERO_CLIENT_ID", "XERO_CLIENT_SECRET", "XERO_TENANT_ID"}
    del books["env"]["XERO_CLIENT_SECRET"]
    (tmp_path / "mcp.json").write_text(json.dumps(config))
    done = run("reconcile", "--days", "1", "--mcp-config", str(tmp_path / "mcp.json"))
    assert done.returncode == 6
    assert "server books could not sign in: XERO_CLIENT_SECRET is not set" in done.stderr
    assert "in the env of the server" in done.stderr
