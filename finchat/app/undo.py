"""`finchat undo`: what a plan wrote, proposed for deletion as a plan of its own, asked about and proven."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finchat.app.desk import books_of_record, open_desk, quick_imports
from finchat.app.invocation import Invocation, run_to_exit
from finchat.errors import ExitCode, VerificationMismatch, worst

if TYPE_CHECKING:
    from finchat.books.plan import Plan


def undo(call: Invocation, named: str, *, yes: bool) -> int:
    """Without a terminal nothing is asked or written: the new plan is saved and the exit code is 3."""
    with quick_imports():
        from finchat.safety.guard import same_organisation
        from finchat.workflows import undo as work
        from finchat.workflows import undo_json
        from finchat.workflows.execute import untouched
        from finchat.workflows.forbidden import forbidden_findings
        from finchat.workflows.plans import new_plan_id

    of = _known(call, named)
    there = replace(call, server=call.server or of.organisation.server, org=call.org or of.organisation.id)

    async def main() -> int:
        async with open_desk(there, via="command") as desk:
            same_organisation(of, desk.organisation)
            as_of = call.as_of_date or desk.today()
            request = work.Request(
                of=of.id,
                as_of=as_of,
                plan_id=new_plan_id(as_of),
                created_at=desk.journal.now(),
                server_fingerprint=desk.fingerprint,
                command=call.command,
            )
            found = await work.prepare(desk.provider, request, records=desk.journal)
            path = desk.keep(found.plan) if found.plan.proposals else None
            forbidden = desk.guard.forbidden(found.plan)
            found = replace(found, findings=(*found.findings, *forbidden_findings(found.plan, forbidden)))
            desk.show_undo(found, denied={r.proposal_id for r in forbidden})
            applied = desk.reasons(untouched(found.plan, found.before, forbidden), yes=yes)
            if found.plan.proposals and (call.sink.interactive or yes):
                applied = await desk.apply(
                    found.plan,
                    before=found.before,
                    as_of=as_of,
                    account_names=found.account_names,
                    yes=yes,
                    done=forbidden,
                )
            code = worst([applied.exit_code, desk.recovery_code])
            if code is ExitCode.DONE and not found.whole:
                code = ExitCode.WRITE_REFUSED  # the ledger, or what happened to it since, said no to some of it
            if call.json:
                call.sink.document(
                    undo_json.document(found, applied=applied, path=path, usage=desk.usage, exit_code=code)
                )
            else:
                desk.report(applied, found.account_names, path, plan_id=found.plan.id, asked=call)
            return code

    return run_to_exit(main())


def _known(call: Invocation, named: str) -> Plan:
    """The plan as the journal has it, by its id or its file. Raises UsageError when nothing of it was written here,
    VerificationMismatch when the file says something else than the journal."""
    from finchat.safety.approval import plan_hash
    from finchat.workflows import plans
    from finchat.workflows.undo import undoable

    with books_of_record(call, via="command") as (journal, _, _):
        if journal.plan(named) is not None:
            return undoable(named, journal)
        path = plans.find(call.home.plans, named)
        saved = plans.load(path)
        of = undoable(saved.id, journal)
        if plan_hash(of) != plan_hash(saved):
            raise VerificationMismatch(
                f"{path} is not the plan {saved.id} that was written here", code="plan_changed", field="PLAN",
                next=f"finchat undo {saved.id} takes back what was written, by the journal",
            )  # fmt: skip
        return of
