"""`--statement FILE`: files in, one checked statement an account out, with every line known by name.

What a file leaves open is asked of a person; without one it is an error that names the flag which answers it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from finchat.books.documents import Account, BankLine
from finchat.books.known_lines import KnownLine, Recognised, alike, contradicted, recognise
from finchat.books.money import minor_digits, round_to_minor
from finchat.errors import UsageError
from finchat.workflows import feed as feeds
from finchat.workflows.bank_files import checks
from finchat.workflows.bank_files.accounts import Unnamed, choose
from finchat.workflows.bank_files.csv_columns import (
    Columns,
    Doubt,
    Given,
    Guess,
    guess,
    kept_as,
    parse_columns,
    redated,
    settled,
)
from finchat.workflows.bank_files.csv_lines import numbers_of, read_lines
from finchat.workflows.bank_files.csv_table import Table
from finchat.workflows.bank_files.dates import Order
from finchat.workflows.bank_files.errors import wrong
from finchat.workflows.bank_files.iban import same_account
from finchat.workflows.bank_files.imported import EarlierFile, Imported
from finchat.workflows.bank_files.read import Opened, open_file
from finchat.workflows.bank_files.statement import FileStatement, Problem, Statement

_ORDERS: tuple[Order, ...] = ("dmy", "mdy", "ymd")
_SURELY = 3  # lines of another account in a file that names none: no chance
_BEFORE = dt.timedelta(days=45)  # earlier lines that may hold payments the window's lines would otherwise take


class Person(Protocol):
    """Who answers what a file leaves open."""

    async def which_dates(self, table: Table, doubt: Doubt) -> Order | None:
        """The order of day and month; None when the person does not say."""

    async def which_account(self, path: Path, accounts: Sequence[Account]) -> str | None:
        """The code, id or name of the account the file is of; None when the person does not say."""

    async def columns_right(self, table: Table, columns: Columns, read: FileStatement) -> bool:
        """Whether the rows, as they would be read, are what the bank means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the flags say: files, `--account`, `--csv-dates`, `--csv-columns`."""

    paths: tuple[Path, ...]
    account: str | None = None
    dates: Order | None = None
    columns: str = ""


def wish(paths: Sequence[Path], account: str | None, dates: str | None, columns: str | None) -> Wish:
    """Checked flags. Raises UsageError."""
    order = next((o for o in _ORDERS if o == dates), None)
    if dates is not None and order is None:
        raise UsageError(f"--csv-dates is {dates!r}", field="--csv-dates", next="give dmy, mdy or ymd")
    parse_columns(columns or "")
    return Wish(paths=tuple(paths), account=account, dates=order, columns=columns or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The statements, and how each CSV was read: its path, its table and its columns, and whether they are new."""

    statements: tuple[Statement, ...]
    tables: tuple[tuple[Path, Table, Columns, bool], ...] = ()


