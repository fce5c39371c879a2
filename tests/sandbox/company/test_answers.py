"""The answers of the demo week hold against the ledger: codings, transfers, refunds and money left on account."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from finchat.sandbox.company import generate
from tests.sandbox.company.reader import ACCOUNTS, Reader, day_of

# Leap days, the ends of months and years, a Sunday, an ordinary Friday.
COMPANIES = [
    (1, date(2026, 11, 20)), (2, date(2024, 2, 29)), (3, date(2028, 3, 1)), (77, date(2026, 1, 4)),
    (5, date(2025, 12, 31)), (6, date(2027, 3, 31)), (4242, date(2026, 4, 30)),
]  # fmt: skip
of_every_company = pytest.mark.parametrize("which", range(len(COMPANIES)))


@cache
def readers(which: int) -> tuple[Reader, ...]:
    company = generate(*COMPANIES[which])
    return tuple(Reader(company, code) for code in ACCOUNTS)


def answers(which: int, key: str) -> list[tuple[Reader, dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """(reader, line, its answer, what that says under `key`) of every line that has the key."""
    return [
        (reader, reader.lines[identity], answer, answer[key])
        for reader in readers(which)
        for identity, answer in reader.truth["lines"].items()
        if key in answer
    ]


def bookings(reader: Reader, contact: str, line: dict[str, Any]) -> list[dict[str, Any]]:
    """What the books hold of a payee on this account in this direction, oldest first."""
    found = [
        entry
        for entry in reader.bank.values()
        if entry["BankAccount"]["AccountID"] == reader.main
        and entry["Type"] == line["type"]
        and entry.get("Contact", {}).get("ContactID") == contact
        and entry["Reference"] != "Opening balance"
        and day_of(entry) < reader.truth["week"]["from"]
    ]
    return sorted(found, key=day_of)


def coding_of(entry: dict[str, Any]) -> tuple[Any, ...]:
    (line,) = entry["LineItems"]
    return line["AccountCode"], line["TaxType"], tuple((t["Name"], t["Option"]) for t in line["Tracking"])


@of_every_company
def test_a_coding_names_what_the_chart_the_tax_rates_and_the_tracking_hold(which: int) -> None:
    seen: set[str] = set()
    for reader, line, answer, coding in answers(which, "coding"):
        account = reader.accounts[coding["account_code"]]
        assert (account["AccountID"], account["Status"]) == (coding["account_id"], "ACTIVE")
        assert account["Type"] != "BANK"
        assert coding["tax_type"] in {rate["TaxType"] for rate in reader.company.collections["TaxRates"]}
        options = {
            (category["Name"], option["Name"])
            for category in reader.company.collections["TrackingCategories"]
            for option in category["Options"]
        }
        assert {(t["name"], t["option"]) for t in coding["tracking"]} <= options
        assert answer["status"] == "open"
        assert answer["settled_by"][-1] == ("receive_money" if line["type"] == "RECEIVE" else "spend_money")
        whole = "payment" not in answer["settled_by"]
        assert (Decimal(coding["amount"]) == Decimal(line["amount"])) is whole
        seen.add(f"{coding['decision']} {coding['why']}")
    assert seen == {
        "propose uniform", "ask mixed", "ask unusual_amount", "ask seen_once", "ask new_payee", "ask fee_on_top",
        "either changed_coding",
    }  # fmt: skip


@of_every_company
def test_the_history_of_a_payee_is_what_its_answer_says(which: int) -> None:
    for reader, line, answer, coding in answers(which, "coding"):
        if answer["scenario"] == "fee_on_top" or answer["scenario"] == "unrelated_decoy":
            continue
        if coding["contact_id"] is None:
            assert coding["why"] == "new_payee"
            words = line["narration"].upper()
            assert not any(c["Name"].upper() in words for c in reader.company.collections["Contacts"])
            continue
        held = bookings(reader, coding["contact_id"], line)
        assert len(held) == coding["seen"]
        wanted = (
            coding["account_code"],
            coding["tax_type"],
            tuple((t["name"], t["option"]) for t in coding["tracking"]),
        )
        codings = [coding_of(entry) for entry in held]
        amounts = [entry["Total"] for entry in held]
        assert {(a["account_code"], a["tax_type"]) for a in coding["accept"]} == {c[:2] for c in codings}
        if coding["why"] in ("uniform", "unusual_amount"):
            assert set(codings) == {wanted}
            assert len(codings) >= 4
        if coding["why"] == "uniform":
            assert min(amounts) * Decimal("0.4") <= Decimal(line["amount"]) <= max(amounts) * Decimal("1.6")
        elif coding["why"] == "unusual_amount":
            assert Decimal(line["amount"]) > 7 * max(amounts)
        elif coding["why"] == "mixed":
            assert len(set(codings)) == 4
            assert max(codings.count(c) for c in set(codings)) < len(codings) // 2
        elif coding["why"] == "changed_coding":
            assert codings[-1] == codings[-4] == wanted
            assert sum(a != b for a, b in pairwise(codings)) == 1
        else:
            assert (coding["why"], len(held)) == ("seen_once", 1)


@of_every_company
def test_the_books_repeat_the_words_of_the_bank_for_most_habits(which: int) -> None:
    main, *_others = readers(which)
    copied = 0
    claimed = [
        (main.lines[i], main.bank[a["claim"]["ledger_ids"][0]])
        for i, a in main.truth["lines"].items()
        if a.get("claim", {}).get("kind") == "bank_transaction"
    ]
    for line, entry in claimed:
        if entry["Reference"] == line["narration"]:
            copied += 1
    assert copied > 80


@of_every_company
def test_a_transfer_runs_between_own_accounts_and_the_other_statement_shows_it_unless_it_is_said_not_to(
    which: int,
) -> None:
    one_sided = 0
    lines = {identity: (reader, line) for reader in readers(which) for identity, line in reader.lines.items()}
    for reader, line, answer, transfer in answers(which, "transfer"):
        ends = [transfer["from_account_id"], transfer["to_account_id"]]
        assert ends.index(reader.main) == (1 if line["type"] == "RECEIVE" else 0)
        assert {a["Type"] for a in reader.accounts.values() if a["AccountID"] in ends} == {"BANK"}
        assert len(set(ends)) == 2
        assert (answer["status"], transfer["amount"]) == ("open", line["amount"])
        assert not any(
            entry["Total"] == Decimal(line["amount"]) and entry["Type"].endswith("TRANSFER")
            for entry in reader.bank.values()
        )
        if transfer["other_line"] is None:
            one_sided += 1
            assert not any(
                other["amount"] == line["amount"]
                for owner, other in lines.values()
                if owner.main in ends and other is not line
            )
            continue
        across, other = lines[transfer["other_line"]]
        assert across.main in ends
        assert across.main != reader.main
        assert (other["amount"], {other["type"], line["type"]}) == (line["amount"], {"RECEIVE", "SPEND"})
        assert abs(date.fromisoformat(other["date"]) - date.fromisoformat(line["date"])) <= timedelta(days=1)
    assert one_sided == 1
    assert len(answers(which, "transfer")) == 5


@of_every_company
def test_a_refund_gives_back_the_only_open_credit_of_that_amount_or_there_is_none(which: int) -> None:
    none = 0
    for reader, line, _answer, refund in answers(which, "refund"):
        fitting = [
            c
            for c in reader.credits.values()
            if c["RemainingCredit"] == Decimal(line["amount"]) == Decimal(refund["amount"])
        ]
        if refund["credit_id"] is None:
            none += 1
            assert not fitting
            continue
        (credit,) = fitting
        assert credit is reader.credits[refund["credit_id"]]
        assert day_of(credit) < line["date"]
        bought = credit["Type"].startswith(("ACCPAY", "SPEND"))
        assert line["type"] == ("RECEIVE" if bought else "SPEND")
        contact = credit["Contact"]["ContactID"]
        rest = [i for i in reader.invoices.values() if i["Contact"]["ContactID"] == contact and i["AmountDue"]]
        assert not [i for i in rest if i["Status"] == "AUTHORISED"]
        others = [c for c in reader.credits.values() if c["Contact"]["ContactID"] == contact and c["RemainingCredit"]]
        assert others == [credit]
    assert none == 2
    assert len(answers(which, "refund")) == 5


@of_every_company
def test_money_left_on_account_belongs_to_a_customer_and_is_what_no_document_takes(which: int) -> None:
    kinds: list[str] = []
    for reader, line, answer, excess in answers(which, "excess"):
        (contact,) = (c for c in reader.company.collections["Contacts"] if c["ContactID"] == excess["contact_id"])
        assert contact["IsCustomer"]
        taken = sum((Decimal(link["amount"]) for link in reader.links_of(line["id"])), Decimal(0))
        assert Decimal(line["amount"]) - taken == Decimal(excess["amount"]) > 0
        assert answer["settled_by"][-1] == excess["kind"]
        kinds.append(excess["kind"])
    assert sorted(kinds) == ["overpayment", "overpayment", "prepayment"]


@of_every_company
def test_dollars_are_recorded_in_dollars(which: int) -> None:
    *_others, dollars = readers(which)
    assert dollars.accounts["092"]["CurrencyCode"] == "USD"
    held = [p for p in dollars.payments.values() if p["Account"]["AccountID"] == dollars.main]
    assert held
    for payment in held:
        assert payment["Invoice"]["CurrencyCode"] == "USD"
        assert payment["BankAmount"] == payment["Amount"]
    for entry in dollars.bank.values():
        wanted = "USD" if entry["BankAccount"]["AccountID"] == dollars.main else "NZD"
        assert (entry["CurrencyCode"], entry["CurrencyRate"] == 1) == (wanted, wanted == "NZD")
    for link in dollars.truth["links"]:
        assert (link["document_currency"], link["document_amount"]) == ("USD", link["amount"])
