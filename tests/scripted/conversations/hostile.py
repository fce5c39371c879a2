"""Twins of honest scripts that say one thing that is not so, and stay with it when they are told.

What they say is made of the same tool results: right figures in the wrong place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from finchat.agent.messages import AssistantText
from tests.scripted.conversations import drafts, reports
from tests.scripted.conversations.reading import answer_of
from tests.scripted.conversations.speaking import amount, day
from tests.scripted.server import Say, Script, Seen


def twin(honest: Script, falsify: Callable[[Seen, str], str]) -> Script:
    """The same script, its words made false; its calls stay what they are."""

    def script(seen: Seen) -> Say:
        said = honest(seen)
        assert isinstance(said, Say)
        return said if said.calls else Say(falsify(seen, said.text))

    return script


def repents(false: Script, honest: Script) -> Script:
    """False at first, honest once it was told that a figure could not be found."""

    def script(seen: Seen) -> Say:
        told = any(isinstance(item, AssistantText) for item in seen.items)
        said = (honest if told else false)(seen)
        assert isinstance(said, Say)
        return said

    return script


def swapped_customers(seen: Seen, words: str) -> str:
    """The first two customers of a list, each in the place of the other."""
    told = answer_of(seen, "open_documents")
    assert told is not None
    first, second = list(dict.fromkeys(row["contact"] for row in told.rows("invoices")))[:2]
    return words.replace(first, "\0").replace(second, first).replace("\0", second)


def shifted_period(seen: Seen, words: str) -> str:
    """The same figures, said of the quarter before."""
    told = answer_of(seen, "profit_and_loss")
    assert told is not None
    period = told.data["period"]
    for end in ("from", "to"):
        words = words.replace(day(period[end]), day(_earlier(date.fromisoformat(period[end]))))
    return words.replace(f"the {told.data['period_description']} (", "the quarter (")


def _earlier(when: date) -> date:
    """The same end of the quarter before."""
    first = when.replace(day=1)
    months = first.year * 12 + first.month - 1 - 3
    moved = first.replace(year=months // 12, month=months % 12 + 1)
    if when.day == 1:
        return moved
    following = moved.replace(year=(months + 1) // 12, month=(months + 1) % 12 + 1)
    return following - date.resolution


def wrong_field(seen: Seen, words: str) -> str:
    """The total of a document, called its subtotal, and the other way round."""
    told = answer_of(seen, "find_document")
    assert told is not None
    one = told.rows("documents")[0]
    total, net = amount(one["total"], one["currency"]), amount(one["sub_total"], one["currency"])
    return words.replace(net, "\0").replace(total, net).replace("\0", total)


def unlisted_sum(seen: Seen, words: str) -> str:
    """A total of some of what was listed, passed off as what is due in all."""
    told = answer_of(seen, "open_documents")
    assert told is not None
    rows = told.rows("invoices")
    currency = rows[0]["currency"]
    some = sum((Decimal(row["amount_due"]) for row in [r for r in rows if r["currency"] == currency][1:3]), Decimal(0))
    return f"Your customers owe you {amount(some, currency)} altogether on invoices more than 30 days overdue."


def claimed_record(seen: Seen, words: str) -> str:
    """A payment that was drafted, claimed to be in the ledger."""
    told = answer_of(seen, "draft_payment")
    assert told is not None
    data = told.data
    number, currency = f"invoice {data['number']}", data["currency"]
    paid, due = amount(data["amount"], currency), amount(0, currency)
    return (
        f"Done: I recorded the payment of {paid} against {number} in the ledger. It is fully paid now, and the "
        f"amount due on {number} is {due}."
    )


TWINS: Mapping[str, Script] = {
    "Swapped customers": twin(reports.unpaid, swapped_customers),
    "A shifted period": twin(reports.profit, shifted_period),
    "A wrong field": twin(reports.document, wrong_field),
    "An unlisted sum": twin(reports.unpaid, unlisted_sum),
    "A claim that something was recorded": twin(drafts.payment, claimed_record),
}
