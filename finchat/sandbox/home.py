"""Where a sandbox company lives, and how it comes to be there.

`sandbox/` of FINCHAT_HOME holds xero.sqlite3 (the company), bank_feed.json (its bank's own feed of account 090, outside
the API), statements.json (what the bank printed for every account, read by `sandbox statement` alone), statements/
(statement files of the accounts that have no feed), truth.json (the seed's answers, read by `sandbox truth` alone) and
company.json (which company it is). The QuickBooks company has the same files in `sandbox/quickbooks/`.

Several processes may start at once: whoever makes a company holds the lock; a company is built in memory and copied
into the file in one SQLite transaction, so that a process that has the file open sees the old one or the new one.
company.json says "making" until all files are in place: a killed creation is done again on the next start.
"""

from __future__ import annotations

import json
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar
from uuid import UUID, uuid5

from finchat.clock import Clock
from finchat.errors import FinchatError, UsageError, plain
from finchat.settings import Home
from finchat.text.bounded import read_bounded

if TYPE_CHECKING:
    from finchat.sandbox.company.statement_files import Statement
    from finchat.sandbox.xero.back_end import XeroBackEnd

TIMEZONE = "Pacific/Auckland"
DEFAULT_SEED = 1
_LOCK_WAIT_S = 30.0
_STATEMENT_DAYS = 31
_LARGEST_FILE = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Company:
    """company.json. `follows_today`: it re-anchors while nobody has written to it. `incarnation` counts the companies
    of this home that were written to and replaced; each has an organisation id of its own."""

    state: Literal["making", "ready"]
    seed: int | None
    anchor: str | None
    follows_today: bool
    loaded_from: str | None
    incarnation: int

    @property
    def day(self) -> date | None:
        return date.fromisoformat(self.anchor) if self.anchor else None


class BackEnd(Protocol):
    """What a home needs of the company's back end, whichever vendor it stands for."""

    db: sqlite3.Connection

    @property
    def written(self) -> bool: ...
    def balances(self) -> dict[str, Any]: ...
    def bank_accounts(self) -> list[dict[str, str]]: ...
    def counts(self) -> dict[str, int]: ...
    def close(self) -> None: ...


