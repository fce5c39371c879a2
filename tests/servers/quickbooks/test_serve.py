"""`finchat serve quickbooks` as a host starts it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests import forked
from tests.test_cli_servers import INITIALIZE, serving


def said(child: subprocess.Popen[str], message: dict[str, Any]) -> dict[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(message) + "\n")
    child.stdin.flush()
    answer: dict[str, Any] = json.loads(child.stdout.readline()) if "id" in message else {}
    return answer


def test_the_sandbox_company_is_served_over_stdio_reads_only_when_asked_so(own_home: Path) -> None:
    child = serving(*forked.command("serve", "quickbooks", "--sandbox", "--methods", "read", "--tags", "company"))
    started = said(child, INITIALIZE)["result"]
    assert started["serverInfo"]["name"] == "finchat-quickbooks"
    assert "SyncToken" in started["instructions"]
    said(child, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    tools = said(child, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"})["result"]["tools"]
    assert {tool["annotations"]["readOnlyHint"] for tool in tools} == {True}
    call = {"name": "list_all_quick_books_company_info", "arguments": {}}
    result = said(child, {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": call})["result"]
    (company,) = result["structuredContent"]["records"]
    assert company["CompanyName"]
    assert (own_home / "sandbox" / "quickbooks" / "quickbooks.sqlite3").exists()
    assert not (own_home / "sandbox" / "xero.sqlite3").exists()
    _, errors = child.communicate(timeout=20)
    assert (child.returncode, errors) == (0, "")
