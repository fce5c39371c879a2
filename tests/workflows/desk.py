"""A whole finchat around one sandbox company, in one process: the real server, client, guard and journal."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import httpx

from finchat.books.documents import Organisation
from finchat.books.periods import Window
from finchat.books.plan import Plan
from finchat.clock import Clock
from finchat.connections.sessions import open_session
from finchat.connections.toolbox import CallResult, Tool, Toolbox
from finchat.events import Event
from finchat.providers.xero import XERO_PROFILE, XeroProvider
from finchat.safety.approval import ApprovalDecision, Approve, Approver, ReviewContext, Skip, bind, together
from finchat.safety.audit import AuditLog
from finchat.safety.guard import Guard
from finchat.safety.journal import Journal
from finchat.safety.policy import Policy
from finchat.safety.runs import Run
from finchat.sandbox.company import SeededCompany, generate
from finchat.sandbox.xero.app import create_app
from finchat.sandbox.xero.back_end import XeroBackEnd
from finchat.sandbox.xero.limits import Limits
from finchat.servers.upstream import in_process
from finchat.servers.xero import server as xero
from finchat.settings import Home, ServerSettings, sandbox_server
from finchat.store.database import Database
from finchat.workflows import plans
from finchat.workflows.answering import Answers
from finchat.workflows.execute import Applied, apply
from finchat.workflows.reconcile import Reconciliation, Request, prepare

Found = TypeVar("Found")


class Counted:
    """A toolbox that writes down what passes through it."""

    def __init__(self, inner: Toolbox) -> None:
        self._inner = inner
        self.calls: list[str] = []

    @property
    def server(self) -> str:
        return self._inner.server

    async def tools(self) -> Mapping[str, Tool]:
        return await self._inner.tools()

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        self.calls.append(name)
        return await self._inner.call(name, arguments, idempotency_key=idempotency_key, deadline_s=deadline_s)


class Outside:
    """The company as somebody else sees it over HTTP."""

    def __init__(self, app: Any) -> None:
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://sandbox/api.xro/2.0",
            headers={"Authorization": "Bearer outside", "Accept": "application/json"},
        )

    async def get(self, path: str, **query: str) -> Any:
        response = await self._client.get(path, params=query)
        response.raise_for_status()
        return response.json()

    async def put(self, path: str, body: Mapping[str, Any]) -> Any:
        response = await self._client.put(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        response = await self._client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert response.status_code == 200, response.text
        return response.json()

    async def trial_balance(self, on: date) -> dict[str, Decimal]:
        """Debit-positive balances by account id."""
        (report,) = (await self.get("/Reports/TrialBalance", date=on.isoformat()))["Reports"]
        found: dict[str, Decimal] = {}
        for section in report["Rows"]:
            for row in section.get("Rows", ()):
                for attribute in row["Cells"][0].get("Attributes") or ():
                    debit, credit = (Decimal(row["Cells"][n]["Value"] or "0") for n in (3, 4))
                    found[attribute["Value"]] = debit - credit
        return found

    async def payments(self) -> list[dict[str, Any]]:
        body = await self.get("/Payments", page="1", pageSize="1000", where='Status=="AUTHORISED"')
        return list(body["Payments"])


@dataclass
class Desk:
    """One run of finchat at work on one organisation."""

    guard: Guard
    journal: Journal
    provider: XeroProvider
    organisation: Organisation
    settings: ServerSettings
    session: Counted
    outside: Outside
    back_end: XeroBackEnd
    home: Home
    as_of: date
    events: list[Event] = field(default_factory=list)

    async def reconcile(
        self, feed: Path | None, *, days: int = 7, plan_id: str = "20261120-00000000"
    ) -> Reconciliation:
        from finchat.books.periods import window

        return await self._prepare(window(self.as_of, days=days), feed, plan_id)

    async def _prepare(self, window: Window, feed: Path | None, plan_id: str) -> Reconciliation:
        request = Request(
            window=window,
            as_of=self.as_of,
            plan_id=plan_id,
            created_at=datetime.combine(self.as_of, time(9), UTC),
            server_fingerprint=self.settings.fingerprint(self.organisation.id),
            command=("reconcile",),
            feed=feed,
        )
        found = await prepare(self.provider, request, records=self.journal, emit=self.events.append)
        self.journal.plan_made(found.plan)
        return found

    async def apply(self, plan: Plan, approver: Approver, **changes: Any) -> Applied:
        ids = tuple(p.id for p in plan.proposals)

        async def balances() -> Any:
            return await self.provider.balances(self.as_of)

        def kept(edited: Plan) -> Plan:
            plans.save(edited, plans.plan_path(self.home.plans, edited.id))
            return edited

        return await apply(
            plan,
            guard=self.guard,
            journal=self.journal,
            approver=approver,
            context=changes.pop("context", ReviewContext(proposal_ids=ids)),
            before=await balances(),
            read_balances=balances,
            new_plan=kept,
            now=lambda: datetime.now(UTC),
            new_id=lambda: plans.new_plan_id(self.as_of),
            answered=changes.pop("answered", Answers()),
            emit=self.events.append,
            **changes,
        )


class Scripted:
    """Approves the proposals of a class (or exactly those named) and skips the rest, as a person would with `y`/`n`.

    `bulk`: approves them together, as a person would with `a`.
    """

    def __init__(self, certainty: str = "certain", only: Sequence[str] | None = None, *, bulk: bool = False) -> None:
        self._certainty = certainty
        self._only = only
        self._bulk = bulk

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        asked = [p for p in plan.proposals if p.id in context.proposal_ids]
        wanted = [p for p in asked if (p.certainty == self._certainty if self._only is None else p.id in self._only)]
        if self._bulk:
            for decision in together([bind(plan, p, user="tester") for p in wanted]):
                yield decision
        for proposal in asked:
            if proposal not in wanted:
                yield Skip(proposal.id)
            elif not self._bulk:
                yield Approve(bind(plan, proposal, user="tester"))


def written_feed(company: SeededCompany, path: Path) -> Path:
    path.write_text(json.dumps(company.feed), "utf-8")
    return path


def back_end_of(company: SeededCompany, anchor: date, path: Path | None = None) -> XeroBackEnd:
    """A company of its own: a copy of the one that was loaded first."""
    return copied(_loaded(company), anchor, path)


def copied(back_end: XeroBackEnd, anchor: date, path: Path | None = None) -> XeroBackEnd:
    copy = XeroBackEnd(path or ":memory:", Clock(datetime.combine(anchor, time(1), UTC)))
    back_end.db.backup(copy.db)
    return copy


_COPIED: dict[int, tuple[SeededCompany, XeroBackEnd]] = {}


def _loaded(company: SeededCompany) -> XeroBackEnd:
    if id(company) not in _COPIED:  # it is kept, so its id stays its own
        back_end = XeroBackEnd(":memory:", Clock())
        back_end.load(company.collections)
        _COPIED[id(company)] = company, back_end
    return _COPIED[id(company)][1]


@asynccontextmanager
async def open_desk(back_end: XeroBackEnd, home: Home, as_of: date, **changes: Any) -> AsyncIterator[Desk]:
    """A run with its own journal, session and guard, over a company that may be shared with other runs."""
    settings = sandbox_server()
    app = create_app(back_end, limits=Limits.parse("100000/60s,50,1000000"))
    clock = Clock(datetime.combine(as_of, time(1), UTC))
    events: list[Event] = []

    @asynccontextmanager
    async def own(_: ServerSettings) -> AsyncIterator[Any]:
        async with in_process(app) as upstream:
            yield xero.build(upstream, text_copy=False)

    database = Database(home.database)
    run = Run.start(home.locks)
    audit = AuditLog(database, home, run)
    journal = Journal(database, run, audit)
    try:
        async with open_session(settings, in_memory=own, emit=events.append, clock=clock) as raw:
            session = changes.pop("session", Counted)(raw)
            guard = Guard(
                sessions={settings.name: session},
                profiles={settings.name: XERO_PROFILE},
                settings={settings.name: settings},
                policy=changes.pop("policy", Policy()),
                journal=journal,
                audit=audit,
                run=run,
                clock=clock,
                emit=events.append,
            )
            provider = XeroProvider(
                guard.toolbox(settings.name), clearing_accounts=settings.clearing_accounts, emit=events.append
            )
            organisation = await provider.organisation()
            await guard.open_organisation(settings.name, organisation)
            yield Desk(
                guard, journal, provider, organisation, settings, session, Outside(app), back_end, home, as_of, events
            )
    finally:
        audit.close()
        run.close()
        database.close()


@dataclass(frozen=True)
class Prepared(Generic[Found]):
    """What an earlier run left, made once for many tests: each takes up a copy of the company and of the home."""

    found: Found
    feed: Path
    calls: Sequence[str]
    home: Path
    back_end: XeroBackEnd
    as_of: date

    def desk(self, home: Home, **changes: Any) -> AbstractAsyncContextManager[Desk]:
        """A later run at the same home, copied to `home`."""
        if not home.path.exists():
            shutil.copytree(self.home, home.path)
        return open_desk(copied(self.back_end, self.as_of), home, self.as_of, **changes)


def prepared(
    seeded: SeededCompany, anchor: date, directory: Path, run: Callable[[Desk, Path], Awaitable[Found]]
) -> Prepared[Found]:
    """One run of finchat over a fresh company; `run` is given the desk and the feed."""
    back_end, feed = back_end_of(seeded, anchor), written_feed(seeded, directory / "feed.json")

    async def whole() -> tuple[Found, list[str]]:
        async with open_desk(back_end, Home(directory / "home"), anchor) as desk:
            return await run(desk, feed), list(desk.session.calls)

    found, calls = asyncio.run(whole())
    return Prepared(found, feed, calls, directory / "home", back_end, anchor)


@cache
def company(seed: int, anchor: date) -> SeededCompany:
    return generate(seed, anchor)
