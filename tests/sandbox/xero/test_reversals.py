"""Random runs of a month's settlements, then each taken back in the opposite order: the books are what they were."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.xero.company import BANK, CUSTOMER, SUPPLIER, Client, back_end, bill, invoice, line, payment

Undo = Callable[[], Awaitable[None]]
FOREIGN = {"CurrencyCode": "USD", "CurrencyRate": "0.613", "LineAmountTypes": "NoTax"}
_CREDITS = (
    ("CreditNotes", "CreditNoteID"),
    ("Prepayments", "PrepaymentID"),
    ("Overpayments", "OverpaymentID"),
)


class Month:
    """Open documents of both sides and two currencies, what was done with them, and how it is taken back."""

    def __init__(self) -> None:
        self.client = Client(back_end())
        self.undos: list[Undo] = []
        self.done: set[str] = set()
        self.invoices: list[str] = []
        self.credits: list[tuple[str, str, str]] = []  # resource, name of its id, id

    async def start(self) -> None:
        for body in (invoice("80.01"), invoice("120.00", **FOREIGN), bill("90.00"), bill("45.55", **FOREIGN)):
            made = await self.client.done("PUT", "Invoices", body)
            self.invoices.append(made["InvoiceID"])
        given = {"Name": "Savings", "Code": "092", "Type": "BANK", "BankAccountNumber": "1"}
        await self.client.done("PUT", "Accounts", given)

    async def state(self) -> Any:
        """Every account, and what each document of the start still shows."""
        documents = [await self.client.done("GET", f"Invoices/{id}") for id in self.invoices]
        fields = ("Status", "AmountDue", "AmountPaid", "AmountCredited", "Payments", "CreditNotes", "Overpayments")
        shown = [[document[field] for field in fields] + ["FullyPaidOnDate" in document] for document in documents]
        return self.client.back.trial_balance(), self.client.back.balances()["bank"], shown

    async def play(self, steps: list[tuple[str, int, int]]) -> None:
        """A step that the vendor's rules refuse changes nothing; each other one is remembered with its undo."""
        for name, number, cents in steps:
            amount = f"{Decimal(cents) / 100:.2f}"
            if undo := await getattr(self, name)(number, amount):
                self.undos.append(undo)
                self.done.add(name)
            assert self.client.back.ledger.difference() == 0

    async def _try(self, method: str, path: str, body: Any) -> dict[str, Any] | None:
        response = await self.client.send(method, path, body)
        assert response.status_code in (200, 400), response.text
        found: dict[str, Any] | None = None
        if response.status_code == 200:
            found = response.json()[path.rsplit("/", maxsplit=1)[-1]][0]
        return found

    def _posting(self, path: str, body: dict[str, str]) -> Undo:
        async def undo() -> None:
            await self.client.done("POST", path, body)

        return undo

    async def pay(self, number: int, amount: str) -> Undo | None:
        target = {"InvoiceID": self.invoices[number % len(self.invoices)]}
        made = await self._try("PUT", "Payments", payment(target, amount, CurrencyRate=None))
        return self._posting(f"Payments/{made['PaymentID']}", {"Status": "DELETED"}) if made else None

    async def refund(self, number: int, amount: str) -> Undo | None:
        if not self.credits:
            return None
        _, key, credit = self.credits[number % len(self.credits)]
        made = await self._try("PUT", "Payments", payment({key: credit}, amount))
        return self._posting(f"Payments/{made['PaymentID']}", {"Status": "DELETED"}) if made else None

    async def credit_note(self, number: int, amount: str) -> Undo | None:
        sale, foreign = number % 2 == 0, number % 4 > 1
        body = {
            "Type": "ACCRECCREDIT" if sale else "ACCPAYCREDIT",
            "Status": "AUTHORISED",
            "Contact": {"ContactID": CUSTOMER if sale else SUPPLIER},
            "Date": "2026-11-03",
            "LineItems": [line(amount) if sale else line(amount, "469", "INPUT2")],
            **({**FOREIGN, "CurrencyRate": "0.7"} if foreign else {"LineAmountTypes": "Inclusive"}),
        }
        made = await self.client.done("PUT", "CreditNotes", body)
        self.credits.append(("CreditNotes", "CreditNoteID", made["CreditNoteID"]))
        return self._posting(f"CreditNotes/{made['CreditNoteID']}", {"Status": "VOIDED"})

    async def money(self, number: int, amount: str) -> Undo | None:
        """Coded money, an overpayment or a prepayment, in or out."""
        kind = ("RECEIVE", "SPEND")[number % 2] + ("", "-OVERPAYMENT", "-PREPAYMENT")[number % 3]
        coded = "-" not in kind
        body = {
            "Type": kind,
            "Contact": {"ContactID": CUSTOMER if kind.startswith("RECEIVE") else SUPPLIER},
            "BankAccount": {"AccountID": BANK},
            "Date": "2026-11-04",
            "LineAmountTypes": "Inclusive" if coded else "NoTax",
            "LineItems": [line(amount, "469", "INPUT2")] if coded else [{"Description": "x", "LineAmount": amount}],
        }
        made = await self.client.done("PUT", "BankTransactions", body)
        for resource, key in _CREDITS[1:]:
            if key in made:
                self.credits.append((resource, key, made[key]))
        return self._posting(f"BankTransactions/{made['BankTransactionID']}", {"Status": "DELETED"})

    async def allocate(self, number: int, amount: str) -> Undo | None:
        if not self.credits:
            return None
        resource, _, credit = self.credits[number % len(self.credits)]
        for target in self.invoices:
            body = {"Invoice": {"InvoiceID": target}, "Amount": amount, "Date": "2026-11-06"}
            path = f"{resource}/{credit}/Allocations"
            if made := await self._try("PUT", path, body):
                address = f"{path}/{made['AllocationID']}"

                async def undo(address: str = address) -> None:
                    response = await self.client.send("DELETE", address)
                    assert response.json()["IsDeleted"] is True

                return undo
        return None

    async def transfer(self, number: int, amount: str) -> Undo | None:
        codes = ("090", "092") if number % 2 else ("092", "090")
        sides = {"FromBankAccount": {"Code": codes[0]}, "ToBankAccount": {"Code": codes[1]}}
        made = await self.client.done("PUT", "BankTransfers", {**sides, "Amount": amount, "Date": "2026-11-07"})
        return self._posting(f"BankTransfers/{made['BankTransferID']}", {"Status": "DELETED"})


ACTIONS = ("pay", "refund", "credit_note", "money", "allocate", "transfer")
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 11), st.integers(1, 6000)), max_size=14)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_whatever_was_settled_can_be_taken_back_to_the_cent(steps: list[tuple[str, int, int]]) -> None:
    async def run() -> None:
        month = Month()
        await month.start()
        before = await month.state()
        await month.play(steps)
        for undo in reversed(month.undos):
            await undo()
            assert month.client.back.ledger.difference() == 0
        assert await month.state() == before

    asyncio.run(run())


async def test_every_kind_of_step_is_really_taken() -> None:
    month = Month()
    await month.start()
    await month.play([("credit_note", 0, 5000), ("allocate", 0, 1000), ("refund", 0, 700), ("pay", 0, 100)])
    await month.play([("money", n, 2000) for n in range(6)] + [("transfer", 1, 10)])
    assert month.done == set(ACTIONS)
    assert len(month.undos) == 11
