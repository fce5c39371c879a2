"""`finchat reconcile` and `finchat apply`: read, match, plan, ask, write, read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from finchat.app.desk import open_desk, quick_imports
from finchat.app.invocation import Invocation, run_to_exit
from finchat.canonical import canonical_json
from finchat.errors import ExitCode, WriteRefused, worst


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
    window(call.as_of_date or end or begin or date.max, days=days, first=begin, last=end)
    with quick_imports():
        from finchat.workflows import reconcile as work
        from finchat.workflows import reconcile_json
        from finchat.workflows.execute import untouched
        from finchat.workflows.plans import new_plan_id
        from finchat.workflows.rates import read_rates

    given_rates = None if rates is None else read_rates(rates)

    async def main() -> int:
        async with open_desk(call, via="command") as desk:
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

    return run_to_exit(main())


def apply(call: Invocation, plan: str, *, yes: bool) -> int:
    """`finchat apply`: the same question and the same road for a saved plan."""
    with quick_imports():
        from finchat.safety.guard import same_organisation
        from finchat.workflows import plans, reconcile_json
        from finchat.workflows.execute import as_foreign, untouched

    path = plans.find(call.home.plans, plan)
    saved = plans.load(path)

    async def main() -> int:
        named = replace(call, server=call.server or saved.organisation.server, org=call.org or saved.organisation.id)
        async with open_desk(named, via="apply") as desk:
            if saved.server_fingerprint != desk.fingerprint:
                raise WriteRefused(
                    f"the plan was made for {saved.organisation.name} on another server or organisation",
                    code="other_server",
                    field="PLAN",
                    next="name its server with --server, or make the plan again",
                )
            same_organisation(saved, desk.organisation)
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

    return run_to_exit(main())


def _match_files(call: Invocation, directory: Path) -> int:
    with quick_imports():
        from finchat.workflows.from_files import match_directory

    document = match_directory(directory)
    call.sink.raw(canonical_json(document) + "\n")
    return ExitCode.DONE