@dataclass(slots=True)
class _Reading:
    wish: Wish
    accounts: Mapping[str, Account]
    memory: Imported
    today: dt.date
    now: dt.datetime
    person: Person | None
    tables: list[tuple[Path, Table, Columns, bool]] = field(default_factory=list)
    to_keep: list[tuple[str, str, Columns, bool]] = field(default_factory=list)

    async def run(self, feed: Path | None) -> Read:
        opened: dict[str, Opened] = {}
        for path in self.wish.paths:
            one = open_file(path)
            opened.setdefault(one.sha256, one)  # the same file twice is one
        by_account: dict[str, list[FileStatement]] = {}
        for one in opened.values():
            found = 0
            for account, file in await self._files(one):
                found += 1
                by_account.setdefault(account.id, []).append(file)
            if not found:
                raise wrong(one.path, "", "holds no statement of the account named with --account", "leave it out")
        for id, files in by_account.items():
            for file in files:
                self._refuse_another_accounts(file, self.accounts[id], feed)
        statements = tuple(self._statement(self.accounts[id], files, feed) for id, files in by_account.items())
        for account_id, shape, columns, confirmed in self.to_keep:
            self.memory.keep_columns(account_id, shape, columns, confirmed=confirmed)
        return Read(statements=statements, tables=tuple(self.tables))

    async def _files(self, one: Opened) -> list[tuple[Account, FileStatement]]:
        if one.table is not None:
            return [await self._csv(one, one.table)]
        if len(one.statements) == 1:
            return [(await self._account(one.statements[0]), one.statements[0])]
        # Several accounts in one file: those the ledger has, or the one that is named.
        found: list[tuple[Account, FileStatement]] = []
        refused: UsageError | None = None
        for file in one.statements:
            try:
                found.append((choose(file, self.accounts, self.wish.account), file))
            except UsageError as error:
                refused = error
        if not found and refused is not None:
            raise refused
        return found

    async def _account(self, file: FileStatement) -> Account:
        try:
            return choose(file, self.accounts, self.wish.account)
        except Unnamed as error:
            named = None if self.person is None else await self.person.which_account(file.path, error.bank)
            if named is None:
                raise
            return choose(file, self.accounts, named)

    async def _csv(self, one: Opened, table: Table) -> tuple[Account, FileStatement]:
        given = Given(of=parse_columns(self.wish.columns), dates=self.wish.dates)
        first = guess(table, given, today=self.today)
        account = await self._account(self._claimed(one, table, first.columns))
        shape, asked = table.shape, bool(given.of or given.dates)
        kept = None if given.of else self.memory.columns(account.id, shape)
        if kept is not None and self._still_fits(one, table, kept):
            again = Guess(columns=settled(kept, given.dates)) if given.dates else redated(table, kept, self.today)
            columns = await self._decided(table, given, account, again)
            # Read by a script so far, and nobody has seen how.
            new = self.person is not None and not self.memory.confirmed(account.id, shape)
        else:
            # The account matters only where it is a card, or its currency has other places than most.
            found = first if minor_digits(account.currency) == minor_digits("") and not account.card else None
            columns, new = await self._decided(table, given, account, found), True
        file = read_lines(table, columns, sha256=one.sha256, currency=account.currency)
        if new and not asked and self.person is not None and not await self.person.columns_right(table, columns, file):
            raise UsageError(
                f"{table.path} was not read",
                field="--csv-columns",
                next='name the columns: --csv-columns "date=…,amount=…,narration=…" and --csv-dates dmy|mdy|ymd',
            )
        if new or asked or columns != kept:
            confirmed = asked or self.person is not None or self.memory.confirmed(account.id, shape)
            self.to_keep.append((account.id, shape, columns if given.dates else kept_as(table, columns), confirmed))
        self.tables.append((table.path, table, columns, new))
        return account, file

    async def _decided(self, table: Table, given: Given, account: Account, found: Guess | None) -> Columns:
        """What the columns are, with what a person says where the rows do not. Raises UsageError where nobody does."""
        found = found or guess(table, given, today=self.today, currency=account.currency, card=account.card)
        columns = found.columns
        for doubt in found.doubts:
            if doubt.kind == "dates" and doubt.samples and columns is not None and self.person is not None:
                order = await self.person.which_dates(table, doubt)
                if order is not None:
                    columns = settled(columns, order)
                    continue
            raise UsageError(
                f"{table.path}: {doubt.text}", code="statement_unclear", field=doubt.flag.split(" ", 1)[0],
                next=f"add {doubt.flag}",
            )  # fmt: skip
        assert columns is not None
        return columns

    def _still_fits(self, one: Opened, table: Table, kept: Columns) -> bool:
        try:
            read_lines(table, kept, sha256=one.sha256)
        except UsageError:
            return False
        return True

    def _claimed(self, one: Opened, table: Table, columns: Columns | None) -> FileStatement:
        """What the file says of its account and currency, before its lines can be read."""
        currencies: set[str] = set()
        if columns is not None and (n := columns.one("currency")) is not None:
            currencies = {cell.upper() for cell in table.cells(n) if cell}
        return FileStatement(
            path=one.path, sha256=one.sha256, format="csv",
            numbers=() if columns is None else numbers_of(table, columns),
            currency=currencies.pop() if len(currencies) == 1 else "", first=None, last=None, opening=None,
            closing=None, lines=(),
        )  # fmt: skip

    def _refuse_another_accounts(self, file: FileStatement, account: Account, feed: Path | None) -> None:
        """Raises UsageError for a file without the account's number whose lines are, most of them, those of another."""
        days = [x.date for x in file.lines]
        if not days or (account.bank_account and any(same_account(n, account.bank_account) for n in file.numbers)):
            return

        def met(of: Account) -> int:
            known = [k.line for k in self.memory.lines(of.id, min(days), max(days), without={file.sha256})]
            fed = [k.line for k in self._fed(of, feed, min(days), max(days), said=True).lines]
            return max(alike(file.lines, known), alike(file.lines, fed))

        others = [(met(a), a) for a in self.accounts.values() if a.kind == "bank" and a.id != account.id]
        most, other = max(others, key=lambda pair: pair[0], default=(0, account))
        if most >= _SURELY and most * 2 >= len(file.lines) and most > met(account):
            raise UsageError(
                f"{file.path} holds {most} lines of {other.code} {other.name}, not of {account.code} {account.name}",
                field="--account",
                next=f"give --account {other.code or other.id}; where it is an earlier file that was read for the "
                "wrong account: finchat memory forget --statement FILE",
            )

    def _statement(self, account: Account, files: Sequence[FileStatement], feed: Path | None) -> Statement:
        files = sorted((_exact(f, account) for f in files), key=lambda f: (f.first or dt.date.max, f.last, f.sha256))
        here = {f.sha256 for f in files}
        days = [d for f in files for d in (f.first, f.last, *(x.date for x in f.lines)) if d is not None]
        if not days and all(f.format == "csv" for f in files):
            days = [self.today]  # a header with no rows: nothing moved, until now as far as the file can say
        if not days:
            raise wrong(files[0].path, "", "holds no line and names no period", "export a period with movements")
        first, last = min(days), max(days)
        others = self.memory.files(account.id)
        remembered = self.memory.lines(account.id, first - _BEFORE, last + _BEFORE, without=here)
        known: dict[str, KnownLine] = {k.line.id: k for k in remembered}
        fed = self._fed(account, feed, first, last)
        covered = [(o.begins, o.ends) for o in others if o.sha256 not in here and o.begins and o.ends]
        problems: list[Problem] = []
        mine: dict[str, BankLine] = {}
        so_far = list(others)
        doubtful: set[str] = set()
        for file in files:
            layout = file.layout or file.format
            only_fed = {k.line.id for k in fed(known)}
            earlier_readings, earlier_ids = _by_bank_id(known.values(), layout), set(known)
            recognised = recognise(file.lines, account.id, layout, (*known.values(), *fed(known)), covered)
            met = {r.known.line.id for r in recognised}
            unmet = {k.line.date for k in known.values() if k.line.id not in met}
            problems += checks.of_file(file, account.currency)
            problems += checks.beside_others(
                file, recognised, so_far, account.currency, unmet,
                fed=only_fed, read_then=self.memory.line_ids(account.id, file.sha256),
            )  # fmt: skip
            against = [
                (line, earlier_one, r.known.line.id)
                for line, r in zip(file.lines, recognised, strict=True)
                if r.known.line.id not in earlier_ids
                and (earlier_one := contradicted(line, layout, earlier_readings.get(line.fitid, ()))) is not None
            ]
            problems += checks.contradictions(file, [pair[:2] for pair in against], account.currency)
            doubtful |= {id for _, _, id in against}
            for one in recognised:
                known[one.known.line.id] = one.known
                mine[one.known.line.id] = replace(one.known.line, source="statement")
            own = [x.date for x in file.lines]
            if own:
                covered.append((min(own), max(own)))
            if file.first is not None or own:
                so_far.append(_as_earlier(file, self.now))
            self.memory.keep(account.id, file, _kept(recognised), self.now)
        opening, closing = _ends(files)
        lines = tuple(sorted(mine.values(), key=lambda line: (line.date, line.source_id, line.id)))
        earlier = [k.line for k in remembered if k.line.id not in mine and first - _BEFORE <= k.line.date <= last]
        earlier += [k.line for k in fed(known) if k.line.id not in mine and k.line.date < first]
        sound = not any(p.grave for p in problems)
        return Statement(
            account_id=account.id,
            currency=account.currency,
            files=tuple(files),
            first=first,
            last=last,
            opening=opening,
            closing=closing,
            lines=lines,
            earlier=tuple(earlier),
            findings=checks.as_findings(problems, account.currency),
            sound=sound,
            doubtful=frozenset(doubtful),
        )

    def _fed(self, account: Account, feed: Path | None, first: dt.date, last: dt.date, *, said: bool = False) -> _Fed:
        """The bank's feed of the account, as lines known before: what was paid from it is not paid again. `said`: only
        one that says itself which account it is of."""
        if feed is None:
            return _Fed(())
        try:
            read = feeds.read(feed)
            if said and not (read.account_id or read.account_code):
                return _Fed(())
            lines = feeds.bank_lines(read, self.accounts, account.id)
        except UsageError:
            return _Fed(())  # it is not what this run is about
        near = (x for x in lines if first - _BEFORE <= x.date <= last + _BEFORE)
        return _Fed(tuple(KnownLine(line=x, ids=(("feed", x.fitid),) if x.fitid else ()) for x in near))


