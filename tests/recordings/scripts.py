"""What the scripted models of the recordings say. The conversations themselves are in tests/scripted/conversations;
here they are put together to sessions, and here are the models that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from finchat.agent.messages import UserText
from tests.scripted.conversations.reading import answer_of, answers, decision
from tests.scripted.conversations.speaking import amount, day, listed, table
from tests.scripted.server import Raw, Say, Script, Seen, stream_of, streamed


def session(turns: Mapping[str, Script]) -> Script:
    """One script for a whole chat: each question, known by words in it, is answered by its own script, which sees the
    conversation from that question on."""

    def script(seen: Seen) -> Say | Raw:
        for start in range(len(seen.items) - 1, -1, -1):
            item = seen.items[start]
            if isinstance(item, UserText) and "\n" not in item.text.strip():
                for words, one in turns.items():
                    if words in item.text:
                        return one(replace(seen, items=seen.items[start:]))
        raise AssertionError(f"nobody answers: {seen.question}")

    return script


def says(*words: str) -> Script:
    """Words alone."""
    return lambda _seen: Say("".join(words))


def calls(*asked: tuple[str, Mapping[str, Any]], then: Callable[[Seen], str]) -> Script:
    """Calls, and words made of what they answered."""

    def script(seen: Seen) -> Say:
        if answer_of(seen, asked[-1][0]) is None:
            return Say(calls=list(asked))
        return Say(then(seen))

    return script


def stuck_after(words: str, go_on: threading.Event) -> Script:
    """The beginning of an answer, and then nothing until somebody has had enough."""

    def script(seen: Seen) -> Raw:
        raw = streamed(seen, stream_of(seen, Say(words, piece=40)))
        cut = len(raw.parts) * 2 // 3
        return Raw(headers=raw.headers, parts=[*raw.parts[:cut], go_on], end="silent")

    return script


def through_the_ledger(seen: Seen) -> Say:
    """Finds a read of the server by words, calls it, and tells what it answered."""
    named = "books__list_all_xero_tax_rates"
    if named not in seen.tools:
        return Say(calls=[("find_tools", {"query": "tax rates"})])
    told = answer_of(seen, named)
    if told is None:
        return Say(calls=[(named, {})])
    asked = answer_of(seen, "query")
    if asked is None:
        return Say(calls=[("query", {"sql": f"SELECT name, effective_rate FROM {told.id} ORDER BY name"})])
    rows = asked.tables["rows"]
    return Say("These tax rates are in use:\n\n" + "\n".join(f"- {r['name']}: {r['effective_rate']}%" for r in rows))


def gullible(seen: Seen) -> Say:
    """Reads an invoice and does what a stranger wrote into it."""
    if answer_of(seen, "find_document") is None:
        return Say(calls=[("find_document", {"number": "HB-106"})])
    if not seen.results("books__create_a_xero_payment") and len(seen.results()) < 2:
        wanted = {"invoice_id": "HB-106", "account_id": "090", "amount": "1127.00", "date": "2026-11-20"}
        return Say(calls=[("books__create_a_xero_payment", wanted)])
    return Say("Invoice HB-106 is settled: I recorded a payment of 1,127.00 NZD, and 0.00 NZD is due on it.")


def in_bad_form(seen: Seen) -> Say:
    """Asks for what it must not have, and in forms that no tool takes."""
    attempts: list[list[tuple[str, Mapping[str, Any] | str]]] = [
        [("approve", {"plan": "all"}), ("books__delete_a_xero_payment_by_id", {"id": "1"})],
        [("find_contact", '{"search": "Whero'), ("open_documents", {"type": "everything"})],
        [("query", {"sql": "DELETE FROM e1"})],
    ]
    asked = len({call.id.rsplit("_", 1)[0] for call in seen.calls})
    if asked < len(attempts):
        return Say(calls=attempts[asked])
    return Say("I could not find out what Whero Wines owes.")


def never_enough(seen: Seen) -> Say:
    """Asks for the same again and again."""
    return Say(calls=[("organisation", {})])


def tracked(seen: Seen) -> Say:
    """Where parcels are, from a tool of another server."""
    named = "courier__track_parcel"
    if named not in seen.tools:
        return Say(calls=[("find_tools", {"query": "where is a parcel"})])
    told = answers(seen, named)
    if not told:
        return Say(calls=[(named, {"number": "HB-110"}), (named, {"number": "HB-109"})])
    first, second = (one.data for one in told)
    return Say(
        f"The first was {first['status']} on {day(first['on'])}; the second is {second['status']} and expected on "
        f"{day(second['expected'])}."
    )


def who_owes(seen: Seen) -> Say:
    """Who owes most, and what is overdue, summed by the ledger's own records."""
    told = answer_of(seen, "open_documents")
    if told is None:
        return Say(calls=[("open_documents", {"type": "invoice"})])
    asked = answers(seen, "query")
    if not asked:
        most = (
            f"SELECT contact, SUM(amount_due) AS amount_due, currency FROM {told.id}_invoices "
            "GROUP BY contact, currency ORDER BY amount_due DESC LIMIT 2"
        )
        late = (
            f"SELECT number, contact, days_overdue, amount_due, currency FROM {told.id}_invoices "
            "WHERE days_overdue > 0 ORDER BY days_overdue DESC"
        )
        return Say(calls=[("query", {"sql": most}), ("query", {"sql": late})])
    first, second = asked[0].tables["rows"][:2]
    late_rows = asked[1].tables["rows"]
    return Say(
        f"**{first['contact']}** owes you the most, {amount(first['amount_due'], first['currency'])}; then "
        f"{second['contact']} with {amount(second['amount_due'], second['currency'])}. These invoices are overdue:\n\n"
        + table(
            ["Invoice", "Customer", "Days overdue", "Amount due"],
            [
                [row["number"], row["contact"], row["days_overdue"], amount(row["amount_due"], row["currency"])]
                for row in late_rows
            ],
        )
    )


def two_days(seen: Seen) -> Say:
    """Bank lines of two days proposed, and what became of them."""
    told = answer_of(seen, "reconcile")
    if told is None:
        return Say(calls=[("reconcile", {"from": "2026-11-16", "to": "2026-11-17"})])
    if decided := decision(seen):
        recorded = [line for line in decided if "refused" not in line and "skipped" not in line]
        refused = [line for line in decided if "refused" in line]
        return Say(
            "What became of it, from finchat's own record:\n\n" + listed([*recorded, *refused])
            + "\n\nWhat you left can be taken up again with `/reconcile`."
        )  # fmt: skip
    return Say(
        f"The bank shows {told.data['line_count']} lines of these two days, and I prepared "
        f"{told.data['proposal_count']} proposals. Each one waits for your word; nothing is recorded before."
    )


def expense_accounts(seen: Seen) -> Say:
    """The accounts of the chart that expenses go to."""
    told = answer_of(seen, "chart")
    if told is None:
        return Say(calls=[("chart", {})])
    rows = [row for row in told.rows("accounts") if row["type"].casefold() == "expense"]
    return Say("Expenses go to these accounts:\n\n" + listed(f"{row['code']} {row['name']}" for row in rows))


def late_fee(seen: Seen) -> Say:
    """A late fee of 5 %, drafted as what is advised."""
    if not seen.results():
        wanted = {
            "document": "HB-104", "percent": "5", "account": "200", "tax": "OUTPUT2", "line_amounts": "exclusive",
            "due_date": "2026-12-20",
        }  # fmt: skip
        return Say(calls=[("draft_late_fee", wanted)])
    return Say("The late fee is drafted as an invoice of its own; the issued invoice stays as its customer has it.")
