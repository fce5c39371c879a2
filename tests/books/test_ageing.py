"""What was open on a day: what was settled later is added back, what was dated later is left out."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.books.ageing import BUCKETS, ageing, bucket, in_base, overdue_days, totals
from finchat.books.details import OpenCredit, Receivable
from finchat.books.documents import Document

START = date(2026, 1, 1)
money = st.integers(1, 10**7).map(lambda cents: Decimal(cents).scaleb(-2))
days = st.integers(0, 300).map(lambda n: START + timedelta(days=n))


def invoice(id: str, on: date, total: Decimal, due: Decimal, *, currency: str = "NZD") -> Document:
    return Document(
        id=id, type="invoice", number=id, reference="", contact_id="c", contact="C", date=on,
        due_date=on + timedelta(days=20), currency=currency, total=total, amount_due=due,
        status="open" if due else "paid",
    )  # fmt: skip


def credit(total: Decimal, remaining: Decimal, applied: tuple[tuple[date, Decimal, str], ...] = ()) -> OpenCredit:
    return OpenCredit(
        id="k", kind="credit_note", document_type="invoice", number="CN-1", contact_id="c", contact="C", date=START,
        currency="NZD", total=total, remaining=remaining, rate=None, applied=applied, refunded=(),
    )  # fmt: skip


@given(
    on=days, paid=st.lists(st.tuples(days, money), max_size=4), credited=st.tuples(days, money), rest=money, day=days
)
def test_whatever_was_settled_later_was_still_open(
    on: date, paid: list[tuple[date, Decimal]], credited: tuple[date, Decimal], rest: Decimal, day: date
) -> None:
    total = sum((amount for _, amount in paid), credited[1]) + rest
    one = Receivable(
        document=invoice("i", on, total, rest),
        amount_paid=sum((amount for _, amount in paid), Decimal(0)),
        paid=tuple(paid),
    )
    note = credit(credited[1], Decimal("0.00"), ((credited[0], credited[1], "i"),))
    found = ageing([one], [note], day)
    settled = sum((amount for at, amount in [*paid, credited] if at <= day), Decimal(0))
    if on > day:
        assert found.items == ()
    else:
        (item,) = found.items
        assert item.amount_due == total - settled
        assert item.amount_paid == sum((amount for at, amount in paid if at <= day), Decimal(0))
        assert item.amount_credited == (credited[1] if credited[0] <= day else 0)
        assert item.days_overdue == max(0, (day - on).days - 20)
    assert sum((one.remaining for one in found.credits), Decimal(0)) == (0 if credited[0] <= day else credited[1])
    (sums,) = totals(found.items, found.credits) or (None,)
    if sums is not None:
        assert sum(amount for _, amount in sums.buckets.values()) == sums.amount_due
        assert sums.net == in_base(found.items, found.credits, "NZD")


def test_payments_that_are_not_listed_leave_the_document_at_what_is_due_today_and_say_so() -> None:
    document = invoice("i", START, Decimal("100.00"), Decimal("40.00"))
    found = ageing([Receivable(document=document, amount_paid=Decimal("60.00"), paid=())], [], START)
    assert found.undated == (document,)
    assert [item.amount_due for item in found.items] == [Decimal("40.00")]


@pytest.mark.parametrize(("late", "name"), [(0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4)])
def test_buckets_end_at_thirty_sixty_and_ninety_days(late: int, name: int) -> None:
    assert bucket(late) == BUCKETS[name]
    assert overdue_days(START, START + timedelta(days=late)) == late
    assert overdue_days(None, START) == 0


def test_a_foreign_document_without_a_rate_leaves_the_base_total_unknown() -> None:
    one = Receivable(
        document=invoice("i", START, Decimal("10.00"), Decimal("10.00"), currency="USD"),
        amount_paid=Decimal(0), paid=(),
    )  # fmt: skip
    assert in_base(ageing([one], [], START).items, [], "NZD") is None