@dataclass(frozen=True, slots=True)
class _Fed:
    """Lines of the feed that no statement has shown yet."""

    lines: tuple[KnownLine, ...]

    def __call__(self, known: Mapping[str, KnownLine]) -> list[KnownLine]:
        shown = {p for k in known.values() for p in (k.line.id, *k.line.fingerprints)}
        return [k for k in self.lines if shown.isdisjoint((k.line.id, *k.line.fingerprints))]


async def read_statements(
    wish: Wish,
    accounts: Mapping[str, Account],
    *,
    memory: Imported,
    today: dt.date,
    now: dt.datetime,
    person: Person | None,
    feed: Path | None = None,
) -> Read:
    """The statements of the files, one an account, and remembers them. `person`: who is asked, None in a script;
    `feed`: the connection's own feed, whose lines keep their names.

    Raises UsageError that names file, line and field for bad input, and the flag for what is unclear.
    """
    return await _Reading(wish, accounts, memory, today, now, person).run(feed)


def _exact(file: FileStatement, account: Account) -> FileStatement:
    """The file's lines in the account's currency. Raises UsageError for another one, or an amount that is too fine."""
    lines = []
    for line in file.lines:
        if line.currency not in ("", account.currency):
            raise wrong(
                file.path, line.source_id.rpartition(":")[2] + ", currency",
                f"is {line.currency}; account {account.code} is in {account.currency}",
            )  # fmt: skip
        if line.amount != round_to_minor(line.amount, account.currency):
            where = f"{line.source_id.rpartition(':')[2]}, amount"
            raise wrong(file.path, where, f"{line.amount} is finer than {account.currency} is counted")
        exact = round_to_minor(line.amount, account.currency)
        lines.append(replace(line, currency=account.currency, amount=exact))
    return replace(file, lines=tuple(lines))


