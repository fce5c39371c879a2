"""From a person's answers through MCP into the ledger and the memory, and back into the next proposal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from finchat.books.documents import Coding
from finchat.books.periods import window
from finchat.books.plan import Plan, Proposal
from finchat.safety.approval import Answer, ApprovalDecision, Approve, ReviewContext, Skip, bind
from finchat.sandbox.xero.back_end import XeroBackEnd
from finchat.settings import Home
from finchat.store.database import Database
from finchat.workflows.answering import Answers
from finchat.workflows.memory import Memory
from finchat.workflows.reconcile import Reconciliation, Request, prepare
from tests.workflows.desk import Desk, back_end_of, company, open_desk

ANCHOR = date(2026, 11, 20)


@dataclass
class Person:
    """Answers every question about a line that starts like one of `codings`, a new payee with its name, and approves
    what is left of those lines."""

    codings: Mapping[str, Coding]

    async def review(self, plan: Plan, context: ReviewContext) -> AsyncIterator[ApprovalDecision]:
        for proposal in [p for p in plan.proposals if p.id in context.proposal_ids]:
            text = "" if proposal.line is None else proposal.line.narration
            start = next((start for start in self.codings if text.startswith(start)), None)
            if start is None:
                yield Skip(proposal.id)
            elif proposal.open_asks:
                ask = proposal.open_asks[0]
                new = "" if ask.contact_id else start.title()
                yield Answer(proposal.id, ask.id, self.codings[start], new_contact=new)
                return  # asked again, about the plan that the answer makes
            else:
                yield Approve(bind(plan, proposal, user="tester"))


@dataclass
class Month:
    """A company whose bank feed grows, line by line, from one run of finchat to the next."""

    back_end: XeroBackEnd
    home: Home
    memory: Memory
    feed: Path
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def run(self, person: Person | None, *moved: tuple[str, str], ago: int) -> list[Proposal]:
        """The proposals for bank lines more (text and signed amount), which the person then decides about."""
        self.lines += [
            {
                "id": f"line{len(self.lines) + n}", "date": (ANCHOR - timedelta(days=ago)).isoformat(),
                "type": "SPEND" if amount.startswith("-") else "RECEIVE", "amount": amount.lstrip("-"),
                "currency": "NZD", "payee": "", "narration": text, "reference": "", "counterparty_account": "",
                "fitid": f"fit{len(self.lines) + n}",
            }
            for n, (text, amount) in enumerate(moved)
        ]  # fmt: skip
        self.feed.write_text(json.dumps({**json.loads(self.feed.read_text("utf-8")), "lines": self.lines}), "utf-8")
        async with open_desk(self.back_end, self.home, ANCHOR) as desk:
            found = await self._prepared(desk)
            lines = {a.line.source_id: a.line.id for a in found.answers}
            new = [lines[str(line["id"])] for line in self.lines[-len(moved) :]]
            if person is not None:
                await self._decided(desk, found.plan, person)
        by_line = {p.line_id: p for p in found.plan.proposals}
        return [by_line[id] for id in new]

    async def _prepared(self, desk: Desk) -> Reconciliation:
        request = Request(
            window=window(ANCHOR, days=14), as_of=ANCHOR, plan_id=f"20261120-{len(self.lines):08}",
            created_at=datetime.combine(ANCHOR, time(9), UTC), command=("reconcile",), feed=self.feed,
            server_fingerprint=desk.settings.fingerprint(desk.organisation.id),
            remembered=self.memory.recall(desk.organisation.id, ANCHOR),
        )  # fmt: skip
        found = await prepare(desk.provider, request, records=desk.journal, emit=desk.events.append)
        desk.journal.plan_made(found.plan)
        return found

    async def _decided(self, desk: Desk, plan: Plan, person: Person) -> None:
        context = await desk.provider.write_context(plan.id, chart=True)
        applied = await desk.apply(plan, person, answered=Answers(context))
        of_plan = {plan.id, *(w.plan_id for w in desk.journal.writes() if plan.id in desk.journal.origins(w.plan_id))}
        writes = [w for w in desk.journal.writes() if w.plan_id in of_plan]
        self.memory.learn(applied.plan, applied.results, writes, asked=[plan])
        assert applied.differences == ()
        assert {r.outcome for r in applied.results if r.decision == "approved"} == {"committed"}


async def account(desk: Desk, name: str) -> str:
    """The id of the expense account that lines may be coded to, called so."""
    return next(a.id for a in (await desk.provider.accounts()).values() if a.codable and a.name == name)


async def invoice(desk: Desk, number: str, amount: str) -> None:
    await desk.outside.put("/Invoices", {"Invoices": [{
        "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": number, "Contact": {"Name": "Plendrix Voort"},
        "Date": (ANCHOR - timedelta(days=20)).isoformat(), "DueDate": ANCHOR.isoformat(), "LineAmountTypes": "NoTax",
        "LineItems": [{"Description": "Bindings", "Quantity": "1", "UnitAmount": amount, "AccountCode": "200"}],
    }]})  # fmt: skip


async def test_answers_given_twice_fill_in_the_third_and_money_booked_three_times_is_certain(tmp_path: Path) -> None:
    seeded = company(1, ANCHOR)
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps({**seeded.feed, "lines": []}), "utf-8")
    back_end = back_end_of(seeded, ANCHOR)
    async with open_desk(back_end, Home(tmp_path / "home"), ANCHOR) as desk:
        to_fees = Coding(await account(desk, "Bank Fees"), "NONE")
        to_print = Coding(await account(desk, "Printing & Stationery"), "NONE")
        for number, amount in (("PX-9101", "520.00"), ("PX-9102", "640.00"), ("PX-9103", "710.00")):
            await invoice(desk, number, amount)
    with Database(tmp_path / "memory.sqlite3") as database:
        memory = Memory(database, lambda: datetime.combine(ANCHOR, time(9), UTC))
        month = Month(back_end, Home(tmp_path / "home"), memory, feed)

        person = Person({"PLENDRIX VOORT": to_fees, "VELLUM BINDERY": to_print})
        bindery = ("VELLUM BINDERY LEVIN", "-18.00")

        # A fee that the customer's bank takes, and a payee nobody knew: both asked, and asked again.
        for n, cash in enumerate(("517.50", "637.50")):
            fee, money = await month.run(person, (f"PLENDRIX VOORT PX-910{n + 1}", cash), bindery, ago=9 - n)
            assert [a.kind for a in fee.asks] == ["fee"]
            assert [(a.kind, a.required) for a in money.asks] == [("coding", True)]

        # The third fee is filled in, for review; the payee is asked a third time.
        fee, money = await month.run(person, ("PLENDRIX VOORT PX-9103", "707.50"), bindery, ago=6)
        assert (fee.certainty, fee.asks) == ("review", ())
        assert [link.coding for link in fee.links if link.coding] == [to_fees]
        assert any("confirmed twice, last on 2026-11-20" in e.text for e in fee.evidence)
        fees = [k.fact for k in memory.facts(ANCHOR) if k.fact.kind == "residual"]
        assert [(f.contact, f.confirmed) for f in fees] == [("Plendrix Voort", 3)]
        assert [a.kind for a in money.asks] == ["coding"]

        # Then its own past, booked alike on three days, speaks for it.
        (money,) = await month.run(None, bindery, ago=1)
    assert (money.certainty, money.asks, money.kind) == ("certain", (), "spend_money")
    assert [(link.contact, link.coding) for link in money.links] == [("Vellum Bindery", to_print)]
