"""`finchat plan` and `finchat key`: saved plans, and the signatures of a second person under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finchat.app.desk import books_of_record, quick_imports
from finchat.app.invocation import Invocation, run_to_exit
from finchat.app.policies import policy_in_force
from finchat.clock import utc_now
from finchat.errors import ExitCode, FinchatError, UsageError, VerificationMismatch

if TYPE_CHECKING:
    from finchat.books.plan import Plan
    from finchat.safety.journal import Journal
    from finchat.safety.keys import Key
    from finchat.safety.signatures import Standing
    from finchat.ui.plans import SavedPlan


class NeedsTerminal(FinchatError):
    """Only a person at a terminal can do this; `next` is the command to type there."""

    exit_code = ExitCode.AWAITING_APPROVAL
    code = "needs_terminal"


def plan_show(call: Invocation, named: str) -> int:
    """A saved plan, what became of it and how it stands with signatures. Nothing is read from a ledger."""
    with quick_imports():
        from finchat.ui.plans import plan_summary
        from finchat.workflows import plans

    path = plans.find(call.home.plans, named)
    (saved,) = states(call, [(path, plans.load(path))])
    if call.json:
        from finchat.workflows.reconcile_json import outcome_json

        currencies = {(p.id, w.id): w.currency for p in saved.plan.proposals for w in p.writes}
        outcomes = [outcome_json(r, currencies[r.proposal_id, r.write_id]) for r in saved.results]
        call.sink.document(
            {
                "schema": "finchat.plan_show/1",
                "plan": saved.plan.as_json(),
                "path": str(path),
                "foreign": saved.foreign,
                "status": saved.status,
                "outcomes": outcomes,
                "signatures": saved.standing.as_json(),
                "exit_code": 0,
            }
        )
    else:
        call.sink.data(plan_summary(saved, call.sink.out.width, _next(call, saved, named)))
    return ExitCode.DONE


def plan_list(call: Invocation, *, everything: bool = False) -> int:
    """The plans saved in this home, the newest first: of a plan and what edits and answers made of it only the newest,
    unless `everything` is wanted."""
    with quick_imports():
        from finchat.books.plan_json import organisation_json
        from finchat.clock import instant_text
        from finchat.ui.plans import plans_view

    found, unreadable, hidden = saved_plans(call, everything=everything)
    if call.json:
        entries = [
            {
                "id": saved.plan.id,
                "path": str(saved.path),
                "created_at": instant_text(saved.plan.created_at),
                "as_of": saved.plan.as_of.isoformat(),
                "org": organisation_json(saved.plan.organisation),
                "proposals": len(saved.plan.proposals),
                "writes": sum(len(p.writes) for p in saved.plan.proposals),
                "status": saved.status,
                "signatures": saved.standing.as_json(),
            }
            for saved in found
        ]
        broken = [{"path": str(path), "reason": why} for path, why in unreadable]
        call.sink.document({"schema": "finchat.plans/1", "plans": entries, "unreadable": broken, "exit_code": 0})
    elif found or unreadable:
        call.sink.data(plans_view(found, unreadable, hidden=hidden))
    else:
        call.sink.talk(f"there are no saved plans ({call.home.plans})")
    return ExitCode.DONE


def plan_sign(call: Invocation, named: str, *, key: str | None, out: Path | None) -> int:
    """Show a plan whole, ask, and put a signature beside its file. Needs a terminal, and no ledger."""
    with quick_imports():
        from finchat.safety import keys, signatures
        from finchat.ui import plans as ui
        from finchat.ui.passphrase import ask_hidden
        from finchat.workflows import plans

    path = plans.find(call.home.plans, named)
    plan = plans.load(path)
    if not any(proposal.writes for proposal in plan.proposals):
        raise UsageError(f"plan {plan.id} has nothing to write, so nothing to sign", field="PLAN")
    _check(plan, path)
    place = out.absolute() if out is not None else signatures.file_for(path)
    if out is not None:
        plans.check_place(place, flag="--out")
    try:
        chosen = keys.choose(call.home, key)
    except UsageError as error:
        if key is None and (found := keys.all_keys(call.home)):
            which = "; ".join(call.again("plan", "sign", named, "--key", one.name) for one in found)
            step = f"say which with --key: {which}"
            raise UsageError(error.message, code=error.code, field="--key", next=step) from error
        raise
    before = _standing(call, plan, path)
    if any(entry.signer == chosen.public and entry.status != "other_plan" for entry in before.entries):
        raise UsageError(
            f"plan {plan.id} is signed with key {chosen.name} already", field="--key",
            next=f"see {call.again('plan', 'show', named)}",
        )  # fmt: skip
    if not call.sink.interactive:
        words = ["plan", "sign", named, *(["--key", key] if key else []), *(["--out", str(out)] if out else [])]
        raise NeedsTerminal(
            f"plan {plan.id} is signed by a person who has seen it: at a terminal", field="PLAN",
            next=call.again(*words),
        )  # fmt: skip

    async def main() -> int:
        if not await ui.signing(call.sink, plan, chosen, list(_notes(call, plan, chosen, before))):
            return ExitCode.AWAITING_APPROVAL
        document = signatures.sign_plan(plan, chosen, utc_now(), lambda prompt: ask_hidden(call.sink, prompt))
        signatures.add(place, plan, document)
        call.sink.data(ui.signed_view(place, _standing(call, plan, path, place)))
        return ExitCode.DONE

    return run_to_exit(main())


def key_make(call: Invocation, name: str | None) -> int:
    """A new key pair; its passphrase is typed at a terminal, and without one the key has none."""
    from finchat.safety import keys
    from finchat.ui.passphrase import new_passphrase
    from finchat.ui.plans import keys_view

    chosen = name if name is not None else keys.default_name()
    keys.check_new(call.home, chosen)
    passphrase: str | None = ""
    if call.sink.interactive:
        passphrase = new_passphrase(call.sink, chosen)
        if passphrase is None:
            raise UsageError("no passphrase was agreed on, so no key was made", field="NAME", next="try again")
    made = keys.make(call.home, chosen, passphrase)
    if call.json:
        call.sink.document(_keys_document([made]))
    else:
        call.sink.data(keys_view([made], made=True))
    return ExitCode.DONE


def key_show(call: Invocation, name: str | None) -> int:
    """The public halves of this home's keys, as a policy lists them."""
    from finchat.safety import keys
    from finchat.ui.plans import keys_view

    found = [keys.choose(call.home, name)] if name is not None else list(keys.all_keys(call.home))
    if call.json:
        call.sink.document(_keys_document(found))
    elif found:
        call.sink.data(keys_view(found, made=False))
    else:
        call.sink.talk("there are no keys yet; make one: finchat key make")
    return ExitCode.DONE


