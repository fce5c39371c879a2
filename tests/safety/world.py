"""A small vendor with faults, and one finchat home around it. The guard, journal and audit log are the real ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from finchat.books.documents import Organisation
from finchat.books.plan import Balances, Effect, Evidence, Link, Plan, Precondition, Proposal, Write
from finchat.clock import Clock
from finchat.connections.toolbox import CallError, CallResult, Tool, Toolbox
from finchat.errors import Unavailable
from finchat.events import Event
from finchat.safety.audit import AuditLog
from finchat.safety.guard import Guard
from finchat.safety.journal import Journal
from finchat.safety.policy import Policy
from finchat.safety.profile_protocol import Receipt, Sighting, Standing, ToolEffect
from finchat.safety.runs import Run
from finchat.settings import Home, ServerSettings
from finchat.store.database import Database

SERVER = "books"
ORG = Organisation(server=SERVER, id="org-1", name="Demo", base_currency="NZD", timezone="Pacific/Auckland")
Fault = Literal[
    "none", "commit_then_drop", "never_commit", "unauthorized_once", "rate_limited_once", "rate_limited_for_an_hour",
    "refused", "hang_after_commit", "hang_before_commit", "cancelled_by_transport",
]  # fmt: skip
TOOLS = ("pay", "list_payments", "get_invoice", "delete_payment", "mystery")


def tool(name: str) -> Tool:
    return Tool(SERVER, name, f"does {name}", {"type": "object"})


@dataclass
class Vendor:
    """Invoices and payments in a file, so that a killed process leaves what it wrote. Implements Toolbox."""

    path: Path
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    paying: asyncio.Event = field(default_factory=asyncio.Event)
    keys: list[str | None] = field(default_factory=list)
    retry_after_s: float = 0.0
    readable: bool = True
    before_commit: Callable[[], None] = lambda: None
    after_commit: Callable[[], None] = lambda: None
    echo: Callable[[str], str] = lambda amount: amount

    server = SERVER

    def __post_init__(self) -> None:
        if not self.path.exists():
            self._save({"due": {"inv-1": "1000.00", "inv-2": "600.00"}, "lock": "none", "payments": []})

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads(self.path.read_text()))

    def _save(self, state: Mapping[str, Any]) -> None:
        self.path.write_text(json.dumps(state))

    def set_due(self, invoice: str, due: str) -> None:
        state = self.state
        state["due"][invoice] = due
        self._save(state)

    @property
    def payments(self) -> list[dict[str, str]]:
        return list(self.state["payments"])

    async def tools(self) -> Mapping[str, Tool]:
        return {name: tool(name) for name in TOOLS}

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:  # fmt: skip
        self.calls.append(name)
        if name != "pay":
            return CallResult(structured={"records": self.payments} if self.readable else {})
        self.keys.append(idempotency_key)
        self.paying.set()
        fault: Fault = self.faults.pop(0) if self.faults else "none"
        refusals = {
            "unauthorized_once": CallError(code="unauthorized", message="no", outcome="failed", status=401),
            "rate_limited_once": CallError(
                code="rate_limited", message="slow down", outcome="failed", status=429,
                retry_after_s=self.retry_after_s,
            ),
            "rate_limited_for_an_hour": CallError(
                code="rate_limited", message="slow down", outcome="failed", status=429, retry_after_s=3600.0
            ),
            "refused": CallError(code="validation", message="invoice is locked", outcome="failed", status=400),
            "never_commit": CallError(code="timeout", message="no answer", outcome="unknown"),
        }  # fmt: skip
        if fault in refusals:
            return CallResult(error=refusals[fault])
        if fault == "hang_before_commit":
            await asyncio.Event().wait()
        payment_id = self._pay(arguments, idempotency_key)
        if fault == "hang_after_commit":
            await asyncio.Event().wait()
        if fault == "cancelled_by_transport":
            raise asyncio.CancelledError
        if fault == "commit_then_drop":
            return CallResult(error=CallError(code="connection_lost", message="dropped", outcome="unknown"))
        return CallResult(structured={"records": [{"PaymentID": payment_id, "Amount": self.echo(arguments["amount"])}]})

    def _pay(self, arguments: Mapping[str, Any], key: str | None) -> str:
        self.before_commit()
        state = self.state
        for payment in state["payments"]:
            if key is not None and payment["key"] == key:
                return str(payment["id"])
        payment_id = f"pay-{len(state['payments']) + 1}"
        state["payments"].append(
            {
                "id": payment_id,
                "reference": arguments["reference"],
                "key": key,
                "invoice": arguments["invoice_id"],
                "amount": arguments["amount"],
            }
        )
        due = Decimal(state["due"][arguments["invoice_id"]]) - Decimal(arguments["amount"])
        state["due"][arguments["invoice_id"]] = str(due)
        self._save(state)
        self.after_commit()
        return payment_id


@dataclass
class VendorProfile:
    """The profile of the small vendor. Implements Profile."""

    vendor: Vendor
    observations: list[int] = field(default_factory=list)
    read_backs: list[int] = field(default_factory=list)
    name: str = "small"
    request_lifetime_s: float = 0.0
    accepts_idempotency_key: bool = True
    contradiction: str | None = None

    def effect(self, tool: str) -> ToolEffect | None:
        effects: dict[str, ToolEffect] = {
            "pay": "write", "list_payments": "read", "get_invoice": "read", "delete_payment": "destructive"
        }  # fmt: skip
        return effects.get(tool)

    def resource(self, tool: str) -> str | None:
        return {"pay": "payments", "list_payments": "payments", "delete_payment": "payments"}.get(tool, "invoices")

    def disagreement(self, proposal: Proposal, base_currency: str) -> str | None:
        return self.contradiction

    async def observe(self, toolbox: Toolbox, conditions: Sequence[Precondition]) -> Mapping[Precondition, str]:
        self.observations.append(len(conditions))
        await toolbox.call("get_invoice", {"ids": [c.id for c in conditions]})
        state = self.vendor.state
        return {
            c: state["lock"] if c.type == "organisation" else state["due"][c.id]
            for c in conditions
            if c.type == "organisation" or c.id in state["due"]
        }

    async def look_for(self, toolbox: Toolbox, write: Write, *, known_ids: frozenset[str]) -> Sighting:
        result = await toolbox.call("list_payments", {})
        if result.error is not None or not self.vendor.readable:
            return Sighting(found=False, certain=False, text="payments cannot be read here")
        assert write.verify is not None
        for payment in self.vendor.payments:
            if payment["reference"] == write.verify["token"]:
                due = Decimal(self.vendor.state["due"][write.arguments["invoice_id"]])
                return Sighting(
                    found=True, ledger_id=payment["id"], due_before=due + write.amount, due_after=due, text="found"
                )
        return Sighting(found=False, text="no such payment")

    def receipt(self, write: Write, result: CallResult) -> Receipt:
        records = (result.structured or {}).get("records") or [{}]
        found, amount = records[0].get("PaymentID"), records[0].get("Amount")
        if found is None:
            return Receipt(disagreement="the answer names no payment")
        wrong = "" if amount == str(write.amount) else f"it says {amount}, not {write.amount}"
        return Receipt(ledger_id=str(found), disagreement=wrong)

    async def read_back(self, toolbox: Toolbox, written: Sequence[tuple[Write, str]]) -> list[Standing]:
        self.read_backs.append(len(written))
        result = await toolbox.call("list_payments", {})
        if result.error is not None:
            raise Unavailable(result.error.message)
        if not self.vendor.readable:
            return [Standing(presence="unreadable") for _ in written]
        return [self._standing(write, ledger_id) for write, ledger_id in written]

    def _standing(self, write: Write, ledger_id: str) -> Standing:
        due = Decimal(self.vendor.state["due"][write.arguments["invoice_id"]])
        payment = next((p for p in self.vendor.payments if p["id"] == ledger_id), None)
        if payment is None:
            return Standing(presence="missing", due=due)
        if payment.get("deleted"):
            return Standing(presence="deleted", due=due)
        wrong = "" if Decimal(payment["amount"]) == write.amount else f"it says {payment['amount']}"
        return Standing(presence="there", due=due, disagreement=wrong)


def payment(
    id: str,
    invoice: str,
    amount: str,
    *,
    due: str,
    plan_id: str,
    line: str = "line-1",
    depends_on: tuple[str, ...] = (),
) -> Write:
    return Write(
        id=id,
        operation="payment.create",
        resource="payments",
        tool="pay",
        tool_sha256=tool("pay").sha256,
        arguments={"invoice_id": invoice, "amount": amount, "reference": f"{plan_id}-{id}"},
        amount=Decimal(amount),
        currency="NZD",
        link_ids=(f"link-{id}",),
        preconditions=(
            Precondition(type="invoice", id=invoice, field="amount_due", expected=due),
            Precondition(type="organisation", id=ORG.id, field="lock_date", expected="none"),
        ),
        effects=(
            Effect(account_id="bank", control="bank", amount=Decimal(amount), currency="NZD",
                   base_amount=Decimal(amount)),
        ),
        verify={"by": "token", "token": f"{plan_id}-{id}", "fingerprints": [f"fitid-{line}"]},
        depends_on=depends_on,
    )  # fmt: skip


def proposal(id: str, *writes: Write, line: str = "line-1", certainty: Literal["certain", "review"] = "certain",
             evidence: tuple[Evidence, ...] = ()) -> Proposal:  # fmt: skip
    invoices = [str(w.arguments["invoice_id"]) for w in writes]
    links = tuple(
        Link(id=f"link-{w.id}", document_id=invoice, type="invoice", number=invoice,
             contact_id="c-1", contact="Acme", amount=w.amount, currency="NZD")
        for w, invoice in zip(writes, invoices, strict=True)
    )  # fmt: skip
    return Proposal(
        id=id, line_id=line, kind="payment", certainty=certainty, confidence=Decimal("0.99"), evidence=evidence,
        rival=None, links=links, writes=writes,
    )  # fmt: skip


def plan(*proposals: Proposal, id: str = "plan-1", org: Organisation = ORG) -> Plan:
    expected = Balances(bank=(), receivables=None, payables=None, currency="NZD", trial_balance_difference=None,
                        why_missing="not read here")  # fmt: skip
    return Plan(
        id=id, created_at=datetime(2026, 11, 20, tzinfo=UTC), as_of=date(2026, 11, 20), organisation=org,
        server_fingerprint=server_settings().fingerprint(org.id), command=("reconcile",), proposals=proposals,
        expected=expected,
    )  # fmt: skip


def one_payment(plan_id: str = "plan-1", **words: Any) -> Plan:
    line = str(words.get("line", "line-1"))
    return plan(
        proposal("p1", payment("w1", "inv-1", "400.00", due="1000.00", plan_id=plan_id, line=line), **words), id=plan_id
    )


def server_settings(lifetime_s: float | None = None) -> ServerSettings:
    return ServerSettings(name=SERVER, url="http://127.0.0.1:1/mcp", request_lifetime_s=lifetime_s)


@dataclass
class World:
    """One run of finchat on a home: everything the guard is made of. Several may share a home."""

    home: Home
    vendor: Vendor
    profile: VendorProfile
    database: Database
    run: Run
    audit: AuditLog
    journal: Journal
    guard: Guard
    events: list[Event]
    slept: list[float]
    closed: bool = False

    async def opened(self) -> World:
        await self.guard.open_organisation(SERVER, ORG)
        return self

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.guard.close()
        self.run.close()
        self.database.close()

    def audit_lines(self) -> list[dict[str, Any]]:
        self.audit.flush()
        return [json.loads(line) for line in self.home.audit_log.read_text("utf-8").splitlines()]


def make_world(path: Path, *, policy: Policy | None = None, lifetime_s: float | None = None) -> World:
    home = Home(path / "home")
    vendor = Vendor(path / "vendor.json")
    profile = VendorProfile(vendor)
    database = Database(home.database)
    run = Run.start(home.locks, user="anna")
    events: list[Event] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    audit = AuditLog(database, home, run, emit=events.append)
    journal = Journal(database, run, audit)
    guard = Guard(
        sessions={SERVER: vendor}, profiles={SERVER: profile}, settings={SERVER: server_settings(lifetime_s)},
        policy=policy or Policy(), journal=journal, audit=audit, run=run, clock=Clock(), emit=events.append,
        sleep=sleep,
    )  # fmt: skip
    return World(home, vendor, profile, database, run, audit, journal, guard, events, slept)
