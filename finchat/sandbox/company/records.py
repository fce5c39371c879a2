"""The ledger of the seeded company while it is being written: documents, payments, credits and bank transactions.

Amounts are cents of the document's currency; `bank_cents` and what a bank transaction moves are cents of the bank
account's currency. A rate is the vendor's way round: see `Country.home_for_one`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Literal

from finchat.sandbox.company import chart
from finchat.sandbox.company.country import ONE, Country
from finchat.sandbox.company.draws import guid, half_up
from finchat.sandbox.company.parties import Party

# Tax type -> hundredths of a percent: New Zealand's GST, and the sales tax of a Texan city. Others bear none.
TAX_RATES = {"OUTPUT2": 1_500, "INPUT2": 1_500, "TAX": 825}
Side = Literal["ACCREC", "ACCPAY"]
CreditKind = Literal["credit_note", "overpayment", "prepayment"]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a document: `amount` as printed on it, tax on top of it or within it (`inclusive`)."""

    description: str
    quantity: int
    unit: int
    account: str
    tax_type: str
    inclusive: bool = False
    tracking: tuple[tuple[str, str], ...] = ()

    @property
    def amount(self) -> int:
        return self.quantity * self.unit

    @property
    def tax(self) -> int:
        """Tax of the type's rate, rounded on this line."""
        rate = TAX_RATES.get(self.tax_type, 0)
        return half_up(self.amount * rate, 10_000 + rate if self.inclusive else 10_000)

    @property
    def gross(self) -> int:
        return self.amount if self.inclusive else self.amount + self.tax


def tax_on_total(items: Sequence[Item]) -> int:
    """The tax of lines of one tax type, on their sum; tax on top."""
    rate = TAX_RATES.get(items[0].tax_type, 0)
    return half_up(sum(item.amount for item in items) * rate, 10_000)


@dataclass(slots=True, eq=False)
class Payment:
    id: str
    document: Document
    day: date
    cents: int
    bank_cents: int
    account: str
    rate: Decimal
    reference: str = ""
    batch: Batch | None = None
    on_statement: date | None = None


@dataclass(slots=True, eq=False)
class Batch:
    id: str
    day: date
    side: Side
    payments: list[Payment] = field(default_factory=list)

    @property
    def cents(self) -> int:
        return sum(payment.bank_cents for payment in self.payments)


@dataclass(slots=True, eq=False)
class Allocation:
    id: str
    credit: Credit
    document: Document
    day: date
    cents: int


@dataclass(slots=True, eq=False)
class Document:
    """An invoice or bill. `number` is given once all documents are known, in the order of their dates."""

    id: str
    side: Side
    party: Party
    day: date
    due_day: date
    items: tuple[Item, ...]
    rate: Decimal
    status: Literal["DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED"]
    reference: str = ""
    number: str = ""
    payments: list[Payment] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)
    total: int = 0

    def __post_init__(self) -> None:
        self.total = sum(item.gross for item in self.items)

    @property
    def paid(self) -> int:
        return sum(payment.cents for payment in self.payments)

    @property
    def credited(self) -> int:
        return sum(allocation.cents for allocation in self.allocations)

    @property
    def due(self) -> int:
        return self.total - self.paid - self.credited


@dataclass(slots=True, eq=False)
class Credit:
    """A credit note, or an over- or prepayment with the bank transaction that booked it."""

    id: str
    kind: CreditKind
    side: Side
    party: Party
    day: date
    items: tuple[Item, ...]
    rate: Decimal
    number: str = ""
    reference: str = ""
    source: BankTransaction | None = None
    allocations: list[Allocation] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(item.gross for item in self.items)

    @property
    def remaining(self) -> int:
        return self.total - sum(allocation.cents for allocation in self.allocations)


@dataclass(slots=True, eq=False)
class BankTransaction:
    """Receive or spend money, half a transfer, or the money of a credit. `gathers`: receipts whose money
    it brings from the clearing account.
    """

    id: str
    type: str
    party: Party | None
    day: date
    items: tuple[Item, ...]
    account: str = chart.BANK
    reference: str = ""
    credit: Credit | None = None
    transfer_id: str = ""
    rate: Decimal = ONE
    on_statement: date | None = None
    gathers: list[Payment | BankTransaction] = field(default_factory=list)

    @property
    def cents(self) -> int:
        return sum(item.gross for item in self.items)

    @property
    def receives(self) -> bool:
        return self.type.startswith("RECEIVE")


