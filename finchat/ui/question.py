"""The question a proposal asks: to which account and tax code, and for whom. A person answers it line by line.

Nothing is taken by default except where the prompt says what Enter takes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from finchat.books.documents import Coding, TrackingCategory
from finchat.books.plan import Ask, Proposal
from finchat.errors import FinchatError, WriteRefused
from finchat.safety.approval import Answer
from finchat.text.sanitise import one_line, visible
from finchat.ui.prompt import ask
from finchat.ui.sink import Sink
from finchat.workflows.choosing import (
    Chart,
    account_named,
    coding_text,
    contact_named,
    new_contact_named,
    option_named,
    tax_named,
    tax_rates_for,
    tax_text,
)

ChartSource = Callable[[], Awaitable[Chart]]
_LEAVES = frozenset({"q", "quit"})


class _Left(Exception):
    """The person left the question; nothing was answered."""


@dataclass(frozen=True)
class Questions:
    """Asks for answers at a terminal, with the organisation's chart."""

    sink: Sink
    chart: ChartSource

    async def answers(self, proposals: Sequence[Proposal]) -> list[Answer]:
        """One answer for the questions of proposals alike, the same for each; empty when the person left."""
        first = await self._which(proposals[0])
        if first is None:
            return []
        asks = [(p.id, a) for p in proposals for a in p.asks if a.kind == first.kind]
        try:
            chart = await self.chart()
            coding = await self._coding(chart, first, len(asks))
            contact, new = await self._contact(chart, first, len(asks))
        except _Left:
            self._say("left the question: nothing was changed")
            return []
        except FinchatError as error:  # the chart could not be read
            self._refused(error)
            return []
        return [
            Answer(proposal_id=id, ask_id=one.id, coding=coding, contact_id=contact, new_contact=new)
            for id, one in asks
        ]

    async def _which(self, proposal: Proposal) -> Ask | None:
        if len(proposal.asks) == 1:
            return proposal.asks[0]
        for one in proposal.asks:
            self._say(f"  {one.id}: {visible(one.text)}")
        typed = await ask(
            self.sink, f"Which question? {', '.join(a.id for a in proposal.asks)} (Enter: none): ", asks="question"
        )
        return next((a for a in proposal.asks if a.id == typed), None)

    async def _coding(self, chart: Chart, question: Ask, count: int) -> Coding:
        accounts = {a.id: a.label for a in chart.accounts.values()}
        taxes = {r.type: tax_text(r) for r in chart.tax_rates.values()}
        many = f"{count} lines alike, the first: " if count > 1 else ""
        self._say(f"\n{many}{visible(question.text)}")
        for number, choice in enumerate(question.choices, 1):
            self._say(f"  {number}  {visible(coding_text(choice.coding, accounts, taxes))}")
            self._say(f"     {visible(choice.text)}")
        prompt = "Account by code or name (? lists them)"
        if question.choices:
            prompt += ", or a choice by number (Enter takes choice 1)"
        while True:
            typed = await self._line(f"{prompt}, q leaves: ")
            if chosen := self._chosen(chart, question, typed):
                return chosen
            if not typed:
                self._say("an account is needed: nothing is taken by itself")
                continue
            try:
                account = account_named(chart, typed)
                break
            except WriteRefused as error:
                self._refused(error)
        self._say(f"  {visible(account.label)}")
        rates = tax_rates_for(chart, account)
        own = next((r for r in rates if r.type == account.tax_type), None)
        self._say(f"  tax codes: {visible(', '.join(tax_text(r) for r in rates))}")
        takes = f" (Enter takes {visible(own.type)}, the account's own)" if own else ""
        while True:
            typed = await self._line(f"Tax code{takes}, q leaves: ") or (own.type if own else "")
            try:
                rate = tax_named(chart, account, typed)
                break
            except WriteRefused as error:
                self._refused(error)
        tracking = [pair for category in chart.tracking if (pair := await self._tracked(category))]
        return Coding(account.id, rate.type, tuple(sorted(tracking)))

    def _chosen(self, chart: Chart, question: Ask, typed: str) -> Coding | None:
        """The choice that was taken by its number, or by Enter where that was offered."""
        if not question.choices:
            return None
        number = typed.removeprefix("#") if typed else "1"
        taken = any(a.code == typed for a in chart.accounts.values())
        if number.isdecimal() and 1 <= int(number) <= len(question.choices) and not taken:
            return question.choices[int(number) - 1].coding
        return None

    async def _tracked(self, category: TrackingCategory) -> tuple[str, str] | None:
        options = visible(", ".join(category.options))
        while True:
            typed = await self._line(f"{visible(category.name)}, one of {options} (Enter: none), q leaves: ")
            if not typed:
                return None
            try:
                return category.name, option_named(category, typed)
            except WriteRefused as error:
                self._refused(error)

    async def _contact(self, chart: Chart, question: Ask, count: int) -> tuple[str, str]:
        """The id of a contact and "", or "" and the name of a new one; both "" where it is known who it is."""
        if question.contact_id:
            return "", ""
        shown = f' "+" makes a new one called {one_line(question.contact, 60)!r},' if question.contact else ""
        while True:
            typed = await self._line(
                f"Who is it? A contact of the ledger by name, or + and a new name;{shown} q leaves: "
            )
            try:
                if not typed.startswith("+"):
                    return contact_named(chart, typed).id, ""
                if count > 1:
                    raise WriteRefused(
                        "a new contact is made with one line", field="contact",
                        next="answer one line with it and have it written; then the others by its name",
                    )  # fmt: skip
                return "", new_contact_named(chart, typed[1:].strip() or question.contact)
            except WriteRefused as error:
                self._refused(error)

    async def _line(self, prompt: str) -> str:
        typed = await ask(self.sink, prompt, asks="question")
        if typed is None or typed.lower() in _LEAVES:
            raise _Left
        return typed

    def _refused(self, error: FinchatError) -> None:
        self._say(f"  {visible(error.message)}" + (f"; {visible(error.next)}" if error.next else ""))

    def _say(self, text: str) -> None:
        self.sink.card(text)
