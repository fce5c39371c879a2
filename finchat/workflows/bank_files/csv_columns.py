"""Which column of a CSV is what: by its header, checked against its content, and by content alone where there is none.

Nothing is guessed that the rows do not show. What they leave open is a doubt: a question with the flag that answers it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from finchat.books.matching.text import fold, words
from finchat.errors import UsageError
from finchat.workflows.bank_files.amounts import Mark, NotANumber, decimal_mark, looks_like_number, number
from finchat.workflows.bank_files.csv_table import Table
from finchat.workflows.bank_files.csv_words import (
    BOOKED_WORDS,
    BOOKING_WORDS,
    CARD_WORDS,
    CREDIT_WORDS,
    DEBIT_WORDS,
    FOREIGN_WORDS,
    NAMED,
    PENDING_WORDS,
    Role,
    role_of,
)
from finchat.workflows.bank_files.dates import (
    Direction,
    NotADate,
    Order,
    Undecided,
    decide,
    decided,
    looks_like_date,
    read_all,
)
from finchat.workflows.bank_files.iban import is_iban

_MOST = 2_000  # rows that decide what a column is; dates and amounts are decided by all
_ENOUGH = Decimal("0.9")
_STEPS = 3
_STATES = 4  # different words for booked and not


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What each column is (several only for narration), how dates and amounts are written. Columns count from 0.

    `signs`: where the way of the money comes from. `dates` is None for a column that can be read in one way only.
    """

    of: Mapping[Role, tuple[int, ...]]
    dates: Order | None
    mark: Mark | None
    signs: Literal["amount", "columns", "word", "balance"]

    def one(self, role: Role) -> int | None:
        return next(iter(self.of.get(role, ())), None)

    def as_json(self) -> dict[str, object]:
        return {
            "of": {role: list(columns) for role, columns in self.of.items()},
            "dates": self.dates,
            "mark": self.mark,
            "signs": self.signs,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A question the rows leave open. `flag` is what answers it in a script; `samples` are cells with both readings."""

    kind: Literal["dates", "columns"]
    text: str
    flag: str
    samples: tuple[tuple[str, dt.date, dt.date], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The columns as far as they are known, and what is not. Without `columns` nothing can be read."""

    columns: Columns | None
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person said with the flags, or on an earlier day. `of` replaces guessing altogether."""

    of: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    dates: Order | None = None


def parse_columns(text: str) -> dict[Role, tuple[str, ...]]:
    """`date=Buchungstag,amount=Betrag,narration=Text+Info`. Raises UsageError naming the part that is wrong."""
    found: dict[Role, tuple[str, ...]] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        role, equals, column = part.partition("=")
        role = role.strip()
        if not equals or role not in NAMED or not column.strip():
            raise UsageError(
                f"--csv-columns: {part!r} is not ROLE=COLUMN",
                field="--csv-columns",
                next=f"roles are {', '.join(NAMED)}; a column is its header or its number from 1",
            )
        names = tuple(n.strip() for n in column.split("+") if n.strip())
        if len(names) > 1 and role != "narration":
            raise UsageError(f"--csv-columns: {role} is one column", field="--csv-columns", next="join only narration")
        found[role] = names  # type: ignore[index]
    return found


def guess(table: Table, given: Given, *, today: dt.date, currency: str = "", card: bool = False) -> Guess:
    """What the columns are. `today` bounds which dates can be; `currency` how many places amounts have; `card`: the
    ledger says that the account is a credit card.

    Raises UsageError when a column a person named is not there.
    """
    of = _named(table, given.of) if given.of else _guessed(table)
    doubts: list[Doubt] = []
    if "date" not in of:
        doubts.append(_unclear(table, "no column can be told to be the date"))
    if "amount" not in of and not ("debit" in of and ("credit" in of or given.of)):
        doubts.append(_unclear(table, "no column can be told to be the amount"))
    if doubts:
        return Guess(columns=None, doubts=tuple(doubts))
    try:
        mark = _mark(table, of, currency)
    except NotANumber as error:
        return Guess(columns=None, doubts=(_unclear(table, str(error)),))
    signs, doubt = _signs(table, of, mark, explicit=bool(given.of), card=card)
    if doubt is not None:
        doubts.append(doubt)
    dates, unclear = _dates(table, of, given.dates, today, mark)
    if unclear is not None:
        doubts.append(unclear)
    return Guess(columns=Columns(of=of, dates=dates, mark=mark, signs=signs), doubts=tuple(doubts))


def _named(table: Table, given: Mapping[Role, tuple[str, ...]]) -> dict[Role, tuple[int, ...]]:
    found: dict[Role, tuple[int, ...]] = {}
    for role, names in given.items():
        found[role] = tuple(_position(table, role, name) for name in names)
    return found


def _position(table: Table, role: str, name: str) -> int:
    folded = [" ".join(words(cell)) for cell in table.header]
    wanted = " ".join(words(name))
    if wanted and folded.count(wanted) == 1:
        return folded.index(wanted)
    if name.isdigit() and name.isascii() and 1 <= int(name) <= max(table.width, len(table.header)):
        return int(name) - 1
    there = ", ".join(h for h in table.header if h) or f"1 to {table.width}"
    raise UsageError(
        f"{table.path} has no single column {name!r} for {role}",
        field="--csv-columns",
        next=f"its columns are: {there}",
    )


def _guessed(table: Table) -> dict[Role, tuple[int, ...]]:
    rows = _booked(table)
    columns = [_Column(n, [row[n] if n < len(row) else "" for row in rows]) for n in range(table.width)]
    of = _by_header(table, columns)
    free = _free(columns, of)
    if "date" not in of:
        if "value_date" in of:
            of["date"] = of.pop("value_date")
        elif dates := [c.n for c in free if c.dates]:
            of["date"] = (dates[0],)
            free = [c for c in free if c.n not in dates]
    if "amount" not in of and not ("debit" in of and "credit" in of):
        of = _amounts(rows, of, [c for c in free if c.numbers and not c.dates])
    elif "debit" in of and "credit" in of and "amount" in of:
        apart = of["debit"][0], of["credit"][0]
        if any(_filled(r, of["amount"][0]) and not any(_filled(r, n) for n in apart) for r in rows):
            del of["debit"], of["credit"]  # they leave movements out
        else:
            del of["amount"]
    _add_fee(rows, of)
    _add_sign(columns, of)
    _add_texts(table, columns, of)
    return {role: ns for role, ns in of.items() if ns}


def _booked(table: Table) -> list[list[str]]:
    """The movements without those the bank has not booked: a status says so, and their columns are not full yet."""
    rows = table.movements[:_MOST]
    status = _status(table)
    if status is None:
        return rows
    return [r for r in rows if status >= len(r) or PENDING_WORDS.isdisjoint(words(r[status][:60]))] or rows


def _status(table: Table) -> int | None:
    """The column that says what is booked: by its header, or because it says nothing else."""
    for n, cell in enumerate(table.header):
        if role_of(" ".join(words(cell))) == "status":
            return n
    for n in range(table.width if table.header else 0):
        distinct = {row[n] if n < len(row) else "" for row in table.movements[:_MOST]}
        said = [frozenset(words(cell[:60])) for cell in distinct] if len(distinct) <= _STATES else []
        if said and all(s & (BOOKED_WORDS | PENDING_WORDS) for s in said) and any(s & BOOKED_WORDS for s in said):
            return n
    return None


def _by_header(table: Table, columns: list[_Column]) -> dict[Role, tuple[int, ...]]:
    of: dict[Role, tuple[int, ...]] = {}
    amounts: list[_Column] = []
    for column in columns:
        named = role_of(" ".join(words(table.header[column.n]))) if column.n < len(table.header) else None
        role = _checked(named, column)
        if role == "amount":
            amounts.append(column)
        elif role == "narration" or (role is not None and role not in of):
            of[role] = (*of.get(role, ()), column.n)
        elif role in ("reference", "payee"):
            of["narration"] = (*of.get("narration", ()), column.n)
        elif role in ("debit", "credit") and column.filled and not columns[of[role][0]].filled:
            of[role] = (column.n,)
        elif role == "currency" and _foreign(table, of["currency"][0]) and not _foreign(table, column.n):
            of["currency"] = (column.n,)
        elif role == "date" and _books(table, column.n) and not _books(table, of["date"][0]):
            of["date"] = (column.n,)
    if "status" not in of and (status := _status(table)) is not None:
        of["status"] = (status,)
        of["narration"] = tuple(n for n in of.get("narration", ()) if n != status)
    amount = _amount(table, amounts, of.get("balance"))
    return of if amount is None else of | {"amount": (amount,)}


def _foreign(table: Table, column: int) -> bool:
    return not FOREIGN_WORDS.isdisjoint(words(table.header[column]))


def _books(table: Table, column: int) -> bool:
    """Its header says that it is the day of the booking."""
    return not BOOKING_WORDS.isdisjoint(words(table.header[column]))


def _amount(table: Table, amounts: list[_Column], balance: tuple[int, ...] | None) -> int | None:
    """Which of the columns that are headed as amounts moves the account: the one the balance follows, else the only one
    that is not of another currency, before costs or of a part. None when that leaves several that differ."""
    most = max((len(c.filled) for c in amounts), default=0)
    left = [c for c in amounts if 2 * len(c.filled) > most]
    rows = table.movements[:_MOST]
    if len(left) > 1 and balance is not None:
        mark = _mark_of(table, (*(c.n for c in left), *balance))
        left = [c for c in left if _mostly_runs(rows, c.n, balance[0], mark)] or left
    if len(left) > 1:
        left = [c for c in left if not _foreign(table, c.n)] or left
    if not left or len({tuple(row[c.n] if c.n < len(row) else "" for row in rows) for c in left}) > 1:
        return None
    return left[0].n


def _free(columns: list[_Column], of: Mapping[Role, tuple[int, ...]]) -> list[_Column]:
    taken = {n for ns in of.values() for n in ns}
    return [c for c in columns if c.n not in taken]


def _add_fee(rows: list[list[str]], of: dict[Role, tuple[int, ...]]) -> None:
    """A column of costs counts only where the balance shows that they leave the account beside the amount."""
    fee = of.pop("fee", None)
    if fee is None or "amount" not in of or "balance" not in of:
        return
    amount, balance = of["amount"][0], of["balance"][0]
    charged = [n for n, row in enumerate(rows) if _filled(row, fee[0])]
    try:
        mark = decimal_mark(row[n] for row in rows for n in (amount, balance, fee[0]) if n < len(row) and row[n])
        costs = {n: number(rows[n][fee[0]], mark) for n in charged}
        moved = {n: number(row[amount], mark) for n, row in enumerate(rows) if _filled(row, balance)}
        after = {n: number(rows[n][balance], mark) for n in moved}
    except NotANumber:
        return
    steps = [(n, after[n] - after[n + way]) for n in charged for way in (-1, 1) if n in after and n + way in after]
    if any(step == moved[n] - costs[n] for n, step in steps) and not any(step == moved[n] for n, step in steps):
        of["fee"] = fee


def _add_sign(columns: list[_Column], of: dict[Role, tuple[int, ...]]) -> None:
    """The one column whose every cell says in or out, beside a single amount."""
    if "sign" in of or "amount" not in of:
        return
    texts = of.get("narration", ())
    marked = [c for c in (*_free(columns, of), *(c for c in columns if c.n in texts)) if c.signs]
    if len(marked) == 1:
        of["sign"] = (marked[0].n,)
        of["narration"] = tuple(n for n in texts if n != marked[0].n)


def _add_texts(table: Table, columns: list[_Column], of: dict[Role, tuple[int, ...]]) -> None:
    """Accounts by their check digits; the bank's text, where no header names it: every column of words."""
    for column in _free(columns, of):
        if column.ibans:
            of.setdefault("own_account" if column.constant else "account", (column.n,))
        elif column.texts and not table.header:
            of["narration"] = (*of.get("narration", ()), column.n)
    if table.header and not of.get("narration"):
        of["narration"] = tuple(c.n for c in _free(columns, of) if c.texts)


class _Column:
    """What the cells of a column are like, empty ones left out."""

    def __init__(self, n: int, cells: Sequence[str]) -> None:
        self.n = n
        self.rows = len(cells)
        self.filled = [c for c in cells if c]
        self.distinct = Counter(self.filled)

    @property
    def dates(self) -> bool:
        return self._share(looks_like_date) >= _ENOUGH and len(self.filled) >= self.rows * _ENOUGH

    @property
    def numbers(self) -> bool:
        return self._share(looks_like_number) >= _ENOUGH

    @property
    def texts(self) -> bool:
        return bool(self.filled) and not self.numbers and self._share(looks_like_date) < _ENOUGH

    @property
    def ibans(self) -> bool:
        return self._share(is_iban) >= _ENOUGH

    @property
    def constant(self) -> bool:
        return len(self.distinct) == 1 and len(self.filled) == self.rows

    @property
    def signs(self) -> bool:
        said = {fold(c) for c in self.distinct}
        return bool(said) and len(self.filled) == self.rows and said <= DEBIT_WORDS | CREDIT_WORDS

    @property
    def unique(self) -> bool:
        return len(self.distinct) == self.rows

    def _share(self, test: object) -> Decimal:
        if not self.filled or not callable(test):
            return Decimal(0)
        return Decimal(sum(n for cell, n in self.distinct.items() if test(cell))) / len(self.filled)


def _checked(role: Role | None, column: _Column) -> Role | None:
    """The role its header names, where the content can be that; else what it can be instead."""
    text: Role | None = "narration" if column.texts else None
    able: dict[Role, tuple[bool, Role | None]] = {
        "date": (column.dates, text),
        "value_date": (column.dates, text),
        "amount": (column.numbers, "sign" if column.signs else text),
        "debit": (column.numbers or not column.filled, "sign" if column.signs else text),
        "credit": (column.numbers or not column.filled, "sign" if column.signs else text),
        "balance": (column.numbers, None),
        "fee": (column.numbers, text),
        "sign": (column.signs, None),
        "id": (column.unique, None),
        "own_account": (column.constant, "account" if column.filled and column.rows > 1 else None),
    }
    if role is None or role not in able:
        return role if column.filled else None
    fits, instead = able[role]
    return role if fits else instead


def _amounts(
    rows: list[list[str]], of: dict[Role, tuple[int, ...]], free: list[_Column]
) -> dict[Role, tuple[int, ...]]:
    """Amount, or debit and credit, and balance among numbers that no header explains, by the balance that runs."""
    known = of.get("balance", ())
    numeric = [c for c in free if any(not _whole(cell) for cell in c.distinct)] or free
    full = [c for c in numeric if len(c.filled) == c.rows]
    found: list[dict[Role, tuple[int, ...]]] = []
    for balance in (*known, *(c.n for c in full)):
        for amount in full:
            if amount.n != balance and runs(rows, amount.n, None, balance):
                found.append({"amount": (amount.n,), "balance": (balance,)})
        for first in numeric:
            for second in numeric:
                apart = first.n != second.n and balance not in (first.n, second.n)
                if apart and _exclusive(rows, first.n, second.n) and runs(rows, first.n, second.n, balance):
                    found.append({"debit": (first.n,), "credit": (second.n,), "balance": (balance,)})
    if len(found) == 1:
        return of | found[0]
    if not found and len(full) == 1:
        return of | {"amount": (full[0].n,)}
    return of


def _whole(cell: str) -> bool:
    return cell.isdigit()


def _exclusive(rows: list[list[str]], first: int, second: int) -> bool:
    return all(bool(_filled(row, first)) != bool(_filled(row, second)) for row in rows)


def _filled(row: list[str], column: int) -> bool:
    return column < len(row) and any(c in "123456789" for c in row[column])


def runs(rows: list[list[str]], amount: int, credit: int | None, balance: int) -> bool:
    """Whether the balance follows from row to row: by the signed amount, or by credit less debit; in either order."""
    try:
        columns = [n for n in (amount, credit, balance) if n is not None]
        mark = decimal_mark(row[n] for row in rows for n in columns if n < len(row) and row[n])
        moved = []
        for row in rows:
            value = number(row[amount], mark) if _filled(row, amount) else Decimal(0)
            if credit is None:
                moved.append(value)
            else:
                moved.append((abs(number(row[credit], mark)) if _filled(row, credit) else Decimal(0)) - abs(value))
        balances = [number(row[balance], mark) for row in rows]
    except (NotANumber, IndexError):
        return False
    if len(rows) < 2 or not any(moved):
        return False
    down = all(balances[n] == balances[n - 1] + moved[n] for n in range(1, len(rows)))
    up = all(balances[n] == balances[n + 1] + moved[n] for n in range(len(rows) - 1))
    return down or up


def _mark(table: Table, of: Mapping[Role, tuple[int, ...]], currency: str) -> Mark | None:
    """One decimal mark for all amounts of the file."""
    roles: tuple[Role, ...] = ("amount", "debit", "credit", "balance", "fee")
    columns = [n for role in roles for n in of.get(role, ())]
    return decimal_mark((row[n] for _, row in table.rows for n in columns if n < len(row) and row[n]), currency)


def _mark_of(table: Table, columns: Sequence[int]) -> Mark | None:
    try:
        return decimal_mark(row[n] for row in table.movements for n in columns if n < len(row) and row[n])
    except NotANumber:
        return None


def _signs(
    table: Table, of: Mapping[Role, tuple[int, ...]], mark: Mark | None, *, explicit: bool, card: bool
) -> tuple[Literal["amount", "columns", "word", "balance"], Doubt | None]:
    if "amount" not in of:
        return "columns", None
    if "sign" in of:
        return "word", None
    amount = of["amount"][0]
    cells = [row[amount] for row in table.movements if amount < len(row)]
    try:
        negative = any(number(cell, mark) < 0 for cell in cells if looks_like_number(cell))
    except NotANumber:
        negative = False
    if negative or explicit:
        return "amount", None if explicit else _card(table, of, cells, mark, card)
    if "balance" in of:
        balance = of["balance"][0]
        if _mostly_runs(table.movements, amount, balance, mark):
            return "amount", None
        if direction_of_unsigned(table.movements, amount, balance, mark) is not None:
            return "balance", None
    return "amount", _unclear(table, "no amount is negative and no column says which way the money went")


def _card(
    table: Table, of: Mapping[Role, tuple[int, ...]], cells: Sequence[str], mark: Mark | None, card: bool
) -> Doubt | None:
    """A card's statement may write what was spent above zero, and only a balance or a person knows."""
    named = {word for cell in table.header for word in words(cell)}
    if "balance" in of or not (card or named & CARD_WORDS):
        return None
    values = [number(cell, mark) for cell in cells if looks_like_number(cell)]
    if 2 * sum(value > 0 for value in values) <= len(values):
        return None
    return _unclear(
        table,
        "most amounts of this card are above zero: give their column as debit= where that is money spent, else as "
        "amount=",
    )


def _mostly_runs(rows: list[list[str]], amount: int, balance: int, mark: Mark | None) -> bool:
    """Most balances are the one before and the amount: the amounts carry their sign, and a break is a break."""
    try:
        steps = [(number(row[amount], mark), number(row[balance], mark)) for row in rows]
    except (NotANumber, IndexError):
        return False
    down = sum(here == before + moved for (_, before), (moved, here) in pairwise(steps))
    up = sum(here == before + moved for (moved, here), (_, before) in pairwise(steps))
    # Of a few rows that all came in, or of rows whose sign is lost, the balance after them looks alike.
    return 2 * max(down, up) > len(steps) - 1 >= _STEPS


def direction_of_unsigned(rows: list[list[str]], amount: int, balance: int, mark: Mark | None) -> Direction | None:
    """The order of rows whose balance moves by each unsigned amount, up or down; None when it does not."""
    try:
        values = [abs(number(row[amount], mark)) for row in rows]
        balances = [number(row[balance], mark) for row in rows]
    except (NotANumber, IndexError):
        return None
    if len(rows) < 2:
        return None
    if all(abs(balances[n] - balances[n - 1]) == values[n] for n in range(1, len(rows))):
        return "ascending"
    if all(abs(balances[n] - balances[n + 1]) == values[n] for n in range(len(rows) - 1)):
        return "descending"
    return None


def _dates(
    table: Table, of: Mapping[Role, tuple[int, ...]], given: Order | None, today: dt.date, mark: Mark | None
) -> tuple[Order | None, Doubt | None]:
    column = of["date"][0]
    cells = [row[column] for row in table.movements if column < len(row) and row[column]]
    if given is not None:
        return given, None
    try:
        order = decide(cells, today=today, period=_period(table, today), direction=_direction(table, of, mark))
    except NotADate as error:
        return None, Doubt(kind="dates", text=str(error), flag="--csv-dates dmy|mdy|ymd, or --csv-columns date=COLUMN")
    except Undecided as open_:
        cell, first, second = open_.samples[0]
        text = f"{cell!r} is {first:%-d %B %Y} or {second:%-d %B %Y}, and no row decides it"
        return None, Doubt(kind="dates", text=text, flag="--csv-dates dmy|mdy|ymd", samples=open_.samples)
    return order, None


def _direction(table: Table, of: Mapping[Role, tuple[int, ...]], mark: Mark | None) -> Direction | None:
    """Which way the rows run, where a balance that follows shows it."""
    if "balance" not in of:
        return None
    rows, balance = table.movements, of["balance"][0]
    try:
        balances = [number(row[balance], mark) for row in rows]
        moved = [_moved(row, of, mark) for row in rows]
    except (NotANumber, IndexError):
        return None
    down = all(abs(balances[n] - balances[n - 1]) == abs(moved[n]) for n in range(1, len(rows)))
    up = all(abs(balances[n] - balances[n + 1]) == abs(moved[n]) for n in range(len(rows) - 1))
    if down == up:
        return None
    return "ascending" if down else "descending"


def _moved(row: list[str], of: Mapping[Role, tuple[int, ...]], mark: Mark | None) -> Decimal:
    if "amount" in of:
        return number(row[of["amount"][0]], mark)
    debit, credit = of["debit"][0], next(iter(of.get("credit", ())), None)
    money_in = number(row[credit], mark) if credit is not None and _filled(row, credit) else Decimal(0)
    return abs(money_in) - (abs(number(row[debit], mark)) if _filled(row, debit) else Decimal(0))


_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}\.? [^\W\d_]{3,12}\.? \d{4}\b")


