"""Statement files on screen: how a CSV is read, what is asked about it, and the bank reconciliation statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finchat.books.documents import Account
from finchat.books.plan import Finding
from finchat.books.statement import BankReconciliation, Explanation, Movement, Outstanding
from finchat.text.sanitise import one_line
from finchat.ui.amounts import aligned, amount, day, money, short_day
from finchat.ui.findings import findings_view
from finchat.ui.prompt import ask
from finchat.ui.sink import Sink
from finchat.workflows.bank_files.csv_columns import Columns, Doubt
from finchat.workflows.bank_files.csv_table import Table
from finchat.workflows.bank_files.dates import Order
from finchat.workflows.bank_files.statement import FileStatement, Statement

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_SAMPLES = 4
_MOST_LINES = 25  # of lines not in the books; they are in the plan above
_ORDER_WORDS: Mapping[Order, str] = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
_SIGN_WORDS = {
    "amount": "the sign of the amount", "columns": "money out and money in by column", "word": "a word beside it",
    "balance": "the running balance",
}  # fmt: skip


class TerminalPerson:
    """Asks at the terminal what a file leaves open."""

    def __init__(self, sink: Sink, paused: Callable[[], AbstractContextManager[None]]) -> None:
        self._sink = sink
        self._paused = paused

    async def which_dates(self, table: Table, doubt: Doubt) -> Order | None:
        """Day or month first, with what each makes of a cell; None for any other answer."""
        from rich.text import Text

        with self._paused():
            self._sink.card(Text(f"{one_line(str(table.path))}: {one_line(doubt.text)}."))
            for cell, first, second in doubt.samples:
                self._sink.card(Text(f"  {one_line(cell)}: {day(first)} day first, {day(second)} month first"))
            answer = await ask(self._sink, "Which is first? d day · m month · q leave it: ")
        orders: dict[str, Order] = {"d": "dmy", "m": "mdy"}
        return orders.get((answer or "").lower())

    async def which_account(self, path: Path, accounts: Sequence[Account]) -> str | None:
        """Lists the bank accounts and takes the code of one; None for an empty answer."""
        from rich.text import Text

        with self._paused():
            self._sink.card(Text(f"{one_line(str(path))} does not say which bank account it is of:"))
            for account in accounts:
                number = f" ({one_line(account.bank_account, 40)})" if account.bank_account else ""
                self._sink.card(Text(f"  {one_line(account.code or account.id)} {one_line(account.name, 50)}{number}"))
            answer = await ask(self._sink, "Which account? Its code, or Enter to leave it: ")
        return answer or None

    async def columns_right(self, table: Table, columns: Columns, read: FileStatement) -> bool:
        """Shows the first rows as read and asks once; only `y` is a yes."""
        with self._paused():
            self._sink.card(columns_view(table, columns, read))
            answer = await ask(self._sink, "Is it read right? y yes, and remember it · n no: ")
        return (answer or "").lower() in ("y", "yes")


def columns_view(table: Table, columns: Columns, read: FileStatement) -> RenderableType:
    """What each column is taken for, how dates and amounts are written, and the first rows as they are read."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    roles = " · ".join(
        f"{role.replace('_', ' ')} = {' + '.join(one_line(table.name(n), 30) for n in ns)}"
        for role, ns in columns.of.items()
    )
    mark = {",": "decimal comma", ".": "decimal point", None: "whole amounts"}[columns.mark]
    dates = _ORDER_WORDS[columns.dates] if columns.dates else "in one way only"
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for n, justify in enumerate(("left", "right", "left")):
        grid.add_column(no_wrap=n < 2, justify="right" if justify == "right" else "left", overflow="fold")
    for line in read.lines[:_SAMPLES]:
        signed = line.amount if line.direction == "receive" else -line.amount
        text = " · ".join(one_line(t, 60) for t in (line.payee, line.narration, line.reference) if t)
        shown = amount(signed, line.currency or read.currency, signed=True)
        grid.add_row(Text(day(line.date)), Text(shown), Text(text))
    more = len(read.lines) - _SAMPLES
    parts: list[RenderableType] = [
        Text(f"{one_line(read.path.name)} is read as CSV:"),
        Text(f"  {roles}"),
        Text(f"  dates {dates}, {mark}, in or out by {_SIGN_WORDS[columns.signs]}"),
        Padding(grid, (0, 0, 0, 2)),
    ]
    if more > 0:
        parts.append(Text(f"  and {more} more"))
    return Group(*parts)


