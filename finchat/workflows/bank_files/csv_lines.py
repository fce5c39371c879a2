"""The lines of a CSV whose columns are known, and what the rows around them say of account, balances and period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

from finchat.books.documents import Direction
from finchat.books.lines import RawLine
from finchat.books.matching.text import fold, words
from finchat.workflows.bank_files.amounts import NotANumber, looks_like_number, number
from finchat.workflows.bank_files.csv_columns import Columns, direction_of_unsigned
from finchat.workflows.bank_files.csv_table import Row, Table
from finchat.workflows.bank_files.csv_words import (
    BALANCE_WORDS,
    CLOSING_WORDS,
    CREDIT_WORDS,
    DEBIT_WORDS,
    OPENING_WORDS,
    PENDING_WORDS,
    Role,
)
from finchat.workflows.bank_files.dates import NotADate, Order, looks_like_date, read
from finchat.workflows.bank_files.errors import wrong
from finchat.workflows.bank_files.iban import bare, ibans_in
from finchat.workflows.bank_files.running import Stated, Step, ends, follows
from finchat.workflows.bank_files.statement import FileStatement, Problem
from finchat.workflows.bank_files.text import clean

_ACCOUNT_WORDS = frozenset({"account", "konto", "kontonummer", "rekening", "compte", "cuenta", "conto", "iban"})
_TEXTS: tuple[Role, ...] = ("payee", "narration", "reference")
_FILLING = frozenset(
    {
        "b", "f", "c", "forward", "of", "the", "day", "at", "am", "vom", "account", "period", "statement", "as", "on",
        "dia", "do", "da", "del", "di", "du", "de", "au", "le", "per", "zum", "jour", "daily", "available",
        "disponivel", "disponible", "verfugbar", "current", "ledger", "s", "na", "dzien", "konto", "conta", "compte",
        "cuenta",
    }
)  # fmt: skip
_SUMS = frozenset({"total", "totals", "totaal", "summe", "suma", "somme", "totale", "sum", "gesamt", "totaux", "stand"})


def numbers_of(table: Table, columns: Columns) -> tuple[str, ...]:
    """The account numbers a file names as its own: IBANs and labelled numbers above the rows, an own-account column."""
    found: dict[str, None] = {}
    for _, cells in table.around:
        text = " ".join(cells)
        for iban in ibans_in(text):
            found.setdefault(iban)
        if _ACCOUNT_WORDS.intersection(words(text[:200])):
            for cell in " ".join(cells).replace(":", " ").split("  "):
                for part in (*cells, cell):
                    number_ = bare(part.rpartition(":")[2])
                    if 6 <= len(number_) <= 34 and sum(c.isdigit() for c in number_) >= 6 and not looks_like_date(part):
                        found.setdefault(number_)
    own = columns.one("own_account")
    if own is not None:
        for cell in dict.fromkeys(cell for cell in table.cells(own) if cell):
            found.setdefault(cell)
    return tuple(found)


def read_lines(table: Table, columns: Columns, *, sha256: str, currency: str = "") -> FileStatement:
    """Raises UsageError naming the line whose date or amount cannot be read, or that is of another currency."""
    reading = _Reading(table, columns, currency)
    order: Order = columns.dates or "ymd"
    pairs: list[tuple[RawLine, Step]] = []
    pending = 0
    footers: list[Row] = []
    unsigned = _unsigned(table, columns)
    edges, named = {0, len(table.rows) - 1}, dict[str, Decimal]()
    stated: list[Stated] = []
    for n, (at, cells) in enumerate(table.rows):
        if _pending(cells, columns):
            pending += 1
            continue
        written = reading.cell(cells, "date")
        if not written or not looks_like_date(written):
            reading.footer(at, cells, written)
            footers.append((at, cells))
            continue
        try:
            day = read(written, order)
        except NotADate as error:
            raise wrong(table.path, f"line {at}, date", str(error), "check --csv-dates") from None
        balance = reading.optional(at, cells, "balance")
        which = reading.names_balance(cells)
        if which and (reading.unmoved(cells) or (n in edges and which != "day") or reading.repeats(at, cells, balance)):
            # A row that states a balance is no movement, though it has a date and an amount.
            value = reading.signed(at, cells, unsigned.get(n)) if balance is None else balance
            stated.append(Stated(at, len(pairs), value, sure=balance is not None))
            if which != "day":
                named[which] = value
            continue
        signed = reading.signed(at, cells, unsigned.get(n))
        if signed != 0:
            step = Step(at, day, signed, balance)
            pairs.append((reading.line(at, cells, step), step))
    steps = [step for _, step in pairs]
    opening, closing, problems = ends(table.path, steps)
    problems += follows(table.path, steps, stated)
    if opening is None and closing is None:
        opening, closing = named.get("opening"), named.get("closing")
    if opening is None and closing is None:
        opening, closing = _stated(table, columns, footers)
    if pending:
        problems.append(
            Problem(
                code="statement_pending",
                text=f"{pending} rows of {table.path.name} are not booked; they are left out",
                next="read the statement again when the bank has booked them",
            )
        )
    days = [step.day for step in steps]
    of = {line.currency for line, _ in pairs}
    return FileStatement(
        path=table.path,
        sha256=sha256,
        format="csv",
        numbers=numbers_of(table, columns),
        currency=of.pop() if len(of) == 1 else "",
        first=min(days, default=None),
        last=max(days, default=None),
        opening=opening,
        closing=closing,
        lines=tuple(line for line, _ in pairs),
        problems=tuple(problems),
        layout=f"csv {table.shape}",
    )


class _Reading:
    def __init__(self, table: Table, columns: Columns, currency: str) -> None:
        self.table = table
        self.columns = columns
        self.currency = currency
        self.mark = columns.mark
        self.debits_negative = self._debits_negative()
        self.signed_words = self._signed_words()

    def cell(self, cells: list[str], role: Role) -> str:
        n = self.columns.one(role)
        return cells[n] if n is not None and n < len(cells) else ""

    def signed(self, at: int, cells: list[str], given: bool | None) -> Decimal:
        """What the row moves: money in above zero. `given`: whether the balance says that it is money in."""
        if self.columns.signs == "columns":
            debit = self.optional(at, cells, "debit") or Decimal(0)
            credit = self.optional(at, cells, "credit") or Decimal(0)
            if debit and credit:
                raise wrong(self.table.path, f"line {at}", "has an amount both in and out")
            return credit if credit else (debit if self.debits_negative else -debit)
        amount = self.optional(at, cells, "amount")
        if amount is None:
            raise wrong(self.table.path, f"line {at}, amount", "is empty")
        amount -= self.optional(at, cells, "fee") or Decimal(0)
        if self.columns.signs == "word" and not self.signed_words:
            word = fold(self.cell(cells, "sign"))
            if amount and word not in DEBIT_WORDS | CREDIT_WORDS:
                raise wrong(self.table.path, f"line {at}, sign", f"{word[:20]!r} does not say whether money came in")
            return -amount if word in DEBIT_WORDS else amount
        if self.columns.signs == "balance" and given is not None:
            return abs(amount) if given else -abs(amount)
        return amount

    def optional(self, at: int, cells: list[str], role: Role) -> Decimal | None:
        text = self.cell(cells, role)
        if not text or text in "-–—":
            return None
        try:
            return number(text, self.mark)
        except NotANumber as error:
            raise wrong(self.table.path, f"line {at}, {role}", str(error)) from None

    def line(self, at: int, cells: list[str], step: Step) -> RawLine:
        of = self.cell(cells, "currency").upper()
        if of and self.currency and of != self.currency:
            raise wrong(
                self.table.path, f"line {at}, currency", f"is {of[:8]!r}; the account is in {self.currency}",
                "export each currency by itself",
            )  # fmt: skip
        direction: Direction = "receive" if step.moved > 0 else "spend"
        said = dict.fromkeys(
            text for n in self.columns.of.get("narration", ()) if n < len(cells) and (text := clean(cells[n]))
        )
        payee, reference = clean(self.cell(cells, "payee")), clean(self.cell(cells, "reference"))
        said.pop(payee, None)
        return RawLine(
            source="statement",
            source_id=f"{self.table.path.name}:{at}",
            date=step.day,
            direction=direction,
            amount=abs(step.moved),
            currency=of,
            payee=payee,
            narration=clean(" ".join(said)),
            reference=reference,
            counterparty_account=clean(self.cell(cells, "account")),
            fitid=clean(self.cell(cells, "id")),
            balance=step.balance,
        )

    def unmoved(self, cells: list[str]) -> bool:
        """The row has no amount, whatever balance it states."""
        roles: tuple[Role, ...] = ("amount", "debit", "credit")
        return not any(self.cell(cells, role).strip("-–— ") for role in roles) and bool(self.cell(cells, "balance"))

    def repeats(self, at: int, cells: list[str], balance: Decimal | None) -> bool:
        """What stands as the row's amount is the balance itself: there is no other, or it is the same."""
        return balance is None or any(
            abs(value) == abs(balance)
            for role in ("amount", "debit", "credit")
            if (value := self.optional(at, cells, role)) is not None
        )

    def names_balance(self, cells: list[str]) -> Literal["opening", "closing", "day"] | None:
        """Whether the row's text is nothing but the name of a balance: the opening or closing one, or that of a day."""
        columns = [n for role in _TEXTS for n in self.columns.of.get(role, ()) if n < len(cells)]
        spoken = [word for n in columns for word in words(cells[n][:200]) if not word.isdigit()]
        if len(spoken) > 1 and all(len(word) == 1 for word in spoken):
            spoken = ["".join(spoken)]  # S A L D O
        said = set(spoken)
        if not said & BALANCE_WORDS or not said <= BALANCE_WORDS | OPENING_WORDS | CLOSING_WORDS | _FILLING:
            return None
        which = "opening" if said & OPENING_WORDS else "closing" if said & CLOSING_WORDS else None
        return which or ("day" if said & (BALANCE_WORDS - _SUMS) else None)  # type: ignore[return-value]

    def footer(self, at: int, cells: list[str], written: str) -> None:
        """A row without a date: a sum or a note is passed over, a movement is not."""
        amounts = [self.cell(cells, role) for role in ("amount", "debit", "credit")]
        # Where something stands for the date, that has to say what the row is: a fuel station is called Total too.
        said = (written,) if written else cells
        if any(c for text in amounts for c in text if c in "123456789") and not BALANCE_WORDS.intersection(
            word for cell in said for word in words(cell[:100])
        ):
            why = f"{written[:30]!r} is not a date" if written else "is missing beside an amount"
            raise wrong(self.table.path, f"line {at}, date", why)

    def _debits_negative(self) -> bool:
        """Money out is written with a minus in its own column, so a plain amount there is a return."""
        n = self.columns.one("debit")
        if n is None:
            return False
        given = [
            cell for cell in self.table.cells(n) if looks_like_number(cell) and any(c in "123456789" for c in cell)
        ]
        try:
            below = sum(number(cell, self.mark) < 0 for cell in given)
        except NotANumber:
            return False
        return 2 * below > len(given)

    def _signed_words(self) -> bool:
        """The amounts carry the sign already, and the word repeats it."""
        n, amount = self.columns.one("sign"), self.columns.one("amount")
        if n is None or amount is None:
            return False
        spent: list[bool] = []
        for row in self.table.movements:
            try:
                value = number(row[amount], self.mark)
            except (NotANumber, IndexError):
                continue
            if value and fold(row[n]) in DEBIT_WORDS:
                spent.append(value < 0)
        if spent and 2 * sum(spent) == len(spent):
            raise wrong(
                self.table.path, self.table.name(amount),
                f"is below zero for as many rows as not where {self.table.name(n)} says that money went out",
                "name the columns with --csv-columns, without sign= where the amounts carry their sign",
            )  # fmt: skip
        return 2 * sum(spent) > len(spent)


