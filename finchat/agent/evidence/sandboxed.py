"""An in-memory SQLite that can read the tables it was given and nothing else, with exact arithmetic.

Actions and functions are allowed one by one (authorizer); time, memory, length and depth have limits; sums, averages
and arithmetic are done in Decimal (SQLite's own are binary floats).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, localcontext
from typing import Any

from finchat.agent.evidence.tables import Table, from_sql, to_sql
from finchat.errors import FinchatError, LimitReached

TIME_S = 2.0
LONGEST_SQL = 4000
MOST_ROWS = 200
_MOST_CELL = 100_000  # bytes of any one value
_MEMORY = 48 * 1024 * 1024  # bytes SQLite may hold beyond the tables themselves
_STEPS = 2_000  # virtual machine steps between two looks at the clock
# Exact beyond any ledger; more digits than this are no money.
_EXACT = Context(prec=60)

FUNCTIONS = frozenset(
    (
        "abs", "avg", "coalesce", "count", "d_add", "d_div", "d_mod", "d_mul", "d_sub", "date", "dense_rank",
        "first_value", "group_concat", "ifnull", "iif", "instr", "julianday", "lag", "last_value", "lead", "length",
        "like", "lower", "ltrim", "max", "min", "nullif", "rank", "replace", "round", "row_number", "rtrim", "sign",
        "strftime", "substr", "substring", "sum", "total", "trim", "upper",
    )
)  # fmt: skip
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: _MOST_CELL,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: LONGEST_SQL * 4,
    sqlite3.SQLITE_LIMIT_COLUMN: 256,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 5,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 50_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 16,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


class QueryRefused(FinchatError):
    """The SQL is not a query that may run, or names what is not there; `next` says what there is."""

    code = "query_refused"


class QueryLimit(LimitReached):
    """The query took too long, or would hold too much."""

    code = "query_limit"


class Engine:
    """The SQLite connection of one session's queries. Tables are added when they are first used."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._tables: set[str] = set()
        self._lock = threading.Lock()  # reads of one turn run at once, and a connection answers one at a time
        self._connection.execute("PRAGMA temp_store = MEMORY")
        _define(self._connection)

    def has(self, name: str) -> bool:
        return name in self._tables

    def run(self, sql: str, tables: Iterable[Table]) -> tuple[list[str], list[tuple[Any, ...]], bool]:
        """The names and rows of a SELECT (at most 200 rows), and whether there are more.

        Raises QueryRefused and QueryLimit.
        """
        with self._lock:
            for table in tables:
                self._add(table)
            return self._read(sql)

    def close(self) -> None:
        """Let go of the tables."""
        self._connection.close()

    def _add(self, table: Table) -> None:
        if table.name in self._tables:
            return
        connection = self._connection
        names = ", ".join(f'"{c.name}" {_affinity(c.type)}'.strip() for c in table.columns.values())
        marks = ", ".join("?" * len(table.columns))
        connection.execute("BEGIN")
        connection.execute(f'CREATE TABLE "{table.name}" ({names})')
        connection.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', table.rows)  # noqa: S608 (our own names)
        connection.execute("COMMIT")
        self._tables.add(table.name)

    def _read(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]], bool]:
        connection, deadline = self._connection, time.monotonic() + TIME_S
        usual = {limit: connection.setlimit(limit, value) for limit, value in _LIMITS.items()}
        memory = _Memory()
        connection.set_authorizer(self._authorize)
        connection.set_progress_handler(lambda: time.monotonic() > deadline or memory.grown() > _MEMORY, _STEPS)
        try:
            cursor = connection.execute(sql)
            rows = cursor.fetchmany(MOST_ROWS + 1)
            names = [str(column[0]) for column in cursor.description]
            cursor.close()
        except MemoryError as error:
            raise QueryLimit("the query would need too much memory", next=_LESS) from error
        except sqlite3.Error as error:
            raise _plain(error) from error
        finally:
            connection.set_progress_handler(None, 0)
            connection.set_authorizer(None)
            for limit, value in usual.items():
                connection.setlimit(limit, value)
        return names, rows[:MOST_ROWS], len(rows) > MOST_ROWS

    def _authorize(self, action: int, one: str | None, two: str | None, database: str | None, _: str | None) -> int:
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and one in self._tables and database in ("main", None):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and one is not None and database is None:
            return sqlite3.SQLITE_OK  # a subquery's own columns
        if action == sqlite3.SQLITE_FUNCTION and two in FUNCTIONS:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY


