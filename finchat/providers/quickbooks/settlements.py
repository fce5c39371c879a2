"""What QuickBooks' payments and bill payments settle, and where their money is, in books' words. Pure.

A payment has lines that link documents and credits: documents = cash + credits. QuickBooks does not say which credit
went to which document: credits are put against the documents in the order of the lines, the rest is cash. What of the
money no document took stays with the payment, as an overpayment whose source it is.
Each function raises UnreadableRecord, which names the record and the field.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from finchat.books.documents import (
    Account,
    BankTransaction,
    BatchPayment,
    Credit,
    Direction,
    Payment,
    Undeposited,
)
from finchat.books.money import round_to_minor
from finchat.providers.fields import Record, UnreadableRecord
from finchat.providers.quickbooks.parsing import currency_of, rate_of, ref

_ZERO = Decimal("0.00")
_CREDITS = frozenset({"CreditMemo", "VendorCredit"})


@dataclass(frozen=True, slots=True)
class Share:
    """What one document (or journal entry) was settled by: cash of this payment, and credits as (id, amount)."""

    type: str  # QuickBooks' own word: Invoice, Bill, JournalEntry …
    id: str
    cash: Decimal
    credits: tuple[tuple[str, Decimal], ...]

    @property
    def amount(self) -> Decimal:
        return self.cash + sum((amount for _, amount in self.credits), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A payment or bill payment, whole. `account_id` "": not said. Amounts are in `currency`, the contact's.

    `deposited`: a deposit has taken it to the bank. `token_text`: what finchat's writes put their token in.
    """

    record: Record
    id: str
    side: Literal["invoice", "bill"]
    date: dt.date
    contact_id: str
    contact: str
    account_id: str
    currency: str
    rate: Decimal | None
    total: Decimal
    unapplied: Decimal
    shares: tuple[Share, ...]
    number: str
    note: str
    method: str
    deposited: bool

    @property
    def direction(self) -> Direction:
        return "receive" if self.side == "invoice" else "spend"

    @property
    def reference(self) -> str:
        """The note, where finchat writes the bank's text and its token; else the number of the cheque or transfer."""
        return self.note or self.number


def settlement(data: Mapping[str, Any], base_currency: str) -> Settlement:
    """A Payment, or a BillPayment (which names a vendor)."""
    sold = "VendorRef" not in data
    record = Record(data, "QuickBooks payment" if sold else "QuickBooks bill payment", "Id")
    contact_id, contact = ref(record, "CustomerRef" if sold else "VendorRef")
    currency = currency_of(record, base_currency)
    total = record.decimal("TotalAmt", _ZERO)
    shares, credits = _shares(record)
    used = sum((share.amount for share in shares), Decimal(0)) - credits
    stated = record.optional_decimal("UnappliedAmt")
    return Settlement(
        record=record,
        id=record.text("Id"),
        side="invoice" if sold else "bill",
        date=record.date("TxnDate"),
        contact_id=contact_id,
        contact=contact,
        account_id=ref(record, "DepositToAccountRef")[0] if sold else _paid_from(record),
        currency=currency,
        rate=rate_of(record, currency, base_currency),
        total=total,
        unapplied=max(total - used, _ZERO) if stated is None else stated,
        shares=shares,
        number=record.text("PaymentRefNum" if sold else "DocNumber", ""),
        note=record.text("PrivateNote", ""),
        method=ref(record, "PaymentMethodRef")[1],
        deposited=any(type_ == "Deposit" for type_, _ in links(record)),
    )


def links(record: Record) -> list[tuple[str, str]]:
    """(kind, id) of the transactions a record says it is linked to. The kinds of bill payments are one here."""
    found = []
    for link in record.children("LinkedTxn", "TxnId"):
        kind, id = link.text("TxnType", ""), link.text("TxnId", "")
        found.append(("BillPayment" if kind.startswith("BillPayment") else kind, id))
    return found


def _paid_from(record: Record) -> str:
    if record.text("PayType", "") == "CreditCard":
        return ref(record.child("CreditCardPayment", "CCAccountRef"), "CCAccountRef")[0]
    return ref(record.child("CheckPayment", "BankAccountRef"), "BankAccountRef")[0]


def _shares(record: Record) -> tuple[tuple[Share, ...], Decimal]:
    """What each document took, and how much credit went into it in all.

    A journal entry may be what is settled, or a credit: it is a credit where money and credits could not settle it.
    """
    taken: list[tuple[str, str, Decimal]] = []
    given: list[list[Any]] = []
    journals: list[tuple[str, str, Decimal]] = []
    for line in record.children("Line", "Id"):
        amount = line.decimal("Amount", _ZERO)
        for kind, id in links(line)[:1]:
            if kind in _CREDITS:
                given.append([id, amount])
            elif amount:
                (journals if kind == "JournalEntry" else taken).append((kind, id, amount))
    in_all = sum((amount for _, amount in given), Decimal(0))
    wanted = sum((amount for _, _, amount in (*taken, *journals)), Decimal(0))
    if journals and wanted > record.decimal("TotalAmt", _ZERO) + in_all:
        given += [[id, amount] for _, id, amount in journals]
        in_all += sum((amount for _, _, amount in journals), Decimal(0))
    else:
        taken += journals
    made: list[Share] = []
    for kind, id, amount in taken:
        credits: list[tuple[str, Decimal]] = []
        left = amount
        for credit in given:
            part = min(credit[1], left)
            if part > 0:
                credits.append((credit[0], part))
                credit[1] -= part
                left -= part
        made.append(Share(kind, id, left, tuple(credits)))
    return tuple(made), in_all