def _unsigned(table: Table, columns: Columns) -> Mapping[int, bool]:
    """Row → whether it is money in, where only the running balance says so. The first movement of all needs the balance
    before it, which a row around the movements may name. Raises UsageError when none does."""
    amount, balance = columns.one("amount"), columns.one("balance")
    if columns.signs != "balance" or amount is None or balance is None:
        return {}
    rows = [
        (n, cells) for n, (_, cells) in enumerate(table.rows) if len(cells) > max(amount, balance) and cells[balance]
    ]
    direction = direction_of_unsigned([cells for _, cells in rows], amount, balance, columns.mark)
    if direction is None:
        return {}
    balances = [number(cells[balance], columns.mark) for _, cells in rows]
    opening, _ = _stated(table, columns, ())
    found: dict[int, bool] = {}
    for n, (at, _) in enumerate(rows):
        before = n - 1 if direction == "ascending" else n + 1
        if 0 <= before < len(rows):
            found[at] = balances[n] > balances[before]
        elif opening is not None:
            found[at] = balances[n] > opening
        else:
            line, cells = table.rows[at]
            raise wrong(
                table.path, f"line {line}, amount", f"nothing says whether {cells[amount]!r} came in or went out",
                "export amounts with their sign, or with an opening balance",
            )  # fmt: skip
    return found


def _pending(cells: list[str], columns: Columns) -> bool:
    n = columns.one("status")
    return n is not None and n < len(cells) and not PENDING_WORDS.isdisjoint(words(cells[n][:60]))


def _stated(table: Table, columns: Columns, footers: Sequence[Row]) -> tuple[Decimal | None, Decimal | None]:
    """Opening and closing balance as rows above and below the movements name them."""
    opening = closing = None
    for _, cells in (*table.around, *footers):
        said = {word for cell in cells for word in words(cell[:100])}
        values = [cell for cell in cells if looks_like_number(cell) and not looks_like_date(cell)]
        if not said & BALANCE_WORDS or not values:
            continue
        try:
            value = number(values[-1], columns.mark)
        except NotANumber:
            continue
        if said & OPENING_WORDS:
            opening = value
        elif said & CLOSING_WORDS:
            closing = value
    return opening, closing
