"""The composition root: the only place that knows concrete classes. It hands raw sessions to the guard alone.

Every command is one function: it takes the common flags as an Invocation and returns the exit code. What is heavy
(mcp, httpx, rich, the servers, the sandbox) is imported where a command needs it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from finchat.canonical import canonical_json
from finchat.clock import Clock, clock_from_environment
from finchat.errors import ExitCode, FinchatError, UsageError, WriteRefused, worst
from finchat.events import Emit, Notice, silent
from finchat.settings import Home, ServerSettings, Settings, home_from_environment, load_settings
from finchat.text.redact import secrets_of
from finchat.ui.sink import Sink

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from finchat.books.documents import BankLine, Organisation
    from finchat.books.plan import Balances, Plan
    from finchat.connections.paced import PacedToolbox
    from finchat.providers.xero import XeroProvider
    from finchat.safety.approval import ApprovalDecision, Approver, ReviewContext
    from finchat.safety.audit import AuditLog
    from finchat.safety.guard import Guard
    from finchat.safety.journal import Journal
    from finchat.safety.results import WriteResult
    from finchat.safety.runs import Run, Via
    from finchat.sandbox.home import SandboxHome
    from finchat.sandbox.xero.back_end import XeroBackEnd
    from finchat.servers.upstream import Upstream
    from finchat.store.database import Database
    from finchat.ui.progress import Progress
    from finchat.workflows.execute import Applied
    from finchat.workflows.meter import Usage
    from finchat.workflows.reconcile import Reconciliation


@dataclass(frozen=True)
class Invocation:
    """One command line: the flags every command has, and its words."""

    json: bool = False
    quiet: bool = False
    org: str | None = None
    server: str | None = None
    mcp_config: Path | None = None
    config: Path | None = None
    policy: Path | None = None
    as_of: str | None = None
    command: tuple[str, ...] = ()

    @cached_property
    def sink(self) -> Sink:
        return Sink("json" if self.json else "quiet" if self.quiet else "human")

    @cached_property
    def home(self) -> Home:
        return home_from_environment()

    @cached_property
    def settings(self) -> Settings:
        """Raises UsageError naming the file and field that is wrong."""
        return load_settings(self.home, config=self.config, mcp_config=self.mcp_config, policy=self.policy)

    @property
    def as_of_date(self) -> date | None:
        from finchat.books.periods import parse_day

        return None if self.as_of is None else parse_day(self.as_of, "--as-of")


SIGNAL_NEXT = "finchat journal show names any write that is still open"


class Terminated(FinchatError):
    """SIGTERM or SIGHUP ended the run."""

    exit_code = ExitCode.TERMINATED
    code = "terminated"


# Errors


def report_error(error: FinchatError, *, as_json: bool) -> int:
    """Say an error and return its exit code. Never raises: when nobody listens the code is all there is."""
    with suppress(OSError, ValueError):
        Sink("json" if as_json else "human").error(error)
    return int(error.exit_code)


def report_bug(bug: Exception, arguments: Sequence[str], *, as_json: bool) -> int:
    """A fault of finchat's own: one line, the details in a log."""
    from finchat.ui.bug import logged

    return report_error(logged(bug, arguments), as_json=as_json)


# The main job


