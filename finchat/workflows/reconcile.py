"""Reconcile: read the books, match the window's bank lines, and put what is certain into a plan. Writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from finchat.books.balances import expected, stated
from finchat.books.coding import code
from finchat.books.documents import Account, BankLine, Books, Organisation
from finchat.books.learning import Remembered, remembering
from finchat.books.matching import match
from finchat.books.matching.verdict import Situation, Verdict
from finchat.books.periods import Window
from finchat.books.plan import Balances, Finding, Plan, Proposal
from finchat.books.plan_names import with_names
from finchat.events import Emit, Working
from finchat.providers.provider import Provider
from finchat.workflows import feed as feeds
from finchat.workflows import part_recorded
from finchat.workflows.bank_files.statement import Statement
from finchat.workflows.bank_files.unsound import doubted
from finchat.workflows.ledger_lines import ledger_lines
from finchat.workflows.proposals import LineAnswer, draft

_CODED: frozenset[Situation] = frozenset({
    "unrelated", "unmatched", "on_account", "prepayment",
    "short_fee", "short_discount", "short_withholding", "short_other", "over_fee",
})  # fmt: skip
_CONTEXT = timedelta(days=38)  # a week less than the payments that are read before the window


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for. `account` limits the lines to one bank account (code, id or name).

    With `statements` (one an account) their lines are the bank lines, and `feed` is not read. `remembered`: what memory
    holds of this organisation.
    """

    window: Window
    as_of: date
    plan_id: str
    created_at: datetime
    server_fingerprint: str
    command: tuple[str, ...] = ()
    feed: Path | None = None
    account: str | None = None
    rates: Mapping[date, Mapping[str, Decimal]] | None = None
    statements: tuple[Statement, ...] = ()
    remembered: Remembered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Every line of the window with its answer, the plan, what else should be known, and the balances as they are."""

    organisation: Organisation
    window: Window
    answers: tuple[LineAnswer, ...]
    findings: tuple[Finding, ...]
    plan: Plan
    before: Balances
    books: Books
    statements: tuple[Statement, ...] = ()

    @property
    def lines(self) -> Mapping[str, BankLine]:
        return {answer.line.id: answer.line for answer in self.answers}

    @property
    def account_names(self) -> Mapping[str, str]:
        """What a person calls each account: code and name."""
        return {a.id: a.label for a in self.books.accounts}


class Records(part_recorded.Records, Protocol):
    """The journal, as far as a plan needs it."""

    def consumed(self, org_id: str) -> Mapping[str, str]:
        """Line fingerprint → ledger id of finchat's own earlier writes."""


async def prepare(provider: Provider, request: Request, *, records: Records, emit: Emit) -> Reconciliation:
    """Reads, matches and plans. `records`: what the journal knows of finchat's own earlier writes.

    Raises UsageError for a wrong feed or account, and the FinchatError of a read that failed. The plan's proposals are
    deterministic for the same books, request and plan id; a line dated in a locked period is reported, never shifted.
    """
    organisation = await provider.organisation()
    accounts = await provider.accounts()
    fed = _bank_lines(request, accounts)
    window = request.window
    # Earlier lines are read with those of the window, so that each keeps the payments that are its own.
    lines = tuple(line for line in fed if window.first - _CONTEXT <= line.date <= window.last)
    books, before, context = await asyncio.gather(
        provider.read_books(window.first, window.last, lines, request.as_of, records.consumed(organisation.id)),
        provider.balances(request.as_of),
        provider.write_context(request.plan_id),
    )
    own = ledger_lines(books.bank_transactions, fed, window.first, window.last, _only(request, accounts))
    books = replace(books, lines=_ordered((*lines, *own)), rates=request.rates or {})
    books = remembering(books, request.remembered)
    emit(Working(what="matching bank lines"))
    wanted = {line.id for line in books.lines if line.date in window}
    verdicts = match(books)
    if any(v.line_id in wanted and _to_code(v) for v in verdicts):
        chart = await provider.chart()
        books = replace(books, tax_rates=chart.tax_rates, tracking=chart.tracking)
        context = await provider.write_context(request.plan_id, chart=True)
        verdicts = code(books, verdicts)
    # Allocation ids came with the books.
    context = replace(context, allocation_ids=provider.allocation_ids, rates=books.rates)
    drafted = draft([v for v in verdicts if v.line_id in wanted], books, context, provider.ledger_balance, verdicts)
    mine = (line for line in books.lines if line.id in wanted)
    drafted = part_recorded.told(drafted, part_recorded.rests(records, organisation.id, mine))
    drafted = doubted(drafted, request.statements)
    plan = Plan(
        id=request.plan_id,
        created_at=request.created_at,
        as_of=request.as_of,
        organisation=_shown(organisation),
        server_fingerprint=request.server_fingerprint,
        command=request.command,
        proposals=drafted.proposals,
        expected=_expected(before, drafted.proposals),
    )
    plan = with_names(plan, {a.id: a.label for a in accounts.values()})
    return Reconciliation(
        organisation=organisation,
        window=window,
        answers=drafted.answers,
        findings=drafted.findings,
        plan=plan,
        before=before,
        books=books,
        statements=request.statements,
    )


def _to_code(verdict: Verdict) -> bool:
    """Whether an account and tax code may be wanted: of a line no document settles, or of the rest of a short one."""
    return verdict.status != "already_settled" and verdict.situation in _CODED


def _bank_lines(request: Request, accounts: Mapping[str, Account]) -> tuple[BankLine, ...]:
    """The lines of the statements with those known from before, else of the feed."""
    if request.statements:
        return tuple(line for s in request.statements for line in (*s.earlier, *s.lines))
    return () if request.feed is None else feeds.bank_lines(feeds.read(request.feed), accounts, request.account)


def _only(request: Request, accounts: Mapping[str, Account]) -> frozenset[str] | None:
    """The bank accounts the run is about; None for all of them."""
    if request.statements:
        return frozenset(s.account_id for s in request.statements)
    if not request.account:
        return None
    named = frozenset(a.id for a in accounts.values() if request.account in (a.id, a.code, a.name))
    return named or None


def _ordered(lines: tuple[BankLine, ...]) -> tuple[BankLine, ...]:
    return tuple(sorted(lines, key=lambda line: (line.date, line.account_id, line.source, line.source_id, line.id)))


def _shown(organisation: Organisation) -> Organisation:
    """The organisation as a plan file carries it, so that a saved plan reads back equal."""
    return Organisation(
        server=organisation.server,
        id=organisation.id,
        name=organisation.name,
        base_currency=organisation.base_currency,
        timezone=organisation.timezone,
        sandbox=organisation.sandbox,
    )


def _expected(before: Balances, proposals: tuple[Proposal, ...]) -> Balances:
    return expected(before, stated(before, (w for p in proposals for w in p.writes)))
