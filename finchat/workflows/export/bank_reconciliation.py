"""The bank reconciliation statement as a sheet."""

from __future__ import annotations

from decimal import Decimal

from finchat.books.statement import BankReconciliation, Movement
from finchat.workflows.export.sheet import Cell, Line, Money, Sheet


def sheet(one: BankReconciliation, organisation: str, *, sandbox: bool = False) -> Sheet:
    """The statement from the bank's closing balance down to the difference. `sandbox`: it is of a made-up company."""
    c = one.currency

    def money(value: Decimal | None) -> Cell:
        return None if value is None else Money(value, c)

    name = " ".join(t for t in (one.account.code, one.account.name) if t)
    lines = [
        Line((f"Bank reconciliation statement of {name}",), "title"),
        Line((f"{organisation}  SANDBOX" if sandbox else organisation,)),
        Line((f"as of {one.as_of}, statements read since {one.since}",)),
        Line(("", "Date", "Age (days)", "Ledger id or bank line", f"Amount ({c})"), "heading"),
        Line(("Closing balance of the statement", one.as_of, None, None, money(one.closing)), "total"),
    ]
    for title, items in (("Outstanding receipts", one.receipts), ("Outstanding payments", one.payments)):
        lines.append(Line((title,), "heading"))
        lines += [_movement(o.movement, o.age_days, c) for o in items]
        if items:
            total = sum((o.movement.signed for o in items), Decimal(0))
            lines.append(Line((f"{title}, total", None, None, None, money(total)), "total"))
        else:
            lines.append(Line(("none",)))
    lines.append(Line(("Adjusted balance of the bank", None, None, None, money(one.adjusted)), "total"))
    lines.append(Line(("Balance of the books", one.as_of, None, None, money(one.book)), "total"))
    lines.append(Line(("On the statement, not in the books",), "heading"))
    for u in one.unrecorded:
        said = " ".join(t for t in (u.line.payee, u.line.narration, u.line.reference) if t)
        lines.append(Line((said or u.why, u.line.date, None, u.line.id, Money(u.signed, c))))
    if not one.unrecorded:
        lines.append(Line(("none",)))
    lines.append(Line(("Adjusted balance of the books", None, None, None, money(one.adjusted_book)), "total"))
    lines.append(Line(("Difference", None, None, None, money(one.difference)), "total"))
    for explanation in one.explanations:
        lines.append(Line((explanation.text, None, None, None, money(explanation.amount))))
        lines += [_movement(m, (one.as_of - m.date).days, c) for m in explanation.movements]
    return Sheet(title=f"Bank reconciliation {one.account.code or one.account.name}", lines=tuple(lines))


def _movement(movement: Movement, age: int, currency: str) -> Line:
    text = movement.text or movement.kind.replace("_", " ")
    return Line((text, movement.date, age, movement.ids[0], Money(movement.signed, currency)))
