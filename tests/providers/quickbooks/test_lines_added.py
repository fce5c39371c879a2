"""A line added to an issued QuickBooks invoice: all others kept, tax as QuickBooks works it out, nobody overwritten."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from finchat.books.plan import Plan, Proposal
from finchat.providers.quickbooks.profile import QUICKBOOKS_PROFILE
from finchat.workflows.drafting import Contradiction, Drafted, Needs, Outcome, WantedLateFee, reading
from tests.providers.quickbooks.desk import Desk, open_desk
from tests.sandbox.quickbooks.seeded import NOW, TODAY

FEE: dict[str, Any] = {"percent": "5", "basis": "due", "account": "4100", "item": "Hours", "tax": "NON"}
_MOVES = {"Line", "SyncToken", "MetaData", "TotalAmt", "HomeTotalAmt", "Balance", "HomeBalance", "TxnTaxDetail"}


def an_invoice(desk: Desk, *, taxed: bool = False, currency: str = "USD", part: bool = False) -> str:
    """The Id of an open invoice, one with more lines before others."""
    rows = desk.back_end.db.execute(
        "SELECT id, body FROM record WHERE entity = 'Invoice' AND deleted = 0 AND balance > 0 AND currency = ?"
        f" AND balance {'<' if part else '='} total ORDER BY json_array_length(body, '$.Line') DESC, id",
        (currency,),
    ).fetchall()
    fitting = [row["id"] for row in rows if bool(json.loads(row["body"])["TxnTaxDetail"].get("TaxLine")) == taxed]
    return str(fitting[0])


async def outcome(desk: Desk, id: str, plan_id: str = "20261120-latefeqb", **more: Any) -> reading.Draft:
    fee = WantedLateFee(**{"document": id, "change_invoice": True, **FEE, **more})
    return await reading.late_fee(desk.provider, fee, plan_id=plan_id, as_of=TODAY, offered=frozenset({id}))


async def planned(desk: Desk, id: str, number: int = 1, **more: Any) -> Plan:
    return await _made(desk, await outcome(desk, id, f"20261120-latefe{number:02}", **more))


async def _made(desk: Desk, draft: reading.Draft) -> Plan:
    assert isinstance(draft.outcome, Drafted), draft.outcome
    made = reading.planned(
        draft.outcome.proposal, draft.context, await desk.provider.balances(TODAY), as_of=TODAY, created_at=NOW,
        server_fingerprint=desk.settings.fingerprint(desk.organisation.id), command=("chat",),
    )  # fmt: skip
    desk.journal.plan_made(made, by_model=True)
    return made


def lines(record: Mapping[str, Any]) -> list[Any]:
    return [line for line in record["Line"] if "Id" in line]


def kept(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Every line is there as it was, and nothing of the invoice but its amounts is another."""
    now = {line["Id"]: line for line in lines(after)}
    assert all(now[line["Id"]] == line for line in lines(before))
    assert {k: v for k, v in before.items() if k not in _MOVES} == {k: v for k, v in after.items() if k not in _MOVES}


def told(found: Outcome) -> str:
    assert isinstance(found, Contradiction), found
    return found.text


