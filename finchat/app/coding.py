"""`finchat plan code`: the answer to a proposal's question, from a command line."""

from __future__ import annotations

from dataclasses import replace

from finchat.app.bank_lines import check_figures
from finchat.app.desk import books_of_record, open_desk, quick_imports
from finchat.app.invocation import Invocation, run_to_exit
from finchat.errors import ExitCode, UsageError, WriteRefused

# What a person at a prompt is told, as a command line has it.
_FLAGS = {
    "name a contact of the ledger, or a new contact": "name it with --contact, or a new one with --new-contact",
    "give a contact's name, or a new contact": "give a contact's name, or a new one's with --new-contact",
    "leave the contact out, or": "leave --contact and --new-contact out, or",
    "give one of the two": "give --contact or --new-contact",
    "? lists all": '--account "?" lists all',
}


def plan_code(
    call: Invocation,
    named: str,
    proposal_id: str,
    *,
    account: str,
    tax: str,
    tracking: tuple[str, ...] = (),
    contact: str = "",
    new_contact: str = "",
) -> int:
    """Complete one question and save the new plan; nothing is written to the ledger but by applying it. Raises
    WriteRefused naming the flag's field and what is valid, UsageError when there is no such question."""
    with quick_imports():
        from finchat.safety.guard import same_organisation
        from finchat.ui.reconciliation import answered_view
        from finchat.workflows import plans
        from finchat.workflows.answering import Answers
        from finchat.workflows.choosing import answer_of
        from finchat.workflows.review.answers import answer_all

    path = plans.find(call.home.plans, named)
    saved = plans.load(path)
    given = saved.id
    with books_of_record(call, via="command") as (journal, *_):
        family = [plans.plan_path(call.home.plans, id) for id in journal.family(given) if id != given]
    made = [(one, plans.load(one)) for one in family if one.is_file()]
    if made and (last := max(made, key=lambda one: one[1].created_at))[1].created_at >= saved.created_at:
        path, saved = last
        call.sink.talk(f"plan {saved.id} was made of {given} since: this answers in it")
    proposal = next((p for p in saved.proposals if p.id == proposal_id), None)
    if proposal is None or not proposal.asks:
        asking = ", ".join(p.id for p in saved.proposals if p.asks) or "none"
        what = "asks nothing" if proposal is not None else "is no proposal of this plan"
        raise UsageError(f"{proposal_id} {what}", field="PROPOSAL", next=f"proposals that ask: {asking}")
    ask = proposal.asks[0]
    there = replace(call, server=call.server or saved.organisation.server, org=call.org or saved.organisation.id)
    check_figures(there, saved, path)

    async def main() -> int:
        async with open_desk(there, via="command") as desk:
            if saved.server_fingerprint != desk.fingerprint:
                raise WriteRefused(
                    f"the plan was made for {saved.organisation.name} on another server or organisation",
                    code="other_server", field="PLAN", next="name its server with --server, or make the plan again",
                )  # fmt: skip
            same_organisation(saved, desk.organisation)
            chart = await desk.provider.write_context(saved.id, chart=True)
            try:
                answer = answer_of(
                    chart, proposal_id, ask, account=account, tax=tax, tracking=tracking, contact=contact,
                    new_contact=new_contact,
                )  # fmt: skip
            except WriteRefused as error:  # nothing was to be written yet: what was typed is wrong
                field = "--new-contact" if error.field == "contact" and new_contact else f"--{error.field}"
                step = error.next or ""
                for said, flagged in _FLAGS.items():
                    step = step.replace(said, flagged)
                raise UsageError(error.message, code=error.code, field=field, next=step) from error
            changed = answer_all(
                saved,
                [answer],
                Answers(chart),
                plan_id=plans.new_plan_id(saved.as_of),
                created_at=desk.journal.now(),
                keep=frozenset(p.id for p in saved.proposals),
            )
            new = plans.save(changed, plans.plan_path(call.home.plans, changed.id))
            if desk.journal.knows(saved):  # an answer makes nobody else's plan our own
                desk.journal.plan_made(changed, made_from=saved.id)
            desk.progress.clear()
            if call.json:
                call.sink.document(
                    {
                        "schema": "finchat.plan_code/1",
                        "plan": changed.as_json(),
                        "path": str(new),
                        "made_from": saved.id,
                        "proposal_id": proposal_id,
                        "exit_code": 0,
                    }
                )
            else:
                names = {a.id: a.label for a in chart.accounts.values()}
                call.sink.data(answered_view(changed, proposal_id, call.sink.out.width, names))
                call.sink.raw(f"  {call.again('apply', changed.id)}\n")
            return ExitCode.DONE

    return run_to_exit(main())