def statements_view(statements: Sequence[Statement], accounts: Mapping[str, str]) -> RenderableType:
    """What the files say of each account, and everything that is wrong with them: it is said first."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    for s in statements:
        files = ", ".join(one_line(f.path.name, 40) for f in s.files)
        balances = [
            f"{word} {money(value, s.currency)}" for word, value in (("opens", s.opening), ("closes", s.closing))
            if value is not None
        ]  # fmt: skip
        days = day(s.last) if s.first == s.last else f"{day(s.first)} to {day(s.last)}"
        count = f"{len(s.lines)} line{'s' * (len(s.lines) != 1)}"
        told = ", ".join((f"{count} of {days}", *balances))
        parts.append(
            Text(f"statement of {one_line(accounts.get(s.account_id, s.account_id), 40)} from {files}: {told}")
        )
        if s.findings:
            parts.append(findings_view(s.findings, {}))
    return Group(*parts)


def without_statements(findings: Sequence[Finding], statements: Sequence[Statement]) -> list[Finding]:
    """The findings that `statements_view` has not said."""
    said = {id(f) for s in statements for f in s.findings}
    return [f for f in findings if id(f) not in said]


def bank_reconciliation_view(one: BankReconciliation) -> RenderableType:
    """The statement, from the bank's closing balance down to the difference."""
    from rich.console import Group
    from rich.table import Table as Grid
    from rich.text import Text

    rows: list[tuple[str, str, Decimal | None, str]] = [("Closing balance of the statement", "", one.closing, "bold")]
    for title, items in (("Outstanding receipts", one.receipts), ("Outstanding payments", one.payments)):
        rows.append((title if items else f"{title}: none", "", None, "" if items else "dim"))
        rows += [_outstanding(o) for o in items]
    rows.append(("Adjusted balance of the bank", "", one.adjusted, "bold"))
    rows.append(("Balance of the books", "", one.book, "bold"))
    if one.unrecorded:
        rows.append(("On the statement, not in the books", "", None, ""))
    for u in one.unrecorded[:_MOST_LINES]:
        said = " · ".join(t for t in (u.line.payee, u.line.narration, u.line.reference) if t)
        rows.append((f"  {short_day(u.line.date)} {one_line(said, 50)}", "", u.signed, ""))
    if rest := one.unrecorded[_MOST_LINES:]:
        total = sum((u.signed for u in rest), Decimal(0))
        rows.append((f"  and {len(rest)} more (all of them with --json or --export)", "", total, ""))
    if one.unrecorded:
        rows.append(("Adjusted balance of the books", "", one.adjusted_book, "bold"))
    rows.append(("Difference", "", one.difference, "bold green" if one.nil else "bold red"))
    known = [(value, one.currency) for _, _, value, _ in rows if value is not None]
    shown = iter(aligned(known))
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    grid.add_column(overflow="fold")
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    for text, age, value, style in rows:
        unknown = "not known" if value is None and style.startswith("bold") else ""
        figure = Text(next(shown) if value is not None else unknown, style=style)
        grid.add_row(Text(text, style=style), Text(age, style="dim"), figure)
    verdict = _verdict(one)
    return Group(_title(one.account, one), grid, *([verdict] if verdict is not None else []), *_reasons(one))


def _title(account: Account, one: BankReconciliation) -> Text:
    from rich.text import Text

    return Text(f"Bank reconciliation statement of {one_line(account.label, 50)} as of {day(one.as_of)}", style="bold")


def _verdict(one: BankReconciliation) -> Text | None:
    from rich.text import Text

    if one.nil:
        return Text("The bank and the books agree.", style="green")
    if one.difference is not None and one.explained:
        return Text("The difference is explained:", style="yellow")
    return Text("The difference is not explained:", style="red") if one.difference is not None else None


def _reasons(one: BankReconciliation) -> list[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    def said(e: Explanation) -> list[RenderableType]:
        return [
            Padding(Text(one_line(e.text)), (0, 0, 0, 2)),
            *(Padding(Text(_entry(m, one.currency)), (0, 0, 0, 4)) for m in e.movements[:20]),
            *([Padding(Text(f"and {len(e.movements) - 20} more"), (0, 0, 0, 4))] if len(e.movements) > 20 else []),
        ]

    return [part for e in one.explanations for part in said(e)]


def _entry(movement: Movement, currency: str) -> str:
    return f"{day(movement.date)} {money(movement.signed, currency, signed=True)} · {one_line(movement.text, 60)}"


def _outstanding(one: Outstanding) -> tuple[str, str, Decimal | None, str]:
    movement = one.movement
    text = one_line(movement.text, 50) or movement.kind.replace("_", " ")
    age = f"{one.age_days} day{'s' * (one.age_days != 1)}"
    return f"  {short_day(movement.date)} {text}", age, movement.signed, ""
