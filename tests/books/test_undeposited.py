"""What waits in undeposited funds, and which bank line takes it to the bank."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.books.documents import Account, BankLine, Books, Contact, Direction, Document, Undeposited
from finchat.books.findings import findings
from finchat.books.matching import match
from finchat.books.undeposited import gather

MONDAY = date(2026, 11, 16)
ACCOUNTS = (
    Account(id="35", code="", name="Checking", kind="bank", currency="USD"),
    Account(id="4", code="", name="Undeposited Funds", kind="asset", currency="USD", undeposited=True),
)


def receipt(id: str, amount: str, *, day: int = 0, contact: str = "c1", method: str = "check") -> Undeposited:
    return Undeposited(
        id=id, record="payment", date=MONDAY + timedelta(days=day), account_id="4", contact_id=contact,
        contact=f"Customer {contact}", currency="USD", amount=Decimal(amount), method=method,
    )  # fmt: skip


def line(id: str, amount: str, *, day: int = 2, text: str = "DEPOSIT", direction: Direction = "receive") -> BankLine:
    return BankLine(
        id=id, source="feed", source_id=id, account_id="35", date=MONDAY + timedelta(days=day),
        direction=direction, amount=Decimal(amount), currency="USD", narration=text,
    )  # fmt: skip


def test_several_receipts_of_exactly_the_line_are_its_deposit() -> None:
    waiting = [receipt("1", "410.20"), receipt("2", "1380.55", contact="c2"), receipt("3", "77.00", day=1)]
    found = gather([line("a", "1790.75")], waiting, {})["a"]
    assert ([one.id for one in found.items], found.fee, found.certain) == (["1", "2"], Decimal(0), True)
    assert "2 receipts" in found.reason
    assert "1,790.75 USD" in found.reason


def test_of_two_ways_to_come_to_the_line_a_person_chooses() -> None:
    waiting = [receipt("1", "500.00"), receipt("2", "500.00", contact="c2"), receipt("3", "812.15", day=1)]
    found = gather([line("a", "500.00")], waiting, {})["a"]
    assert not found.certain
    assert [one.id for one in (*found.items, *found.rival)] == ["1", "2"]


def test_a_line_that_names_somebody_else_is_not_certain() -> None:
    found = gather([line("a", "410.20")], [receipt("1", "410.20")], {"a": {"c9"}})["a"]
    assert found.why_not == "the line names somebody else"


def test_many_small_receipts_may_come_to_a_line_by_chance() -> None:
    waiting = [receipt(str(n), f"{n + 3}.{n}5", day=n % 3, method=f"m{n}") for n in range(9)]
    total = waiting[0].amount + waiting[4].amount + waiting[8].amount
    found = gather([line("a", str(total))], waiting, {})["a"]
    assert not found.certain


def test_a_line_short_of_a_days_receipts_waits_for_the_account_of_the_fee() -> None:
    waiting = [receipt("1", "410.20"), receipt("2", "1380.55", contact="c2"), receipt("3", "9000.00", day=1)]
    found = gather([line("a", "1782.30")], waiting, {})["a"]
    assert ([one.id for one in found.items], found.fee, found.certain) == (["1", "2"], Decimal("8.45"), False)
    assert gather([line("a", "1500.00")], waiting, {}) == {}


def test_the_receipts_are_those_of_the_line_that_is_least_short_of_them() -> None:
    waiting = [receipt("1", "1177.50"), receipt("2", "325.75", contact="c2")]
    lines = [line("interest", "1159.74"), line("deposit", "1501.53", day=3)]
    assert list(gather(lines, waiting, {})) == ["deposit"]


def test_no_fee_is_guessed_on_a_line_that_may_be_a_transfer() -> None:
    assert gather([line("a", "1069.56")], [receipt("1", "1119.45")], {}, {"a"}) == {}
    assert gather([line("a", "1119.45")], [receipt("1", "1119.45")], {}, {"a"})["a"].certain


def test_later_and_foreign_receipts_and_money_out_are_left_alone() -> None:
    assert gather([line("a", "410.20", day=-1)], [receipt("1", "410.20")], {}) == {}
    assert gather([line("a", "410.20", direction="spend")], [receipt("1", "410.20")], {}) == {}
    assert gather([line("a", "410.20", day=40)], [receipt("1", "410.20")], {}) == {}


def test_the_matcher_proposes_the_deposit_and_leaves_open_documents_alone() -> None:
    invoice = Document(
        id="9", type="invoice", number="1042", reference="", contact_id="c3", contact="Bluebonnet Supply",
        date=MONDAY, due_date=None, currency="USD", total=Decimal("88.10"), amount_due=Decimal("88.10"), status="open",
    )  # fmt: skip
    books = Books(
        base_currency="USD", as_of=MONDAY + timedelta(days=4), accounts=ACCOUNTS,
        contacts=(Contact(id="c1", name="Customer c1"), Contact(id="c3", name="Bluebonnet Supply")),
        documents=(invoice,),
        undeposited=(receipt("1", "410.20"), receipt("2", "1380.55", contact="c2"), receipt("3", "88.10")),
        lines=(line("a", "1790.75"), line("b", "88.10", text="BLUEBONNET SUPPLY INV 1042"), line("c", "85.90")),
    )  # fmt: skip
    deposit, paid, short = match(books)
    assert (deposit.situation, deposit.certain) == ("undeposited", True)
    assert deposit.gathered is not None
    assert deposit.gathered.item_ids == ("1", "2")
    assert (paid.situation, paid.settlements[0].document_id) == ("exact", "9")
    assert (short.status, short.gathered and short.gathered.fee) == ("review", Decimal("2.20"))
    (told,) = findings(books, [deposit, paid, short])
    assert told.code == "undeposited"
    assert "account and tax code of the 2.20 USD" in told.next


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_receipt_is_gathered_twice_and_every_deposit_adds_up(data: st.DataObject) -> None:
    amounts = data.draw(st.lists(st.integers(1, 400), min_size=1, max_size=9))
    waiting = [receipt(str(n), f"{cents}.00", day=n % 2, contact=f"c{n % 3}") for n, cents in enumerate(amounts)]
    sums = [data.draw(st.integers(1, sum(amounts))) for _ in range(data.draw(st.integers(1, 4)))]
    lines = [line(f"l{n}", f"{total}.00") for n, total in enumerate(sums)]
    found = gather(lines, waiting, {})
    by_id = {one.id: one for one in lines}
    for id, one in found.items():
        assert sum((item.amount for item in one.items), Decimal(0)) - one.fee == by_id[id].amount
        assert one.fee == 0 or not one.certain
    assert all(count == 1 for count in Counter(i.id for one in found.values() for i in one.items).values())
    again = random.Random(len(amounts))
    assert found == gather(again.sample(lines, len(lines)), again.sample(waiting, len(waiting)), {})
