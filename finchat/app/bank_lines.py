"""`finchat reconcile` and `finchat apply`: read, match, plan, ask, write, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finchat.app.desk import Desk, open_desk, quick_imports
from finchat.app.invocation import Invocation, run_to_exit
from finchat.app.review import check_wish, shows_screen
from finchat.app.statements import StatementFlags, finish, read_files
from finchat.canonical import canonical_json
from finchat.errors import ExitCode, UsageError, VerificationMismatch, WriteRefused, worst
from finchat.events import Notice

if TYPE_CHECKING:
    from finchat.books.periods import Window
    from finchat.books.plan import Plan
    from finchat.workflows.bank_files.statement import Statement
    from finchat.workflows.execute import Applied
    from finchat.workflows.reconcile import Reconciliation

NO_STATEMENT = StatementFlags()


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
    statement: StatementFlags = NO_STATEMENT,
    review: bool = False,
) -> int:
    """`finchat reconcile`: read, match, plan, ask, write, read back. `review`: on the review screen."""
    check_wish(review=review, yes=yes)
    wish = statement.checked(account)
    if from_files is not None:
        if wish is not None:
            raise UsageError("--statement and --from-files exclude each other", field="--statement", next="give one")
        return _match_files(call, from_files)
    from finchat.books.periods import Window, parse_day, window

    # A wrong period is said before anything is opened; the as-of date itself needs the organisation's time zone.
    begin = None if first is None else parse_day(first, "--from")
    end = None if last is None else parse_day(last, "--to")
    if wish is None or days is not None or begin is not None or end is not None:
        window(call.as_of_date or end or begin or date.max, days=days, first=begin, last=end)
    with quick_imports():
        import finchat.workflows.reconcile  # noqa: F401 - the heaviest part of what follows
        from finchat.workflows import reconcile_json
        from finchat.workflows.execute import untouched
        from finchat.workflows.forbidden import forbidden_findings
        from finchat.workflows.plans import check_place
        from finchat.workflows.rates import read_rates

    if out is not None:
        check_place(out)
    given_rates = None if rates is None else read_rates(rates)

    async def main() -> int:
        async with open_desk(call, via="command") as desk:
            as_of = call.as_of_date or desk.today()
            statements = () if wish is None else await read_files(desk, wish, as_of)
            if statements and days is None and begin is None and end is None:
                period = Window(min(s.first for s in statements), max(s.last for s in statements))
            else:
                period = window(as_of, days=days, first=begin, last=end)
            if (note := desk.vendor.writers.traits.feed) and not statements:
                of = f" ({desk.feed.name}, beside the sandbox company)" if desk.feed and desk.settings.sandbox else ""
                desk.progress(Notice(text=f"{note}{of}."))
            found = await prepared(
                desk, period, as_of=as_of, account=account, command=call.command, rates=given_rates,
                statements=statements,
            )  # fmt: skip
            desk.saw(found.lines.values())
            path = desk.keep(found.plan, out) if found.plan.proposals else None
            forbidden = desk.guard.forbidden(found.plan)
            found = replace(found, findings=(*found.findings, *forbidden_findings(found.plan, forbidden)))
            on_screen = review and shows_screen(call)
            desk.show(found, denied={r.proposal_id for r in forbidden}, rows=not on_screen)
            applied = desk.reasons(untouched(found.plan, found.before, forbidden), yes=yes)
            if found.plan.proposals and (call.sink.interactive or yes):
                applied = await desk.apply(
                    found.plan,
                    before=found.before,
                    as_of=as_of,
                    account_names=found.account_names,
                    yes=yes,
                    done=forbidden,
                    review=review,
                )
            banks, failed = await finish(desk, found, applied, as_of=as_of, export=statement.export)
            code = worst([applied.exit_code, desk.recovery_code, failed])
            if call.json:
                call.sink.document(
                    reconcile_json.document(
                        found, applied=applied, path=path, usage=desk.usage, exit_code=code, banks=banks
                    )
                )
            else:
                desk.report(
                    applied, found.account_names, path, plan_id=found.plan.id, asked=call,
                    command="review" if review else "apply",
                )  # fmt: skip
                desk.show_banks(banks)
            return code

    return run_to_exit(main())


async def prepared(
    desk: Desk,
    period: Window,
    *,
    as_of: date,
    account: str | None,
    command: tuple[str, ...],
    rates: Mapping[date, Mapping[str, Decimal]] | None = None,
    statements: tuple[Statement, ...] = (),
) -> Reconciliation:
    """The books read and the window's lines matched, with a new plan that is not saved yet. `command`: the words that
    would make it again. Raises UsageError for a wrong feed or account, and the FinchatError of a read that failed."""
    from finchat.workflows import reconcile as work
    from finchat.workflows.plans import new_plan_id

    request = work.Request(
        window=period,
        as_of=as_of,
        plan_id=new_plan_id(as_of),
        created_at=desk.journal.now(),
        server_fingerprint=desk.fingerprint,
        command=command,
        feed=desk.feed,
        account=account,
        rates=rates,
        remembered=desk.remembered(as_of),
        statements=statements,
    )
    return await work.prepare(desk.provider, request, records=desk.journal, emit=desk.progress)


def apply(call: Invocation, plan: str, *, yes: bool, review: bool = False) -> int:
    """`finchat apply`: the same question and the same road for a saved plan; `review`: on the review screen."""
    with quick_imports():
        from finchat.providers.provider import OrganisationUnclear
        from finchat.workflows import plans, reconcile_json

    path = plans.find(call.home.plans, plan)
    saved = plans.load(path)
    named = replace(call, server=call.server or saved.organisation.server, org=call.org or saved.organisation.id)
    check_figures(named, saved, path)

    async def main() -> int:
        try:
            return await opened()
        except OrganisationUnclear as error:
            if call.org is not None:
                raise
            raise _other_company(saved, error.there) from error

    async def opened() -> int:
        async with open_desk(named, via="apply") as desk:
            applied, names = await put(desk, saved, path, yes=yes, review=review)
            code = worst([applied.exit_code, desk.recovery_code])
            if call.json:
                call.sink.document(reconcile_json.apply_document(applied, path=path, usage=desk.usage, exit_code=code))
            else:
                desk.report(applied, names, path, plan_id=saved.id, asked=call, command="review" if review else "apply")
            return code

    return run_to_exit(main())


async def put(
    desk: Desk, saved: Plan, path: Path, *, yes: bool = False, review: bool = False
) -> tuple[Applied, Mapping[str, str]]:
    """Put a saved plan before a person, where there is one, and write what is approved; what became of it, and what its
    accounts are called. `path` is its file.

    Raises WriteRefused for a plan of another server or organisation or one that lacks signatures,
    VerificationMismatch for a foreign one that names somebody else than it pays.
    """
    from finchat.books.plan_names import misnamed_account
    from finchat.safety.guard import same_organisation
    from finchat.workflows.earlier import earlier, refused_before
    from finchat.workflows.execute import as_foreign, untouched
    from finchat.workflows.forbidden import forbidden_findings

    call = desk.call
    if saved.server_fingerprint != desk.fingerprint:
        raise WriteRefused(
            f"the plan was made for {saved.organisation.name} on another server or organisation",
            code="other_server",
            field="PLAN",
            next="name its server with --server, or make the plan again",
        )
    same_organisation(saved, desk.organisation)
    foreign = not desk.journal.knows(saved)
    accounts = await desk.provider.accounts()
    names = {a.id: a.label for a in accounts.values()}
    if foreign and (why := misnamed_account(saved, names) or await desk.provider.misnamed(saved)):
        raise VerificationMismatch(
            f"{path} was not made here, and {why}",
            field="PLAN",
            next="make a new plan here; nothing of this file is applied",
        )
    todo = as_foreign(saved) if foreign else saved
    done = earlier(todo, desk.journal)
    settled = {(r.proposal_id, r.write_id) for r in done}
    forbidden = [r for r in desk.guard.forbidden(todo) if (r.proposal_id, r.write_id) not in settled]
    as_of = call.as_of_date or desk.today()
    before = await desk.provider.balances(as_of)
    standing = desk.take_signatures(saved, path, todo)
    declined = refused_before(todo, desk.journal, [*done, *forbidden])
    applied = untouched(todo, before, [*done, *forbidden, *declined])
    on_screen = review and shows_screen(call)
    if not on_screen:
        desk.show_saved(applied, forbidden_findings(todo, forbidden), foreign=foreign)
    if applied.left and standing.missing and not on_screen:
        raise standing.refusal()
    if call.sink.interactive or yes:
        applied = await desk.apply(
            todo,
            before=before,
            as_of=as_of,
            account_names=names,
            yes=yes,
            foreign=foreign,
            done=[*done, *forbidden],
            review=review,
        )
    return applied, names


def check_figures(call: Invocation, plan: Plan, path: Path) -> None:
    """What a plan says must follow from what it would send, before any of it is shown: its hash proves only that
    whoever wrote it hashed it. Raises VerificationMismatch."""
    from finchat.providers.registry import profile

    settings = call.settings.server(call.server)
    rules = profile(settings.profile, settings.name)
    for proposal in plan.proposals:
        # One that still waits for an answer writes nothing, and the guard lets none of it through.
        if proposal.writes and (why := rules.disagreement(proposal, plan.organisation.base_currency)):
            raise VerificationMismatch(
                f"{path} contradicts itself: {why}",
                field="PLAN",
                next="run the command that made it again; nothing of this file is applied",
            )


def _other_company(plan: Plan, there: str) -> WriteRefused:
    of = plan.organisation
    return WriteRefused(
        f"the plan was made for {of.name} ({of.id}); server {of.server} reaches {there}",
        code="other_organisation",
        field="PLAN",
        next=f"name the server that reaches {of.name} with --server or --mcp-config, or make a new plan here",
    )


def _match_files(call: Invocation, directory: Path) -> int:
    with quick_imports():
        from finchat.workflows.from_files import match_directory

    document = match_directory(directory)
    call.sink.json(canonical_json(document))
    return ExitCode.DONE