# -- where the money is


@dataclass(frozen=True, slots=True, kw_only=True)
class Cash:
    """A settlement's money as books have it: payments of documents (with a batch where they are several or something
    stays unapplied), or money without any document; and what it waits in, where no deposit took it to the bank."""

    payments: tuple[Payment, ...] = ()
    batch: BatchPayment | None = None
    transaction: BankTransaction | None = None
    undeposited: Undeposited | None = None


def cash(one: Settlement, accounts: Mapping[str, Account], base_currency: str, undeposited: str = "") -> Cash:
    """`undeposited`: the account that money without one is put in."""
    if one.total <= 0:
        return Cash()
    account_id = one.account_id or (undeposited if one.side == "invoice" else "")
    account = accounts.get(account_id)
    waits = account is not None and account.undeposited
    parts = [(share.id, share.cash) for share in one.shares if share.cash > 0]
    if one.unapplied > 0:
        parts.append(("", one.unapplied))
    bank = _bank_amount(one, account, base_currency)
    waiting = None
    if waits and not one.deposited:
        waiting = Undeposited(
            id=one.id,
            record="payment",
            date=one.date,
            account_id=account_id,
            contact_id=one.contact_id,
            contact=one.contact,
            currency=one.currency,
            amount=one.total,
            reference=one.number,
            document_ids=tuple(id for id, _ in parts if id),
            method=one.method,
        )
    if account is not None and account.kind == "bank" and [id for id, _ in parts] == [""]:
        return Cash(transaction=_kept(one, account, bank))
    payments = _payments(one, account_id, parts, bank, account.currency if account else one.currency)
    batch = None
    if len(payments) > 1:
        batch = BatchPayment(
            id=one.id, date=one.date, account_id=account_id, direction=one.direction, amount=bank,
            payment_ids=tuple(p.id for p in payments), whole=True,
        )  # fmt: skip
    return Cash(payments=payments, batch=batch, undeposited=waiting)


def _payments(
    one: Settlement, account_id: str, parts: list[tuple[str, Decimal]], bank: Decimal, bank_currency: str
) -> tuple[Payment, ...]:
    found: list[Payment] = []
    left = bank
    for index, (document_id, amount) in enumerate(parts):
        last = index == len(parts) - 1
        own = left if last else round_to_minor(bank * amount / one.total, bank_currency)
        left -= own
        found.append(
            Payment(
                id=one.id if len(parts) == 1 else f"{one.id}:{document_id or 'unapplied'}",
                date=one.date,
                account_id=account_id,
                direction=one.direction,
                contact_id=one.contact_id,
                document_id=document_id,
                currency=one.currency,
                amount=amount,
                bank_amount=own,
                batch_id=one.id if len(parts) > 1 else "",
                reference=one.reference,
            )
        )
    return tuple(found)


def _kept(one: Settlement, account: Account, bank: Decimal) -> BankTransaction:
    return BankTransaction(
        id=one.id,
        date=one.date,
        account_id=account.id,
        direction=one.direction,
        kind="overpayment",
        currency=account.currency,
        amount=bank,
        coded_to=(),
        lines=1,
        tax=_ZERO,
        contact_id=one.contact_id,
        contact=one.contact,
        reference=one.reference,
        rate=one.rate,
    )


def _bank_amount(one: Settlement, account: Account | None, base_currency: str) -> Decimal:
    """What moved in the account's own currency: the total, or the total at the payment's rate."""
    if account is None or account.currency == one.currency:
        return one.total
    if one.rate is None or account.currency != base_currency:
        raise UnreadableRecord(
            f"{one.record.what}: no ExchangeRate that would tell what moved in {account.currency}", field="ExchangeRate"
        )
    return round_to_minor(one.total * one.rate, base_currency)


def kept_credit(one: Settlement) -> Credit | None:
    """What no document has taken of a payment; None where nothing is left."""
    return whole_credit(one) if one.unapplied > 0 else None


def whole_credit(one: Settlement) -> Credit:
    """A payment as the credit that it is as far as no document has taken it."""
    return Credit(
        id=one.id,
        kind="overpayment",
        type=one.side,
        number="",
        reference=one.reference,
        contact_id=one.contact_id,
        contact=one.contact,
        date=one.date,
        currency=one.currency,
        total=one.total,
        remaining=one.unapplied,
        rate=one.rate,
        source_id=one.id,
    )


def paid_on(settlements: Iterable[Settlement]) -> dict[str, dt.date]:
    """The last day anything was settled of each document, by its id."""
    found: dict[str, dt.date] = {}
    for one in settlements:
        for share in one.shares:
            if share.amount > 0:
                found[share.id] = max(one.date, found.get(share.id, one.date))
    return found
