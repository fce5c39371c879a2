"""A sandbox in another process, finchat at a pseudo-terminal before it, and an outside look at the ledger."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pexpect

from tests.sandbox.xero.test_sdk import Sdk

ROOT = Path(__file__).parents[2]
QUESTION = r"Approve\?[^:]*: "


@dataclass(frozen=True)
class World:
    """One served company, and one finchat home that reaches it through `finchat serve xero` over stdio."""

    home: Path
    config: Path
    ready: dict[str, Any]

    @cached_property
    def sdk(self) -> Sdk:
        return Sdk(self.ready)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "FINCHAT_HOME": str(self.home), "TERM": "xterm", "NO_COLOR": "1"}

    def finchat(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A run without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "finchat", *arguments, "--mcp-config", str(self.config)],
            capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=120, check=False,
            env=self.environment,
        )  # fmt: skip

    def at_terminal(self, *arguments: str) -> pexpect.spawn[str]:
        """A run at a terminal of its own, leader of its own process group."""
        child = pexpect.spawn(
            sys.executable, ["-m", "finchat", *arguments, "--mcp-config", str(self.config)],
            cwd=str(ROOT), encoding="utf-8", timeout=60, dimensions=(80, 120), env=self.environment,
        )  # fmt: skip
        child.delaybeforesend = None
        return child

    def payments_of(self, invoice_id: str) -> int:
        """Payments of an invoice that are not deleted, counted from outside by the vendor's own SDK."""
        where = f'Invoice.InvoiceID==Guid("{invoice_id}") AND Status=="AUTHORISED"'
        return len(self.sdk.api.get_payments(self.ready["tenant_id"], where=where).payments)


@contextmanager
def served(directory: Path, *, delay: str = "", limits: str = "100000/60s,50,1000000") -> Iterator[World]:
    """A sandbox company served by another process, and a home configured to reach it."""
    company, home = directory / "company", directory / "home"
    environment = {**os.environ, "FINCHAT_HOME": str(company)}
    command = [sys.executable, "-m", "finchat", "sandbox"]
    subprocess.run([*command, "reset"], check=True, capture_output=True, env=environment, cwd=ROOT)
    run = [*command, "run", "xero", "--http", "127.0.0.1:0", "--limits", limits]
    with subprocess.Popen(
        [*run, *(["--delay", delay] if delay else [])], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        home.mkdir(exist_ok=True)
        config = directory / "mcp.json"
        config.write_text(json.dumps(_config(ready, company / "sandbox" / "bank_feed.json")), "utf-8")
        try:
            yield World(home, config, ready)
        finally:
            process.terminate()


def _config(ready: dict[str, Any], feed: Path) -> dict[str, Any]:
    return {
        "mcpServers": {
            "books": {
                "command": sys.executable,
                "args": ["-m", "finchat", "serve", "xero"],
                "env": {
                    "XERO_BASE_URL": ready["base_url"],
                    "XERO_IDENTITY_URL": ready["base_url"],
                    "XERO_CLIENT_ID": ready["client_id"],
                    "XERO_CLIENT_SECRET": ready["client_secret"],
                },
                "finchat": {
                    "profile": "xero",
                    "bank_feed": str(feed),
                    "clearing_accounts": ["Card & Wallet Receipts"],
                    "request_lifetime_s": 1,
                },
            }
        }
    }


def kill_group(child: pexpect.spawn[str]) -> None:
    """SIGKILL to finchat and every process it started."""
    os.killpg(os.getpgid(child.pid or 0), signal.SIGKILL)
    child.expect(pexpect.EOF)
    child.close(force=True)


def invoices_on(card: str) -> list[str]:
    """The documents that the writes on an approval card pay or allocate to, in order."""
    return re.findall(r"invoice_id\s+([0-9a-f-]{36})", re.sub(r"\x1b\[[0-9;]*m", "", card))
