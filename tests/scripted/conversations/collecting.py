"""Conversations about money that is owed: who owes most and a reminder to them, a bill paid by card, a late fee, what
two organisations are owed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.scripted.conversations.reading import Row, answer_of, answers, decision, question_of
from tests.scripted.conversations.speaking import amount, day, found, listed, table
from tests.scripted.server import Say, Seen


def reminder(seen: Seen) -> Say:
    """Unpaid invoices, who owes most, how to reach them, and a reminder of what is overdue."""
    told = answer_of(seen, "open_documents")
    if told is None:
        return Say(calls=[("open_documents", {"type": "invoice"})])
    asked = answers(seen, "query")
    rows = f"{told.id}_invoices"
    if not asked:
        owing = (
            f"SELECT contact, currency, SUM(amount_due) AS amount_due FROM {rows} GROUP BY contact, currency "
            "ORDER BY SUM(amount_due) DESC LIMIT 8"
        )
        return Say(calls=[("query", {"sql": owing})])
    home = told.data["control_account"]["currency"]
    owing_most = next(row for row in asked[0].tables["rows"] if row["currency"] == home)
    who = str(owing_most["contact"])
    if len(asked) == 1:
        name = who.replace("'", "''")
        late = (
            f"SELECT number, date, due_date, days_overdue, amount_due, currency FROM {rows} WHERE contact = '{name}' "
            "AND days_overdue > 0 ORDER BY due_date, number"
        )
        total = (
            f"SELECT SUM(amount_due) AS amount_due, currency FROM {rows} WHERE contact = '{name}' AND days_overdue > 0 "
            "GROUP BY currency"
        )
        calls = [("query", {"sql": late}), ("query", {"sql": total}), ("find_contact", {"search": who})]
        return Say(calls=calls)
    contact = answer_of(seen, "find_contact")
    assert contact is not None
    late_rows, (sum_of_late,) = asked[1].tables["rows"], asked[2].tables["rows"]
    return Say(
        _reminder(told.data, told.rows("currencies"), owing_most, late_rows, sum_of_late, contact.rows("contacts"))
    )


def _reminder(  # noqa: PLR0917 - as they are read
    data: Mapping[str, Any], currencies: list[Row], most: Row, late: list[Row], total: Row, contacts: list[Row]
) -> str:
    (contact,) = [one for one in contacts if one["contact"] == most["contact"]]
    return (
        f"As of {day(data['as_of'])} there are {data['document_count']} unpaid sales invoices:\n\n"
        + listed(f"{one['currency']}: {amount(one['amount_due'], one['currency'])}" for one in currencies)
        + f"\n\n**{most['contact']}** owes most in {most['currency']}: {amount(most['amount_due'], most['currency'])}. "
        f"Their e-mail address is {contact['email']}.\n\nA reminder you can send:\n\nDear {most['contact']},\n\n"
        "the following invoices are past their due date, and we have not received your payment:\n\n"
        + table(
            ["Invoice", "Due date", "Amount due"],
            [[row["number"], row["due_date"], amount(row["amount_due"], row["currency"])] for row in late],
        )
        + f"\n\nTogether **{amount(total['amount_due'], total['currency'])}** is overdue. Please pay this amount by "
        "return, or tell us today when we may expect it. If your payment is on its way, please disregard this letter."
        "\n\nKind regards"
    )


def bill_by_card(seen: Seen) -> Say:
    """The unpaid bills of one vendor, and the payment by card of the one of an amount."""
    asked = question_of(seen)
    vendor, wanted = found(r"bills of (.+?) (?:are|is) unpaid", asked), found(r"the ([\d,.]*\d) credit", asked)
    told = answer_of(seen, "open_documents")
    if told is None:
        return Say(calls=[("open_documents", {"type": "bill", "contact": vendor})])
    (one,) = [row for row in told.rows("bills") if amount(row["amount_due"], "") == f"{wanted} "]
    paid = answer_of(seen, "draft_payment")
    if paid is None:
        draft = {"document": one["number"], "amount": wanted.replace(",", ""), "bank_account": "credit card",
                 "date": told.data["as_of"], "settles_in_full": True}  # fmt: skip
        return Say(calls=[("draft_payment", draft)])
    if decided := decision(seen):
        return Say("What became of it:\n\n" + listed(decided))
    data = paid.data
    return Say(
        f"{vendor} has {told.data['document_count']} unpaid bills:\n\n"
        + table(
            ["Bill", "Due date", "Amount due"],
            [
                [row["number"], row["due_date"], amount(row["amount_due"], row["currency"])]
                for row in told.rows("bills")
            ],
        )
        + f"\n\nI have drafted the payment of **{amount(data['amount'], data['currency'])}** of bill {data['number']} "
        f"through {data['bank_account']}. The amount due on bill {data['number']} would be "
        f"{amount(data['amount_due_after'], data['currency'])} after it. It is not in the ledger before you approve it."
    )


def late_fee(seen: Seen) -> Say:
    """A late fee as it is asked for; on the invoice itself only for who insists."""
    asked = question_of(seen)
    percent, number = found(r"a (\d+) ?% late fee", asked), found(r"invoice ([\w-]*\d)", asked)
    wanted = {
        "document": number, "percent": percent, "account": found(r"account (\w+)", asked),
        "item": found(r"item (\w+)", asked), "tax": found(r"tax code (\w+)", asked), "line_amounts": "exclusive",
    }  # fmt: skip
    wanted = {name: value for name, value in wanted.items() if value}  # what was not said is left out
    insists = "insist" in seen.question or any("insist" in text for text in _said(seen))
    told = answers(seen, "draft_late_fee")
    if len(told) < 1 + insists:
        return Say(calls=[("draft_late_fee", {**wanted, **({"change_invoice": True} if insists else {})})])
    data = told[-1].data
    if "decided" in seen.question:
        return Say("What became of it:\n\n" + listed(decision(seen)))
    fee = f"**{amount(data['late_fee'], data['currency'])}**"
    if insists:
        return Say(
            f"I have drafted the late fee of {fee} as a line of invoice {number} itself; all its lines are kept. The "
            f"amount due on invoice {number} would be {amount(data['amount_due_after'], data['currency'])}."
        )
    return Say(
        f"I have drafted a separate invoice of {fee} for {data['contact']}. That is advised: invoice {number} was "
        "issued, and its customer has it as it was. It can be changed instead if you insist."
    )


def _said(seen: Seen) -> list[str]:
    from finchat.agent.messages import UserText

    return [item.text for item in seen.items if isinstance(item, UserText)]


def both(seen: Seen) -> Say:
    """Receivables of every organisation, each in its own currencies; converted with rates where that was asked."""
    into = found(r"in ([A-Z]{3})", question_of(seen))
    told = answer_of(seen, "across_organisations")
    if told is None:
        return Say(calls=[("across_organisations", {"measure": "receivables", **({"currency": into} if into else {})})])
    rows = told.rows("organisations") or told.tables[told.id]
    said = "Receivables, each organisation in its own currencies:\n\n" + table(
        ["Organisation", "Receivables"],
        [[row["organisation"], amount(row["receivables"], row["currency"])] for row in rows],
    )
    if not into:
        return Say(said + "\n\nThese are different currencies, so I give no sum of them.")
    rates = answer_of(seen, "query")
    if rates is None:
        columns = "from_currency, to_currency, exchange_rate, date, source"
        return Say(calls=[("query", {"sql": f"SELECT {columns} FROM {told.id}_exchange_rates"})])
    return Say(
        said
        + f"\n\nThe converted total of receivables is {amount(told.data['converted_total'], into)}, at these rates:\n\n"
        + table(
            ["From", "To", "Exchange rate", "Date", "Source"],
            [
                [row["from_currency"], row["to_currency"], row["exchange_rate"], row["date"], row["source"]]
                for row in rates.tables["rows"]
            ],
        )
    )


def a_contact_in_each(seen: Seen) -> Say:
    """One contact drafted in each of two organisations."""
    drafts = [{"name": "Halcyon Grove Ltd", "role": "customer", "organisation": key} for key in ("books", "qb")]
    if not answers(seen, "draft_contact"):
        return Say(calls=[("draft_contact", one) for one in drafts])
    if decided := decision(seen):
        return Say("What became of it:\n\n" + listed(decided))
    return Say("I have drafted the contact Halcyon Grove Ltd in both organisations.")
