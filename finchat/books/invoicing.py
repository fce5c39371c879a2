"""What an invoice or bill comes to, line by line, and which accounts it moves once it is approved.

Xero's rules (its rounding guide): a line is quantity × unit amount, rounded half-up to hundredths, which Xero keeps for
every currency; tax is rounded half-up per line and then summed, never computed on the total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from finchat.books.balances import control_of
from finchat.books.documents import Account
from finchat.books.plan import Control, Effect

LineAmountTypes = Literal["Exclusive", "Inclusive", "NoTax"]
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """One line in the document's currency: `amount` is as it stands on the line, before or with tax as the document
    says; net + tax is what it adds to the total."""

    amount: Decimal
    net: Decimal
    tax: Decimal

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Totals:
    """A document in its currency. Total = net + tax."""

    net: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


def line_amounts(quantity: Decimal, unit_amount: Decimal, percent: Decimal, types: LineAmountTypes) -> LineAmounts:
    """A line's amounts; `percent` is 15 for 15 %. An amount below zero (a discount) rounds away from zero too."""
    amount = _hundredths(quantity * unit_amount)
    if types == "NoTax":
        return LineAmounts(amount, amount, Decimal("0.00"))
    if types == "Inclusive":
        tax = _hundredths(amount * percent / (100 + percent))
        return LineAmounts(amount, amount - tax, tax)
    return LineAmounts(amount, amount, _hundredths(amount * percent / 100))


def totals(lines: Iterable[LineAmounts]) -> Totals:
    """Tax summed over lines that are rounded already."""
    found = list(lines)
    zero = Decimal("0.00")
    return Totals(sum((x.net for x in found), zero), sum((x.tax for x in found), zero))


def document_effects(
    type: Literal["invoice", "bill"],
    lines: Sequence[tuple[Account, LineAmounts]],
    *,
    currency: str,
    base_currency: str,
    control_account_id: str,
    tax_account_id: str,
    rounding_account_id: str = "",
    to_base: Callable[[Decimal], Decimal],
    before: Decimal = Decimal(0),
) -> tuple[Effect, ...]:
    """Effects of an approved invoice or bill: receivables or payables take the total, each line's account its net, the
    tax account the tax; one effect an account. Converted each by itself, the lines may miss the whole by a cent of base
    currency, which Xero books to its rounding account. Raises ValueError when there is none.

    `before`: the total of the document that these lines are added to, which is converted with them as a whole.
    """
    whole = totals(amounts for _, amounts in lines)
    sign = Decimal(1) if type == "invoice" else Decimal(-1)
    control: Control = "receivables" if type == "invoice" else "payables"
    moved: dict[tuple[str, Control], tuple[Decimal, Decimal]] = {}

    def move(account_id: str, control: Control, amount: Decimal, in_base: Decimal) -> None:
        before = moved.get((account_id, control), (Decimal("0.00"), Decimal("0.00")))
        moved[account_id, control] = before[0] + amount, before[1] + in_base

    move(control_account_id, control, sign * whole.total, sign * (to_base(before + whole.total) - to_base(before)))
    for account, amounts in lines:
        move(account.id, control_of(account), -sign * amounts.net, -sign * to_base(amounts.net))
    for _, amounts in lines:
        if amounts.tax:
            move(tax_account_id, "tax", -sign * amounts.tax, -sign * to_base(amounts.tax))
    effects = [
        Effect(account_id=id, control=kind, amount=amount, currency=currency, base_amount=in_base)
        for (id, kind), (amount, in_base) in moved.items()
        if amount or in_base
    ]
    if rest := sum((e.base_amount for e in effects), Decimal(0)):
        if not rounding_account_id:
            raise ValueError("the lines miss the whole by a cent, and the chart has no rounding account")
        effects.append(
            Effect(
                account_id=rounding_account_id, control="other", amount=-rest, currency=base_currency,
                base_amount=-rest,
            )
        )  # fmt: skip
    return tuple(effects)


def _hundredths(amount: Decimal) -> Decimal:
    return amount.quantize(_HUNDREDTH, ROUND_HALF_UP)
