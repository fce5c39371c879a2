"""finchat at a real terminal, on the company of its home or on one served elsewhere, and a hand that changes the
ledger meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pexpect

from finchat.clock import Clock
from finchat.sandbox.xero.app import create_app
from finchat.sandbox.xero.back_end import XeroBackEnd
from finchat.settings import SANDBOX_CLEARING_ACCOUNTS
from tests import forked
from tests.workflows.desk import Outside

ROOT = Path(__file__).parents[2]
NOW = "2026-11-20T09:00:00Z"
ASKED = r"Approve\?[^:]*: "
_PATIENCE_S = 30.0


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, "TERM": "xterm", "NO_COLOR": "1"}


def run(home: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A run without a terminal."""
    return forked.run(*arguments, environment={**environment(home), **changes})


def document(home: Path, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(home, *arguments, "--json").stdout)
    return found


@contextmanager
def at_terminal(home: Path, *arguments: str) -> Iterator[pexpect.spawn[str]]:
    """A run at a terminal of its own; killed when it is left."""
    child = forked.spawn(*arguments, env=environment(home), encoding="utf-8", timeout=60, dimensions=(80, 120))
    try:
        yield child
    finally:
        child.close(force=True)


def payment_card(child: pexpect.spawn[str]) -> str:
    """Goes on to the first card of a single payment; the invoice's id."""
    child.expect(ASKED)
    while "create_a_xero_payment" not in str(child.before) or "Write 1 of" in str(child.before):
        child.sendline("n")
        child.expect(ASKED)
    return re.sub(r"\x1b\[[0-9;]*m", "", str(child.before)).split("invoice_id", 1)[1].split()[0]


def ended(child: pexpect.spawn[str]) -> tuple[int | None, str]:
    """The exit code, and what was said since the last question, in one line."""
    child.expect(pexpect.EOF)
    said = " ".join(str(child.before).split())
    child.close()
    return child.exitstatus, said


def until(what: Callable[[], Any]) -> Any:
    """Wait for an event that can only be looked for."""
    end = time.monotonic() + _PATIENCE_S
    while not (found := what()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
    return found


@dataclass(frozen=True)
class Ledger:
    """The sandbox company of a home, as somebody else changes and counts it."""

    home: Path

    @property
    def path(self) -> Path:
        return self.home / "sandbox" / "xero.sqlite3"

    def payments(self, invoice_id: str | None = None) -> int:
        """Standing payments, of one document or of all."""
        with closing(sqlite3.connect(self.path)) as db:
            (count,) = db.execute(
                "SELECT count(*) FROM payment WHERE status <> 'DELETED' AND (? IS NULL OR document = ?)",
                (invoice_id, invoice_id),
            ).fetchone()
        return int(count)

    def pay(self, invoice_id: str, account_id: str, amount: str) -> None:
        """Somebody else pays."""
        back_end = XeroBackEnd(self.path, Clock(datetime.fromisoformat(NOW).astimezone(UTC)))
        with closing(back_end):
            body = {"Invoice": {"InvoiceID": invoice_id}, "Account": {"AccountID": account_id}, "Amount": amount}
            asyncio.run(Outside(create_app(back_end)).put("/Payments", {**body, "Date": "2026-11-20"}))

    def lock(self, day: date) -> None:
        """Somebody closes the books up to a day."""
        with closing(sqlite3.connect(self.path, timeout=10)) as db, db:
            body = json.loads(db.execute("SELECT body FROM organisation").fetchone()[0])
            db.execute("UPDATE organisation SET body = ?", (json.dumps({**body, "PeriodLockDate": day.isoformat()}),))


def journal(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the journal, read beside a run that is under way."""
    path = home / "state.sqlite3"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=10)) as db:
        return db.execute(sql).fetchall()


def config(path: Path, feed: Path, command: list[str], env: dict[str, str]) -> Path:
    """An --mcp-config whose server is started by this command."""
    settings = {
        "profile": "xero", "bank_feed": str(feed), "clearing_accounts": list(SANDBOX_CLEARING_ACCOUNTS),
        "request_lifetime_s": 1,
    }  # fmt: skip
    server = {"command": command[0], "args": command[1:], "env": env, "finchat": settings}
    path.write_text(json.dumps({"mcpServers": {"books": server}}), "utf-8")
    return path


@dataclass(frozen=True)
class Served:
    """A company served by another process, reached through `finchat serve xero` over stdio."""

    company: Path
    ready: dict[str, Any]

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.company)

    def config(self, path: Path) -> Path:
        env = {
            "XERO_BASE_URL": self.ready["base_url"], "XERO_IDENTITY_URL": self.ready["base_url"],
            "XERO_CLIENT_ID": self.ready["client_id"], "XERO_CLIENT_SECRET": self.ready["client_secret"],
        }  # fmt: skip
        feed = self.company / "sandbox" / "bank_feed.json"
        return config(path, feed, forked.command("serve", "xero"), env)

    def token(self) -> dict[str, Any]:
        """A token of the identity server, bought as any other client buys one."""
        answer = httpx.post(
            self.ready["token_url"], data={"grant_type": "client_credentials"},
            auth=(self.ready["client_id"], self.ready["client_secret"]),
        )  # fmt: skip
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def served(company: Path, *flags: str) -> Iterator[Served]:
    """A fresh company in its own home, served until the block ends."""
    env = {name: value for name, value in environment(company).items() if name != "FINCHAT_NOW"}  # live means today
    assert forked.run("sandbox", "reset", environment=env).returncode == 0
    order = ["sandbox", "run", "xero", "--http", "127.0.0.1:0", "--limits", "100000/60s,50,1000000", *flags]
    reads, writes = os.pipe()
    with open(reads) as said, open(os.devnull) as nothing:
        process = forked.start(order, env, ROOT, (nothing.fileno(), writes, sys.stderr.fileno()), terminal=False)
        os.close(writes)
        try:
            yield Served(company, json.loads(said.readline()))
        finally:
            os.kill(process.pid, signal.SIGTERM)
            process.status(_PATIENCE_S)
