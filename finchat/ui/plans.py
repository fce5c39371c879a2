"""Saved plans, their signatures, the signing of one, keys and evidence packs, for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finchat.books.plan import Plan
from finchat.safety.evidence import Pack
from finchat.safety.keys import Key
from finchat.safety.results import WriteResult
from finchat.safety.signatures import Standing
from finchat.text.sanitise import one_line
from finchat.ui.amounts import day, money
from finchat.ui.approval import count_and_totals, line_totals, says_totals
from finchat.ui.card import SANDBOX, card_lines
from finchat.ui.paging import drawn, paged
from finchat.ui.plan_table import plan_table, totals
from finchat.ui.prompt import ask
from finchat.ui.result import outcomes_view
from finchat.ui.sink import Sink
from finchat.workflows.execute import PlanStatus

if TYPE_CHECKING:
    from rich.console import RenderableType

_WORDS = {
    "valid": ("valid", "green"), "unknown_key": ("unknown key", "yellow"), "same_signer": ("again", "yellow"),
    "other_plan": ("other plan", "bold red"), "invalid": ("NOT VALID", "bold red"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan file and what became of it. `results`: what earlier runs did. `foreign`: the journal did not make it."""

    plan: Plan
    path: Path
    status: PlanStatus
    standing: Standing
    results: tuple[WriteResult, ...] = ()
    foreign: bool = False


def plan_summary(saved: SavedPlan, width: int, command: str) -> RenderableType:
    """Organisation, rows, totals, outcomes so far and how it stands with signatures. `command`: what comes next."""
    from rich.console import Group
    from rich.text import Text

    plan = saved.plan
    parts: list[RenderableType] = [*_head(plan), Text(""), plan_table(plan, width), Text(""), Text(totals(plan))]
    if saved.foreign:
        parts.append(Text("This plan was not made on this machine: every proposal is for review.", style="yellow"))
    done = [r for r in saved.results if r.outcome is not None]
    if done:
        parts += [Text(""), outcomes_view(plan, done)]
    parts += [Text(""), *standing_lines(saved.standing)]
    if command:
        parts.append(Text(f"next: {command}"))
    return Group(*parts)


def _head(plan: Plan) -> list[RenderableType]:
    from rich.text import Text

    flag = ("  SANDBOX ", "bold black on yellow") if plan.organisation.sandbox else ""
    return [
        Text.assemble((one_line(plan.organisation.name), "bold"), f" on {one_line(plan.organisation.server)}", flag),
        Text(f"plan {plan.id} of {plan.created_at:%Y-%m-%d %H:%M} UTC, as of {day(plan.as_of)}"),
        Text(f"hash {plan.hash}", style="dim"),
    ]


def standing_lines(standing: Standing) -> list[RenderableType]:
    """How many signatures are needed and there, then each with what it is worth."""
    from rich.text import Text

    parts: list[RenderableType] = []
    if standing.required:
        have = len(standing.signers)
        many = f"{standing.required} signature{'s' * (standing.required != 1)} of different signers"
        need = f"{many} needed, {have} there"
        left = f", {standing.missing} still needed" if standing.missing else ": enough"
        parts.append(Text(need + left, style="yellow" if standing.missing else "green"))
    else:
        parts.append(Text("The policy wants no signature for this plan."))
    for entry in standing.entries:
        word, style = _WORDS[entry.status]
        when = entry.signed_at[:16].replace("T", " ")
        who = f"{entry.name} " if entry.name else ""
        parts.append(Text.assemble((f"  {word:<12}", style), one_line(f"{who}{entry.signer} {when} UTC")))
        if entry.reason:
            parts.append(Text(f"  {'':<12}{one_line(entry.reason)}"))
    return parts