class Ledger:
    """Everything recorded so far. Every method keeps the books consistent; ids come from its own stream."""

    def __init__(self, ids: Random, country: Country) -> None:
        self._ids = ids
        self.country = country
        self.documents: list[Document] = []
        self.payments: list[Payment] = []
        self.batches: list[Batch] = []
        self.credits: list[Credit] = []
        self.bank_transactions: list[BankTransaction] = []

    def new_id(self) -> str:
        return guid(self._ids)

    def document(
        self,
        side: Side,
        party: Party,
        day: date,
        due_day: date,
        items: Sequence[Item],
        *,
        rate: Decimal = ONE,
        reference: str = "",
        status: Literal["DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED"] = "AUTHORISED",
    ) -> Document:
        made = Document(self.new_id(), side, party, day, due_day, tuple(items), rate, status, reference)
        self.documents.append(made)
        return made

    def pay(
        self,
        document: Document,
        day: date,
        cents: int,
        *,
        account: str = chart.BANK,
        rate: Decimal | None = None,
        reference: str = "",
        batch: Batch | None = None,
    ) -> Payment:
        """Record cash against a document: never more than is due, never before the document.

        A bank account in a foreign currency takes documents of its own currency only.
        """
        assert 0 < cents <= document.due
        assert day >= document.day
        at = rate or document.rate
        home = self.country.currency
        held = self.country.bank_accounts.get(account, home)
        assert held in (home, document.party.currency)
        moved = cents if held != home else self.country.home_cents(cents, at)
        made = Payment(self.new_id(), document, day, cents, moved, account, at, reference, batch)
        document.payments.append(made)
        self.payments.append(made)
        if batch is not None:
            batch.payments.append(made)
        return made

    def batch(self, day: date, documents: Iterable[Document]) -> Batch:
        """Pay several documents in full with one bank movement."""
        together = list(documents)
        made = Batch(self.new_id(), day, together[0].side)
        self.batches.append(made)
        for document in together:
            self.pay(document, day, document.due, batch=made)
        return made

    def credit_note(self, side: Side, party: Party, day: date, items: Sequence[Item]) -> Credit:
        made = Credit(self.new_id(), "credit_note", side, party, day, tuple(items), ONE)
        self.credits.append(made)
        return made

    def money(
        self,
        type: str,
        party: Party | None,
        day: date,
        items: Sequence[Item],
        *,
        account: str = chart.BANK,
        reference: str = "",
        rate: Decimal = ONE,
    ) -> BankTransaction:
        """Receive or spend money, in the currency of the bank account."""
        made = BankTransaction(self.new_id(), type, party, day, tuple(items), account, reference, rate=rate)
        self.bank_transactions.append(made)
        return made

    def money_as_credit(self, kind: CreditKind, party: Party, day: date, cents: int, note: str) -> Credit:
        """A customer's money booked as an overpayment or prepayment: a bank transaction and an open credit."""
        account = chart.RECEIVABLES if kind == "overpayment" else chart.DEPOSITS_HELD
        item = Item(note, 1, cents, account, self.country.no_tax)
        source = self.money(f"RECEIVE-{kind.upper()}", party, day, [item], reference=note)
        made = Credit(self.new_id(), kind, "ACCREC", party, day, (item,), ONE, reference=note, source=source)
        source.credit = made
        self.credits.append(made)
        return made

    def transfer(self, source: str, target: str, day: date, cents: int) -> tuple[BankTransaction, BankTransaction]:
        """Money between two own bank accounts: both halves."""
        transfer_id = self.new_id()
        item = Item("Transfer", 1, cents, chart.TRANSFERS, self.country.no_tax)
        halves = (
            BankTransaction(self.new_id(), "SPEND-TRANSFER", None, day, (item,), source, transfer_id=transfer_id),
            BankTransaction(self.new_id(), "RECEIVE-TRANSFER", None, day, (item,), target, transfer_id=transfer_id),
        )
        self.bank_transactions.extend(halves)
        return halves

    def allocate(self, credit: Credit, document: Document, day: date, cents: int) -> Allocation:
        """Put part of an open credit against a document of the same contact."""
        assert 0 < cents <= min(credit.remaining, document.due)
        assert credit.party is document.party
        made = Allocation(self.new_id(), credit, document, day, cents)
        credit.allocations.append(made)
        document.allocations.append(made)
        return made

    def movement(self, account: str) -> int:
        """What the recorded entries did to a bank account, in cents of its currency."""
        moved = sum(
            (1 if entry.receives else -1) * entry.cents for entry in self.bank_transactions if entry.account == account
        )
        for payment in self.payments:
            if payment.account == account:
                moved += (1 if payment.document.side == "ACCREC" else -1) * payment.bank_cents
        return moved