def reconcile(
    call: Invocation,
    *,
    days: int | None,
    first: str | None,
    last: str | None,
    account: str | None,
    rates: Path | None,
    from_files: Path | None,
    out: Path | None,
    yes: bool,
) -> int:
    """`finchat reconcile`: read, match, plan, ask, write, read back."""
    if from_files is not None:
        return _match_files(call, from_files)
    from finchat.books.periods import parse_day, window

    # A wrong period is said before anything is opened; the as-of date itself needs the organisation's time zone.
    begin = None if first is None else parse_day(first, "--from")
    end = None if last is None else parse_day(last, "--to")
    window(call.as_of_date or end or date.max, days=days, first=begin, last=end)
    with _quick_imports():
        from finchat.workflows import reconcile as work
        from finchat.workflows import reconcile_json
        from finchat.workflows.execute import untouched
        from finchat.workflows.plans import new_plan_id
        from finchat.workflows.rates import read_rates

    given_rates = None if rates is None else read_rates(rates)

    async def main() -> int:
        async with _desk(call, via="command") as desk:
            as_of = call.as_of_date or desk.today()
            request = work.Request(
                window=window(as_of, days=days, first=begin, last=end),
                as_of=as_of,
                plan_id=new_plan_id(as_of),
                created_at=desk.journal.now(),
                server_fingerprint=desk.fingerprint,
                command=call.command,
                feed=desk.feed,
                account=account,
                rates=given_rates,
            )
            consumed = desk.journal.consumed(desk.organisation.id)
            found = await work.prepare(desk.provider, request, consumed=consumed, emit=desk.progress)
            path = desk.keep(found.plan, out) if found.plan.proposals else None
            desk.show(found)
            applied = untouched(found.plan, found.before)
            if found.plan.proposals and (call.sink.interactive or yes):
                applied = await desk.apply(
                    found.plan,
                    before=found.before,
                    as_of=as_of,
                    lines=found.lines,
                    account_names=found.account_names,
                    yes=yes,
                )
            code = worst([applied.exit_code, desk.recovery_code])
            if call.json:
                call.sink.document(
                    reconcile_json.document(found, applied=applied, path=path, usage=desk.usage, exit_code=code)
                )
            else:
                desk.report(applied, found.account_names, path)
            return code

    return _run(main())


def apply(call: Invocation, plan: str, *, yes: bool) -> int:
    """`finchat apply`: the same question and the same road for a saved plan."""
    with _quick_imports():
        from finchat.workflows import plans, reconcile_json
        from finchat.workflows.execute import as_foreign, untouched

    path = plans.find(call.home.plans, plan)
    saved = plans.load(path)

    async def main() -> int:
        named = replace(call, server=call.server or saved.organisation.server, org=call.org or saved.organisation.id)
        async with _desk(named, via="apply") as desk:
            if saved.server_fingerprint != desk.fingerprint:
                raise WriteRefused(
                    f"the plan was made for {saved.organisation.name} on another server or organisation",
                    code="other_server",
                    field="PLAN",
                    next="name its server with --server, or make the plan again",
                )
            foreign = not desk.journal.knows(saved)
            todo = as_foreign(saved) if foreign else saved
            done = [w.result() for w in desk.journal.writes(saved.id) if w.state not in {"failed", "not_sent"}]
            as_of = call.as_of_date or desk.today()
            accounts = await desk.provider.accounts()
            names = {a.id: " ".join(part for part in (a.code, a.name) if part) for a in accounts.values()}
            before = await desk.provider.balances(as_of)
            applied = untouched(todo, before, done)
            desk.show_saved(todo, foreign=foreign)
            if call.sink.interactive or yes:
                applied = await desk.apply(
                    todo, before=before, as_of=as_of, lines={}, account_names=names, yes=yes, foreign=foreign, done=done
                )
            code = worst([applied.exit_code, desk.recovery_code])
            if call.json:
                call.sink.document(reconcile_json.apply_document(applied, path=path, usage=desk.usage, exit_code=code))
            else:
                desk.report(applied, names, path)
            return code

    return _run(main())


def _match_files(call: Invocation, directory: Path) -> int:
    with _quick_imports():
        from finchat.workflows.from_files import match_directory

    document = match_directory(directory)
    call.sink.raw(canonical_json(document) + "\n")
    return ExitCode.DONE


# The record


def audit_show(call: Invocation, last: int) -> int:
    from collections import deque

    from finchat.safety import audit
    from finchat.ui.records import audit_lines

    records = deque(audit.lines(call.home), maxlen=last or None)
    if call.json:
        call.sink.document({"schema": "finchat.audit/1", "lines": list(records), "exit_code": 0})
    elif records:
        call.sink.data(audit_lines(records))
    else:
        call.sink.talk(f"the audit log is empty ({call.home.audit_log})")
    return ExitCode.DONE