def _by_bank_id(known: Iterable[KnownLine], layout: str) -> dict[str, list[KnownLine]]:
    found: dict[str, list[KnownLine]] = {}
    for one in known:
        if id := dict(one.ids).get(layout):
            found.setdefault(id, []).append(one)
    return found


def _kept(recognised: Sequence[Recognised]) -> list[KnownLine]:
    return [r.known for r in recognised]


def _as_earlier(file: FileStatement, now: dt.datetime) -> EarlierFile:
    own = [x.date for x in file.lines]
    first, last = file.first or min(own, default=dt.date.min), file.last or max(own, default=dt.date.min)
    return EarlierFile(
        sha256="", name=file.path.name, first=first, last=last, begins=min(own, default=None),
        ends=max(own, default=None), opening=file.opening, closing=file.closing, read_at=now,
    )  # fmt: skip


def _ends(files: Sequence[FileStatement]) -> tuple[Decimal | None, Decimal | None]:
    """Opening balance of the file that begins first, closing balance of the one that ends last."""
    latest = max(files, key=lambda f: (f.last or dt.date.min, f.first or dt.date.min))
    opening = files[0].opening
    closing = latest.closing
    if opening is None and closing is not None and len(files) == 1:
        moved = sum((x.amount if x.direction == "receive" else -x.amount for x in latest.lines), Decimal(0))
        opening = closing - moved
    return opening, closing
