"""The person at the terminal: shows each card, asks one line, returns decisions. Silence is no.

Keys: y approves, n or Enter skips, e edits, c answers the proposal's question, r refuses with a reason, a approves all
remaining certain proposals once their rows were shown and their count and total typed, q leaves the rest pending.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from finchat.books.money import amount_text, parse_amount
from finchat.books.plan import Plan, Proposal, Write
from finchat.errors import WriteRefused
from finchat.safety.approval import (
    Answer,
    Approval,
    ApprovalDecision,
    Approve,
    Edit,
    Quit,
    Refuse,
    ReviewContext,
    Skip,
    bind,
    together,
)
from finchat.text.sanitise import one_line, scalar, visible
from finchat.ui.amounts import money
from finchat.ui.card import SANDBOX, card_lines
from finchat.ui.paging import drawn, paged
from finchat.ui.plan_table import cash, plan_table
from finchat.ui.prompt import ask
from finchat.ui.question import ChartSource, Questions
from finchat.ui.sink import Sink
from finchat.workflows.editing import editable, edited

if TYPE_CHECKING:
    from rich.text import Text

PROMPT = "Approve? {yes}n no (Enter), {edit}{choose}r refuse, {bulk}q quit: "
YES, EDIT, CHOOSE, BULK = "y yes, ", "e edit, ", "c account and tax, ", "a all certain, "
_NO_KEY = (
    "this server takes no idempotency key: the intent on disk and reading back alone keep this write from being "
    "sent twice"
)


@dataclass(frozen=True)
class TerminalApprover:
    """An Approver for a person. `paused` holds the progress line back while a card is up; `chart` reads what questions
    are answered with."""

    sink: Sink
    paused: Callable[[], AbstractContextManager[None]]
    chart: ChartSource | None = None

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        """One decision a proposal, in the order asked for; ends after `q`, end of input or the last proposal."""
        waiting = [p for wanted in context.proposal_ids for p in plan.proposals if p.id == wanted]
        total = context.decided + len(waiting)
        number = context.decided
        while waiting:
            proposal = waiting[0]
            number += 1
            with self.paused():
                decisions = await self._decide(plan, context, waiting, number, total)
            for decision in decisions:
                yield decision
                if isinstance(decision, Quit):
                    return
            decided = {d.proposal_id for d in decisions if not isinstance(d, Quit)}
            number += len(decided) - 1
            waiting = [p for p in waiting if p.id not in decided]
            if proposal.id not in decided:  # all certain ones went first; this one is asked again
                number = total - len(waiting)

    async def _decide(
        self, plan: Plan, context: ReviewContext, waiting: Sequence[Proposal], number: int, total: int
    ) -> list[ApprovalDecision]:
        proposal = waiting[0]
        approval = bind(plan, proposal)
        if not await self._show(plan, proposal, context, number, total):
            return [Quit()]
        bulk = [] if context.foreign else [p for p in waiting if _in_bulk(p, context)]
        writes = bool(proposal.writes)
        prompt = PROMPT.format(
            yes=YES * writes, edit=EDIT * writes, choose=CHOOSE * bool(proposal.asks), bulk=BULK * (len(bulk) > 1)
        )
        while True:
            key = await ask(self.sink, prompt, decides=True)
            if decisions := await self._answered(key, plan, approval, bulk, context):
                return decisions

    async def _answered(
        self,
        key: str | None,
        plan: Plan,
        approval: Approval,
        bulk: Sequence[Proposal],
        context: ReviewContext,
    ) -> list[ApprovalDecision]:
        """What a key decides; nothing when the question is to be asked again. End of input leaves the rest pending."""
        decisions: list[ApprovalDecision] = []
        proposal = next(p for p in plan.proposals if p.id == approval.proposal_id)
        match key and key.lower():
            case None | "q" | "quit":
                decisions = [Quit()]
            case "y" | "yes" | "e" | "edit" if not proposal.writes:
                self._say("nothing can be written before its question is answered: c account and tax, or n")
            case "c" | "choose":
                decisions = list(await self._answers(proposal))
            case "y" | "yes":
                decisions = [Approve(approval)]
            case "" | "n" | "no":
                decisions = [Skip(proposal.id)]
            case "r" | "refuse":
                reason = await ask(self.sink, "Why not? It goes on the record (Enter alone: back): ")
                decisions = [Quit()] if reason is None else [Refuse(proposal.id, reason)] if reason else []
            case "e" | "edit":
                edit = await self.edit(plan, proposal)
                decisions = [edit] if edit else []
            case "a" | "all" if len(bulk) > 1:
                decisions = list(together(await self._bulk(plan, bulk, context)))
            case "a" | "all":
                self._say("a is for several certain proposals of a plan made here; answer this one by itself")
            case _:
                self._say(f"answer y, n, e, {'c, ' * bool(proposal.asks)}r, a or q; Enter alone is no")
        return decisions

    async def _answers(self, proposal: Proposal) -> Sequence[Answer]:
        if not proposal.asks:
            self._say("this proposal asks for no account; e edits it")
            return ()
        if self.chart is None:
            self._say("the chart of accounts cannot be read here; answer it with finchat plan code")
            return ()
        return await Questions(self.sink, self.chart).answers([proposal])

    async def _show(self, plan: Plan, proposal: Proposal, context: ReviewContext, number: int, total: int) -> bool:
        """The whole card, a screenful at a time. False when the person left half-way."""
        return await paged(
            self.sink,
            self.card(plan, proposal, context, number=number, total=total, width=min(self.sink.err.width, 100)),
            "this card",
        )

    def card(
        self, plan: Plan, proposal: Proposal, context: ReviewContext, *, number: int, total: int, width: int
    ) -> list[Text]:
        """Everything a person approves, as lines of at most `width` columns."""
        notes = [*context.warnings]
        if no := context.refused.get(proposal.id):
            notes.append(no)
        if context.foreign:
            notes.append("this plan was not made on this machine: check every value against its source")
        if not context.sends_idempotency_key:
            notes.append(_NO_KEY)
        written = [w.id for w in proposal.writes if (proposal.id, w.id) in context.written]
        notes += [f"{id} was written earlier and is not sent again" for id in written]
        return card_lines(
            plan, proposal, number=number, total=total, width=width, accounts=context.account_names, notes=notes
        )

    async def _bulk(self, plan: Plan, proposals: Sequence[Proposal], context: ReviewContext) -> list[Approval]:
        """Approvals of all these certain proposals, once their count and total were typed; else none."""
        approvals = [bind(plan, p) for p in proposals]
        sums = line_totals(proposals)
        flag = f"{SANDBOX} · " if plan.organisation.sandbox else ""
        where = f"{visible(plan.organisation.name)} on {visible(plan.organisation.server)}"
        self._say(f"\n{flag}All certain proposals that are left, for {where}:")
        table = plan_table(
            plan.only(frozenset(p.id for p in proposals)), self.sink.err.width, accounts=context.account_names
        )
        if not await paged(self.sink, drawn(self.sink.err, table), "these proposals"):
            self._say("nothing is approved")
            return []
        expected = count_and_totals(proposals, sums)
        self._say(
            f"{len(proposals)} proposals with {sum(len(p.writes) for p in proposals)} writes; their bank lines, in and "
            f"out added up, are {' and '.join(money(v, c) for c, v in sums.items())}"
        )
        typed = await ask(self.sink, f"To approve them all, type the count and the total ({expected}): ", decides=True)
        if typed is not None and says_totals(typed, len(proposals), sums):
            return approvals
        self._say("that is not the count and the total: nothing is approved")
        return []

    async def edit(self, plan: Plan, proposal: Proposal) -> Edit | None:
        """New values for the editable scalars of one write; None when nothing was changed or the person left.

        A value that a rule forbids is asked for again; the others stay as they were typed.
        """
        write = await self._which(proposal)
        if write is None:
            return None
        found = editable(write)
        if not found.values:
            self._say("nothing of this write can be changed; refuse or skip it")
        for reason in dict.fromkeys(found.fixed.values()):
            self._say(f"  {reason}")
        asked, changes = list(found.values), dict[str, str]()
        while asked:
            for name in asked:
                new = await self._value(name, found.values[name])
                if new is None:
                    self._say("left the edit: nothing was changed")
                    return None
                changes[name] = new
            changes = {name: new for name, new in changes.items() if new != found.values[name]}
            if not changes:
                self._say("nothing was changed")
                return None
            edit = Edit(proposal.id, write.id, changes)
            refusal = _refusal(plan, edit)
            if refusal is None:
                return edit
            step = f"; {visible(refusal.next)}" if refusal.next else ""
            self._say(f"that cannot stand: {visible(refusal.message)}{step}")
            asked = [name for name in found.values if name == refusal.field] or list(found.values)
        return None

    async def _which(self, proposal: Proposal) -> Write | None:
        if len(proposal.writes) == 1:
            return proposal.writes[0]
        ids = [w.id for w in proposal.writes]
        typed = await ask(self.sink, f"Which write? {', '.join(ids)} (Enter: none): ")
        return next((w for w in proposal.writes if w.id == typed), None)

    async def _value(self, name: str, old: str) -> str | None:
        """What was typed for one field, `old` for Enter alone; None when the person leaves the edit."""
        while True:
            typed = await ask(self.sink, f"  {name} [{scalar(old)}], Enter keeps it, q leaves the edit: ")
            if typed is None or typed.lower() in ("q", "quit"):
                return None
            if typed == "":
                return old
            if problem := _wrong(name, typed):
                self._say(f"  {problem}")
                continue
            return typed

    def _say(self, text: str) -> None:
        self.sink.card(text)


def line_totals(proposals: Sequence[Proposal]) -> dict[str, Decimal]:
    """What the bank lines of proposals come to, in and out added up, by the banks' currencies in their order."""
    sums: dict[str, Decimal] = {}
    for proposal in proposals:
        amount, currency = cash(proposal)
        sums[currency] = sums.get(currency, Decimal(0)) + abs(amount)
    return dict(sorted(sums.items()))