def audit_verify(call: Invocation) -> int:
    from finchat.safety import audit

    with _database(call.home) as database:
        report = audit.verify(call.home, database)
    code = ExitCode.DONE if report.ok else ExitCode.MISMATCH
    if call.json:
        call.sink.document(
            {
                "schema": "finchat.audit_verify/1",
                "ok": report.ok,
                "records": report.records,
                "line": report.line,
                "text": report.text,
                "last_hash": report.last_hash,
                "exit_code": int(code),
            }
        )
    else:
        audit.require_sound(report)
        call.sink.data(report.text)
    return code


def audit_verifier(call: Invocation) -> int:
    from importlib.resources import files

    source = (files("finchat") / "verifier.py").read_text("utf-8")
    if call.json:
        call.sink.document({"schema": "finchat.verifier/1", "source": source, "exit_code": 0})
    else:
        call.sink.raw(source)
    return ExitCode.DONE


def journal_show(call: Invocation, *, everything: bool) -> int:
    from finchat.safety.journal import OPEN_STATES
    from finchat.ui.records import journal_view

    with _books_of_record(call, via="command") as (journal, *_):
        found = [w for w in journal.writes() if everything or w.state in OPEN_STATES]
    if call.json:
        call.sink.document({"schema": "finchat.journal/1", "writes": [w.as_json() for w in found], "exit_code": 0})
    elif found:
        call.sink.data(journal_view(found))
    else:
        call.sink.talk("nothing has been written yet" if everything else "no write is open")
    return ExitCode.DONE


def journal_resolve(call: Invocation, write: str, *, committed: str | None, not_sent: bool) -> int:
    from finchat.ui.records import journal_view

    if (committed is None) == (not not_sent):
        raise UsageError(
            "say what you found in the ledger", field="--committed", next="add --committed ID, or --not-sent"
        )
    with _books_of_record(call, via="command") as (journal, *_):
        record = journal.resolve(write, committed=committed)
    if call.json:
        call.sink.document({"schema": "finchat.journal/1", "writes": [record.as_json()], "exit_code": 0})
    else:
        call.sink.data(journal_view([record]))
    return ExitCode.DONE


def policy_show(call: Invocation) -> int:
    from finchat.safety.policy import Policy
    from finchat.ui.records import policy_view

    policy = Policy.load(call.settings.policy_path, required=call.policy is not None)
    if call.json:
        call.sink.document({**policy.as_json(), "exit_code": 0})
    else:
        call.sink.data(policy_view(policy))
    return ExitCode.DONE


def policy_test(call: Invocation, tool: str) -> int:
    from finchat.providers.registry import PROFILES
    from finchat.safety.policy import Policy
    from finchat.ui.records import explanation_view

    policy = Policy.load(call.settings.policy_path, required=call.policy is not None)
    server = call.settings.server(call.server)
    profile = PROFILES.get(server.profile or "")
    effect, resource = (profile.effect(tool), profile.resource(tool)) if profile else (None, None)
    explanation = policy.explain(server.name, tool, effect, resource)
    if call.json:
        call.sink.document({"schema": "finchat.policy_test/1", **explanation.as_json(), "exit_code": 0})
    else:
        call.sink.data(explanation_view(explanation))
    return ExitCode.DONE


def list_servers(call: Invocation) -> int:
    from finchat.ui.records import servers_view, where

    servers = list(call.settings.servers.values())
    if call.json:
        entries = [
            {
                "name": s.name,
                "profile": s.profile,
                "where": where(s),
                "organisation": s.organisation,
                "sandbox": s.sandbox,
                "clearing_accounts": list(s.clearing_accounts),
                "bank_feed": s.bank_feed,
            }
            for s in servers
        ]
        call.sink.document({"schema": "finchat.servers/1", "servers": entries, "exit_code": 0})
    else:
        call.sink.data(servers_view(servers))
    return ExitCode.DONE