async def test_all_lines_are_kept_and_every_account_moves_as_stated(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for number, (id, tax) in enumerate((
            (an_invoice(desk), "NON"), (an_invoice(desk, taxed=True), "TAX"), (an_invoice(desk, part=True), "NON"),
            (an_invoice(desk, currency="EUR"), "NON"),
        )):  # fmt: skip
            before, money = await desk.record(f"/invoice/{id}"), desk.money()
            plan = await planned(desk, id, number, tax=tax)
            (write,) = plan.proposals[0].writes
            assert write.arguments["Line"][:-1] == [{"Id": line["Id"]} for line in lines(before)]
            assert set(write.arguments) == {"id", "SyncToken", "Line"}
            assert write.arguments["SyncToken"] == before["SyncToken"]
            (result,) = await desk.apply(plan)
            assert (result.outcome, result.error, result.ledger_id) == ("committed", None, id)
            after = await desk.record(f"/invoice/{id}")
            kept(before, after)
            added = Decimal(str(after["Balance"])) - Decimal(str(before["Balance"]))
            assert added == write.amount == (result.due_after or 0) - (result.due_before or 0)
            fee = round(Decimal(str(before["Balance"])) * 5 / 100 + Decimal("1e-9"), 2)
            assert Decimal(write.arguments["Line"][-1]["Amount"]) == fee
            assert (write.amount > fee) == (tax == "TAX")
            stated: dict[str, Decimal] = {}
            for effect in write.effects:
                stated[effect.account_id] = stated.get(effect.account_id, Decimal(0)) + effect.base_amount
            now = desk.money()
            assert {a: now[a] - money[a] for a in now if now[a] != money[a]} == stated
            assert await desk.provider.balances(TODAY) == plan.expected


async def test_another_clients_change_is_refused_and_shown_before_and_at_the_send(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        id = an_invoice(desk)

        async def another() -> None:
            seen = await desk.record(f"/invoice/{id}")
            line = {**lines(seen)[0], "Description": "Something else"}
            await desk.post("/invoice", {**seen, "Line": [line, *lines(seen)[1:]]})

        before = await desk.record(f"/invoice/{id}")
        early, late = await planned(desk, id, 1), await planned(desk, id, 2)
        desk.session.before_write = another
        (at_the_send,) = await desk.apply(late)
        assert at_the_send.outcome in ("failed", "not_sent")
        assert at_the_send.error is not None
        assert "Something else" in at_the_send.error.message
        (after_approval,) = await desk.apply(early)
        assert after_approval.outcome == "not_sent"
        assert after_approval.error is not None
        assert "SyncToken" in after_approval.error.message
        assert "Something else" in after_approval.error.message
        assert len(lines(await desk.record(f"/invoice/{id}"))) == len(lines(before))


async def test_a_lost_answer_is_settled_by_the_line_that_carries_the_token(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        id = an_invoice(desk)
        before = await desk.record(f"/invoice/{id}")
        plan = await planned(desk, id)
        desk.session.lose_answer = True
        (result,) = await desk.apply(plan)
        assert (result.outcome, result.ledger_id) == ("committed", id)
        assert len(lines(await desk.record(f"/invoice/{id}"))) == len(lines(before)) + 1
        assert (await desk.undo(plan)).plan.proposals == ()


async def test_the_separate_invoice_is_of_an_item_too_with_tax_or_without(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        id = an_invoice(desk)
        for number, (tax, amounts, code) in enumerate((("", "no_tax", "NON"), ("TAX", "exclusive", "TAX"))):
            fee = WantedLateFee(
                **{"document": id, "due_date": "2026-12-20", **FEE, "tax": tax, "line_amounts": amounts}
            )
            draft = await reading.late_fee(desk.provider, fee, plan_id=f"20261120-latefe{number:02}", as_of=TODAY)
            assert draft.offered == id
            made = await _made(desk, draft)
            (line,) = made.proposals[0].writes[0].arguments["Line"]
            assert line["SalesItemLineDetail"]["TaxCodeRef"] == {"value": code}
            (result,) = await desk.apply(made)
            assert (result.outcome, result.error) == ("committed", None)
            assert await desk.provider.balances(TODAY) == made.expected


async def test_what_cannot_be_told_beforehand_is_not_proposed(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        id = an_invoice(desk)
        several = (await outcome(desk, id, item="")).outcome
        assert isinstance(several, Needs)
        (asked,) = several.missing
        assert asked.field == "item"
        assert {"item_code": "Hours"} in asked.choices
        assert "cannot be told beforehand" in told((await outcome(desk, id, tax="TAX")).outcome)
        assert "does not post to" in told((await outcome(desk, id, account="4000")).outcome)
        seen = await desk.record(f"/invoice/{id}")
        off = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10}}
        await desk.post("/invoice", {**seen, "Line": [*lines(seen), off]})
        assert "has a discount" in told((await outcome(desk, id)).outcome)
        other = await desk.record(f"/invoice/{an_invoice(desk, taxed=True)}")
        await desk.post("/invoice", {"Id": other["Id"], "SyncToken": other["SyncToken"]}, operation="void")
        assert "was voided" in told((await outcome(desk, other["Id"])).outcome)


async def test_a_forged_change_is_refused_before_anybody_sees_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        (honest,) = (await planned(desk, an_invoice(desk, taxed=True), tax="TAX")).proposals
    (write,) = honest.writes
    items = list(write.arguments["Line"])
    detail = items[-1]["SalesItemLineDetail"]

    def forged(lines: list[Any] | None = None, **changes: Any) -> Proposal:
        arguments = {**write.arguments, **changes.pop("arguments", {})}
        new = replace(write, arguments=arguments | ({} if lines is None else {"Line": lines}), **changes)
        return replace(honest, writes=(new,))

    def with_detail(**more: Any) -> Proposal:
        return forged([*items[:-1], {**items[-1], "SalesItemLineDetail": {**detail, **more}}])

    none = [c for c in write.preconditions if c.type != "invoice_lines"]
    attempts = {
        "a line dropped": forged(items[1:]),
        "a kept line changed": forged([{**items[0], "Amount": "0.00"}, *items[1:]]),
        "lines not read again": forged(preconditions=tuple(none)),
        "another version": forged(arguments={"SyncToken": "99"}),
        "lines removed": forged(arguments={"remove_lines": ["1"]}),
        "fields emptied": forged(arguments={"clear_fields": ["DueDate"]}),
        "another invoice": forged(arguments={"id": "1"}),
        "another amount": forged([*items[:-1], {**items[-1], "Amount": "1.00"}]),
        "another item": with_detail(ItemRef={"value": "1"}),
        "no tax": with_detail(TaxCodeRef={"value": "NON"}),
        "less due": forged(verify={**(write.verify or {}), "due_after": "0.00"}),
        "no effects": forged(effects=()),
        "certain": replace(honest, certainty="certain"),
    }
    assert QUICKBOOKS_PROFILE.disagreement(honest, "USD") is None
    passed = [name for name, one in attempts.items() if QUICKBOOKS_PROFILE.disagreement(one, "USD") is None]
    assert passed == []


_AMOUNTS = st.decimals(Decimal("0.01"), Decimal("99.99"), places=2)
_STEPS = st.lists(
    st.tuples(st.sampled_from(["fee", "taxed fee", "stale", "other line", "other field"]), _AMOUNTS),
    min_size=2, max_size=3,
)  # fmt: skip


@given(_STEPS)
@settings(max_examples=2, deadline=None, database=None, phases=(Phase.generate,))
def test_no_sequence_of_changes_drops_a_line_or_a_field_that_was_not_named(steps: list[tuple[str, Decimal]]) -> None:
    async def run(place: Path) -> None:
        async with open_desk(place) as desk:
            id = an_invoice(desk, taxed=True)
            for count, (what, amount) in enumerate(steps):
                before = await desk.record(f"/invoice/{id}")
                if what.startswith("other"):
                    await _another(desk, before, what, amount)
                    continue
                tax = "TAX" if what == "taxed fee" else "NON"
                plan = await planned(desk, id, count, percent=None, amount=str(amount), tax=tax)
                if what == "stale":
                    await _another(desk, before, "other line", amount)
                    before = await desk.record(f"/invoice/{id}")
                (result,) = await desk.apply(plan)
                assert result.outcome == ("not_sent" if what == "stale" else "committed")
                assert what == "stale" or await desk.provider.balances(TODAY) == plan.expected
                after = await desk.record(f"/invoice/{id}")
                kept(before, after)
                assert len(lines(after)) == len(lines(before)) + (what != "stale")
            assert sum(desk.money().values()) == 0

    with tempfile.TemporaryDirectory() as place:
        asyncio.run(run(Path(place)))


async def _another(desk: Desk, seen: Mapping[str, Any], what: str, amount: Decimal) -> None:
    """Another client's change of the invoice: whole, as QuickBooks wants it."""
    if what == "other field":
        await desk.post("/invoice", {**seen, "Line": lines(seen), "CustomerMemo": {"value": f"Thanks {amount}"}})
        return
    detail = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}}
    more = {"Amount": float(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    await desk.post("/invoice", {**seen, "Line": [*lines(seen), more]})
