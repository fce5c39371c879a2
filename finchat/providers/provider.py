"""What workflows use of a ledger, whatever vendor keeps it: reading it into books, and looking things up for answers.

Every read raises FinchatError (authentication, limit, unavailable) or UnreadableRecord, which names the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Protocol

from finchat.books.conversion import ExchangeRate
from finchat.books.details import ContactDetail, Detail, OpenCredit, Receivable
from finchat.books.documents import (
    Account,
    BankLine,
    Books,
    Contact,
    Document,
    Organisation,
    TaxRate,
    TrackingCategory,
)
from finchat.books.periods import Window
from finchat.books.plan import Balances, Plan
from finchat.books.profit import Basis, ProfitReport
from finchat.errors import UsageError
from finchat.providers.writing.context import WriteContext
from finchat.providers.writing.undoing import Found, Written

Side = Literal["invoice", "bill"]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """What lines are coded with beside the accounts."""

    tax_rates: tuple[TaxRate, ...]
    tracking: tuple[TrackingCategory, ...]
    contacts: Mapping[str, Contact]


class OrganisationUnclear(UsageError):
    """The server has no organisation of the wanted name or id, or several. `there`: those it has, in words."""

    def __init__(self, message: str, *, field: str, next: str, there: str) -> None:
        super().__init__(message, field=field, next=next)
        self.there = there


class Provider(Protocol):
    """One organisation behind one server, reached through the guard alone.

    In the words of books: what a vendor calls it is the provider's own affair (CreditMemo and VendorCredit are credit
    notes; a payment of which something is unapplied is an overpayment, and the bank transaction of kind "overpayment"
    that its `source_id` names where it went straight to a bank account; one payment that settles several documents is
    a payment for each of them, and a batch). What waits in undeposited funds is in `Books.undeposited`, and is neither
    a bank transaction nor a payment of a bank account.
    """

    async def organisation(self, wanted: str | None = None) -> Organisation:
        """The organisation behind the server; `wanted` is the name or id a person gave (`--org`). Read once. Raises
        OrganisationUnclear."""

    async def accounts(self) -> Mapping[str, Account]:
        """The chart of accounts by id, read once; those a human named as clearing are marked so."""

    async def read_books(
        self,
        first: date,
        last: date,
        lines: Sequence[BankLine],
        as_of: date,
        consumed: Mapping[str, str] | None = None,
    ) -> Books:
        """Everything a matcher may know about the lines of first…last, in the fewest calls the API allows. `consumed`:
        line fingerprint → ledger id of finchat's own earlier writes."""

    async def chart(self) -> Chart:
        """Tax codes, tracking categories and active contacts; read once, but for contacts that were read since."""

    async def balances(self, as_of: date) -> Balances:
        """Balances as of the end of a day, by the ledger's own trial balance."""

    def ledger_balance(self, account_id: str) -> Decimal:
        """The debit-positive base balance of one account in the trial balance that was read last."""

    @property
    def allocation_ids(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of the allocations each open credit had when the books were read last."""

    async def held(self, written: Sequence[Written]) -> Found:
        """What the ledger holds now of earlier writes, and of what an undo of them must know."""

    async def write_context(self, plan_id: str, *, chart: bool = False, fresh: bool = False) -> WriteContext:
        """What the writes of one plan share: organisation, accounts, and the tools as the server now publishes them;
        with `chart` also what lines are coded with. `fresh`: contacts as they are now, not as this run read them."""

    async def misnamed(self, plan: Plan) -> str | None:
        """The first record (document, credit, contact) that a plan calls something else than the ledger does, in plain
        words; None without one."""

    async def contact_records(self) -> Sequence[Row]:
        """Every active contact as the ledger's own record: what stand-ins for personal details are made of."""

    def lookups(self) -> Lookups:
        """Reads for answers, behind the same guard."""


class Lookups(Protocol):
    """Reads for answers and drafts: each asks for what it needs and no more."""

    async def open_on(
        self, side: Side | None, as_of: date, contact_id: str | None = None
    ) -> tuple[tuple[Receivable, ...], tuple[OpenCredit, ...]]:
        """The documents of a side (None: of both) that were open at the end of a day or are now, and every credit that
        was. A document that was voided later was never owed, as in the ledger's own reports."""

    async def control_balance(self, side: Side, as_of: date) -> Decimal | None:
        """What customers owed, or suppliers were owed, at the end of a day by the trial balance, in base currency,
        positive when they do. None without a control account."""

    async def documents(self, named: str) -> tuple[Detail, ...]:
        """The invoices, bills and credit notes of a number or id, whole, voided and deleted ones last."""

    async def settleable(self, named: str) -> tuple[Receivable, ...]:
        """The invoices and bills of exactly this number or id, in any status, with their payments: what a payment is
        drafted on. One call."""

    async def documents_near(self, contact_id: str, first: date, last: date) -> tuple[Document, ...]:
        """The invoices and bills of a contact dated first…last, in any status. One call a kind."""

    async def documents_numbered(self, number: str) -> tuple[Document, ...]:
        """The invoices and bills of a number, in any status; more that are like it may come with them."""

    async def record(self, side: Side, id: str) -> Row | None:
        """An invoice or bill as the ledger's own record, whole, as it is now: what a change of it must keep. None for
        one that is gone. One call."""

    async def numbers_like(self, text: str) -> tuple[str, ...]:
        """Document numbers that hold the longest number in a text, or all of it: about a hundred."""

    async def items(self) -> Mapping[str, str]:
        """How each item code that a line may name is described."""

    async def exchange_rate(self, currency: str, on: date) -> ExchangeRate | None:
        """What the ledger itself says one unit of a currency is worth in base currency on a day, or last said before
        it; None where it says nothing."""

    async def contacts(self, text: str) -> tuple[ContactDetail, ...]:
        """Contacts whose name, e-mail or number holds a text, or whose account number or id is it, archived ones
        last."""

    async def contact_names(self) -> tuple[str, ...]:
        """The names of all active contacts."""

    async def last_documents(self, contact_id: str, count: int) -> tuple[Detail, ...]:
        """The newest approved invoices and bills of a contact."""

    async def profit_and_loss(self, window: Window, basis: Basis) -> ProfitReport:
        """The ledger's profit and loss of a period."""