# The sandbox


def sandbox_run(call: Invocation, vendor: str, *, http: str, limits: str, strict_auth: bool, delay: str | None) -> int:
    from finchat.sandbox.xero import serve as sandbox_serve
    from finchat.sandbox.xero.faults import Faults
    from finchat.sandbox.xero.limits import Limits

    _known_vendor(vendor)
    host, port = _address(http)
    allowed, faults = Limits.parse(limits), Faults.parse(delay or "")
    with closing(_sandbox_home(call).ensure()) as back_end, _terminable():
        sandbox_serve.run(
            back_end,
            host,
            port,
            limits=allowed,
            strict_auth=strict_auth,
            faults=faults,
            ready=lambda line: call.sink.raw(line + "\n"),
        )
    return ExitCode.DONE


def sandbox_reset(call: Invocation, *, seed: int, anchor: str | None) -> int:
    from finchat.books.periods import parse_day

    day = None if anchor is None else parse_day(anchor, "--anchor")
    return _replace_company(call, lambda home: home.reset(seed, day))


def sandbox_load(call: Invocation, directory: Path) -> int:
    return _replace_company(call, lambda home: home.load(directory))


def _replace_company(call: Invocation, replace_it: Callable[[SandboxHome], XeroBackEnd]) -> int:
    """Another company in the place of the present one, whose writes the journal need not settle any more."""
    home = _sandbox_home(call)
    before = home.status()["company"]["organisation_id"] if home.database_path.exists() else None
    replace_it(home).close()
    if before is not None:
        with _books_of_record(call, via="command") as (journal, *_):
            journal.forget_sandbox(before)
    return sandbox_status(call)


def sandbox_status(call: Invocation) -> int:
    from finchat.ui.sandbox import sandbox_view

    status = _sandbox_home(call).status()
    if call.json:
        call.sink.document({"schema": "finchat.sandbox/1", **status, "exit_code": 0})
    else:
        call.sink.data(sandbox_view(status))
    return ExitCode.DONE


def sandbox_truth(call: Invocation) -> int:
    call.sink.raw(canonical_json(_sandbox_home(call).truth()) + "\n")
    return ExitCode.DONE


def serve(
    call: Invocation,
    vendor: str,
    *,
    sandbox: bool,
    methods: str,
    tags: str,
    expires: str | None,
    http: str | None,
    token: str | None,
) -> int:
    _known_vendor(vendor)
    instant = _instant(expires)
    address = None if http is None else _address(http)

    async def main() -> int:
        from finchat.servers import serve as ways
        from finchat.servers.xero import server as xero

        source = ServerSettings(name="serve", profile="xero", sandbox=sandbox)
        async with _upstream(call, source) as upstream:
            server = xero.build(upstream, methods=_words(methods), tags=_words(tags), expires=instant)
            if address is None:
                await ways.stdio(server)
            else:
                await ways.http(server, *address, token, instant, ready=lambda url: call.sink.raw(_ready(url)))
        return ExitCode.DONE

    return _run(main())


# Composing