_LESS = "filter more, or join on a column that both tables share"


class _Memory:
    """How much the process has grown since a query began; 0 where the system does not tell."""

    def __init__(self) -> None:
        self._before = _peak()

    def grown(self) -> int:
        return _peak() - self._before


def _peak() -> int:
    try:
        import resource
        import sys
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _plain(error: sqlite3.Error) -> FinchatError:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_INTERRUPT":
        return QueryLimit(f"the query took more than {TIME_S:g} seconds or too much memory", next=_LESS)
    if name in ("SQLITE_NOMEM", "SQLITE_TOOBIG"):
        return QueryLimit("a value of the query is too large", next=_LESS)
    if name == "SQLITE_AUTH":
        return QueryRefused("the query uses something that is not allowed", next="read the tables with one SELECT")
    text = str(error).splitlines()[0][:200]
    return QueryRefused(f"the query cannot run: {text}", field="sql", next="correct the SQL (SQLite's dialect)")


def _affinity(kind: str) -> str:
    # No affinity for numbers: SQLite would turn the digits of a long decimal into a double.
    return "" if kind in ("money", "percent", "ratio", "count", "number", "yes/no") else "TEXT"


# Exact arithmetic


class _Sum:
    """sum(): exact; NULL of no rows, as SQLite's."""

    def __init__(self) -> None:
        self._total = Decimal(0)
        self._count = 0

    def step(self, value: Any) -> None:
        number = from_sql(value)
        if number is not None:
            self._total = _EXACT.add(self._total, number)
            self._count += 1

    def inverse(self, value: Any) -> None:
        number = from_sql(value)
        if number is not None:
            self._total = _EXACT.subtract(self._total, number)
            self._count -= 1

    def value(self) -> Any:
        return to_sql(self._total) if self._count else None

    finalize = value


class _Total(_Sum):
    """total(): as sum(), but 0 of no rows."""

    def value(self) -> Any:
        return to_sql(self._total)

    finalize = value


class _Average(_Sum):
    """avg(): exact up to 15 significant digits."""

    def value(self) -> Any:
        return _rounded(_EXACT.divide(self._total, Decimal(self._count))) if self._count else None

    finalize = value


def _rounded(value: Decimal) -> Any:
    return to_sql(value.normalize(Context(prec=15)))


def _binary(operation: Callable[[Decimal, Decimal], Decimal], *, cut: bool = False) -> Callable[[Any, Any], Any]:
    def compute(left: Any, right: Any) -> Any:
        one, two = from_sql(left), from_sql(right)
        if one is None or two is None:
            return None
        try:
            result = operation(one, two)
        except (DecimalException, ZeroDivisionError):
            return None  # as SQLite's division by zero
        return _rounded(result) if cut else to_sql(result)

    return compute


def _round(value: Any, places: Any = 0) -> Any:
    number = from_sql(value)
    if number is None or not isinstance(places, int):
        return None
    with localcontext(_EXACT):
        return to_sql(number.quantize(Decimal(1).scaleb(-min(max(places, 0), 15)), ROUND_HALF_UP))


def _define(connection: sqlite3.Connection) -> None:
    for name, kind in (("sum", _Sum), ("total", _Total), ("avg", _Average)):
        connection.create_window_function(name, 1, kind)
    for name, operation, cut in (
        ("d_add", _EXACT.add, False), ("d_sub", _EXACT.subtract, False), ("d_mul", _EXACT.multiply, False),
        ("d_div", _EXACT.divide, True), ("d_mod", _EXACT.remainder, False),
    ):  # fmt: skip
        connection.create_function(name, 2, _binary(operation, cut=cut), deterministic=True)
    connection.create_function("round", 1, _round, deterministic=True)
    connection.create_function("round", 2, _round, deterministic=True)
    # SQLite's own know only ASCII.
    connection.create_function("lower", 1, lambda v: v.lower() if isinstance(v, str) else v, deterministic=True)
    connection.create_function("upper", 1, lambda v: v.upper() if isinstance(v, str) else v, deterministic=True)
