"""What a person of a QuickBooks company asks, by `finchat ask` and in the chat, and what becomes of it in the ledger.

The model is scripted and knows nothing of the company; what it should have said is read from the ledger's own file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests import forked, homes
from tests.conversation_cases import cells, says
from tests.outside import Ledger, money
from tests.outside_quickbooks import CONFIG, NOW, Company
from tests.scripted.conversations import collecting
from tests.scripted.conversations.speaking import amount
from tests.scripted.server import Say, Script, ScriptedModel, Seen
from tests.terminal import Terminal
from tests.test_quickbooks_settlements import ASKED, D, plain

TODAY = date(2026, 11, 20)
BOTH = '[servers.books]\nfinchat = { profile = "xero", sandbox = true }\n' + CONFIG
PROMPT = r"finchat> *$"
REMIND = "Which invoices are unpaid, who owes us most, and how do I reach them? Write a polite but firm reminder."
PAY = "Which bills of {vendor} are unpaid? Log the {amount} credit card payment of one of them, paid in full today."
FEE = "Add a 5 % late fee to invoice {number} (account 4100, item Services, tax code NON)."
INSIST = "No, I insist: put it on the invoice itself."


@pytest.fixture
def company(quickbooks_home: Path, tmp_path: Path) -> Company:
    return Company(homes.copied(quickbooks_home, tmp_path / "home"))


def environment(home: Path, model: ScriptedModel | None = None) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    given = {} if model is None else model.environ
    return {**clean, **given, "FINCHAT_HOME": str(home), "FINCHAT_NOW": NOW, "TERM": "xterm", "NO_COLOR": "1"}


def ask(company: Company, script: Script, question: str, *flags: str) -> dict[str, Any]:
    """The document of a question asked away from a terminal: nothing is written, and every figure was verified."""
    before = company.ids()
    with ScriptedModel(script) as model:
        done = forked.run("ask", question, *flags, "--json", environment=environment(company.home, model))
    document: dict[str, Any] = json.loads(done.stdout)
    assert company.ids() == before
    assert document["complete"], done.stdout
    assert [(f["text"], f["why"]) for f in document["figures"] if not f["verified"]] == []
    assert document["figures"]
    return document


@contextmanager
def asking(company: Company, script: Script, question: str, *flags: str) -> Iterator[pexpect.spawn[str]]:
    with ScriptedModel(script) as model:
        child = forked.spawn(
            "ask", question, *flags, encoding="utf-8", timeout=60, dimensions=(200, 160),
            env=environment(company.home, model),
        )  # fmt: skip
        try:
            yield child
        finally:
            child.close(force=True)


@contextmanager
def chatting(company: Company, script: Script, *flags: str, books: str = "SANDBOX +Pecan") -> Iterator[Terminal]:
    with (
        ScriptedModel(script) as model,
        Terminal("chat", *flags, environment=environment(company.home, model), columns=120, rows=60) as terminal,
    ):
        terminal.until(books)
        yield terminal


# A reminder


def check_reminder(company: Company, said: str) -> None:
    """The customer who owes most in home currency, and of theirs all that is overdue, to the cent."""
    unpaid = [row for row in company.unpaid("Invoice") if row["currency"] == "USD"]
    owed = {row["party"]: sum(r["due"] for r in unpaid if r["party"] == row["party"]) for row in unpaid}
    who = max(owed, key=lambda name: owed[name])
    late = [row for row in unpaid if row["party"] == who and date.fromisoformat(row["due_date"]) < TODAY]
    assert sorted(cells(said)) == sorted(
        [row["number"], row["due_date"], amount(row["due"], "USD")] for row in late
    )  # fmt: skip
    body = json.loads(company.one("SELECT body FROM record WHERE entity = 'Customer' AND name = ?", who)["body"])
    says(
        said, f"Dear {who},", f"owes most in USD: {amount(owed[who], 'USD')}", body["PrimaryEmailAddr"]["Address"],
        f"{amount(sum(row['due'] for row in late), 'USD')}** is overdue",
    )  # fmt: skip


def test_a_reminder_names_what_the_customer_who_owes_most_has_not_paid(company: Company) -> None:
    document = ask(company, collecting.reminder, REMIND, "--server", "qb")
    check_reminder(company, document["answer"])
    everyone = company.unpaid("Invoice")
    says(document["answer"], f"{len(everyone)} unpaid sales invoices")
    for currency in ("USD", "CAD", "EUR"):
        due = sum(row["due"] for row in everyone if row["currency"] == currency)
        says(document["answer"], f"{currency}: {amount(due, currency)}")


@pytest.mark.slow
def test_the_same_reminder_is_written_in_the_chat_with_all_its_figures_verified(company: Company) -> None:
    with chatting(company, collecting.reminder, "--server", "qb") as chat:
        chat.line(REMIND)
        chat.until("Kind regards")
        chat.until(PROMPT)
        assert "[unverified]" not in chat.text
        assert "Dear Fandango Clinic Inc" in chat.text
        assert "SANDBOX" in chat.text


# A bill paid by card


def test_a_bill_is_paid_by_credit_card_once_a_person_approves(company: Company) -> None:
    (bill,) = [row for row in company.unpaid("Bill") if row["due"] == D("2400")]
    mine = [row for row in company.unpaid("Bill") if row["party"] == bill["party"]]
    assert len(mine) == 3
    before, ids = company.balances(), company.ids()
    question = PAY.format(vendor=bill["party"], amount="2,400.00")
    with asking(company, collecting.bill_by_card, question, "--server", "qb") as child:
        child.expect(ASKED)
        card = plain(str(child.before))
        for row in mine:
            says(card, row["number"], amount(row["due"], "USD"))
        says(card, "CreditCardPayment.CCAccountRef.value", "(2100 Visa)", "Pecan Bayou Outfitters Inc (9130001)")
        assert "[unverified]" not in card
        assert company.ids() == ids
        child.sendline("y")
        child.expect("What became of it")
        child.expect(pexpect.EOF)
        child.close()
    assert child.exitstatus == 0
    ((entity, id),) = company.ids() - ids
    paid = company.record(entity, id)
    visa = company.one("SELECT id FROM record WHERE entity = 'Account' AND json_extract(body, '$.AcctNum') = '2100'")
    assert (entity, paid["PayType"], paid["TotalAmt"]) == ("BillPayment", "CreditCard", D("2400"))
    assert paid["CreditCardPayment"]["CCAccountRef"]["value"] == visa["id"]
    ((linked,),) = [line["LinkedTxn"] for line in paid["Line"]]
    assert (linked["TxnType"], linked["TxnId"]) == ("Bill", bill["id"])
    assert company.record("Bill", bill["id"])["Balance"] == 0
    change = {name: now - before[name] for name, now in company.balances().items()}
    assert change == {"bank": 0, "receivables": 0, "undeposited": 0, "card": D("-2400"), "payables": D("2400")}


# A late fee


def an_overdue_invoice(company: Company) -> dict[str, Any]:
    """In home currency, overdue since a short while, unpaid as a whole, with several lines."""
    rows = [
        r for r in company.unpaid("Invoice") if r["currency"] == "USD" and "2026-10-20" < r["due_date"] < "2026-11-15"
    ]
    records = [company.record("Invoice", row["id"]) for row in rows]
    return max(
        (one for one in records if one["Balance"] == one["TotalAmt"]),
        key=lambda one: (len(one["Line"]), one["DocNumber"]),
    )


def fee_of(invoice: dict[str, Any]) -> Decimal:
    return Decimal(invoice["Balance"] / 20).quantize(D("0.01"), ROUND_HALF_UP)


@pytest.mark.slow
def test_a_late_fee_is_a_separate_invoice_first_and_the_invoice_stays_as_it_was(company: Company) -> None:
    invoice = an_overdue_invoice(company)
    fee, before, ids = fee_of(invoice), company.balances(), company.ids()
    question = FEE.format(number=invoice["DocNumber"])
    with asking(company, collecting.late_fee, question, "--server", "qb") as child:
        child.expect(ASKED)
        says(plain(str(child.before)), "create_a_quick_books_invoice", "Pecan Bayou Outfitters Inc")
        child.sendline("y")
        child.expect("What became of it")
        child.expect(pexpect.EOF)
    assert company.record("Invoice", invoice["Id"]) == invoice
    ((entity, id),) = company.ids() - ids
    separate = company.record(entity, id)
    assert (entity, separate["TotalAmt"]) == ("Invoice", fee)
    assert separate["CustomerRef"]["value"] == invoice["CustomerRef"]["value"]
    change = {name: now - before[name] for name, now in company.balances().items()}
    assert change == {"bank": 0, "receivables": fee, "undeposited": 0, "card": 0, "payables": 0}


def test_who_insists_has_the_fee_on_the_invoice_and_no_line_or_field_of_it_is_lost(company: Company) -> None:
    invoice = an_overdue_invoice(company)
    fee, before, ids = fee_of(invoice), company.balances(), company.ids()
    with chatting(company, collecting.late_fee, "--server", "qb") as chat:
        chat.line(FEE.format(number=invoice["DocNumber"]))
        chat.until(r"Approve\?[^:]*: *$")
        assert "separate invoice" in chat.text
        chat.line("n")
        place = chat.until(PROMPT).end()
        assert company.ids() == ids
        chat.line(INSIST)
        chat.until(r"Approve\?[^:]*: *$", after=place)
        card = chat.text[place:]
        chat.line("y")
        chat.until("What became of it", after=place)
    says(card, "Pecan Bayou Outfitters Inc", "update_a_quick_books_invoice")
    now = company.record("Invoice", invoice["Id"])
    assert company.ids() == ids
    kept = {line["Id"]: line for line in invoice["Line"] if "Id" in line}
    after = {line["Id"]: line for line in now["Line"] if "Id" in line}
    assert kept
    assert {id: after[id] for id in kept} == kept
    (added,) = after.keys() - kept.keys()
    assert after[added]["Amount"] == fee
    assert now["TotalAmt"] == invoice["TotalAmt"] + fee
    moving = {"Line", "TotalAmt", "Balance", "SyncToken", "HomeTotalAmt", "HomeBalance", "PrivateNote"}
    assert {name: now.get(name) for name in invoice.keys() - moving} == {
        name: value for name, value in invoice.items() if name not in moving
    }  # fmt: skip
    change = {name: now - before[name] for name, now in company.balances().items()}
    assert change == {"bank": 0, "receivables": fee, "undeposited": 0, "card": 0, "payables": 0}


# Both ledgers


@pytest.fixture
def two(quickbooks_home: Path, company_home: Path, tmp_path: Path) -> Company:
    """A home with the company of each vendor."""
    home = homes.copied(company_home, homes.copied(quickbooks_home, tmp_path / "two"))
    (home / "finchat.toml").write_text(BOTH)
    return Company(home)


def receivables(company: Company) -> dict[tuple[str, str], Decimal]:
    """What customers owe each organisation in each currency, less what it owes them back in unused credits."""
    xero, found = Ledger(company.home), dict[tuple[str, str], Decimal]()
    open_in_xero = xero.rows(
        "SELECT currency, SUM(CASE WHEN resource = 'Invoices' THEN due ELSE -due END) AS due FROM document WHERE "
        "due > 0 AND status IN ('AUTHORISED', 'PAID') AND type IN ('ACCREC', 'ACCRECCREDIT', 'RECEIVE-OVERPAYMENT', "
        "'RECEIVE-PREPAYMENT') GROUP BY currency"
    )
    for row in open_in_xero:
        found[str(xero.organisation["Name"]), row["currency"]] = money(row["due"])
    open_in_quickbooks = company.rows(
        "SELECT currency, SUM(CASE WHEN entity = 'Invoice' THEN balance ELSE -balance END) AS due FROM record "
        "WHERE deleted = 0 AND balance > 0 AND entity IN ('Invoice', 'CreditMemo', 'Payment') GROUP BY currency"
    )
    for row in open_in_quickbooks:
        found["Pecan Bayou Outfitters Inc", row["currency"]] = money(row["due"])
    return found


@pytest.mark.slow
def test_questions_across_both_ledgers_add_no_currencies(two: Company) -> None:
    said = ask(two, collecting.both, "What are the receivables of both organisations?")["answer"]
    assert sorted(cells(said)) == sorted(
        [name, amount(due, currency)] for (name, currency), due in receivables(two).items()
    )  # fmt: skip
    assert len({currency for _, currency in receivables(two)}) == 5


def test_a_sum_across_is_converted_by_rates_that_are_named_with_day_and_source(two: Company) -> None:
    said = ask(two, collecting.both, "What are the receivables of both organisations in USD?")["answer"]
    each, _, after = said.partition("The converted total")
    assert len(cells(each)) == 6
    rates = {(one, other): D(rate) for one, other, rate, _, _ in cells(after)}
    assert all(day and source for *_, day, source in cells(after))
    into = {"USD": D(1), "NZD": 1 / rates["USD", "NZD"]}
    into |= {one: rate * into[other] for (one, other), rate in rates.items() if one != "USD"}
    total = sum(
        ((due * into[currency]).quantize(D("0.01"), ROUND_HALF_UP) for (_, currency), due in receivables(two).items()),
        D(0),
    )
    says(after, f"{amount(total, 'USD')}, at these rates")
    # The rate of QuickBooks' own list, as it is recorded there.
    (listed,) = two.rows(
        "SELECT json_extract(body, '$.Rate') AS rate FROM record WHERE entity = 'ExchangeRate' AND deleted = 0 "
        "AND json_extract(body, '$.SourceCurrencyCode') = 'EUR' AND json_extract(body, '$.AsOfDate') = '2026-11-20'"
    )
    assert rates["EUR", "USD"] == D(str(listed["rate"]))


@pytest.mark.slow
def test_a_sum_of_different_currencies_is_marked(two: Company) -> None:
    amounts = receivables(two).values()

    def adds(seen: Seen) -> Say:
        honest = collecting.both(seen)
        if honest.calls:
            return honest
        return Say(f"Together the receivables of both organisations are {amount(sum(amounts), 'USD')}.")

    with ScriptedModel(adds) as model:
        question = "What are the receivables of both organisations together?"
        done = forked.run("ask", question, "--json", environment=environment(two.home, model))
    (figure,) = json.loads(done.stdout)["figures"]
    assert not figure["verified"]


def test_every_card_names_the_organisation_that_it_changes(two: Company) -> None:
    ids, contacts = two.ids(), Ledger(two.home).counts()["contact"]
    with asking(two, collecting.a_contact_in_each, "Add the contact Halcyon Grove Ltd to both.") as child:
        named = []
        for _ in range(2):
            child.expect(ASKED)
            card = plain(str(child.before))
            named += re.findall(r"^Organisation +(.+?) \(\S+\) *$", card, re.M)
            assert "SANDBOX" in card
            child.sendline("y" if named[-1].startswith("Pecan") else "n")
        child.expect(pexpect.EOF)
        said = plain(str(child.before))
    assert named == ["Kōwhai Fitout & Supply (Demo)", "Pecan Bayou Outfitters Inc"]
    ((entity, _),) = two.ids() - ids
    assert entity == "Customer"
    assert Ledger(two.home).counts()["contact"] == contacts
    said = " ".join(said.split())
    says(said, "Kōwhai Fitout & Supply (Demo): p1 (create of Halcyon Grove Ltd): skipped")
    says(said, "Pecan Bayou Outfitters Inc: p1 (create of Halcyon Grove Ltd): approved and recorded")