@contextmanager
def _quick_imports() -> Iterator[None]:
    """No garbage collection while large packages are imported; afterwards what they made is never looked at again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _database(home: Home) -> Iterator[Database]:
    from finchat.store.database import Database

    database = Database(home.database)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _books_of_record(call: Invocation, via: Via, emit: Emit = silent) -> Iterator[tuple[Journal, AuditLog, Run]]:
    """The journal and the audit log, open as one run."""
    from finchat.safety.audit import AuditLog
    from finchat.safety.journal import Journal
    from finchat.safety.runs import Run

    with _database(call.home) as database, Run.start(call.home.locks, via=via) as run:
        secrets = [s for server in call.settings.servers.values() for s in secrets_of(server.env, server.headers)]
        audit = AuditLog(database, call.home, run, secrets=(*secrets, *secrets_of(os.environ)), emit=emit)
        try:
            yield Journal(database, run, audit), audit, run
        finally:
            audit.close()


def _sandbox_home(call: Invocation) -> SandboxHome:
    from finchat.sandbox.home import SandboxHome

    return SandboxHome(call.home, clock_from_environment())


@asynccontextmanager
async def _upstream(call: Invocation, settings: ServerSettings) -> AsyncIterator[Upstream]:
    """What finchat's own server talks to: the sandbox company in this process, or the live API."""
    if settings.sandbox:
        from finchat.sandbox.xero.app import create_app
        from finchat.servers.upstream import in_process

        back_end = _sandbox_home(call).ensure()
        try:
            async with in_process(create_app(back_end)) as upstream:
                yield upstream
        finally:
            back_end.close()
    else:
        from finchat.servers.xero.upstream import live_from_environment

        async with live_from_environment({**os.environ, **settings.env}) as upstream:
            yield upstream


@asynccontextmanager
async def _own_server(call: Invocation, settings: ServerSettings) -> AsyncIterator[Server[Any]]:
    """finchat's own MCP server for a configured connection, in memory."""
    from finchat.servers.xero import server

    if settings.profile != "xero":
        raise UsageError(
            f"server {settings.name} has no command and no URL, and finchat has no own server for {settings.profile}",
            field=f"servers.{settings.name}",
            next="give it a command or a url",
        )
    async with _upstream(call, settings) as upstream:
        yield server.build(upstream, text_copy=False)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One organisation, open: what the workflows of a command work with."""

    call: Invocation
    settings: ServerSettings
    clock: Clock
    progress: Progress
    journal: Journal
    guard: Guard
    provider: XeroProvider
    organisation: Organisation
    paced: PacedToolbox
    recovery_code: ExitCode
    accepts_key: bool

    @property
    def fingerprint(self) -> str:
        return self.settings.fingerprint(self.organisation.id)

    @property
    def usage(self) -> Usage:
        from finchat.workflows.meter import Usage

        return Usage(calls=self.paced.calls, waited_s=self.paced.waited_s)

    @property
    def feed(self) -> Path | None:
        """The bank's own feed: the one the connection names, or that of the sandbox company."""
        if self.settings.bank_feed is not None:
            return Path(self.settings.bank_feed)
        return _sandbox_home(self.call).feed_path if self.settings.sandbox else None

    def today(self) -> date:
        """The organisation's day: by the pinned clock on the sandbox, else never earlier than the journal knows."""
        now = self.clock.now() if self.settings.sandbox else self.journal.now()
        return now.astimezone(ZoneInfo(self.organisation.timezone)).date()

    def keep(self, plan: Plan, out: Path | None = None) -> Path:
        """Save the plan under its id, and at `out` when a person named a place; its hash goes to the journal."""
        from finchat.workflows import plans

        path = plans.save(plan, plans.plan_path(self.call.home.plans, plan.id))
        if out is not None:
            path = plans.save(plan, out.absolute())
        self.journal.plan_made(plan)
        return path

    def show(self, found: Reconciliation) -> None:
        """The window, the plan and the findings, on stdout."""
        from finchat.ui.reconciliation import plan_view

        self.progress.clear()
        self.call.sink.data(plan_view(found, self.call.sink.out.width))

    def show_saved(self, plan: Plan, *, foreign: bool) -> None:
        from finchat.ui.reconciliation import saved_plan_view

        self.progress.clear()
        self.call.sink.data(saved_plan_view(plan, self.call.sink.out.width, foreign=foreign))

    async def apply(
        self,
        plan: Plan,
        *,
        before: Balances,
        as_of: date,
        lines: Mapping[str, BankLine],
        account_names: Mapping[str, str],
        yes: bool,
        foreign: bool = False,
        done: Sequence[WriteResult] = (),
    ) -> Applied:
        """Ask and write: first what the policy allows unattended (with --yes), then the person, when there is one."""
        from finchat.safety.approval import ReviewContext
        from finchat.ui.approval import TerminalApprover
        from finchat.workflows import execute, plans

        settled = {(r.proposal_id, r.write_id) for r in done}
        waiting = tuple(p.id for p in plan.proposals if not settled >= {(p.id, w.id) for w in p.writes})
        person = TerminalApprover(self.call.sink, self.progress.paused, lines)

        def new_plan(changed: Plan) -> Plan:
            plans.save(changed, plans.plan_path(self.call.home.plans, changed.id))
            return changed

        return await execute.apply(
            plan,
            guard=self.guard,
            journal=self.journal,
            approver=PolicyFirst(
                self.guard, person, unattended=yes, attended=self.call.sink.interactive, emit=self.progress
            ),
            context=ReviewContext(
                proposal_ids=waiting,
                foreign=foreign,
                sends_idempotency_key=self.accepts_key,
                account_names=account_names,
            ),
            before=before,
            read_balances=lambda: self.provider.balances(as_of),
            new_plan=new_plan,
            now=self.journal.now,
            new_id=lambda: plans.new_plan_id(as_of),
            emit=self.progress,
            done=done,
        )

    def report(self, applied: Applied, account_names: Mapping[str, str], path: Path | None) -> None:
        """What was written, the balances as proof, and what is left to the person."""
        from finchat.ui.reconciliation import applied_view

        self.progress.clear()
        view = applied_view(applied, account_names, saved=path is not None, vendor="Xero")
        if view is not None:
            self.call.sink.data(view)


