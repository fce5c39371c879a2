"""`/plan`, `/apply` and `/undo`: what waits, deciding on it, and taking it back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from finchat.app.commands import Chat
from finchat.app.commands.words import one_of, unquoted
from finchat.errors import UsageError, WriteRefused

if TYPE_CHECKING:
    from finchat.app.run import Run
    from finchat.ui.plans import SavedPlan


async def plan(chat: Chat, arguments: str) -> None:
    """The plans that wait, all of them, or one with its rows."""
    named = unquoted(arguments)
    run = await chat.ready()
    from finchat.app.plans import saved_plans, states
    from finchat.ui.plans import plan_summary, plans_view

    if named and named != "all":
        path = _path(chat, named)
        from finchat.workflows import plans

        (one,) = states(chat.call, [(path, plans.load(path))], run.desk.journal)
        chat.say(plan_summary(one, chat.call.sink.out.width, _next(chat, one)))
        return
    found, unreadable, hidden = saved_plans(chat.call, run.desk.journal)
    shown = found if named == "all" else _waiting(run, found)
    if shown or (named == "all" and unreadable):
        chat.say(plans_view(shown, unreadable if named == "all" else (), hidden=hidden if named == "all" else 0))
        chat.say("/plan ID shows the rows of one, /apply ID asks you about it")
    else:
        what = "no plan is saved" if named == "all" else "no plan waits for you"
        chat.say(f"{what}; /reconcile makes one" + ("" if named or not found else ", /plan all lists earlier ones"))


async def apply(chat: Chat, arguments: str) -> None:
    """Put a saved plan before the person; without a name the only one that waits."""
    _may_write(chat)
    named = unquoted(arguments)
    if named:
        await chat.ready()
        await chat.offer(_path(chat, named).stem)
        return
    run = await chat.ready()
    from finchat.app.plans import saved_plans

    found, _, _ = saved_plans(chat.call, run.desk.journal)
    waiting = _waiting(run, found)
    if not waiting:
        raise UsageError(
            "no saved plan waits for a decision", code="nothing_to_review", field="ID", next="/reconcile makes one"
        )
    if len(waiting) > 1:
        ids = ", ".join(one.plan.id for one in waiting[:3])
        raise UsageError(
            f"{len(waiting)} plans wait", field="ID", next=f"name one: /apply ID, the newest first of {ids}"
        )
    await chat.offer(waiting[0].plan.id)


async def undo(chat: Chat, arguments: str) -> None:
    """Propose to take back what a plan wrote, and put that before the person."""
    _may_write(chat)
    named = unquoted(arguments)
    run = await chat.ready()
    from finchat.safety.guard import same_organisation
    from finchat.workflows import undo as work
    from finchat.workflows.forbidden import forbidden_findings
    from finchat.workflows.plans import new_plan_id

    desk = run.desk
    written = list(dict.fromkeys(w.plan_id for w in reversed(desk.journal.writes(states=("committed",)))))
    if not named:
        step = f"/undo {written[0]} takes back what was written last" if written else "nothing was written here yet"
        raise UsageError("say which plan to take back", field="ID", next=step)
    if desk.journal.plan(named) is None:
        named = one_of(
            named, [*written, *(id for id in _ids(chat) if id not in written)],
            what="plan", field="ID", example="/audit shows what was written, and under which plan",
        )  # fmt: skip
    same_organisation(work.undoable(named, desk.journal), desk.organisation)
    as_of = chat.call.as_of_date or desk.today()
    request = work.Request(
        of=named, as_of=as_of, plan_id=new_plan_id(as_of), created_at=desk.journal.now(),
        server_fingerprint=desk.fingerprint, command=("undo", named),
    )  # fmt: skip
    found = await work.prepare(desk.provider, request, records=desk.journal)
    forbidden = desk.guard.forbidden(found.plan)
    found = replace(found, findings=(*found.findings, *forbidden_findings(found.plan, forbidden)))
    desk.show_undo(found, denied={r.proposal_id for r in forbidden}, rows=False)
    if found.plan.proposals:
        desk.keep(found.plan)
        await chat.offer(found.plan.id)


def _may_write(chat: Chat) -> None:
    if chat.flags.read_only:
        raise WriteRefused(
            "this chat is read-only", field="--read-only", next="open another without --read-only: finchat chat"
        )


def _waiting(run: Run, found: Collection[SavedPlan]) -> list[SavedPlan]:
    """The plans of the open organisation of which something is undecided."""
    here = run.desk.organisation

    def waits(one: SavedPlan) -> bool:
        asks = any(proposal.asks for proposal in one.plan.proposals)  # and nothing to write before they are answered
        return one.status in ("awaiting", "partial") or (one.status == "none" and asks)

    def is_of_here(one: SavedPlan) -> bool:
        of = one.plan.organisation
        return (of.server, of.id) == (here.server, here.id)

    return [one for one in found if is_of_here(one) and waits(one)]


def _ids(chat: Chat) -> list[str]:
    from finchat.safety.signatures import SUFFIX

    names = (path.stem for path in sorted(chat.call.home.plans.glob("*.json"), reverse=True))
    return [name for name in names if not name.startswith(".") and SUFFIX not in name]


def _path(chat: Chat, named: str) -> Path:
    """The file of a plan by its id, or the beginning or end of one. Raises UsageError."""
    from finchat.workflows import plans

    if "/" in named or "\\" in named or named.endswith(".json"):
        raise UsageError(
            "a plan is named by its id here", field="ID", next=f"for a file, at a shell: finchat apply {named}"
        )
    id = one_of(named, _ids(chat), what="plan", field="ID", example="/plan all lists them")
    return plans.plan_path(chat.call.home.plans, id)


def _next(chat: Chat, saved: SavedPlan) -> str:
    if saved.status not in ("awaiting", "partial"):
        return ""
    if saved.standing.missing:
        return chat.call.again("plan", "sign", saved.plan.id)
    return f"/apply {saved.plan.id}"
