"""Plans of any size for reviews: coded lines of a few payees, payments, and questions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

from finchat.books.documents import Coding
from finchat.books.plan import Ask, Choice, Class, Evidence, Link, Plan, PlanLine, Proposal, Write
from tests.ui.samples import PLAN

ACCOUNTS = {"bank-1": "090 Business Bank", "fees": "404 Bank Fees", "soft": "485 Subscriptions"}
PAYEES = ("Kiwibank", "Paddock Servers", "Longline Fibre", "Moa Petroleum")
NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


def line(number: int, payee: str, amount: str) -> PlanLine:
    return PlanLine(
        id=f"l{number}", date=dt.date(2026, 11, 1) + dt.timedelta(days=number % 20), direction="spend",
        amount=D(amount), currency="NZD", account_id="bank-1", payee=payee,
        narration=f"CARD 4835 {payee.upper()} {number}",
    )  # fmt: skip


def coded(
    number: int, payee: str, amount: str = "12.50", *, account: str = "fees", certainty: Class = "certain"
) -> Proposal:
    """A line coded to an account."""
    coding = Coding(account, "NONE")
    link = Link(
        id="k1", document_id="", type="spend_money", number="", contact_id=f"c-{payee}", contact=payee,
        amount=D(amount),
        currency="NZD", bank_amount=D(amount), bank_currency="NZD", coding=coding,
    )  # fmt: skip
    write = Write(
        id="w1", operation="bank_transaction.create", resource="bank_transactions",
        tool="create_a_xero_bank_transaction", tool_sha256="a" * 64,
        arguments={
            "type": "SPEND", "contact_id": f"c-{payee}", "reference": f"fc-{number}",
            "line_items": [{"AccountCode": "404", "UnitAmount": amount}],
        },
        amount=D(amount), currency="NZD", link_ids=("k1",),
    )  # fmt: skip
    return Proposal(
        id=f"p{number}", line_id=f"l{number}", line=line(number, payee, amount), kind="spend_money",
        certainty=certainty, confidence=D("0.97"), rival=None, links=(link,), writes=(write,),
        evidence=(Evidence(kind="history", text=f"12 of 12 times to 404 Bank Fees for {payee}"),),
    )  # fmt: skip


def asking(number: int, payee: str, amount: str = "49.00") -> Proposal:
    """A line whose account nobody knows."""
    ask = Ask(
        id="a1", kind="coding", amount=D(amount), currency="NZD", contact_id=f"c-{payee}", contact=payee,
        text=f"{amount} NZD spent for {payee}: to which account and tax code?", required=True,
        choices=(Choice(coding=Coding("soft", "INPUT2"), text="3 of 5 times to 485 Subscriptions"),),
    )  # fmt: skip
    return replace(coded(number, payee, amount, certainty="review"), links=(), writes=(), asks=(ask,))


def plan_of(*proposals: Proposal, id: str = "20261120-review01") -> Plan:
    return replace(PLAN, id=id, proposals=proposals)


def many(count: int) -> Plan:
    """So many proposals, in the mixture of a month."""
    made: list[Proposal] = []
    for number in range(1, count + 1):
        base = PLAN.proposals[number % len(PLAN.proposals)]
        if number % 3 == 0:
            made.append(replace(base, id=f"p{number}", line_id=f"l{number}"))
        elif number % 17 == 0:
            made.append(asking(number, PAYEES[number % 4]))
        else:
            made.append(coded(number, PAYEES[number % 4], f"{number % 90 + 1}.50"))
    return plan_of(*made)
