"""Which accounts each document moves. Debit positive, in hundredths of the base currency.

| record | debit | credit |
|---|---|---|
| ACCREC | receivables | each line's account, tax |
| ACCPAY | each line's account, tax | payables |
| ACCRECCREDIT / ACCPAYCREDIT | the reverse of ACCREC / ACCPAY | |
| payment of ACCREC (ACCPAY) | bank (payables) | receivables (bank) |
| refund of a receivable (payable) credit | receivables (bank) | bank (payables) |
| RECEIVE / SPEND | bank / lines and tax | lines and tax / bank |
| RECEIVE-OVERPAYMENT, -PREPAYMENT | bank | receivables |
| SPEND-OVERPAYMENT, -PREPAYMENT | payables | bank |
| RECEIVE-TRANSFER / SPEND-TRANSFER | bank / bank transfers | bank transfers / bank |
| allocation | nothing, unless the two rates differ | |

An overpayment or prepayment is a credit in the control account for its whole total; its lines' codes are shown, not
posted to, and its tax is recognised by the invoice it is allocated to. A difference between what a document put into
the control account and what cash or a credit settled it with is a realised currency gain or loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finchat.sandbox.ledger import Journal, Posting
from finchat.sandbox.xero.values import to_base

RECEIVABLE_TYPES = ("ACCREC", "ACCRECCREDIT", "RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT")
CREDIT_TYPES = (
    "ACCRECCREDIT",
    "ACCPAYCREDIT",
    "RECEIVE-OVERPAYMENT",
    "RECEIVE-PREPAYMENT",
    "SPEND-OVERPAYMENT",
    "SPEND-PREPAYMENT",
)
# Types whose payment brings money in.
_MONEY_IN = ("ACCREC", "ACCPAYCREDIT", "SPEND-OVERPAYMENT", "SPEND-PREPAYMENT")
_SIGN = {"ACCREC": 1, "ACCPAY": -1, "ACCRECCREDIT": -1, "ACCPAYCREDIT": 1}


@dataclass(frozen=True, slots=True)
class SystemAccounts:
    """GUIDs of the accounts the system posts to by itself."""

    receivables: str
    payables: str
    tax: str
    rounding: str
    realised_gain: str
    transfers: str

    def control(self, document_type: str) -> str:
        return self.receivables if document_type in RECEIVABLE_TYPES else self.payables


@dataclass(frozen=True, slots=True)
class LinePosting:
    """A line's account and its net and tax in the document's currency (hundredths)."""

    account: str
    net: int
    tax: int


def document_journal(
    *,
    source: str,
    kind: str,
    on: date,
    lines: Sequence[LinePosting],
    base_total: int,
    rate: Decimal,
    system: SystemAccounts,
) -> Journal:
    """An invoice's or credit note's journal; a cent lost in converting lines goes to the rounding account."""
    sign = _SIGN[kind]
    postings = [Posting(system.control(kind), sign * base_total)]
    postings += _line_postings(lines, base_total, rate, -sign, system)
    return Journal(source, kind, on, postings)


def bank_journal(
    *,
    source: str,
    kind: str,
    on: date,
    lines: Sequence[LinePosting],
    total: int,
    base_total: int,
    rate: Decimal,
    bank: str,
    own: Callable[[int, int], int],
    system: SystemAccounts,
) -> Journal:
    """Receive or spend money, an over- or prepayment, or one half of a transfer.

    `own(document amount, base amount)` is the amount in the bank account's own currency.
    """
    sign = 1 if kind.startswith("RECEIVE") else -1
    postings = [Posting(bank, sign * base_total, sign * own(total, base_total))]
    if kind in ("RECEIVE", "SPEND"):
        postings += _line_postings(lines, base_total, rate, -sign, system)
    elif kind.endswith("TRANSFER"):
        postings.append(Posting(system.transfers, -sign * base_total))
    else:
        postings.append(Posting(system.control(kind), -sign * base_total))
    return Journal(source, kind, on, postings)


def payment_journal(
    *,
    source: str,
    kind: str,
    on: date,
    document_type: str,
    bank: str,
    bank_amount: int,
    base_amount: int,
    control_base: int,
    system: SystemAccounts,
) -> Journal:
    """A payment or refund; what cash and control differ by is the realised gain (a credit) or loss."""
    sign = 1 if document_type in _MONEY_IN else -1
    return Journal(
        source,
        kind,
        on,
        [
            Posting(bank, sign * base_amount, sign * bank_amount),
            Posting(system.control(document_type), -sign * control_base),
            Posting(system.realised_gain, -sign * (base_amount - control_base)),
        ],
    )


def allocation_journal(
    *, source: str, on: date, credit_type: str, credit_base: int, invoice_base: int, system: SystemAccounts
) -> Journal:
    """Both sit in the same control account, so only a difference of rates posts anything."""
    gain = credit_base - invoice_base
    sign = 1 if credit_type in RECEIVABLE_TYPES else -1
    return Journal(
        source,
        "ALLOCATION",
        on,
        [Posting(system.control(credit_type), sign * gain), Posting(system.realised_gain, -sign * gain)],
    )


def settled_base(amount: int, due: int, base_due: int, rate: Decimal) -> int:
    """The share of a document's base value that settling `amount` of `due` takes: all of it with the last cent."""
    return base_due if amount == due else min(base_due, to_base(amount, rate))


def _line_postings(
    lines: Sequence[LinePosting], base_total: int, rate: Decimal, sign: int, system: SystemAccounts
) -> list[Posting]:
    found: list[Posting] = []
    left = base_total
    tax_total = 0
    for line in lines:
        net = to_base(line.net, rate)
        tax = to_base(line.tax, rate)
        found.append(Posting(line.account, sign * net))
        tax_total += tax
        left -= net + tax
    found.append(Posting(system.tax, sign * tax_total))
    found.append(Posting(system.rounding, sign * left))
    return found
