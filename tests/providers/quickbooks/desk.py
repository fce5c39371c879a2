"""A whole finchat around the seeded QuickBooks company, in one process: the real server, client, guard and journal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from finchat.books.balances import expected, stated
from finchat.books.documents import Books, Organisation
from finchat.books.plan import DRAFTED, Balances, Evidence, Kind, Link, Plan, PlanLine, Proposal, Write
from finchat.clock import Clock
from finchat.connections.sessions import open_session
from finchat.connections.toolbox import CallError, CallResult, Tool, Toolbox
from finchat.events import Event
from finchat.providers.quickbooks.profile import QUICKBOOKS_PROFILE
from finchat.providers.quickbooks.provider import QuickBooksProvider
from finchat.providers.writing.context import WriteContext
from finchat.safety.approval import bind
from finchat.safety.audit import AuditLog
from finchat.safety.guard import Guard
from finchat.safety.journal import Journal
from finchat.safety.policy import Policy
from finchat.safety.results import WriteResult
from finchat.safety.runs import Run
from finchat.sandbox.quickbooks.app import create_app
from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd
from finchat.servers.quickbooks import server as quickbooks
from finchat.servers.quickbooks.upstream import company_path
from finchat.servers.upstream import in_process
from finchat.settings import Home, ServerSettings, sandbox_server
from finchat.store.database import Database
from finchat.workflows.undo import Request, prepare
from tests.sandbox.quickbooks.seeded import NOW, PLENTY, TODAY, seeded

Made = tuple[Link | tuple[Link, ...], Write]
SINCE = date(2026, 11, 1)


class Odd:
    """A toolbox that can lose the answer of a write, or let something happen just before one."""

    def __init__(self, inner: Toolbox) -> None:
        self._inner = inner
        self.lose_answer = False
        self.before_write: Callable[[], Any] | None = None
        self.calls: list[str] = []

    @property
    def server(self) -> str:
        return self._inner.server

    async def tools(self) -> Mapping[str, Tool]:
        return await self._inner.tools()

    async def call(self, name: str, arguments: Mapping[str, Any], **more: Any) -> CallResult:
        self.calls.append(name)
        writes = not name.startswith(("list_all", "get_single"))
        if writes and self.before_write is not None:
            act, self.before_write = self.before_write, None
            await act()
        result = await self._inner.call(name, arguments, **more)
        if writes and self.lose_answer:
            self.lose_answer = False
            return CallResult(error=CallError(code="connection_lost", message="dropped", outcome="unknown"))
        return result


@dataclass
class Desk:
    """One run of finchat at work on the company, and the company seen by somebody else over HTTP."""

    guard: Guard
    journal: Journal
    provider: QuickBooksProvider
    organisation: Organisation
    settings: ServerSettings
    session: Odd
    back_end: QuickBooksBackEnd
    outside: httpx.AsyncClient
    events: list[Event]
    plans: int = 0
    _read: tuple[Books, WriteContext] | None = None

    async def read(self) -> tuple[Books, WriteContext]:
        """The books as they were read first, and what the writes of one more plan share."""
        self.plans += 1
        if self._read is None:
            books = await self.provider.read_books(SINCE, TODAY, (), TODAY)
            self._read = books, await self.provider.write_context("", chart=True, fresh=True)
        books, context = self._read
        return books, replace(context, plan_id=f"20261120-qbwrites{self.plans:02}")

    async def post(self, path: str, body: Mapping[str, Any], **query: str) -> Any:
        """Another client's write."""
        answer = await self.outside.post(path, params=query, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def record(self, path: str) -> dict[str, Any]:
        answer = await self.outside.get(path)
        assert answer.status_code == 200, answer.text
        (name,) = (key for key in answer.json() if key != "time")
        return dict(answer.json()[name])

    def money(self) -> dict[str, Decimal]:
        """Every account by id as somebody else sees it, debit positive, in base currency; the whole is zero."""
        rows = self.back_end.db.execute("SELECT account, sum(amount) FROM split GROUP BY account").fetchall()
        found = {row[0]: Decimal(row[1]).scaleb(-2) for row in rows}
        assert Decimal(str(self.back_end.balances()["trial_balance_difference"])) == 0
        return found

    def plan(self, context: WriteContext, kind: Kind, made: Sequence[Made], line: PlanLine | None) -> Plan:
        links: list[Link] = []
        for link, _ in made:
            links += link if isinstance(link, tuple) else (link,)
        proposal = Proposal(
            id="p1", line_id="" if line is None else line.id, kind=kind, certainty="review",
            confidence=Decimal(1), evidence=(Evidence(kind=DRAFTED, text="asked for"),), rival=None,
            links=tuple(links), writes=tuple(write for _, write in made), line=line,
        )  # fmt: skip
        return self.planned(context.plan_id, (proposal,), self._balances)

    def planned(self, plan_id: str, proposals: tuple[Proposal, ...], before: Balances) -> Plan:
        plan = Plan(
            id=plan_id, created_at=NOW, as_of=TODAY, organisation=self.organisation,
            server_fingerprint=self.settings.fingerprint(self.organisation.id), command=("reconcile",),
            proposals=proposals,
            expected=expected(before, stated(before, (w for p in proposals for w in p.writes))),
        )  # fmt: skip
        self.journal.plan_made(plan)
        return plan

    async def ready(self) -> None:
        """The balances before, which a plan states its own against."""
        self._balances = await self.provider.balances(TODAY)

    async def apply(self, plan: Plan) -> tuple[WriteResult, ...]:
        (proposal,) = plan.proposals
        assert QUICKBOOKS_PROFILE.disagreement(proposal, "USD") is None
        return await self.guard.execute(plan, proposal, bind(plan, proposal, user="tester"))

    async def undo(self, plan: Plan) -> Any:
        """The undo of a plan, as `finchat undo` prepares it."""
        self.plans += 1
        request = Request(
            of=plan.id, as_of=TODAY, plan_id=f"20261120-qbwrites{self.plans:02}", created_at=NOW,
            server_fingerprint=self.settings.fingerprint(self.organisation.id), command=("undo", plan.id),
        )  # fmt: skip
        found = await prepare(self.provider, request, records=self.journal)
        self.journal.plan_made(found.plan)
        return found


@asynccontextmanager
async def open_desk(home: Path, back_end: QuickBooksBackEnd | None = None) -> AsyncIterator[Desk]:
    """A run with its own journal, session and guard."""
    own_home, company = Home(home), back_end or seeded()
    settings = replace(sandbox_server(), profile="quickbooks")
    app, clock = create_app(company, limits=PLENTY), Clock(NOW)
    events: list[Event] = []

    @asynccontextmanager
    async def own(_: ServerSettings) -> AsyncIterator[Any]:
        async with in_process(app, path=company_path(company.realm_id)) as upstream:
            yield quickbooks.build(upstream, text_copy=False)

    database = Database(own_home.database)
    run = Run.start(own_home.locks)
    audit = AuditLog(database, own_home, run)
    journal = Journal(database, run, audit)
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"http://sandbox/v3/company/{company.realm_id}",
        headers={"Authorization": "Bearer outside", "Accept": "application/json"},
    )  # fmt: skip
    try:
        async with open_session(settings, in_memory=own, emit=events.append, clock=clock) as raw:
            session = Odd(raw)
            guard = Guard(
                sessions={settings.name: session}, profiles={settings.name: QUICKBOOKS_PROFILE},
                settings={settings.name: settings}, policy=Policy(), journal=journal, audit=audit, run=run,
                clock=clock, emit=events.append,
            )  # fmt: skip
            provider = QuickBooksProvider(guard.toolbox(settings.name), emit=events.append)
            organisation = await provider.organisation()
            await guard.open_organisation(settings.name, organisation)
            desk = Desk(guard, journal, provider, organisation, settings, session, company, http, events)
            await desk.ready()
            yield desk
    finally:
        await http.aclose()
        audit.close()
        run.close()
        database.close()
        if back_end is None:
            company.close()


def line(
    amount: Decimal | str, direction: Any = "receive", account: str = "35", day: date = TODAY, currency: str = "USD"
) -> PlanLine:
    return PlanLine(
        id=f"L-{direction}-{amount}", date=day, direction=direction, amount=Decimal(amount), currency=currency,
        account_id=account, payee="ACH CREDIT SMITH", reference="REF 77",
        fingerprints=(f"fp-{direction}-{amount}",),
    )  # fmt: skip