def _period(table: Table, today: dt.date) -> tuple[dt.date, dt.date] | None:
    """The two days a row above the header names, where they can be read in one way."""
    for _, cells in table.around:
        found = _DAY.findall(" ".join(cells)[:500])
        if len(found) != 2:
            continue
        try:
            order = decide(found, today=today)
        except (NotADate, Undecided):
            continue
        first, last = sorted(read_all(found, order))
        return first, last
    return None


def _unclear(table: Table, why: str) -> Doubt:
    there = ", ".join(f"{n} {h}" if h else str(n) for n, h in enumerate(table.header, 1)) or f"1 to {table.width}"
    example = "date=1,amount=2,narration=3" if not table.header else "date=…,amount=…,narration=…"
    return Doubt(kind="columns", text=why, flag=f'--csv-columns "{example}" (columns: {there})')


def redated(table: Table, kept: Columns, today: dt.date) -> Guess:
    """Columns kept from an earlier file; a doubt where this file shows another order of dates, or where none of them
    shows any."""
    order, doubt = _dates(table, kept.of, None, today, kept.mark)
    if kept.dates is not None and (doubt is not None or order == kept.dates):
        return Guess(columns=kept)
    if kept.dates is not None and order is not None and not _told_apart(table, kept.of):
        return Guess(columns=kept)
    if kept.dates is not None and order is not None:
        text = f"the account's earlier files wrote dates {kept.dates}, this one can only be {order}"
        doubt = Doubt(kind="dates", text=text, flag="--csv-dates dmy|mdy|ymd")
    return Guess(columns=replace(kept, dates=order), doubts=() if doubt is None else (doubt,))


def kept_as(table: Table, columns: Columns) -> Columns:
    """What to remember of the columns for the bank's next file: no order of dates that no row showed."""
    return columns if _told_apart(table, columns.of) else replace(columns, dates=None)


def _told_apart(table: Table, of: Mapping[Role, tuple[int, ...]]) -> bool:
    column = of["date"][0]
    try:
        return decided([row[column] for row in table.movements if column < len(row) and row[column]])
    except NotADate:
        return True


def settled(columns: Columns, dates: Order) -> Columns:
    """The columns with the order of dates a person gave."""
    return replace(columns, dates=dates)
