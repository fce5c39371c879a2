"""A late fee: a separate invoice is offered first; on insistence the invoice gets a line and keeps all others."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from finchat.books.plan import DOUBTFUL, Plan, Proposal
from finchat.connections.toolbox import CallError, CallResult
from finchat.providers.xero import XERO_PROFILE
from finchat.sandbox.xero.back_end import XeroBackEnd
from finchat.settings import Home
from finchat.ui.card import card_lines
from finchat.workflows.drafting import (
    Contradiction,
    Drafted,
    LateFeeFacts,
    Needs,
    Outcome,
    WantedLateFee,
    draft_late_fee,
    reading,
)
from finchat.workflows.drafting.reading import Draft
from tests.workflows.desk import Counted, Desk, Scripted, back_end_of, company, open_desk
from tests.workflows.drafted import ANCHOR, moved, undone

EVERYONE = Scripted(only=["p1"])
OPEN = "status = 'AUTHORISED' AND due = total AND date > '2026-08-05' AND currency = 'NZD'"


@pytest.fixture
def back_end() -> XeroBackEnd:
    return back_end_of(company(1, ANCHOR), ANCHOR)


def desk_of(back_end: XeroBackEnd, place: Path, **more: Any) -> Any:
    return open_desk(back_end, Home(place / "home"), ANCHOR, **more)


def an_invoice(back_end: XeroBackEnd, sql: str = OPEN) -> Any:
    found = back_end.db.execute(
        "SELECT number, guid, total, due, due_date FROM document WHERE resource = 'Invoices' AND type = 'ACCREC'"
        f" AND {sql} ORDER BY json_array_length(body, '$.LineItems') DESC, seq"
    ).fetchone()
    assert found is not None, sql
    return found


def wanted(number: str, **more: Any) -> WantedLateFee:
    return WantedLateFee(**{"document": number, "percent": "5", "basis": "due", "account": "260", **more})


async def drafted(desk: Desk, fee: WantedLateFee, *offered: str, plan: int = 1, **more: Any) -> Draft:
    return await reading.late_fee(
        desk.provider, fee, plan_id=f"20261120-latefe{plan:02}", as_of=ANCHOR, offered=frozenset(offered), **more
    )


async def insisted(desk: Desk, number: str, guid: str, plan: int = 1, **more: Any) -> Plan:
    """The plan of a line on the invoice itself, after the separate one was offered."""
    draft = await drafted(desk, wanted(number, change_invoice=True, **more), guid, plan=plan)
    assert isinstance(draft.outcome, Drafted), draft.outcome
    made = reading.planned(
        draft.outcome.proposal, draft.context, await desk.provider.balances(ANCHOR), as_of=ANCHOR,
        created_at=datetime.combine(ANCHOR, time(9), UTC),
        server_fingerprint=desk.settings.fingerprint(desk.organisation.id), command=("chat",),
    )  # fmt: skip
    desk.journal.plan_made(made, by_model=True)
    return made


async def invoice(desk: Desk, guid: str) -> dict[str, Any]:
    (found,) = (await desk.outside.get(f"/Invoices/{guid}"))["Invoices"]
    return dict(found)


def told(outcome: Outcome) -> str:
    assert isinstance(outcome, Contradiction), outcome
    return outcome.text


def kept(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Every line is there as it was, and nothing of the invoice but its amounts is another."""
    now = {line["LineItemID"]: line for line in after["LineItems"]}
    assert all(now[line["LineItemID"]] == line for line in before["LineItems"])
    moves = {"LineItems", "SubTotal", "TotalTax", "Total", "AmountDue", "UpdatedDateUTC", "UpdatedDateUTCString"}
    assert {k: v for k, v in before.items() if k not in moves} == {k: v for k, v in after.items() if k not in moves}


# The offer


