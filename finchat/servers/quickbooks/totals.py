"""Amounts checked before anything is sent: a line against its quantity, a total against its lines, both to the cent.

QuickBooks works its totals out itself and ignores the one it is given, so a total that is wrong would go unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from finchat.servers.failure import Failure, invalid_argument
from finchat.servers.quickbooks.entities.entity import Entity
from finchat.servers.quickbooks.safe_updates import line_name

Record = Mapping[str, Any]
CENT = Decimal("0.01")
# A credit that a payment uses counts against the documents it settles.
_OWED = {"Payment": "Invoice", "BillPayment": "Bill"}
_CREDITS = {"Payment": "CreditMemo", "BillPayment": "VendorCredit"}


def check(entity: Entity, body: Record, *, stated: bool) -> None:
    """Raises Failure invalid_argument when the amounts of a body (exact numbers) contradict each other.

    `stated`: TotalAmt is the caller's own word, not QuickBooks' earlier answer.
    """
    lines: Sequence[Record] = body.get("Line") or ()
    for position, line in enumerate(lines):
        _line(line, position)
    if entity.settles:
        _settling(entity, body, lines)
    elif entity.name == "JournalEntry":
        _balanced(lines)
    elif entity.name == "Transfer":
        _apart(body)
    elif stated and body.get("TotalAmt") is not None:
        _total(entity, body, lines)


def _line(line: Record, position: int) -> None:
    kind = line.get("DetailType")
    if kind in ("DescriptionOnly", "SubTotalLineDetail", "GroupLineDetail"):
        return
    name = line_name(line) if line.get("Id") is not None else str(position + 1)
    if kind is None and not line.get("LinkedTxn"):
        raise invalid_argument(
            f"line {name} does not say what it is", field=f"Line.{position}.DetailType", next="give DetailType"
        )
    detail = line.get(str(kind))
    if kind is not None and detail is None and not line.get("LinkedTxn"):
        raise invalid_argument(f"line {name} has no {kind}", field=f"Line.{position}.{kind}", next=f"give {kind}")
    percent = isinstance(detail, Mapping) and detail.get("PercentBased") is True
    if line.get("Amount") is None:
        if not percent:
            raise invalid_argument(
                f"line {name} has no Amount", field=f"Line.{position}.Amount", next="give Amount: Qty × UnitPrice"
            )
        return
    if not isinstance(detail, Mapping) or detail.get("Qty") is None or detail.get("UnitPrice") is None:
        return
    product, amount = _of(detail["Qty"]) * _of(detail["UnitPrice"]), _of(line["Amount"])
    if amount not in (product.quantize(CENT, ROUND_HALF_UP), product.quantize(CENT, ROUND_HALF_EVEN)):
        raise invalid_argument(
            f"line {name}: Amount {amount} is not UnitPrice {detail['UnitPrice']} × Qty {detail['Qty']}, which is "
            f"{product.quantize(CENT, ROUND_HALF_UP)}",
            field=f"Line.{position}.Amount",
            next="give Amount, Qty and UnitPrice that agree",
        )


def _settling(entity: Entity, body: Record, lines: Sequence[Record]) -> None:
    total = _of(body.get("TotalAmt") or 0)
    if total < 0:
        raise invalid_argument("TotalAmt is below zero", field="TotalAmt", next="give the money that was paid")
    if entity.name == "Payment" and total > 0 and body.get("DepositToAccountRef") is None:
        raise invalid_argument(
            "DepositToAccountRef is missing",
            field="DepositToAccountRef",
            next="name the account the money lands in; list_all_quick_books_accounts shows the bank accounts and "
            "Undeposited Funds",
        )
    _means(entity, body)
    applied = Decimal(0)
    for position, line in enumerate(lines):
        amount = _of(line.get("Amount") or 0)
        if amount < 0:
            raise invalid_argument(
                f"line {position + 1} is below zero", field=f"Line.{position}.Amount", next="give what it takes"
            )
        kinds = {str(linked.get("TxnType")) for linked in line.get("LinkedTxn") or ()}
        if kinds == {_CREDITS[entity.name]}:
            applied -= amount
        elif kinds == {_OWED[entity.name]}:
            applied += amount
        else:
            return  # what a journal entry or an expense adds or takes is QuickBooks' to know
    if applied > total:
        raise invalid_argument(
            f"the lines take {applied.quantize(CENT)}, TotalAmt is {total.quantize(CENT)}",
            field="TotalAmt",
            next="the lines take at most the money paid and the credits used",
        )


def _means(entity: Entity, body: Record) -> None:
    if entity.name != "BillPayment":
        return
    needed = {"Check": "CheckPayment", "CreditCard": "CreditCardPayment"}
    wanted = needed.get(str(body.get("PayType")))
    for name in needed.values():
        if (name == wanted) != (body.get(name) is not None):
            raise invalid_argument(
                f"PayType is {body.get('PayType')}, and {name} is {'missing' if name == wanted else 'given'}",
                field=name,
                next="Check goes with CheckPayment, CreditCard with CreditCardPayment",
            )


def _balanced(lines: Sequence[Record]) -> None:
    sides = {"Debit": Decimal(0), "Credit": Decimal(0)}
    for line in lines:
        detail = line.get("JournalEntryLineDetail")
        if isinstance(detail, Mapping) and detail.get("PostingType") in sides:
            sides[str(detail["PostingType"])] += _of(line.get("Amount") or 0)
    if sides["Debit"] != sides["Credit"]:
        raise invalid_argument(
            f"debits are {sides['Debit'].quantize(CENT)} and credits {sides['Credit'].quantize(CENT)}",
            field="Line",
            next="make them equal",
        )


def _apart(body: Record) -> None:
    ends = [reference.get("value") for name in ("FromAccountRef", "ToAccountRef") if (reference := body.get(name))]
    if len(ends) == 2 and ends[0] == ends[1]:
        raise invalid_argument("the money would not move", field="ToAccountRef", next="name two accounts")


def _total(entity: Entity, body: Record, lines: Sequence[Record]) -> None:
    stated = _of(body["TotalAmt"])
    detail = body.get("TxnTaxDetail") or {}
    tax = detail.get("TotalTax")
    if tax is None and ("TxnTaxCodeRef" in detail or any(map(_taxed, lines))):
        raise _unverifiable()
    total = sum((_signed(line) for line in lines), start=Decimal(0)) + _of(tax or 0)
    if isinstance(back := body.get("CashBack"), Mapping):
        total -= _of(back.get("Amount") or 0)
    if any(line.get("Amount") is None for line in lines if line.get("DetailType") == "DiscountLineDetail"):
        raise _unverifiable()
    if stated != total:
        added = f" with tax {tax}" if tax else ""
        raise invalid_argument(
            f"TotalAmt is {stated}, the lines of this {entity.what} add up to {total.quantize(CENT)}{added}",
            field="TotalAmt",
            next="correct the lines, or leave TotalAmt out: QuickBooks adds them up",
        )


def _unverifiable() -> Failure:
    return invalid_argument(
        "TotalAmt cannot be checked while QuickBooks works out tax or discount",
        field="TotalAmt",
        next="leave TotalAmt out, or state TxnTaxDetail.TotalTax and the discount's Amount",
    )


def _taxed(line: Record) -> bool:
    detail = line.get(str(line.get("DetailType")))
    code = detail.get("TaxCodeRef") if isinstance(detail, Mapping) else None
    return code is not None and str(code.get("value")) not in ("NON", "")


def _signed(line: Record) -> Decimal:
    if line.get("DetailType") in ("SubTotalLineDetail", "DescriptionOnly"):
        return Decimal(0)
    amount = _of(line.get("Amount") or 0)
    return -amount if line.get("DetailType") == "DiscountLineDetail" else amount


def _of(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
