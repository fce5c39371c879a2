"""Unpaid documents and single ones, told as the sandbox company's own rows and postings tell them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.app.tools.room import TODAY, Room, hundredths, room

EARLIER = date(2026, 9, 30)
_OPEN_ON = """
SELECT d.number, d.currency, d.due_date, d.total
  - coalesce((SELECT sum(amount) FROM payment p
              WHERE p.document = d.guid AND p.status <> 'DELETED' AND substr(p.date, 1, 10) <= :on), 0)
  - coalesce((SELECT sum(amount) FROM allocation a
              WHERE a.invoice = d.guid AND NOT a.deleted AND substr(a.date, 1, 10) <= :on), 0)
FROM document d
WHERE d.resource = 'Invoices' AND d.type = :type AND d.status IN ('AUTHORISED', 'PAID')
  AND substr(d.date, 1, 10) <= :on
"""


def open_on(here: Room, type_: str, day: date) -> dict[str, dict[str, Decimal]]:
    """What the rows say was open: bucket → amount, by currency."""
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    rows = here.database.execute(_OPEN_ON, {"on": day.isoformat(), "type": type_})
    for _, currency, due_date, due in rows:
        if due > 0:
            late = (day - date.fromisoformat(due_date[:10])).days
            steps = ((0, "current"), (30, "1-30"), (60, "31-60"), (90, "61-90"))
            bucket = next((name for most, name in steps if late <= most), "90+")
            found[currency][bucket] += hundredths(due)
    return found


@pytest.mark.parametrize(("seed", "side", "day"), [(1, "invoice", EARLIER), (7, "bill", TODAY), (23, "invoice", TODAY)])
async def test_open_documents_of_a_day_are_those_of_the_ledger(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, seed: int, side: str, day: date
) -> None:
    async with room(own_home, monkeypatch, seed) as here:
        told = await here.call("open_documents", type=side, as_of=day.isoformat())
        expected = open_on(here, {"invoice": "ACCREC", "bill": "ACCPAY"}[side], day)
        control, sign = {"invoice": ("DEBTORS", 1), "bill": ("CREDITORS", -1)}[side]
        balance = here.cents(
            "SELECT sum(p.amount) FROM posting p JOIN account a ON a.guid = p.account"
            " WHERE a.system = ? AND p.date <= ?", control, day.isoformat(),
        )  # fmt: skip
    assert told["as_of"] == day.isoformat()
    assert sum(map(len, expected.values())) > 0
    for each in told["currencies"]:
        buckets = {name: Decimal(of["amount_due"]) for name, of in each["buckets"].items() if of["document_count"]}
        assert buckets == expected.get(each["currency"], {})
        assert Decimal(each["amount_due"]) == sum(buckets.values())
        listed = [row for row in told[f"{side}s"] if row["currency"] == each["currency"]]
        assert sum(Decimal(row["amount_due"]) for row in listed) == Decimal(each["amount_due"])
        assert each["document_count"] == len(listed)
    for row in told[f"{side}s"]:
        kept = Decimal(row["total"]) - Decimal(row["amount_paid"]) - Decimal(row["amount_credited"])
        assert kept == Decimal(row["amount_due"])
    assert Decimal(told["control_account"]["balance"]) == sign * balance
    assert told["control_account"]["difference"] == "0.00"


async def test_over_thirty_days_lists_no_other_and_sets_off_no_credit(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room(own_home, monkeypatch) as here:
        told = await here.call("open_documents", type="invoice", min_days_overdue=31)
        within = await here.call("open_documents", type="invoice", min_days_overdue=45)
        before = (TODAY - timedelta(days=30)).isoformat()
        ((count,),) = here.sql(
            "SELECT count(*) FROM document WHERE type = 'ACCREC' AND status = 'AUTHORISED' AND due_date < ?", before
        )
    assert told["document_count"] == count == len(told["invoices"]) > 0
    assert all(row["days_overdue"] > 30 and row["due_date"] < before for row in told["invoices"])
    assert "control_account" not in told
    assert all(each["buckets"] == {} for each in within["currencies"])  # 45 days on is within a bucket
    for each in told["currencies"]:
        late = [Decimal(row["amount_due"]) for row in told["invoices"] if row["currency"] == each["currency"]]
        assert Decimal(each["amount_due_31_days_overdue_or_more"]) == sum(late)
        assert {"amount_due", "overdue", "net_amount_due"}.isdisjoint(each)
        assert set(each["buckets"]) <= {"31-60", "61-90", "90+"}


async def test_one_document_is_explained_to_the_cent(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with room(own_home, monkeypatch) as here:
        ((number, guid, due),) = here.sql(
            "SELECT d.number, d.guid, d.due FROM document d WHERE d.type = 'ACCREC' AND d.paid > 0 AND d.due > 0"
            " AND d.status = 'AUTHORISED' ORDER BY d.seq LIMIT 1"
        )
        ((credited,),) = here.sql("SELECT number FROM document WHERE type = 'ACCREC' AND credited > 0 LIMIT 1")
        ((note,),) = here.sql("SELECT number FROM document WHERE type = 'ACCRECCREDIT' LIMIT 1")
        by_number = await here.call("find_document", number=number)
        by_id = await here.call("find_document", number=guid)
        with_credit = await here.call("find_document", number=credited)
        credit_note = await here.call("find_document", number=note)
    assert by_number == by_id
    (found,) = by_number["documents"]
    assert Decimal(found["amount_due"]) == hundredths(due)
    assert sum(Decimal(p["amount"]) for p in found["payments"]) == Decimal(found["amount_paid"]) > 0
    assert found["unexplained_amount"] == "0.00"
    assert sum(Decimal(line["line_amount"]) for line in found["lines"]) == Decimal(found["sub_total"])
    assert all(line["account_name"] for line in found["lines"])
    (told,) = with_credit["documents"]
    taken = sum(Decimal(c["amount"]) for c in told["credits"]) + Decimal(told["amount_paid"])
    assert Decimal(told["total"]) - taken == Decimal(told["amount_due"])
    (own,) = credit_note["documents"]
    assert (own["type"], own["number"], own["unexplained_amount"]) == ("credit_note", note, "0.00")


async def test_a_number_nobody_uses_finds_nothing_and_is_no_error(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room(own_home, monkeypatch) as here:
        for number in ("NO-SUCH-9999999", 'x" OR 1==1', "a,b", "00000000-0000-4000-8000-000000000000", "..", "%"):
            told = await here.call("find_document", number=number)
            assert told["documents"] == [], number
            assert "no document is called" in told["next"]


async def test_a_number_written_another_way_is_named_and_not_taken(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room(own_home, monkeypatch) as here:
        ((number,),) = here.sql("SELECT number FROM document WHERE type = 'ACCREC' AND due > 0 LIMIT 1")
        told: dict[str, Any] = await here.call("find_document", number=number.replace("-", " "))
    assert told["documents"] == []
    assert told["near_numbers"][0] == {"number": number}