async def test_a_separate_invoice_is_offered_first_whatever_is_asked_for(back_end: XeroBackEnd, tmp_path: Path) -> None:
    number, guid, _, due, due_date = an_invoice(back_end)
    fee = (Decimal(due).scaleb(-2) * 5 / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    async with desk_of(back_end, tmp_path) as desk:
        for asked in (
            wanted(number, due_date="2026-12-20"),
            wanted(number, due_date="2026-12-20", change_invoice=True),
        ):
            draft = await drafted(desk, asked)
            outcome = draft.outcome
            assert isinstance(outcome, Drafted), outcome
            assert (draft.about, draft.offered) == (guid, guid)
            (write,) = outcome.proposal.writes
            (line,) = write.arguments["line_items"]
            assert (write.operation, line["UnitAmount"], line["AccountCode"]) == ("invoice.create", str(fee), "260")
            assert line["Description"] == (
                f"Late fee: 5 % of {Decimal(due).scaleb(-2):,} NZD due on invoice {number}, due {due_date[:10]}"
            )
            assert outcome.amounts["late_fee"] == fee
            assert f"{number} can be changed instead" in outcome.facts["alternative"]
            assert any(outcome.facts["alternative"] == e.text for e in outcome.proposal.evidence)
            assert XERO_PROFILE.disagreement(outcome.proposal, "NZD") is None
        unsaid = await drafted(desk, wanted(number, account="", percent=None))
        assert unsaid.offered == guid
        assert isinstance(unsaid.outcome, Needs)
        fields = [one.field for one in unsaid.outcome.missing]
        assert fields == ["percent", "account", "tax", "line_amounts", "due_date", "change_invoice"]


async def test_what_is_missing_is_asked_and_what_cannot_be_is_said(back_end: XeroBackEnd, tmp_path: Path) -> None:
    number, guid, *_ = an_invoice(back_end)
    part = an_invoice(back_end, "status = 'AUTHORISED' AND due < total AND date > '2026-08-05'")
    paid = an_invoice(back_end, "status = 'PAID' AND date > '2026-08-05' AND currency = 'NZD'")
    void = an_invoice(back_end, "status = 'VOIDED'")
    old = an_invoice(back_end, "status = 'AUTHORISED' AND due = total AND date < '2026-07-31'")
    async with desk_of(back_end, tmp_path) as desk:

        async def insist(one: Any, **more: Any) -> Outcome:
            return (await drafted(desk, wanted(one[0], change_invoice=True, **more), one[1])).outcome

        assert "is paid: a paid invoice is not changed" in told(await insist(paid, basis="total"))
        assert "was voided or deleted" in told(await insist(void))
        assert "the books are locked up to 2026-07-31" in told(await insist(old))
        assert "paid or credited on it, and Xero changes no lines of such an invoice" in told(await insist(part))
        assert "0.00 NZD due: 5 % of it is nothing" in told((await drafted(desk, wanted(paid[0]))).outcome)
        assert "there is no account '999'" in told(await insist((number, guid), account="999"))
        assert "tax type 'INPUT2' does not go with" in told(await insist((number, guid), tax="INPUT2"))
        for odd in ({"percent": "0"}, {"percent": "101"}, {"percent": "5", "amount": "7"}, {"percent": "-0.5"}):
            assert told(await insist((number, guid), **odd))
        either = await insist(part, basis="")
        assert isinstance(either, Needs)
        assert [m.field for m in either.missing] == ["basis"]
        asked = await insist((number, guid), account="")
        assert isinstance(asked, Needs)
        assert [m.field for m in asked.missing] == ["account"]


# The line on the invoice itself


async def test_on_insistence_the_invoice_keeps_every_line_and_moves_what_the_card_says(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    number, guid, _, due, _ = an_invoice(back_end)
    fee = (Decimal(due).scaleb(-2) * 5 / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    async with desk_of(back_end, tmp_path) as desk:
        before, books = await invoice(desk, guid), await desk.outside.trial_balance(ANCHOR)
        plan = await insisted(desk, number, guid, tax="OUTPUT2")
        (proposal,) = plan.proposals
        (write,) = proposal.writes
        tax = (fee * 15 / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
        ids = [line["LineItemID"] for line in before["LineItems"]]
        assert len(ids) > 1
        assert write.arguments["line_items"][:-1] == [{"LineItemID": id} for id in ids]
        assert set(write.arguments) == {"id", "line_items", "line_amount_types"}
        assert (proposal.kind, write.amount) == ("update", fee + tax)
        assert any(e.kind == DOUBTFUL and "is issued" in e.text for e in proposal.evidence)
        card = "\n".join(one.plain for one in card_lines(plan, proposal, number=1, total=1, width=100))
        assert all(id in card for id in ids)
        assert str(fee) in card
        assert not desk.guard.unattended(plan, proposal).approved
        applied = await desk.apply(plan, EVERYONE)
        assert [(r.outcome, r.error, r.ledger_id) for r in applied.results] == [("committed", None, guid)]
        assert applied.differences == ()
        assert applied.results[0].due_before == Decimal(due).scaleb(-2)
        assert applied.results[0].due_after == Decimal(due).scaleb(-2) + fee + tax
        assert await moved(desk, books) == {"610": fee + tax, "260": -fee, "820": -tax}
        after = await invoice(desk, guid)
        kept(before, after)
        assert len(after["LineItems"]) == len(ids) + 1
        back = await undone(desk, plan)
        assert back.proposals == ()


async def test_another_clients_change_between_approval_and_write_refuses_and_is_shown(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    number, guid, *_ = an_invoice(back_end)
    async with desk_of(back_end, tmp_path) as desk:
        plan = await insisted(desk, number, guid)
        before = await invoice(desk, guid)
        lines = [{"LineItemID": line["LineItemID"]} for line in before["LineItems"]]
        lines[0] = {**lines[0], "Description": "Something else"}
        await desk.outside.post(f"/Invoices/{guid}", {"InvoiceID": guid, "LineItems": lines})
        applied = await desk.apply(plan, EVERYONE)
        (result,) = applied.results
        assert result.outcome == "not_sent"
        assert result.error is not None
        assert "Something else" in result.error.message
        assert (before["LineItems"][0]["Description"])[:30] in result.error.message
        assert len((await invoice(desk, guid))["LineItems"]) == len(before["LineItems"])
        # Made anew, it keeps what the other client wrote.
        assert (await desk.apply(await insisted(desk, number, guid, plan=2), EVERYONE)).differences == ()
        assert (await invoice(desk, guid))["LineItems"][0]["Description"] == "Something else"


class Losing(Counted):
    """Loses the answer of each write."""

    async def call(self, name: str, arguments: Mapping[str, Any], **more: Any) -> CallResult:
        result = await super().call(name, arguments, **more)
        if name.startswith("update_"):
            return CallResult(error=CallError(code="dropped", message="dropped", outcome="unknown"))
        return result


async def test_a_lost_answer_is_settled_by_the_line_that_carries_the_token(
    back_end: XeroBackEnd, tmp_path: Path
) -> None:
    number, guid, *_ = an_invoice(back_end)
    async with desk_of(back_end, tmp_path, session=Losing) as desk:
        applied = await desk.apply(await insisted(desk, number, guid), EVERYONE)
        (result,) = applied.results
        assert (result.outcome, result.ledger_id) == ("committed", guid)
        assert applied.differences == ()
        assert desk.session.calls.count("update_a_xero_invoice_by_id") == 1


async def test_an_invoice_in_foreign_currency_moves_at_its_own_rate(back_end: XeroBackEnd, tmp_path: Path) -> None:
    number, guid, *_ = an_invoice(back_end, OPEN.replace("= 'NZD'", "<> 'NZD'"))
    async with desk_of(back_end, tmp_path) as desk:
        before, books = await invoice(desk, guid), await desk.outside.trial_balance(ANCHOR)
        plan = await insisted(desk, number, guid, percent="3.3333", tax="ZERORATED")
        (write,) = plan.proposals[0].writes
        assert (await desk.apply(plan, EVERYONE)).differences == ()
        kept(before, await invoice(desk, guid))
        stated: dict[str, Decimal] = {}
        codes = {a.id: a.code for a in (await desk.provider.accounts()).values()}
        for effect in write.effects:
            stated[codes[effect.account_id]] = stated.get(codes[effect.account_id], Decimal(0)) + effect.base_amount
        assert await moved(desk, books) == stated


# Forged plans


async def test_a_forged_change_is_refused_before_anybody_sees_it(back_end: XeroBackEnd, tmp_path: Path) -> None:
    number, guid, *_ = an_invoice(back_end)
    async with desk_of(back_end, tmp_path) as desk:
        (honest,) = (await insisted(desk, number, guid)).proposals
    (write,) = honest.writes
    items = list(write.arguments["line_items"])

    def forged(lines: list[Any] | None = None, **changes: Any) -> Proposal:
        arguments = {**write.arguments, **changes.pop("arguments", {})}
        new = replace(write, arguments=arguments | ({} if lines is None else {"line_items": lines}), **changes)
        return replace(honest, writes=(new,))

    none = [c for c in write.preconditions if c.type != "invoice_lines"]
    attempts = {
        "a line dropped": forged(items[1:]),
        "a line twice": forged([items[0], *items]),
        "a kept line changed": forged([{**items[0], "UnitAmount": "0.00"}, *items[1:]]),
        "lines not read again": forged(preconditions=tuple(none)),
        "another amount": forged([*items[:-1], {**items[-1], "UnitAmount": "1.00"}]),
        "another invoice": forged(arguments={"id": "11111111-1111-4111-8111-111111111111"}),
        "a field beside": forged(arguments={"status": "VOIDED"}),
        "another account": forged([*items[:-1], {**items[-1], "AccountCode": "200"}]),
        "less due": forged(verify={**(write.verify or {}), "due_after": "0.00"}),
        "no effects": forged(effects=()),
        "a second token": forged(
            [*items[:-1], {**items[-1], "Description": items[-1]["Description"] + " fc-aaaaaaaaa2"}]
        ),
        "certain": replace(honest, certainty="certain"),
        "paid with it": replace(honest, kind="payment"),
    }
    assert XERO_PROFILE.disagreement(honest, "NZD") is None
    assert [name for name, proposal in attempts.items() if XERO_PROFILE.disagreement(proposal, "NZD") is None] == []


# What always holds

_AMOUNTS = st.decimals(Decimal("0.01"), Decimal("99.99"), places=2)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fee"), _AMOUNTS),
        st.tuples(st.just("stale"), _AMOUNTS),
        st.tuples(st.just("other line"), _AMOUNTS),
        st.tuples(st.just("other field"), st.sampled_from(["2026-12-01", "2026-12-24"])),
    ),
    min_size=2, max_size=3,
)  # fmt: skip


@given(_STEPS)
@settings(max_examples=2, deadline=None, database=None, phases=(Phase.generate,))
def test_no_sequence_of_changes_drops_a_line_or_a_field_that_was_not_named(steps: list[tuple[str, Any]]) -> None:
    async def run(place: Path) -> None:
        back_end = back_end_of(company(1, ANCHOR), ANCHOR)
        number, guid, *_ = an_invoice(back_end)
        async with desk_of(back_end, place) as desk:
            for count, (what, value) in enumerate(steps):
                before = await invoice(desk, guid)
                if what.startswith("other"):
                    await _another(desk, before, what, value)
                    continue
                plan = await insisted(desk, number, guid, plan=count, percent=None, amount=str(value), tax="NONE")
                if what == "stale":
                    await _another(desk, before, "other line", value)
                    before = await invoice(desk, guid)
                (result,) = (await desk.apply(plan, EVERYONE)).results
                assert result.outcome == ("not_sent" if what == "stale" else "committed")
                after = await invoice(desk, guid)
                kept(before, after)
                assert len(after["LineItems"]) == len(before["LineItems"]) + (what == "fee")
            assert sum((await desk.outside.trial_balance(ANCHOR)).values()) == 0

    with tempfile.TemporaryDirectory() as place:
        asyncio.run(run(Path(place)))


async def _another(desk: Desk, before: Mapping[str, Any], what: str, value: Any) -> None:
    """Another client's change of the invoice."""
    guid = before["InvoiceID"]
    if what == "other field":
        await desk.outside.post(f"/Invoices/{guid}", {"InvoiceID": guid, "DueDate": value})
        return
    lines: list[dict[str, Any]] = [{"LineItemID": line["LineItemID"]} for line in before["LineItems"]]
    lines.append({"Description": "Other", "Quantity": 1, "UnitAmount": str(value), "AccountCode": "200"})
    await desk.outside.post(f"/Invoices/{guid}", {"InvoiceID": guid, "LineItems": lines})


async def test_the_fee_is_computed_half_up_to_the_cent(back_end: XeroBackEnd, tmp_path: Path) -> None:
    async with desk_of(back_end, tmp_path) as desk:
        context = await desk.provider.write_context("20261120-latefe01", chart=True)
        (found,) = await desk.provider.lookups().settleable(an_invoice(back_end)[0])
    chance = random.Random(5)
    cases = [
        (1010, 500),
        (101, 5000),
        (3, 1700),
        *((chance.randint(1, 10**7), chance.randint(1, 10**4)) for _ in "x" * 40),
    ]
    for cents, hundredths in cases:
        document = replace(found.document, total=Decimal(cents).scaleb(-2), amount_due=Decimal(cents).scaleb(-2))
        fee = wanted(document.number, percent=str(Decimal(hundredths).scaleb(-2)), due_date="2026-12-20")
        outcome = draft_late_fee(fee, LateFeeFacts(context=context, as_of=ANCHOR, documents=(document,)))
        half_up = (cents * hundredths + 5000) // 10000
        if half_up:
            assert isinstance(outcome, Drafted), outcome
            assert outcome.amounts["late_fee"] == Decimal(half_up).scaleb(-2)
            assert outcome.amounts["basis_amount"] == document.amount_due
        else:
            assert "is nothing" in told(outcome)
