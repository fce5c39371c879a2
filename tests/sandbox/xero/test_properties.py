"""Random calls, valid and not: the books stay balanced, nothing crashes, and every refusal names its field."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.xero.company import (
    BANK,
    CUSTOMER,
    RENT,
    SALES,
    SUPPLIER,
    USD_BANK,
    Client,
    back_end,
    bill,
    invoice,
    payment,
)

JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.sampled_from(["", "x", "\ud800", "1e9", "-0", "NaN", "é" * 300, "\x00", [], {}, [{}], {"a": []}]),
    st.decimals(-1000, 1000, places=3),
)
GUIDS = st.sampled_from([BANK, USD_BANK, SALES, RENT, CUSTOMER, SUPPLIER, "00000000-0000-0000-0000-000000000000"])
CENTS = st.integers(1, 8_000).map(lambda cents: str(Decimal(cents) / 100))
# Four in five are plausible, so that runs get deep; the fifth is anything.
AMOUNTS: st.SearchStrategy[Any] = st.integers(0, 4).flatmap(lambda n: CENTS if n else JUNK)
DATES = st.sampled_from(
    ["2026-11-01", "2026-11-05T00:00:00", "/Date(1793491200000)/", "2026-03-31", "2026-13-01", "", None, "0001-01-01"]
)
CONTACTS = st.one_of(
    st.sampled_from([{"ContactID": CUSTOMER}, {"ContactID": SUPPLIER}, {"Name": "New & Co"}, {"ContactNumber": "C-1"}]),
    JUNK,
)
LINES = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "Description": st.just("Work"),
                "UnitAmount": AMOUNTS,
                "AccountCode": st.sampled_from(["200", "469", "090", "zz"]),
            },
            optional={
                "Quantity": st.one_of(st.sampled_from([1, 2, "0.5", -1, 0]), JUNK),
                "TaxType": st.sampled_from(["OUTPUT2", "INPUT2", "NONE", "NOPE"]),
                "TaxAmount": AMOUNTS,
                "DiscountRate": AMOUNTS,
                "LineItemID": GUIDS,
                "Tracking": JUNK,
            },
        ),
        JUNK,
    ),
    max_size=3,
)
STATUSES = st.sampled_from(["DRAFT", "SUBMITTED", "AUTHORISED", "AUTHORISED", "VOIDED", "DELETED", "PAID", 7, None])
CURRENCY = {
    "CurrencyCode": st.sampled_from(["NZD", "USD", "XXX", ""]),
    "CurrencyRate": st.one_of(st.just("0.61"), AMOUNTS),
}


def document(types: list[str], number: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"Type": st.sampled_from(types), "Contact": CONTACTS, "LineItems": LINES},
        optional={
            "Status": STATUSES,
            "Date": DATES,
            "DueDate": DATES,
            "LineAmountTypes": st.sampled_from(["Exclusive", "Inclusive", "NoTax", "Nope"]),
            number: st.sampled_from(["INV-1", "INV-2", "", 5]),
            "Reference": JUNK,
            **CURRENCY,
        },
    )


KNOWN = "known"  # stands for an id made earlier in the run
PAYMENTS = st.fixed_dictionaries(
    {
        "Amount": AMOUNTS,
        "Account": st.sampled_from([{"Code": "090"}, {"Code": "615"}, {"AccountID": USD_BANK}, {"Code": "200"}]),
    },
    optional={
        "Date": DATES,
        "CurrencyRate": st.sampled_from(["0.6", "0.62", "1", "x", 0]),
        "BankAmount": AMOUNTS,
        "Reference": JUNK,
    },
)
TARGETS = st.sampled_from(
    [{"Invoice": {"InvoiceID": KNOWN}}] * 4
    + [{"CreditNote": {"CreditNoteID": KNOWN}}, {"Overpayment": {"OverpaymentID": KNOWN}}] * 2
    + [{"Invoice": 5}, {}]
)
PAYMENTS = st.builds(lambda fields, target: {**fields, **target}, PAYMENTS, TARGETS)
TRANSACTIONS = st.fixed_dictionaries(
    {
        "Type": st.sampled_from(["RECEIVE", "SPEND", "RECEIVE-OVERPAYMENT", "SPEND-PREPAYMENT", "SPEND-TRANSFER"]),
        "Contact": CONTACTS,
        "BankAccount": st.sampled_from([{"Code": "090"}, {"AccountID": USD_BANK}, {"Code": "200"}, None]),
        "LineItems": LINES,
    },
    optional={"Date": DATES, "Status": STATUSES, "IsReconciled": JUNK, "CurrencyRate": AMOUNTS},
)
ALLOCATIONS = st.fixed_dictionaries(
    {"Invoice": st.just({"InvoiceID": KNOWN}), "Amount": AMOUNTS}, optional={"Date": DATES}
)
TRANSFERS = st.fixed_dictionaries(
    {
        "FromBankAccount": st.sampled_from(
            [{"Code": "090"}, {"Code": "090"}, {"AccountID": USD_BANK}, {"Code": "200"}]
        ),
        "ToBankAccount": st.sampled_from([{"Code": "092"}, {"Code": "092"}, {"Code": "093"}, {"Code": "090"}, None]),
        "Amount": AMOUNTS,
    },
    optional={
        "Date": DATES,
        "Reference": JUNK,
        "CurrencyRate": st.one_of(st.just("0.61"), AMOUNTS),
        "FromIsReconciled": st.sampled_from([True, False, False, "x"]),
        "ToTracking": JUNK,
    },
)
ACCOUNTS = st.fixed_dictionaries(
    {
        "Name": st.sampled_from(["Cheque", "New", "", 3]),
        "Code": st.sampled_from(["200", "999", "", 3]),
        "Type": st.sampled_from(["EXPENSE", "BANK", "x", []]),
    },
    optional={"TaxType": st.sampled_from(["NONE", "NOPE"]), "BankAccountNumber": JUNK, "EnablePaymentsToAccount": JUNK},
)
PEOPLE = st.fixed_dictionaries(
    {"Name": st.sampled_from(["Rātā Homes", "Other", "", 4])}, optional={"EmailAddress": JUNK, "Phones": JUNK}
)
WHERES = st.sampled_from(['Status=="PAID"', "Nope==1", 'Date>"x"', "AmountDue>5", '"', "true", "IsReconciled"])
READS = st.sampled_from(
    [
        "Invoices",
        "Payments",
        "CreditNotes",
        "BankTransactions",
        "Overpayments",
        "Prepayments",
        "BankTransfers",
        "TrackingCategories",
        "Contacts",
        "Accounts",
        "TaxRates",
        "Organisation",
        "Reports/TrialBalance",
        "Reports/ProfitAndLoss",
        "Reports/BalanceSheet",
        "Nope",
        "Invoices/x/y",
    ]
)
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "where": WHERES,
        "order": st.sampled_from(["Date DESC", "Nope", ";"]),
        "page": st.sampled_from(["1", "0", "-1", "x", "9" * 30]),
        "pageSize": st.sampled_from(["1", "5000", "x"]),
        "IDs": st.sampled_from([CUSTOMER, "x"]),
        "includeDeleted": st.just("true"),
        "includeArchived": st.just("true"),
        "summaryOnly": st.just("true"),
        "date": DATES.map(str),
        "fromDate": DATES.map(str),
        "periods": st.sampled_from(["3", "99", "x"]),
        "unitdp": st.sampled_from(["4", "9"]),
    },
)


def write(path: str, body: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    name = path.rsplit("/", maxsplit=1)[-1]
    wrapped = st.one_of(
        body, body.map(lambda one: {name: [one]}), st.lists(body, max_size=2).map(lambda many: {name: many})
    )
    method = st.sampled_from(["POST"] if path.endswith(KNOWN) else ["PUT", "POST"])
    return st.tuples(
        method, st.just(path), wrapped, st.fixed_dictionaries({}, optional={"summarizeErrors": st.just("false")})
    )


CALLS = st.one_of(
    write("Invoices", document(["ACCREC", "ACCPAY", "x"], "InvoiceNumber")),
    write("CreditNotes", document(["ACCRECCREDIT", "ACCPAYCREDIT"], "CreditNoteNumber")),
    write(f"Invoices/{KNOWN}", document(["ACCREC", "ACCPAY"], "InvoiceNumber")),
    write("Payments", PAYMENTS),
    write(f"Payments/{KNOWN}", st.just({"Status": "DELETED"})),
    write("BankTransactions", TRANSACTIONS),
    write(f"BankTransactions/{KNOWN}", st.just({"Status": "DELETED"})),
    write(f"CreditNotes/{KNOWN}/Allocations", ALLOCATIONS),
    write(f"Overpayments/{KNOWN}/Allocations", ALLOCATIONS),
    write("BankTransfers", TRANSFERS),
    write("BankTransfers", st.just({"BankTransferID": KNOWN, "Status": "DELETED"})),
    write(f"BankTransfers/{KNOWN}", st.just({"Status": "DELETED"})),
    write(f"CreditNotes/{KNOWN}", st.just({"Status": "VOIDED"})),
    *(
        st.tuples(st.just("DELETE"), st.just(f"{credits}/{KNOWN}/Allocations/{KNOWN}"), st.none(), st.just({}))
        for credits in ("CreditNotes", "Overpayments")
    ),
    write("Accounts", ACCOUNTS),
    write("Contacts", PEOPLE),
    write("Invoices", JUNK),
    st.tuples(st.just("DELETE"), st.just(f"Accounts/{RENT}"), st.none(), st.just({})),
    st.tuples(st.just("GET"), READS, st.none(), QUERIES),
)


class Run:
    """Plays calls against one company and remembers the ids it made."""

    def __init__(self) -> None:
        self.client = Client(back_end())
        self.ids: dict[str, list[str]] = {}

    async def start(self) -> None:
        """Documents of every kind to pay, allocate, change and delete, one in a foreign currency."""
        overpaid = {
            "Type": "RECEIVE-OVERPAYMENT",
            "Contact": {"ContactID": CUSTOMER},
            "BankAccount": {"Code": "090"},
            "LineItems": [{"Description": "Too much", "UnitAmount": "70.01"}],
        }
        note = {**invoice("33.33"), "Type": "ACCRECCREDIT"}
        foreign = {"CurrencyCode": "USD", "CurrencyRate": "0.613", "LineAmountTypes": "NoTax"}
        for path, body in (
            ("Invoices", invoice("99.99")),
            ("Invoices", invoice("200.00", **foreign)),
            ("Invoices", bill("150.00")),
            ("CreditNotes", note),
            ("CreditNotes", {**note, **foreign}),
            ("BankTransactions", overpaid),
        ):
            await self.check("PUT", path, body, {})
        await self.check("PUT", "Payments", payment({"InvoiceID": self.ids["InvoiceID"][0]}, "40.00"), {})
        for code, currency in (("092", "NZD"), ("093", "USD")):
            body = {"Name": code, "Code": code, "Type": "BANK", "CurrencyCode": currency, "BankAccountNumber": code}
            await self.check("PUT", "Accounts", body, {})
        swept = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "092"}, "Amount": "12.34"}
        await self.check("PUT", "BankTransfers", swept, {})
        for path, key in (("CreditNotes", "CreditNoteID"), ("Overpayments", "OverpaymentID")):
            used = {"Invoice": {"InvoiceID": self.ids["InvoiceID"][0]}, "Amount": "5.00"}
            await self.check("PUT", f"{path}/{self.ids[key][0]}/Allocations", used, {})
        assert all(self.ids.get(name) for name in _SINGULAR.values())

    async def play(self, calls: list[tuple[Any, ...]]) -> None:
        await self.start()
        for number, (method, path, body, query) in enumerate(calls):
            await self.check(method, self._path(path, number), self._known(body, number), query)
            assert self.client.back.ledger.difference() == 0
        self._controls_agree()

    async def check(self, method: str, path: str, body: Any, query: dict[str, str]) -> None:
        content = None if body is None and method != "PUT" else json.dumps(body, default=str).encode()
        headers = {"Content-Type": "application/json"}
        response = await self.client.http.request(method, path, content=content, params=query, headers=headers)
        assert response.status_code in (200, 400, 404, 405), (response.status_code, response.text)
        if response.status_code == 400:
            told = response.json()
            refusals = [e for element in told.get("Elements", ()) for e in element["ValidationErrors"]] or [told]
            assert all(refusal["Field"] and refusal["Message"] for refusal in refusals), response.text
        elif response.status_code == 200 and method != "GET":
            answer = response.json()
            records = [record for value in answer.values() if isinstance(value, list) for record in value]
            failed = [e for record in records if record.get("HasErrors") for e in record["ValidationErrors"]]
            assert all(error["Field"] and error["Message"] for error in failed), response.text
            self._remember(answer)

    def _remember(self, answer: dict[str, Any]) -> None:
        for resource, singular in _SINGULAR.items():
            for record in answer.get(resource, ()):
                for name in (singular, "OverpaymentID"):
                    if record.get(name) and not record.get("HasErrors"):
                        self.ids.setdefault(name, []).append(record[name])

    def _path(self, path: str, number: int) -> str:
        found = path.replace(KNOWN, self._pick(_SINGULAR.get(path.split("/", maxsplit=1)[0], ""), number), 1)
        return found.replace(KNOWN, self._pick("AllocationID", number))

    def _known(self, body: Any, number: int) -> Any:
        if isinstance(body, dict):
            return {k: self._pick(k, number) if v == KNOWN else self._known(v, number) for k, v in body.items()}
        return [self._known(item, number) for item in body] if isinstance(body, list) else body

    def _pick(self, name: str, number: int) -> str:
        made = self.ids.get(name)
        return made[(number * 7) % len(made)] if made else CUSTOMER

    def _controls_agree(self) -> None:
        """What is open on documents is what the control accounts hold, to the cent; transfers leave nothing behind."""
        back = self.client.back
        left = back.ledger.balances().get(back.system_accounts().transfers)
        assert left is None or left.amount == 0
        self._banks_agree()
        for types, key, sign in (
            (("ACCREC", "ACCRECCREDIT", "RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT"), "receivables", 1),
            (("ACCPAY", "ACCPAYCREDIT", "SPEND-OVERPAYMENT", "SPEND-PREPAYMENT"), "payables", 1),
        ):
            marks = ",".join("?" * len(types))
            owed = back.db.execute(
                f"SELECT coalesce(sum(CASE WHEN resource = 'Invoices' THEN base_due ELSE -base_due END), 0)"
                f" FROM document WHERE resource <> 'BankTransactions' AND type IN ({marks})",
                types,
            ).fetchone()[0]
            assert Decimal(back.balances()[key]) * 100 * sign == owed

    def _banks_agree(self) -> None:
        """A bank account holds what the live payments and bank transactions of it say, in its own currency."""
        back = self.client.back
        moved = dict(
            back.db.execute(
                "SELECT bank, sum(CASE WHEN type LIKE 'RECEIVE%' THEN total ELSE -total END) FROM document"
                " WHERE resource = 'BankTransactions' AND status = 'AUTHORISED' GROUP BY bank"
            ).fetchall()
        )
        inwards = ("ACCRECPAYMENT", "APCREDITPAYMENT", "APOVERPAYMENTPAYMENT", "APPREPAYMENTPAYMENT")
        for account, kind, amount in back.db.execute(
            "SELECT account, type, bank_amount FROM payment WHERE status = 'AUTHORISED'"
        ):
            moved[account] = moved.get(account, 0) + (amount if kind in inwards else -amount)
        for bank in back.balances()["bank"]:
            assert Decimal(bank["amount"]) * 100 == moved.get(bank["account_id"], 0)


_SINGULAR = {
    "Invoices": "InvoiceID",
    "CreditNotes": "CreditNoteID",
    "Payments": "PaymentID",
    "BankTransactions": "BankTransactionID",
    "Overpayments": "OverpaymentID",
    "BankTransfers": "BankTransferID",
    "Allocations": "AllocationID",
}
_SETTINGS = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=40, **_SETTINGS)  # type: ignore[arg-type]
@given(st.lists(CALLS, min_size=1, max_size=12))
def test_random_calls_keep_the_books(calls: list[tuple[Any, ...]]) -> None:
    asyncio.run(Run().play(calls))


@pytest.mark.slow
@settings(max_examples=1500, **_SETTINGS)  # type: ignore[arg-type]
@given(st.lists(CALLS, min_size=5, max_size=40))
def test_many_random_calls_keep_the_books(calls: list[tuple[Any, ...]]) -> None:
    asyncio.run(Run().play(calls))