class Made(Protocol):
    """A company made from a seed: its records as the API has them, its bank's feed and statements, its answers."""

    @property
    def collections(self) -> Mapping[str, list[dict[str, Any]]]: ...
    @property
    def feed(self) -> Mapping[str, Any]: ...
    @property
    def statements(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def truth(self) -> Mapping[str, Any]: ...


AnyBackEnd = TypeVar("AnyBackEnd", bound=BackEnd)


class CompanyHome(ABC, Generic[AnyBackEnd]):
    """The sandbox company of one vendor in one FINCHAT_HOME."""

    timezone: str
    """The zone of a seeded company, whose day it follows."""
    reset_command: str
    """What makes the company anew."""
    _database: str

    def __init__(self, home: Home, clock: Clock) -> None:
        self._home = home
        self._clock = clock

    @property
    def directory(self) -> Path:
        return self._home.sandbox

    @property
    def database_path(self) -> Path:
        return self.directory / self._database

    @property
    def feed_path(self) -> Path:
        """The bank's own feed of account 090; without lines for a company loaded from records."""
        return self.directory / "bank_feed.json"

    @property
    def statements_path(self) -> Path:
        return self.directory / "statements.json"

    @property
    def statement_files(self) -> Path:
        """The folder of the statement files that the bank of a seeded company sent: the last month, by account."""
        return self.directory / "statements"

    @property
    def truth_path(self) -> Path:
        return self.directory / "truth.json"

    def today(self) -> date:
        """The calendar day in the seeded organisation's zone."""
        return self._clock.today(self.timezone)

    def ensure(self) -> AnyBackEnd:
        """The company, made on first use (seed 1, anchored to today in its own zone).

        One that nobody wrote to is made anew for today; one that was written to is kept (see `age_notice`).
        Raises UsageError when its files cannot be read or were made by another version.
        """
        company = self._read()
        if company is None or company.state == "making" or not self.database_path.exists() or self._stale(company):
            self._make_current()
        return self._open()

    def reset(self, seed: int = DEFAULT_SEED, anchor: date | None = None) -> AnyBackEnd:
        """Replace the company by the one of a seed. Without an anchor it follows today until it is written to."""
        with self._lock():
            before = self._read()
            self._write_seeded(
                _Company(
                    state="making",
                    seed=seed,
                    anchor=(anchor or self.today()).isoformat(),
                    follows_today=anchor is None,
                    loaded_from=None,
                    incarnation=self._next_incarnation(before),
                )
            )
        return self._open()

    def age_notice(self) -> str | None:
        """One sentence when the company is not as of today, with the command that helps; None when it is."""
        company = self._read()
        if company is None or company.day is None or company.day == self.today():
            return None
        days = (self.today() - company.day).days
        age = f"{days} {'day' if days == 1 else 'days'} old" if days > 0 else f"{-days} days ahead of today"
        if not company.follows_today:
            return f"The demo company ends on {company.anchor} as asked for ({age}): add --as-of {company.anchor}"
        return (
            f"The demo company ends on {company.anchor} ({age}) and was written to, so it is kept: "
            f"add --as-of {company.anchor}, or start afresh with: {self.reset_command}"
        )

    def status(self) -> dict[str, Any]:
        """The contract's `bal`, the counts, and which company it is. Makes the company when there is none."""
        back_end = self.ensure()
        try:
            company = self._read()
            return {
                "bal": back_end.balances(),
                "bank_accounts": back_end.bank_accounts(),
                "counts": back_end.counts() | {"FeedLines": self._feed_lines()},
                "company": {
                    **self._identity(back_end),
                    "seed": company.seed if company else None,
                    "anchor": company.anchor if company else None,
                    "loaded_from": company.loaded_from if company else None,
                    "written_to": back_end.written,
                    "notice": self.age_notice(),
                },
            }
        finally:
            back_end.close()

    def loaded(self) -> bool:
        """Whether the company is one of recorded records, not the demo company."""
        company = self._read()
        return company is not None and company.loaded_from is not None

    def truth(self) -> dict[str, Any]:
        """The seed's own answers, in the bench's truth form. For `sandbox truth` alone.

        Raises UsageError when the company was loaded from records or the file is gone.
        """
        try:
            found: dict[str, Any] = json.loads(read_bounded(self.truth_path, _LARGEST_FILE))
        except FileNotFoundError as error:
            raise UsageError("this sandbox company has no known answers", next=f"run: {self.reset_command}") from error
        except (OSError, ValueError) as error:
            raise UsageError(
                f"cannot read {self.truth_path}: {plain(error)}", next=f"run: {self.reset_command}"
            ) from error
        return found

    def statement(self, account: str | None = None) -> Statement:
        """The bank's statement of the whole year of an account: its code, id or name; the one the feed is of without.

        Raises UsageError when the company was loaded from records, or names the accounts when it has no such one.
        """
        from finchat.sandbox.company.statement_files import Statement

        try:
            held: dict[str, dict[str, Any]] = json.loads(read_bounded(self.statements_path, _LARGEST_FILE))
            wanted = (account or next(iter(held))).strip().casefold()
            for record in held.values():
                if wanted in (record[key].casefold() for key in ("account_code", "account_id", "account_name")):
                    return Statement.of(record)
        except FileNotFoundError as error:
            raise UsageError(
                "this sandbox company has no bank statements", next=f"run: {self.reset_command}"
            ) from error
        except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
            raise UsageError(
                f"cannot read {self.statements_path}: {plain(error)}", next=f"run: {self.reset_command}"
            ) from error
        known = ", ".join(f"{record['account_code']} {record['account_name']}" for record in held.values())
        raise UsageError(f"there is no bank account {account!r}", field="--account", next=f"name one of: {known}")

    # -- what differs by vendor

    @abstractmethod
    def _back_end(self, path: Path | Literal[":memory:"]) -> AnyBackEnd: ...

    @abstractmethod
    def _made(self, seed: int, anchor: date) -> Made: ...

    @abstractmethod
    def _identity(self, back_end: AnyBackEnd) -> dict[str, str]:
        """`organisation_id` and `name` of the company."""

    @abstractmethod
    def _fill(self, built: AnyBackEnd, collections: dict[str, list[dict[str, Any]]], incarnation: int) -> None:
        """Load an empty company with the records of a seed; each incarnation has an organisation id of its own."""

    def _load_again(self, company: _Company) -> None:
        raise UsageError("this sandbox company cannot be loaded from records", next=f"run: {self.reset_command}")

    # -- making

    def _make_current(self) -> None:
        """Under the lock: what another process has made meanwhile is kept."""
        with self._lock():
            company = self._read()
            if company is not None and company.state == "making":
                self._finish(company)
            elif company is None or not self.database_path.exists():
                first = _Company(
                    state="making", seed=DEFAULT_SEED, anchor=self.today().isoformat(), follows_today=True,
                    loaded_from=None, incarnation=self._next_incarnation(company),
                )  # fmt: skip
                self._write_seeded(first)
            elif self._stale(company):
                self._write_seeded(replace(company, state="making", anchor=self.today().isoformat()))

    def _finish(self, company: _Company) -> None:
        """A creation was killed: do it again from the beginning."""
        if company.loaded_from is None:
            anchor = self.today().isoformat() if company.follows_today else company.anchor
            self._write_seeded(replace(company, anchor=anchor))
            return
        self._load_again(company)

    def _write_seeded(self, company: _Company) -> None:
        assert company.seed is not None
        assert company.day is not None
        made = self._made(company.seed, company.day)
        self._put(company, dict(made.collections), made.feed, made.statements, made.truth)

    def _put(
        self,
        company: _Company,
        collections: Mapping[str, list[dict[str, Any]]],
        feed: Mapping[str, Any],
        statements: Mapping[str, Mapping[str, Any]],
        truth: Mapping[str, Any] | None,
    ) -> None:
        """Build in memory, then put every file in its place; nothing is touched when the records are refused."""
        built = self._back_end(":memory:")
        try:
            self._fill(built, dict(collections), company.incarnation if company.seed is not None else 0)
            self._write_json("company.json", asdict(replace(company, state="making")))
            self._copy(built.db)
        finally:
            built.close()
        self._write_json("bank_feed.json", feed)
        self._write_statements(statements, str(feed.get("account_code", "")))
        if truth is None:
            self.truth_path.unlink(missing_ok=True)
        else:
            self._write_json("truth.json", truth)
        self._write_json("company.json", asdict(replace(company, state="ready")))

    def _copy(self, built: sqlite3.Connection) -> None:
        """All pages in one transaction of the file, which other processes may have open."""
        try:
            self._copy_into_file(built)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise FinchatError(
                    f"cannot write {self.database_path}: {error}", next="free some space, or stop what uses the file"
                ) from error
            # What lies there is no database: nothing can have it open.
            for suffix in ("", "-wal", "-shm"):
                self.database_path.with_name(self.database_path.name + suffix).unlink(missing_ok=True)
            self._copy_into_file(built)

    def _copy_into_file(self, built: sqlite3.Connection) -> None:
        target = sqlite3.connect(str(self.database_path), isolation_level=None, timeout=_LOCK_WAIT_S)
        try:
            target.execute("PRAGMA journal_mode=WAL")
            built.backup(target)
        finally:
            target.close()

    # -- reading

    def _open(self) -> AnyBackEnd:
        return self._back_end(self.database_path)

    def _stale(self, company: _Company) -> bool:
        """Made for another day than today, meant to follow it, and never written to."""
        return company.follows_today and company.day != self.today() and not self._written()

    def _written(self) -> bool:
        back_end = self._open()
        try:
            return back_end.written
        finally:
            back_end.close()

    def _next_incarnation(self, before: _Company | None) -> int:
        """A company that was written to, or whose history is unknown, is never taken for the one that follows it."""
        if before is None:
            return int(self.database_path.exists())
        try:
            written = self.database_path.exists() and self._written()
        except UsageError:
            written = True
        return before.incarnation + written

    def _read(self) -> _Company | None:
        path = self.directory / "company.json"
        try:
            found = json.loads(read_bounded(path))
            return _Company(**found)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                f"cannot read {path}: {plain(error)}", next=f"delete {path}, then run: {self.reset_command}"
            ) from error

    def _feed_lines(self) -> int:
        try:
            return len(json.loads(read_bounded(self.feed_path, _LARGEST_FILE))["lines"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _write_statements(self, statements: Mapping[str, Mapping[str, Any]], fed: str) -> None:
        """What the bank printed, and the last month of every account without a feed as the file it sends."""
        from finchat.sandbox.company.statement_files import EXTENSIONS, Statement, render

        for old in self.statement_files.glob("*"):
            old.unlink(missing_ok=True)
        if not statements:
            self.statements_path.unlink(missing_ok=True)
            return
        self._write_json("statements.json", statements)
        try:
            self.statement_files.mkdir(exist_ok=True)
        except OSError as error:
            raise FinchatError(f"cannot write {self.statement_files}: {error.strerror}") from error
        sent = (("csv", "preamble"), ("camt053", None), ("ofx", None), ("mt940", None))
        others = [Statement.of(record) for code, record in statements.items() if code != fed]
        for statement, (format, style) in zip(others, sent, strict=False):
            month = statement.between(statement.last - timedelta(days=_STATEMENT_DAYS - 1), statement.last)
            self._write(f"statements/{statement.code}.{EXTENSIONS[format]}", render(month, format, style))

    def _write_json(self, name: str, data: Mapping[str, Any]) -> None:
        self._write(name, (json.dumps(data, ensure_ascii=False) + "\n").encode())

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all, on disk before it is seen."""
        path = self.directory / name
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise FinchatError(
                f"cannot write {path}: {error.strerror}", next="free some space and run again"
            ) from error

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One maker at a time on this machine; the lock goes with its process, however that ends."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            lock = sqlite3.connect(str(self.directory / "lock.sqlite3"), isolation_level=None, timeout=_LOCK_WAIT_S)
        except (OSError, sqlite3.Error) as error:
            raise FinchatError(
                f"cannot write to {self.directory}: {plain(error)}", next="choose another place with FINCHAT_HOME"
            ) from error
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error as error:
                raise FinchatError(
                    f"another finchat is making the sandbox company ({error})", next="run again in a moment"
                ) from error
            yield
        finally:
            lock.close()


class SandboxHome(CompanyHome["XeroBackEnd"]):
    """The Xero company: seeded, or loaded from recorded JSON."""

    timezone = TIMEZONE
    reset_command = "finchat sandbox reset"
    _database = "xero.sqlite3"

    def load(self, directory: Path) -> XeroBackEnd:
        """Replace the company by recorded Xero JSON: every `*.json` of the folder. It has no feed and no answers.

        Raises UsageError naming the file that cannot be read or the record that cannot be right; the company that
        was there is kept then.
        """
        records = read_records(directory)
        with self._lock():
            before = self._read()
            self._write_loaded(directory.absolute(), records, self._next_incarnation(before))
        return self._open()

    def _back_end(self, path: Path | Literal[":memory:"]) -> XeroBackEnd:
        from finchat.sandbox.xero.back_end import XeroBackEnd

        return XeroBackEnd(path, self._clock)

    def _made(self, seed: int, anchor: date) -> Made:
        from finchat.sandbox.company import generate

        return generate(seed, anchor)

    def _identity(self, back_end: XeroBackEnd) -> dict[str, str]:
        return {"organisation_id": back_end.tenant_id, "name": back_end.organisation["Name"]}

    def _fill(self, built: XeroBackEnd, collections: dict[str, list[dict[str, Any]]], incarnation: int) -> None:
        if incarnation:
            (organisation,) = collections["Organisations"]
            identity = str(uuid5(UUID(organisation["OrganisationID"]), str(incarnation)))
            collections["Organisations"] = [{**organisation, "OrganisationID": identity}]
        built.load(collections)

    def _load_again(self, company: _Company) -> None:
        directory = Path(company.loaded_from or "")
        self._write_loaded(directory, read_records(directory), company.incarnation)

    def _write_loaded(self, directory: Path, records: Records, incarnation: int) -> None:
        company = _Company(
            state="making", seed=None, anchor=None, follows_today=False, loaded_from=str(directory),
            incarnation=incarnation,
        )  # fmt: skip
        banks = [record for record in records.collections.get("Accounts", ()) if record.get("Type") == "BANK"]
        feed: dict[str, Any] = {"lines": []}
        if banks:
            feed |= {"account_code": banks[0].get("Code") or "", "account_id": banks[0].get("AccountID") or ""}
        try:
            self._put(company, records.collections, feed, {}, None)
        except UsageError as error:
            # The loader names the record, its collection first; the person has files.
            file = records.files.get(error.message.split(" ")[0].rstrip(":"), directory)
            raise UsageError(
                f"{file}: {error.message}", field=error.field, next=error.next or "correct the file and load it again"
            ) from error


@dataclass(frozen=True, slots=True)
class Records:
    """Recorded collections by their names, and the file in which each was found (the last, when several hold it)."""

    collections: dict[str, list[dict[str, Any]]]
    files: dict[str, Path]


def read_records(directory: Path) -> Records:
    """Recorded Xero JSON of a folder: each file an answer of the API, `{"Invoices": [...], ...}`. Numbers are exact.

    Raises UsageError naming the file and what is wrong with it.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a folder", field="DIR", next="name a folder of Xero JSON files")
    files = sorted(directory.glob("*.json"))
    if not files:
        raise UsageError(f"{directory} holds no .json files", field="DIR", next="name a folder of Xero JSON files")
    found = Records({}, {})
    for file in files:
        for name, records in _lists(file).items():
            found.collections.setdefault(name, []).extend(records)
            found.files[name] = file
    if not found.collections.get("Organisations"):
        raise UsageError(f"no file of {directory} holds the Organisations", field="DIR", next="add Organisations.json")
    return found


def _lists(file: Path) -> dict[str, list[dict[str, Any]]]:
    """The lists of records of one file; the envelope's scalars are left out."""
    try:
        data = json.loads(read_bounded(file, _LARGEST_FILE).decode("utf-8-sig"), parse_float=Decimal)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot read {file}: {plain(error)}", field=file.name, next="correct the file") from error
    if isinstance(data, list) and file.stem == "connections":
        return {}  # GET /connections has no envelope and nothing of the books
    if not isinstance(data, dict):
        raise UsageError(f"{file} is not an answer of the Xero API", field=file.name, next='it starts {"Invoices": [ …')
    found = {name: records for name, records in data.items() if isinstance(records, list)}
    for name, records in found.items():
        for index, record in enumerate(records):
            if not isinstance(record, dict):
                raise UsageError(f"{file}: {name}[{index}] is not a record", field=file.name, next="correct the file")
    return found
