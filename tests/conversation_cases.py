"""The conversations of the domain: who speaks, what a person asks of a company, and what its ledger says to the answer.

What an answer should hold is computed from the ledger's own file and the bank's feed, never with finchat's tools.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.outside import Ledger, day, money
from tests.scripted.conversations import drafts, reports, wishes
from tests.scripted.conversations.speaking import amount, percent
from tests.scripted.conversations.speaking import day as spoken
from tests.scripted.server import Script

TODAY = date(2026, 11, 20)
NOW = "2026-11-20T03:00:00Z"

Check = Callable[[Ledger, str, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Case:
    """A conversation: its script, the person's words for a company, what must be true of the answer, the exit code."""

    title: str
    script: Script
    question: Callable[[Ledger], str]
    check: Check
    exit_code: int = 0


def says(text: str, *parts: str) -> None:
    """All parts stand in what was said."""
    missing = [part for part in parts if part not in text]
    assert not missing, f"{missing} not in:\n{text}"


def cells(text: str) -> list[list[str]]:
    """The rows of the tables in what was said, without their heads."""
    rows = [
        [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.splitlines() if line.startswith("|")
    ]
    heads = [place for place, row in enumerate(rows) if set("".join(row)) <= set("- ")]
    return [row for place, row in enumerate(rows) if place not in heads and place + 1 not in heads]


def last_quarter(ledger: Ledger) -> tuple[date, date]:
    """The last whole quarter of the financial year before today."""
    ends = {(int(ledger.organisation["FinancialYearEndMonth"]) + 3 * n - 1) % 12 + 1 for n in range(4)}
    month = TODAY.replace(day=1)
    while (before := month - date.resolution).month not in ends:
        month = before.replace(day=1)
    first = before.replace(day=1)
    for _ in range(2):
        first = (first - date.resolution).replace(day=1)
    return first, before


def share(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def check_profit(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    moved, currency = ledger.movements(*last_quarter(ledger)), ledger.currency
    sums = {kind: sum((a for k, a in moved.values() if k == kind), Decimal(0)) for kind, _ in moved.values()}
    revenue, gross = sums["REVENUE"], sums["REVENUE"] - sums["DIRECTCOSTS"]
    first, last = last_quarter(ledger)
    says(
        said, f"{spoken(first)} to {spoken(last)}", f"revenue of {amount(revenue, currency)}",
        f"Gross profit was {amount(gross, currency)}", f"gross margin of **{percent(share(gross, revenue))}**",
        f"Operating expenses came to {amount(sums['EXPENSE'], currency)}",
        f"net profit was {amount(gross - sums['EXPENSE'], currency)}",
    )  # fmt: skip
    top = sorted(((a, name) for name, (kind, a) in moved.items() if kind == "EXPENSE"), reverse=True)[:3]
    assert cells(said) == [[name, f"{a:,.2f}", percent(share(a, revenue))] for a, name in top]
    says(said, amount(sum(a for a, _ in top), currency))


def a_document(ledger: Ledger) -> str:
    """An open invoice with several lines, the longest overdue."""
    numbers = [row["number"] for row in ledger.open_invoices()]
    return str(next(n for n in numbers if len(ledger.document(n)["lines"]) > 1))


def check_document(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    one = ledger.document(a_document(ledger))
    currency = one["currency"]
    expected = [
        [line["Description"], line["Quantity"], f"{Decimal(line['UnitAmount']):,.2f}",
         f"{money(line['TaxAmount']):,.2f}", f"{money(line['LineAmount']):,.2f}"]
        for line in one["lines"]
    ]  # fmt: skip
    assert [[*row[:3], *row[4:]] for row in cells(said)] == expected
    assert all(row[3].startswith(line["AccountCode"]) for row, line in zip(cells(said), one["lines"], strict=True))
    says(
        said, one["number"], one["contact_name"], spoken(day(one["date"])), spoken(day(one["due_date"])),
        f"subtotal of invoice {one['number']} is {amount(money(one['sub_total']), currency)}",
        f"tax is {amount(money(one['total_tax']), currency)}", f"total {amount(money(one['total']), currency)}",
        f"amount due on invoice {one['number']} is **{amount(money(one['due']), currency)}**",
    )  # fmt: skip


def check_unpaid(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    late = ledger.overdue(TODAY, 30)
    assert sorted(cells(said)) == sorted(
        [row["number"], row["contact_name"], day(row["due_date"]).isoformat(), str(row["days"]),
         amount(money(row["due"]), row["currency"])]
        for row in late
    )  # fmt: skip
    days = [int(row[3]) for row in cells(said)]
    assert days == sorted(days, reverse=True)
    says(said, f"{len(late)} sales invoices are more than 30 days overdue")
    for currency in {row["currency"] for row in late}:
        due = sum(money(row["due"]) for row in late if row["currency"] == currency)
        says(said, f"{currency}: {amount(due, currency)}")


def a_customer(ledger: Ledger) -> tuple[str, Mapping[str, Any]]:
    """A customer who has terms and owes something: name and terms of sales."""
    owing = {row["contact"] for row in ledger.open_invoices() if row["currency"] == ledger.currency}
    for row in ledger.rows("SELECT * FROM contact WHERE is_customer = 1 AND status = 'ACTIVE' ORDER BY seq"):
        terms = json.loads(row["body"]).get("PaymentTerms", {}).get("Sales")
        if terms and row["guid"] in owing:
            return str(row["name"]), terms
    raise AssertionError("no customer has terms")


def check_contact(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    name, terms = a_customer(ledger)
    mine = [row for row in ledger.open_invoices() if row["contact_name"] == name]
    due = sum(money(row["due"]) for row in mine)
    late = sum(money(row["due"]) for row in mine if day(row["due_date"]) < TODAY)
    currency = ledger.currency
    says(said, f"{name} owes {amount(due, currency)}, of which {amount(late, currency)} is overdue")
    says(said, f"Sales payment terms of {name}", str(terms["Day"]))


def check_bank(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    first = TODAY - 6 * date.resolution
    known, lines = ledger.answers(), ledger.feed(first, TODAY)
    # Booked already, but not settling the document it is for: for a person to see.
    fresh = [
        line for line in lines
        if known[line["id"]]["status"] == "open" or known[line["id"]]["scenario"].startswith("booked_")
    ]  # fmt: skip
    says(said, f"From {spoken(first)} to {spoken(TODAY)}")
    for direction in ("receive", "spend"):
        wanted = [Decimal(line["amount"]) for line in fresh if line["type"].casefold() == direction]
        rows = [row for row in cells(said) if row[0] == direction]
        assert sum(int(row[2]) for row in rows) == len(wanted)
        assert sum(Decimal(row[3].split()[0].replace(",", "")) for row in rows) == sum(wanted)
    received = sorted((Decimal(line["amount"]) for line in fresh if line["type"] == "RECEIVE"), reverse=True)
    told = re.findall(r"^- (.+?): ([\d,.]+) \w+ received(?: from (.+))? \(\w+\)\.$", said, re.M)
    assert [Decimal(a.replace(",", "")) for _, a, _ in told] == received[:5]
    exact = {(spoken(day(line["date"])), Decimal(line["amount"]), line["payee"]) for line in fresh}
    assert {(when, Decimal(a.replace(",", "")), payee) for when, a, payee in told} <= exact


def drafted(document: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    """The arguments of the writes of this kind that were drafted."""
    proposals = [p for plan in document["plans"] for p in plan["proposals"]]
    assert all(p["class"] == "review" for p in proposals)
    return [w["arguments"] for p in proposals for w in p["writes"] if w["operation"] == kind]


def check_invoice(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    name, terms = a_customer(ledger)
    rate = Decimal(
        ledger.one("SELECT r.rate FROM account a JOIN tax_rate r USING (tax_type) WHERE a.code = '200'")["rate"]
    )
    net, tax = Decimal(10 * 150 + 500), Decimal(10 * 150 + 500) * rate / 100
    (one,) = drafted(document, "invoice.create")
    contact = ledger.one("SELECT guid FROM contact WHERE name = ?", name)["guid"]
    assert contact in json.dumps(one)
    lines = one["line_items"]
    assert [(Decimal(str(x["Quantity"])), Decimal(str(x["UnitAmount"])), x["AccountCode"]) for x in lines] == [
        (Decimal(10), Decimal(150), "200"),
        (Decimal(1), Decimal(500), "200"),
    ]
    due = spoken(due_by_terms(terms))
    says(said, name, f"due on {due}", f"net of the drafted invoice is {amount(net, ledger.currency)}")
    says(said, f"tax is {amount(tax, ledger.currency)}", f"total **{amount(net + tax, ledger.currency)}**")
    says(said, "not in the ledger before you approve it")


def due_by_terms(terms: Mapping[str, Any]) -> date:
    """The due date of an invoice of today by Xero's payment terms."""
    next_month = (TODAY.replace(day=1) + 31 * date.resolution).replace(day=1)
    kinds = {
        "DAYSAFTERBILLDATE": TODAY + terms["Day"] * date.resolution,
        "DAYSAFTERBILLMONTH": next_month + (terms["Day"] - 1) * date.resolution,
        "OFFOLLOWINGMONTH": next_month.replace(day=min(terms["Day"], 28)),
        "OFCURRENTMONTH": TODAY.replace(day=min(terms["Day"], 28)),
    }
    found: date = kinds[terms["Type"]]
    return found


def check_unknown(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    assert ledger.rows("SELECT 1 FROM contact WHERE name LIKE 'Acme%'") == []
    says(said, "There is no contact 'Acme' in the ledger")
    assert "Acme" not in json.dumps(document["plans"])


def check_asks(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    says(said, "What is it for?", "Which account is it coded to?", "Which tax type does it have?")
    for row in ledger.rows("SELECT name FROM tax_rate WHERE tax_type LIKE 'OUTPUT%'"):
        says(said, row["name"])
    assert "2500" not in json.dumps(document["plans"])


def check_new_contact(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    (one,) = drafted(document, "contact.create")
    assert "Waimea Orchard Collective" in one.values()
    assert "office@waimea-orchard.example" in one.values()
    says(said, "Waimea Orchard Collective", "not in the ledger before you approve it")


def an_open_invoice(ledger: Ledger) -> Mapping[str, Any]:
    """The longest overdue invoice in base currency of which more than a handful is due."""
    return next(row for row in ledger.open_invoices() if row["currency"] == ledger.currency and row["due"] > 60_000)


def five_sixths(ledger: Ledger) -> Decimal:
    """As 2,000 is to 2,400."""
    return money(an_open_invoice(ledger)["due"] * 5 // 6)


def check_contradicted(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    one, paid, currency = an_open_invoice(ledger), five_sixths(ledger), ledger.currency
    says(
        said,
        "I have drafted nothing",
        f"amount due on invoice {one['number']} is {amount(money(one['due']), currency)}",
    )
    says(said, f"would leave {amount(money(one['due']) - paid, currency)} of invoice {one['number']} due")
    assert [c["outcome"] for c in document["calls"] if c["arguments"].get("settles_in_full")] == ["done"]


def check_part_payment(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    one, paid, currency = an_open_invoice(ledger), five_sixths(ledger), ledger.currency
    (write,) = drafted(document, "payment.create")
    assert write["invoice_id"] == one["guid"]
    assert Decimal(str(write["amount"])) == paid
    assert write["account_id"] == ledger.account("090")
    assert write["date"] == "2026-11-19"
    says(said, f"payment of **{amount(paid, currency)}** from {one['contact_name']} against invoice {one['number']}")
    says(said, f"would be {amount(money(one['due']) - paid, currency)} after it")


def check_impossible(ledger: Ledger, said: str, document: Mapping[str, Any]) -> None:
    says(said, "I cannot create or change a bank rule here", "Xero's API has no bank rules")


CASES = (
    Case(
        "Profit and loss", reports.profit,
        lambda _: "Run the P&L of the last quarter: what is the gross margin, and what are the three highest "
        "operating expenses against revenue?",
        check_profit,
    ),
    Case(
        "An invoice", reports.document,
        lambda books: f"Look up invoice {a_document(books)} and explain its lines.", check_document,
    ),
    Case("Late", reports.unpaid, lambda _: "Which invoices are unpaid for over 30 days?", check_unpaid),
    Case(
        "Before a quote", reports.contact,
        lambda books: f"Before I send a quote to {a_customer(books)[0]}: what do they owe, and what are their terms?",
        check_contact,
    ),
    Case(
        "The bank", reports.bank,
        lambda _: "Show the unreconciled bank transactions of the last seven days against open invoices.", check_bank,
    ),
    Case(
        "An invoice drafted", drafts.invoice,
        lambda books: f"Draft a sales invoice for {a_customer(books)[0]} with 10 hours at 150 and one licence at 500 "
        "on account code 200.",
        check_invoice, 3,
    ),
    Case(
        "An invoice for a stranger", drafts.invoice,
        lambda _: "Draft a sales invoice for Acme with 10 hours at 150 and one licence at 500 on account code 200.",
        check_unknown,
    ),
    Case(
        "An invoice of which little is said", drafts.invoice,
        lambda _: "Create an invoice for Acme Corp for 2,500.", check_asks,
    ),
    Case(
        "A contact", drafts.contact,
        lambda _: "Add a contact Waimea Orchard Collective, with the e-mail office@waimea-orchard.example.",
        check_new_contact, 3,
    ),
    Case(
        "Fully paid", drafts.payment,
        lambda books: f"Record a payment of {five_sixths(books):,.2f} against {an_open_invoice(books)['number']} and "
        "mark it fully paid.",
        check_contradicted,
    ),
    Case(
        "A part payment", drafts.payment,
        lambda books: f"Record a payment of {five_sixths(books):,.2f} against {an_open_invoice(books)['number']}, "
        "received on 19 November 2026 in bank account 090.",
        check_part_payment, 3,
    ),
    Case("A bank rule", wishes.impossible, lambda _: "Please create a bank rule for the weekly rent.",
         check_impossible),
)  # fmt: skip
CASE = {case.title: case for case in CASES}