def _keys_document(found: Sequence[Key]) -> dict[str, Any]:
    entries = [
        {
            "name": key.name, "public_key": key.public, "path": str(key.path), "encrypted": key.encrypted,
            "policy_line": key.policy_line,
        }
        for key in found
    ]  # fmt: skip
    return {"schema": "finchat.keys/1", "keys": entries, "exit_code": 0}


def saved_plans(
    call: Invocation, journal: Journal | None = None, *, everything: bool = False
) -> tuple[list[SavedPlan], list[tuple[Path, str]], int]:
    """The plans saved in this home, the newest first; files that are none, with the reason; and how many plans are left
    out because edits and answers made others of them (none with `everything`). `journal`: one that is open."""
    readable, unreadable = _files(call)
    hidden = 0
    if not everything:
        newest = newest_of(call, [plan for _, plan in readable], journal)
        hidden = len(readable)
        readable = [(path, plan) for path, plan in readable if newest[plan.id] == plan.id]
        hidden -= len(readable)
    found = sorted(states(call, readable, journal), key=lambda saved: saved.plan.created_at, reverse=True)
    return found, unreadable, hidden


def _files(call: Invocation) -> tuple[list[tuple[Path, Plan]], list[tuple[Path, str]]]:
    from finchat.safety.signatures import SUFFIX
    from finchat.workflows import plans

    readable: list[tuple[Path, Plan]] = []
    unreadable: list[tuple[Path, str]] = []
    for path in sorted(call.home.plans.glob("*.json")):
        if path.name.startswith(".") or SUFFIX in path.stem:
            continue
        try:
            readable.append((path, plans.load(path)))
        except FinchatError as error:
            unreadable.append((path, error.message))
    return readable, unreadable