@dataclass(frozen=True)
class PolicyFirst:
    """An Approver: what policy.toml allows unattended when asked to, then the person, when there is one."""

    guard: Guard
    person: Approver
    unattended: bool
    attended: bool
    emit: Emit

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        """Decisions of the policy, then of the person; without a person the rest stays pending."""
        from finchat.safety.approval import Approve, Quit
        from finchat.workflows.unattended import PolicyApprover

        waiting = list(context.proposal_ids)
        if self.unattended:
            async for decision in PolicyApprover(self.guard, silent if self.attended else self.emit).review(
                plan, context
            ):
                if isinstance(decision, Approve):
                    waiting.remove(decision.proposal_id)
                yield decision
        if not self.attended:
            yield Quit()
            return
        async for decision in self.person.review(plan, replace(context, proposal_ids=tuple(waiting))):
            yield decision


class OrganisationBudgets:
    """Which budget a configured server's calls belong to, before it has said which organisation it is."""

    _TABLE = "CREATE TABLE budgets (server TEXT PRIMARY KEY, key TEXT NOT NULL) STRICT"

    def __init__(self, database: Database) -> None:
        database.migrate("budgets", (self._TABLE,))
        self._database = database

    def known(self, server: str) -> str | None:
        """The organisation's key as learned by an earlier run, by the server's fingerprint."""
        row = self._database.row("SELECT key FROM budgets WHERE server = ?", (server,))
        return None if row is None else str(row["key"])

    def remember(self, server: str, key: str) -> str:
        if self.known(server) != key:
            with self._database.transaction() as connection:
                connection.execute("REPLACE INTO budgets VALUES (?, ?)", (server, key))
        return key


