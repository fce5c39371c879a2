"""What a ledger holds, in neutral words: the same types for Xero, QuickBooks and plain files.

Amounts are positive Decimals in the named currency; the direction says which way money goes.
Dates are calendar dates without a zone. A `rate` is units of base currency for one unit of the document's
currency (1 EUR = 1.80 NZD is 1.80 on an NZD ledger), whatever way round the vendor writes it; None when unknown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from finchat.books.money import spoken
from finchat.books.terms import PaymentTerms

Direction = Literal["receive", "spend"]
AccountKind = Literal[
    "bank", "receivables", "payables", "tax", "gain_loss", "asset", "liability", "equity", "revenue", "expense"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A set of books behind one configured server. `timezone` is an IANA name."""

    server: str
    id: str
    name: str
    base_currency: str
    timezone: str
    sandbox: bool = False
    period_lock: dt.date | None = None
    year_end_lock: dt.date | None = None
    year_end_month: int = 12
    year_end_day: int = 31
    sales_terms: PaymentTerms | None = None
    bill_terms: PaymentTerms | None = None

    @property
    def lock_date(self) -> dt.date | None:
        """The later of both lock dates: nothing may be dated on or before it."""
        return max((d for d in (self.period_lock, self.year_end_lock) if d), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`clearing` is true only when a human named the account in the connection's settings. `tax_type` is the tax code
    its lines have by default; `codable`: a line of a bank transaction or credit note may be coded to it;
    `rounding`: the ledger's own account for cents that converting loses; `type`: the ledger's own word for its type."""

    id: str
    code: str
    name: str
    kind: AccountKind
    currency: str
    accepts_payments: bool = False
    clearing: bool = False
    active: bool = True
    bank_account: str = ""
    tax_type: str = ""
    codable: bool = False
    card: bool = False  # a credit card, whose statements often write what was spent above zero
    rounding: bool = False
    undeposited: bool = False  # where money received waits until a deposit takes it to a bank
    type: str = ""

    @property
    def label(self) -> str:
        """What a person calls it: `404 Bank Fees`."""
        return " ".join(part for part in (self.code, self.name) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """A tax code as the ledger knows it. `percent` is 15 for 15 %; `revenue` and `expenses`: where it may be used."""

    type: str
    name: str
    percent: Decimal
    revenue: bool = True
    expenses: bool = True
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingCategory:
    """A dimension lines can carry (Region, Project), with the names of its active options."""

    id: str
    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coding:
    """Where a line is booked: account, tax code and tracking as (category name, option name), sorted."""

    account_id: str
    tax_type: str
    tracking: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedTransaction:
    """Receive or spend money of the past with the coding of its lines: what coding is learned from.

    `amount` and the line amounts include tax, positive, in the bank account's `currency`; `text` is everything the
    transaction says (reference and line descriptions), one under the other.
    """

    id: str
    date: dt.date
    account_id: str
    direction: Direction
    contact_id: str
    contact: str
    text: str
    amount: Decimal
    currency: str
    codings: tuple[tuple[Coding, Decimal], ...]


ResidualKind = Literal["fee", "discount", "withholding", "rounding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What is remembered of a counterparty: how the rest of its short payments was booked, confirmed more than once."""

    contact_id: str
    kind: ResidualKind
    coding: Coding
    confirmed: int
    text: str  # the evidence in one sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A customer or supplier. `currency`: of new documents, "" where none is set; the terms are its own, None where the
    organisation's hold."""

    id: str
    name: str
    bank_account: str = ""
    currency: str = ""
    sales_terms: PaymentTerms | None = None
    bill_terms: PaymentTerms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice (receivable: money comes in) or a bill (payable: money goes out)."""

    id: str
    type: Literal["invoice", "bill"]
    number: str
    reference: str
    contact_id: str
    contact: str
    date: dt.date
    due_date: dt.date | None
    currency: str
    total: Decimal
    amount_due: Decimal
    status: Literal["draft", "submitted", "open", "paid", "void"]
    rate: Decimal | None = None
    paid_on: dt.date | None = None

    @property
    def direction(self) -> Direction:
        return "receive" if self.type == "invoice" else "spend"

    @property
    def name(self) -> str:
        """What a person calls it: its number, or what is known instead; never an id."""
        return self.number or f"the {self.type} of {self.date} for {spoken(self.total, self.currency)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """An open credit note, overpayment or prepayment. `type` is the kind of document it can be allocated to."""

    id: str
    kind: Literal["credit_note", "overpayment", "prepayment"]
    type: Literal["invoice", "bill"]
    number: str
    reference: str
    contact_id: str
    contact: str
    date: dt.date
    currency: str
    total: Decimal
    remaining: Decimal
    rate: Decimal | None = None
    source_id: str = ""  # the bank transaction that booked it, "" for a credit note

    @property
    def name(self) -> str:
        """As Document.name."""
        return (
            self.number or f"the {self.kind.replace('_', ' ')} of {self.date} for {spoken(self.total, self.currency)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment recorded in the ledger. `amount` is in the document's currency, `bank_amount` in the account's."""

    id: str
    date: dt.date
    account_id: str
    direction: Direction
    contact_id: str
    document_id: str
    currency: str
    amount: Decimal
    bank_amount: Decimal
    batch_id: str = ""
    reference: str = ""
    matched_line: str = ""  # the bank line this payment is already known to have consumed
    reconciled: bool = False  # the person has confirmed it against the bank in the ledger itself


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPayment:
    """Several payments that reach the statement as one line, or as one line each; a `whole` one is a single payment of
    several documents, which no line shows in parts."""

    id: str
    date: dt.date
    account_id: str
    direction: Direction
    amount: Decimal
    payment_ids: tuple[str, ...]
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTransaction:
    """Receive or spend money already booked against a bank account."""

    id: str
    date: dt.date
    account_id: str
    direction: Direction
    kind: Literal["money", "overpayment", "prepayment", "transfer", "deposit"]  # deposit: of what waited undeposited
    currency: str
    amount: Decimal
    coded_to: tuple[str, ...]  # account ids of the lines; one entry for a single-line transaction
    lines: int
    tax: Decimal
    contact_id: str = ""
    contact: str = ""
    reference: str = ""
    rate: Decimal | None = None
    reconciled: bool = False


Receipt = Literal["payment", "sales_receipt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undeposited:
    """Money received that is in the books but in no bank account yet: it waits in undeposited funds for a deposit.

    `amount` is in the `currency` of the receipt, positive. `record`: what it is ("payment", "sales_receipt");
    `account_id`: the undeposited-funds account it waits in; `reference`: the cheque's or card's number.
    """

    id: str
    record: Receipt
    date: dt.date
    account_id: str
    contact_id: str
    contact: str
    currency: str
    amount: Decimal
    reference: str = ""
    document_ids: tuple[str, ...] = ()
    method: str = ""  # cash, cheque, a card's brand: what goes to the bank together

    @property
    def name(self) -> str:
        """What a person calls it."""
        what = self.record.replace("_", " ")
        return f"the {what} {self.reference or f'of {self.date}'} from {self.contact or 'an unnamed customer'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money between two own accounts; each side is reconciled with the bank by itself."""

    id: str
    date: dt.date
    from_account: str
    to_account: str
    amount: Decimal
    currency: str
    reference: str = ""
    from_reconciled: bool = False
    to_reconciled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLine:
    """One line of a bank statement or feed, or (source "ledger") receive or spend money that stands for one.

    `id` is stable over overlapping files: the FITID when there is one, else a hash with an occurrence number.
    `source_id` is the line's own id in its source. `fingerprints` are all its names (FITID and hash).
    """

    id: str
    source: Literal["ledger", "feed", "statement"]
    source_id: str
    account_id: str
    date: dt.date
    direction: Direction
    amount: Decimal
    currency: str
    payee: str = ""
    narration: str = ""
    reference: str = ""
    counterparty_account: str = ""
    fitid: str = ""
    fingerprints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedLine:
    """A line a human settled earlier: what names and accounts are learned from (never from a single one).

    `event`: what tells it from every other such line; "" where one bank line may stand behind several of them.
    """

    id: str
    date: dt.date
    direction: Direction
    amount: Decimal
    currency: str
    narration: str
    counterparty_account: str
    contact_id: str
    document_ids: tuple[str, ...] = ()
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everything a matcher may know: the facts of one organisation at one moment.

    `rates` maps a date to base-currency units per unit of each foreign currency. `consumed` maps a line
    fingerprint to the ledger id that finchat's own earlier write made from it. `coded` is the organisation's own
    history of receive and spend money, longer than `bank_transactions`; `habits` what memory holds of counterparties.
    `doubted`: contact and coding that a person refused again and again.
    """

    base_currency: str
    as_of: dt.date
    accounts: tuple[Account, ...] = ()
    contacts: tuple[Contact, ...] = ()
    documents: tuple[Document, ...] = ()
    credits: tuple[Credit, ...] = ()
    payments: tuple[Payment, ...] = ()
    batches: tuple[BatchPayment, ...] = ()
    bank_transactions: tuple[BankTransaction, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    lines: tuple[BankLine, ...] = ()
    history: tuple[ConfirmedLine, ...] = ()
    own_names: tuple[str, ...] = ()
    rates: Mapping[dt.date, Mapping[str, Decimal]] = field(default_factory=dict)
    consumed: Mapping[str, str] = field(default_factory=dict)
    undeposited: tuple[Undeposited, ...] = ()
    coded: tuple[CodedTransaction, ...] = ()
    tax_rates: tuple[TaxRate, ...] = ()
    tracking: tuple[TrackingCategory, ...] = ()
    habits: tuple[Habit, ...] = ()
    doubted: frozenset[tuple[str, Coding]] = frozenset()