def count_and_totals(proposals: Sequence[Proposal], sums: Mapping[str, Decimal]) -> str:
    """What is to be typed: `8 12345.60`; with several currencies each total with its currency."""
    amounts = [amount_text(v, c) if len(sums) == 1 else f"{amount_text(v, c)} {c}" for c, v in sums.items()]
    return " ".join([str(len(proposals)), *amounts])


def says_totals(typed: str, count: int, sums: Mapping[str, Decimal]) -> bool:
    """`8 12,345.60` or `8 12345.60 NZD`; with several currencies each total with its currency."""
    words = typed.replace(",", "").split()
    if not words or words[0] != str(count):
        return False
    try:
        if len(words) == 2 and len(sums) == 1:
            return parse_amount(words[1]) == next(iter(sums.values()))
        pairs = dict(zip((w.upper() for w in words[2::2]), map(parse_amount, words[1::2]), strict=True))
    except ValueError:
        return False
    return pairs == dict(sums)


def _refusal(plan: Plan, edit: Edit) -> WriteRefused | None:
    """The rule that an edit breaks, if any. The plan it makes here is thrown away."""
    try:
        edited(plan, edit, plan_id=plan.id, created_at=plan.created_at, keep=frozenset({edit.proposal_id}))
    except WriteRefused as error:
        return error
    return None


def _wrong(name: str, typed: str) -> str | None:
    """Why a typed value cannot stand, before any rule of the ledger looks at it."""
    if name == "amount":
        try:
            good = parse_amount(typed) > 0
        except ValueError:
            good = False
        return None if good else "an amount is plain digits above zero, like 1234.50"
    if name == "date":
        try:
            good = dt.date.fromisoformat(typed).isoformat() == typed
        except ValueError:
            good = False
        return None if good else "a date is written like 2026-11-20"
    return None if one_line(typed) == typed else "only printable text on one line"


def _in_bulk(proposal: Proposal, context: ReviewContext) -> bool:
    """What somebody refused before is approved by its own card or not at all."""
    return proposal.certainty == "certain" and bool(proposal.writes) and proposal.id not in context.refused