def plans_view(
    saved: Sequence[SavedPlan], unreadable: Sequence[tuple[Path, str]], *, hidden: int = 0
) -> RenderableType:
    """One row a plan, the newest first; then files that are no plans, with the reason. `hidden`: how many plans that
    others were made of are left out."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("Plan", "Made (UTC)", "Organisation", "Proposals", "Status", "Signatures"):
        # An id is there to be copied: it is never broken, whatever becomes of the other columns.
        least = max((len(one.plan.id) for one in saved), default=0) if title == "Plan" else None
        table.add_column(
            title, overflow="fold", min_width=least, no_wrap=title == "Plan",
            justify="right" if title == "Proposals" else "left",
        )  # fmt: skip
    for one in saved:
        standing = one.standing
        signed = f"{len(standing.signers)} of {standing.required}" if standing.required else "none needed"
        cells = (
            one.plan.id, f"{one.plan.created_at:%Y-%m-%d %H:%M}", one_line(one.plan.organisation.name, 30),
            str(len(one.plan.proposals)), one.status, signed,
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    told = [Text(f"{one_line(path.name)} cannot be used: {one_line(why)}", style="yellow") for path, why in unreadable]
    if hidden:
        many = f"{hidden} earlier plan{'s' * (hidden != 1)}"
        told.append(Text(f"{many} that edits and answers made these of: finchat plan list --all", style="dim"))
    return Group(table, *told) if saved else Group(*told)


async def signing(sink: Sink, plan: Plan, key: Key, notes: Sequence[str]) -> bool:
    """Show a plan whole, every proposal as its card, and ask whether to sign it: count and total are typed, as for
    approving many at once."""
    from rich.text import Text

    written = [proposal for proposal in plan.proposals if proposal.writes]
    sums = line_totals(written)
    flag = f"{SANDBOX} · " if plan.organisation.sandbox else ""
    lines = [Text(""), Text(f"{flag}To be signed, as a whole:"), *drawn(sink.err, _group(_head(plan)))]
    lines += drawn(sink.err, Text(totals(plan)))
    total, width = len(plan.proposals), min(sink.err.width, 100)
    for number, proposal in enumerate(plan.proposals, 1):
        lines += [Text(""), *card_lines(plan, proposal, number=number, total=total, width=width, asked=False)]
    lines.append(Text(""))
    lines += drawn(sink.err, Text("\n".join(f"Note: {one_line(note)}" for note in notes))) if notes else []
    if not await paged(sink, lines, "this plan"):
        sink.card("nothing was signed")
        return False
    sink.card(
        f"{len(written)} proposals with {sum(len(p.writes) for p in written)} writes; their bank lines, in and out "
        f"added up, are {' and '.join(money(v, c) for c, v in sums.items())}"
    )
    expected = count_and_totals(written, sums)
    prompt = f"To sign it with key {key.name}, type the count and the total ({expected}): "
    typed = await ask(sink, prompt, decides=True)
    if typed is not None and says_totals(typed, len(written), sums):
        return True
    sink.card("that is not the count and the total: nothing was signed")
    return False


def _group(parts: Sequence[RenderableType]) -> RenderableType:
    from rich.console import Group

    return Group(*parts)


def signed_view(path: Path, standing: Standing) -> RenderableType:
    """Where the signature is, and what is still needed."""
    from rich.text import Text

    return _group([
        Text(f"signed: {path}"),
        Text("Send it with the plan's file, into one directory; finchat finds both there."),
        *standing_lines(standing),
    ])  # fmt: skip


def keys_view(keys: Sequence[Key], *, made: bool) -> RenderableType:
    """Each key with the line that a policy.toml lists it by."""
    from rich.text import Text

    parts: list[RenderableType] = []
    if made:
        parts.append(Text("made; for [signatures.signers] of a policy.toml:"))
    for key in keys:
        parts.append(Text(key.policy_line))
        guarded = "under a passphrase" if key.encrypted else "without a passphrase: whoever reads the file can sign"
        parts.append(Text(f"  {key.path}, {guarded}", style="dim"))
    return _group(parts)


def packs_view(packs: Sequence[Pack]) -> RenderableType:
    """One row a pack."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("Write", "Outcome", "Ledger id", "Signers", ""):
        table.add_column(title, overflow="fold", justify="right" if title == "Signers" else "left")
    for pack in packs:
        cells = (
            one_line(pack.write), pack.outcome.replace("_", " "), one_line(pack.ledger_id or ""), str(pack.signers),
            "written now" if pack.written else "",
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    return table


def needs_view(standing: Standing, *, asks: bool) -> RenderableType:
    """That a plan waits for signatures; the command that signs it follows. `asks`: it has open questions."""
    from rich.text import Text

    text = one_line(standing.sentence)
    parts: list[RenderableType] = [
        Text(""), Text(f"{text[0].upper()}{text[1:]}; nothing of it is written before.")
    ]  # fmt: skip
    if asks:
        first = "It asks something, and an answer makes another plan: answer first"
        parts.append(Text(f"{first} (finchat review {standing.plan_id}), then sign the plan that comes of it."))
    return _group([*parts, Text("To sign it:")])