@contextmanager
def _open_journal(call: Invocation, journal: Journal | None) -> Iterator[Journal]:
    """The journal that is open, or this home's for the length of the block."""
    if journal is not None:
        yield journal
        return
    with books_of_record(call, via="command") as (opened, *_):
        yield opened


def newest_of(call: Invocation, saved: Sequence[Plan], journal: Journal | None = None) -> dict[str, str]:
    """By id of a plan that of the one made last of it by edits and answers, as far as it is saved here."""
    made = {plan.id: plan.created_at for plan in saved}
    with _open_journal(call, journal) as known:
        families = {id: [one for one in known.family(id) if one in made] or [id] for id in made}
    return {id: max(family, key=lambda one: made[one]) for id, family in families.items()}


def states(
    call: Invocation, saved: Sequence[tuple[Path, Plan]], journal: Journal | None = None
) -> list[SavedPlan]:  # fmt: skip
    """What the journal knows of plans, and how each stands with signatures. `journal`: one that is open."""
    from finchat.safety.results import WriteResult
    from finchat.ui.plans import SavedPlan
    from finchat.workflows.earlier import earlier, refused_before
    from finchat.workflows.execute import status_of

    found = []
    with _open_journal(call, journal) as records:
        for path, plan in saved:
            known = earlier(plan, records)
            done = {(r.proposal_id, r.write_id): r for r in (*known, *refused_before(plan, records, known))}
            results = [
                done.get((p.id, w.id)) or WriteResult(proposal_id=p.id, write_id=w.id, decision="pending")
                for p in plan.proposals
                for w in p.writes
            ]
            found.append(
                SavedPlan(
                    plan=plan,
                    path=path,
                    status=status_of(results),
                    standing=_standing(call, plan, path),
                    results=tuple(results),
                    foreign=not records.knows(plan),
                )
            )
    return found


def _standing(call: Invocation, plan: Plan, *places: Path) -> Standing:
    """How a plan stands with the signatures beside its file, and in a file a person named."""
    from finchat.safety import signatures
    from finchat.workflows.plans import plan_path

    policy, _ = policy_in_force(call)
    plan_files = [places[0], plan_path(call.home.plans, plan.id)]
    files = dict.fromkeys([*signatures.found_with(plan_files), *(p.resolve() for p in places[1:])])
    return signatures.judge(policy.signatures, plan, signatures.read(files))


def _check(plan: Plan, path: Path) -> None:
    """Raises VerificationMismatch for a plan that contradicts itself, by the profile that knows its tools; where none
    does, the payloads on the cards are all that a signer has."""
    from finchat.providers.registry import vendors

    writes = [write for proposal in plan.proposals for write in proposal.writes]
    for profile in (vendor.profile for vendor in vendors()):
        if any(profile.effect(write.tool) is None for write in writes):
            continue
        for proposal in plan.proposals:
            if proposal.writes and (why := profile.disagreement(proposal, plan.organisation.base_currency)):
                raise VerificationMismatch(
                    f"{path} contradicts itself: {why}", field="PLAN", next="do not sign it; ask who made it"
                )
        return


def _notes(call: Invocation, plan: Plan, key: Key, standing: Standing) -> Iterator[str]:
    """What a signer should know beside the rows."""
    policy, _ = policy_in_force(call)
    if standing.signers:
        yield f"signed so far by {', '.join(standing.signers)}"
    if policy.signatures is not None and key.public not in policy.signatures.names:
        yield f"the policy here lists no signer with key {key.name}, so this signature counts only where one does"
    if any(proposal.open_asks for proposal in plan.proposals):
        yield "some proposals ask something: an answer makes another plan, which has to be signed again"
    if any(not proposal.writes for proposal in plan.proposals):
        yield "proposals that still wait for an answer write nothing and are not counted"


def _next(call: Invocation, saved: SavedPlan, named: str) -> str:
    if saved.status not in ("awaiting", "partial"):
        return ""
    return call.again("plan", "sign", named) if saved.standing.missing else call.again("apply", named)
