"""How a vendor's payloads are made: one method an operation, the same words for every vendor.

Each gives the link a person reads and the write that is sent, or raises CannotPropose for what cannot be written
safely (or not at all on this vendor).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from finchat.books.documents import Account, Coding, Credit, Document, Undeposited
from finchat.books.matching.verdict import Excess, Refund, Settlement
from finchat.books.plan import Link, Write
from finchat.providers.writing.context import WriteContext
from finchat.providers.writing.documents import InvoiceLine, NewContact, NewInvoice
from finchat.providers.writing.editing import Editable
from finchat.providers.writing.parts import AnyLine, Named, Party, Place
from finchat.providers.writing.rates import Rate, RateSource
from finchat.providers.writing.traits import Traits
from finchat.providers.writing.undoing import Found, Obstacle, Written

Made = tuple[Link, Write]


class Writers(Protocol):
    """The writes of one vendor. Amounts are in the document's currency unless a line is what is written."""

    @property
    def traits(self) -> Traits:
        """What a draft must know of the vendor."""

    def allocation(
        self, context: WriteContext, place: Place, *, line: AnyLine, credit: Credit, document: Document,
        amount: Decimal, due: Decimal, remaining: Decimal,
    ) -> Made:  # fmt: skip
        """An open credit put against a document of the same contact: no cash moves."""

    def new_allocation(
        self, context: WriteContext, place: Place, *, line: AnyLine, made: Write, document: Named, due: Decimal
    ) -> Made:
        """The credit that an earlier write of the proposal makes, put against a document."""

    def payment(
        self, context: WriteContext, place: Place, *, line: AnyLine, document: Document, settlement: Settlement,
        account: Account, due: Decimal,
    ) -> Made:  # fmt: skip
        """A document paid, in whole or in part, by a bank line through `account`."""

    def drafted_payment(
        self, context: WriteContext, place: Place, *, document: Document, settlement: Settlement, account: Account,
        day: dt.date, reference: str,
    ) -> Made:  # fmt: skip
        """A document paid that no bank line shows yet."""

    def refund(
        self, context: WriteContext, place: Place, *, line: AnyLine, credit: Credit, refund: Refund, account: Account,
        remaining: Decimal,
    ) -> Made:  # fmt: skip
        """An open credit paid out, or paid back to us."""

    def kept(
        self, context: WriteContext, place: Place, *, line: AnyLine, excess: Excess, known: Rate | None = None
    ) -> Made:
        """Money of a line that no document takes, kept for its contact. `known`: what the line's own document was
        paid at, on a foreign bank account."""

    def deposit(
        self, context: WriteContext, place: Place, *, line: AnyLine, gathered: Sequence[Undeposited], account: Account,
        fee: Coding | None = None,
    ) -> tuple[tuple[Link, ...], Write]:  # fmt: skip
        """Money that waits in undeposited funds, taken to a bank account by one deposit that links each of `gathered`,
        whole. Where the line is short of their sum, the rest is a line of the deposit coded to `fee`. Only for a ledger
        that keeps undeposited funds (`Books.undeposited`).

        The links are those of `gathered_links`, in that order, and for a fee one more, which its coding is on. Of what
        is gathered only id, record, amount, currency, contact and account are sure: a saved plan knows no more."""

    def transfer(
        self, context: WriteContext, place: Place, *, line: AnyLine, other_account_id: str, also: Iterable[str] = ()
    ) -> Made:
        """Between two bank accounts. `also`: fingerprints of the other side's line."""

    def money(
        self, context: WriteContext, place: Place, *, line: AnyLine, amount: Decimal, party: Party, coding: Coding,
        contact_from: str = "",
    ) -> Made:  # fmt: skip
        """Receive or spend money with one coded line. `contact_from`: the earlier write that makes the contact."""

    def credit_note(
        self, context: WriteContext, place: Place, *, line: AnyLine, document: Named, amount: Decimal, coding: Coding,
        text: str,
    ) -> Made:  # fmt: skip
        """A credit for what is written off of a document."""

    def contact(self, context: WriteContext, place: Place, *, name: str, more: NewContact | None = None) -> Made:
        """A contact that is not there yet."""

    def invoice(self, context: WriteContext, place: Place, new: NewInvoice) -> Made:
        """An invoice or bill that is not there yet."""

    def invoice_lines_added(
        self, context: WriteContext, place: Place, *, document: Document, lines: Sequence[InvoiceLine]
    ) -> Made:
        """Lines added to an issued sales invoice: `document` as the ledger has it, its own record in
        `context.records` (`Lookups.record`), every line it has kept by its id, nothing else of it named.

        The amount of link and write is what the invoice comes to more, with tax. Raises CannotPropose for one that is
        not open, in a locked period, or that the vendor would change in more than these lines."""

    def known_rate(self, rate: Decimal, source: RateSource) -> Rate:
        """A rate in base units for one unit, as the vendor will take it."""

    def editable(self, write: Write) -> Editable:
        """What of a write a person may change on its card, and why the rest may not be."""

    def changed(
        self, write: Write, changes: Mapping[str, str], *, plan_id: str, proposal_id: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arguments and read-back of a write with other values of editable fields, and with a token of its own in the
        place of the one it had. Raises WriteRefused for a value that the payload cannot have."""

    def taken_back(
        self, context: WriteContext, one: Written, found: Found, *, id: str, freed: Mapping[str, Decimal],
        depends_on: tuple[str, ...] = (),
    ) -> Write | Obstacle:  # fmt: skip
        """The write that takes `one` back, by what the ledger holds now (`Provider.held`), or why there is none. Pure.

        `freed`: what earlier writes of the same proposal give back to each credit, by `KIND ID` as their read-back
        (`credit_kind`, `credit_id`) names it.
        """

    def undo_words(self, write: Write, command: str) -> str:
        """How a write that is about to be made can be taken back, or that it cannot: for its approval card."""
