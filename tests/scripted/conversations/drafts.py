"""Conversations that ask for a change: a sales invoice, a contact, a payment. What is missing is asked; what speaks
against it is said; what was drafted waits for a person."""

from __future__ import annotations

import re
from typing import Any

from tests.scripted.conversations.reading import Answer, answer_of, decision, question_of
from tests.scripted.conversations.speaking import (
    amount,
    day,
    found,
    given,
    iso_day,
    listed,
    number,
    short,
    table,
)
from tests.scripted.server import Say, Seen

_NUMBER = r"[\d,]*\d(?:\.\d+)?"


def invoice(seen: Seen) -> Say:
    """A sales invoice with lines as the person said them."""
    asked = question_of(seen)
    told = answer_of(seen, "draft_invoice")
    if told is None:
        who = found(r"for (.+?) (?:with|for) ", asked)
        wanted = {"type": "invoice", **given(contact=who, lines=_lines(asked), due_date=iso_day(asked))}
        return Say(calls=[("draft_invoice", wanted)])
    if decided := decision(seen):
        return Say(_after(decided))
    if told.data["status"] == "needs":
        return _questions(seen, told)
    return Say(_invoice_words(told))


def _lines(asked: str) -> list[dict[str, Any]]:
    """10 hours at 150 and one licence at 500 on account code 200; or just "for 2,500"."""
    code = found(r"account(?: code)? (\w+)", asked)
    said = re.findall(rf"\b({_NUMBER}|one|two|three) (\w+) at ({_NUMBER})", asked, re.I)
    if said:
        return [
            dict(
                given(description=what.capitalize(), quantity=number(many), unit_amount=number(each), account_code=code)
            )
            for many, what, each in said
        ]
    total = found(rf"for ({_NUMBER})(?: [A-Z]{{3}})?\b", asked)
    return [dict(given(unit_amount=number(total)))] if total else []


def _questions(seen: Seen, told: Answer) -> Say:
    """What is missing, asked of the person with the choices there are."""
    missing = told.rows("missing")
    if not missing:  # too long to be shown whole: the questions stand in the text, the choices are asked for
        asked = answer_of(seen, "query")
        if asked is None:
            sql = f"SELECT name FROM {told.id}_choices WHERE tax_type IS NOT NULL AND code IS NULL"
            return Say(calls=[("query", {"sql": sql})])
        choices = ", ".join(row["name"] for row in asked.tables["rows"])
        questions = re.findall(r"[^?]+\?(?: In the ledger [^?]*?terms\.)?", told.data["text"])
        return Say(
            "I cannot draft this yet; I need to know:\n\n"
            + listed(question.strip() for question in questions)
            + f"\n\nThe tax types of this organisation are: {choices}."
        )
    lines = []
    for one in missing:
        named = [str(choice.get("name") or choice.get("contact") or "") for choice in one["choices"]]
        lines.append(one["question"] + (f" ({', '.join(filter(None, named))})" if any(named) else ""))
    return Say("I cannot draft this yet; I need to know:\n\n" + listed(lines))


def _invoice_words(told: Answer) -> str:
    data, currency = told.data, told.data["currency"]
    lines = told.rows("lines")
    return (
        f"I have drafted a sales invoice for **{data['contact']}**, dated {day(data['date'])} and due on "
        f"{day(data['due_date'])}:\n\n"
        + table(
            ["Description", "Quantity", "Unit price", "Account", "Tax type", "Tax", "Line amount"],
            [
                [
                    line["description"], short(line["quantity"]), amount(line["unit_amount"], currency),
                    f"{line['account_code']} {line['account']}", line["tax_type"], amount(line["tax"], currency),
                    amount(line["line_amount"], currency),
                ]
                for line in lines
            ],
        )
        + f"\n\nThe net of the drafted invoice is {amount(data['net'], currency)}, tax is "
        f"{amount(data['tax'], currency)} and the total **{amount(data['total'], currency)}**. It is not in the "
        "ledger before you approve it."
    )  # fmt: skip


def contact(seen: Seen) -> Say:
    """A new contact."""
    asked = question_of(seen)
    told = answer_of(seen, "draft_contact")
    if told is None:
        name, mail = found(r"contact (.+?)(?:,| with)", asked), found(r"([\w.+-]+@[\w.-]+\w)", asked)
        return Say(calls=[("draft_contact", given(name=name, email=mail))])
    if decided := decision(seen):
        return Say(_after(decided))
    if told.data["status"] != "proposed":
        return Say(told.data["text"])
    return Say(
        f"I have drafted the contact **{told.data['contact']}** with the e-mail address {told.data['email']}. It is "
        "not in the ledger before you approve it."
    )


def payment(seen: Seen) -> Say:
    """The record of a payment of one document."""
    asked = question_of(seen)
    told = answer_of(seen, "draft_payment")
    if told is None:
        wanted = given(
            document=found(r"against (?:invoice )?([\w-]+)", asked),
            amount=number(found(rf"payment of ({_NUMBER})", asked)),
            bank_account=found(r"account (\w+)", asked),
            date=iso_day(asked),
            settles_in_full=True if re.search(r"fully paid|in full", asked) else None,
        )
        return Say(calls=[("draft_payment", wanted)])
    if decided := decision(seen):
        return Say(_after(decided))
    data = told.data
    if data["status"] == "needs":
        return _questions(seen, told)
    named = f"{data['document_type']} {data['number']}"
    if data["status"] == "contradiction":
        currency = data["currency"]
        return Say(
            f"That does not fit the books, and I have drafted nothing. The amount due on {named} is "
            f"{amount(data['amount_due'], currency)}. A payment of {amount(data['amount'], currency)} would leave "
            f"{amount(data['amount_due_after'], currency)} of {named} due, so it cannot be marked as fully paid. "
            "Should I record it as a part payment, or was another amount paid?"
        )
    currency = data["currency"]
    return Say(
        f"I have drafted a payment of **{amount(data['amount'], currency)}** from {data['contact']} against {named}, "
        f"received on {day(data['date'])} through {data['bank_account']}. The amount due on {named} is "
        f"{amount(data['amount_due'], currency)} now and would be "
        f"{amount(data['amount_due_after'], currency)} after it. It is not in the ledger before you approve it."
    )


def _after(decided: list[str]) -> str:
    """What became of it, as finchat recorded it and nothing beside."""
    return "What became of it:\n\n" + listed(decided)