@asynccontextmanager
async def _desk(call: Invocation, via: Via) -> AsyncIterator[Desk]:
    """Everything a workflow needs for one organisation, opened in order and closed in reverse."""
    settings = call.settings.server(call.server)
    from finchat.providers.registry import profile as profile_of

    profile = profile_of(settings.profile, settings.name)
    with _quick_imports():
        from finchat.connections.paced import PacedToolbox
        from finchat.connections.pacing import Pacer, open_budget
        from finchat.connections.sessions import open_session
        from finchat.providers.xero import XeroProvider
        from finchat.safety.guard import Guard
        from finchat.safety.policy import Policy
        from finchat.ui.progress import Progress
        from finchat.ui.reads import ReadQuestions

        if settings.in_memory:
            import finchat.connections.link
            import finchat.sandbox.xero.app
            import finchat.servers.xero.server  # noqa: F401 - both ends live in this process

    clock = clock_from_environment() if settings.sandbox else Clock()
    policy = Policy.load(call.settings.policy_path, required=call.policy is not None)

    def is_read(tool: str) -> bool:
        return profile.effect(tool) == "read"

    async with AsyncExitStack() as stack:
        progress = stack.enter_context(Progress(call.sink))
        journal, audit, run = stack.enter_context(_books_of_record(call, via, progress))
        budget = stack.enter_context(closing(open_budget(call.home)))
        pacer = stack.enter_context(closing(Pacer(budget, call.home.locks, emit=progress)))
        budgets = OrganisationBudgets(budget)
        session = await stack.enter_async_context(
            open_session(
                settings,
                in_memory=lambda own: _own_server(call, own),
                emit=progress,
                clock=clock,
                is_read=is_read,
            )
        )
        here = settings.fingerprint("")
        paced = PacedToolbox(session, pacer, budgets.known(here) or here, is_read=is_read, emit=progress)
        guard = Guard(
            sessions={settings.name: paced},
            profiles={settings.name: profile},
            settings={settings.name: settings},
            policy=policy,
            journal=journal,
            audit=audit,
            run=run,
            clock=clock,
            emit=progress,
            ask=ReadQuestions(call.sink, progress.paused) if call.sink.interactive else None,
        )
        provider = XeroProvider(
            guard.toolbox(settings.name), clearing_accounts=settings.clearing_accounts, emit=progress
        )
        organisation = await provider.organisation(call.org or settings.organisation)
        if settings.sandbox and (age := _sandbox_home(call).age_notice()):
            progress(Notice(text=age, severity="warning"))
        paced.key = budgets.remember(here, f"{settings.profile}:{organisation.id}")
        recovery = await guard.open_organisation(settings.name, organisation)
        yield Desk(
            call=call, settings=settings, clock=clock, progress=progress, journal=journal, guard=guard,
            provider=provider, organisation=organisation, paced=paced, recovery_code=recovery.exit_code,
            accepts_key=profile.accepts_idempotency_key,
        )  # fmt: skip


def _run(main: Coroutine[Any, Any, int]) -> int:
    """Run one command's coroutine; SIGTERM and SIGHUP end it in order with 143, Ctrl-C with KeyboardInterrupt.

    The first signal cancels: a write that is under way is finished or recorded as unknown before the process ends.
    """
    terminated = False

    async def watched() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def end() -> None:
            nonlocal terminated
            terminated = True
            task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        return await main

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        if terminated:
            raise Terminated("terminated", next=SIGNAL_NEXT) from None
        raise


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM raises Terminated from the block (a server that handles it itself passes it on at its end)."""

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(int(ExitCode.TERMINATED))  # not an Exception: nobody on the way may take it for a fault

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except SystemExit as exit_:
        if exit_.code == ExitCode.TERMINATED:
            raise Terminated("terminated", next=SIGNAL_NEXT) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _known_vendor(vendor: str) -> None:
    if vendor != "xero":
        raise UsageError(f"there is no {vendor!r} here", field="VENDOR", next="the vendor is: xero")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--http is {text!r}, not HOST:PORT", field="--http", next="write it like 127.0.0.1:8765")
    return host.strip("[]"), int(port)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise UsageError(
            f"--expires is not an instant with a zone: {text!r}",
            field="--expires",
            next="write it like 2026-11-20T18:00:00Z",
        )
    return instant


def _ready(url: str) -> str:
    import json

    return json.dumps({"url": url}) + "\n"
