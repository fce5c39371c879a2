"""The evidence store: every tool result of a session, whole, on disk; read again by /source, a query or a later run."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from finchat.agent.evidence import computed, exact_json, views
from finchat.agent.evidence.extraction import Names, Wanted, facts_of, names_of
from finchat.agent.evidence.layout import Layout, lay_out
from finchat.agent.evidence.summary import summarise
from finchat.agent.facts import Fact, Vocabulary
from finchat.clock import instant_text
from finchat.connections.own_tools import OWN_SERVER
from finchat.connections.toolbox import CallError, CallResult
from finchat.errors import FinchatError
from finchat.store.database import Database
from finchat.text.sanitise import one_line

QUERY = "query"  # the name of the tool whose results carry their lineage
NOT_FOLLOWED = "not followed"  # what a column of such a result is that may hold anything
_SCRIPTS = (
    """
    CREATE TABLE evidence (
        session TEXT NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL,
        arguments BLOB NOT NULL, size INTEGER NOT NULL, rows INTEGER, document BLOB NOT NULL, computed BLOB NOT NULL,
        PRIMARY KEY (session, number)
    ) STRICT;
    """,
)
_KEPT_PARSED = 4_000_000  # characters of results that stay parsed in memory; the newest one always does


class NoEvidence(FinchatError):
    """No result of this session has the id."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Kept:
    """A result that was stored. `view`: what the model gets; `rows`: of its main list; `size`: bytes of its JSON."""

    id: str
    view: str
    rows: int | None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored result, as it came. Numbers with a fraction are Decimals. `at` is the ISO instant of the call."""

    id: str
    server: str
    tool: str
    arguments: Mapping[str, Any]
    at: str
    result: CallResult
    rows: int | None
    size: int

    @property
    def data(self) -> Mapping[str, Any] | None:
        """The result as a JSON object, also where it came as text; None for words and errors."""
        return data_of(self.result)


@dataclass(slots=True)
class _Parsed:
    stored: Stored
    layout: Layout | None


class EvidenceStore:
    """The results of one session, in a SQLite file of their own.

    Ids are e1, e2 … in the order they are kept; a later process that opens the same file with the same session goes on
    where the last one ended. `base_currency`: that of the organisation, for reports, which name none; `base_of`: that
    of others, by the server of their books.

    Raises StorageError (code disk_full, not_writable, locked, corrupt) when the file cannot be used.
    """

    def __init__(
        self, path: Path, session_id: str, *, base_currency: str | None = None,
        base_of: Mapping[str, str] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.session_id = session_id
        self.base_currency = base_currency
        self._base_of = dict(base_of)
        self._database = Database(path, durable=False)
        self._database.migrate("evidence", _SCRIPTS)
        self._parsed: OrderedDict[str, _Parsed] = OrderedDict()
        self._parsed_size = 0
        self._known_names: dict[str, Names] = {}
        self._whole: tuple[int, int, list[Fact] | None] | None = None  # last result, bound, what `all_facts` gave

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._database.close()

    def __enter__(self) -> EvidenceStore:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def keep(
        self, *, server: str, tool: str, arguments: Mapping[str, Any] | None, result: CallResult, at: datetime
    ) -> Kept:
        """Store a result whole and make its view. Raises StorageError; NotKept for what is no JSON data."""
        asked = arguments or {}
        document = exact_json.dump(_document(result))
        size = len(document)
        number = self._next()
        evidence_id = f"e{number}"
        # What is stored is what is read: a view is made of the very bytes that a later process finds.
        read = _result(exact_json.load(document))
        data = data_of(read)
        title = f"[{evidence_id}] {one_line(server, 60)}.{one_line(tool, 80)}"
        rows: int | None = None
        found: list[dict[str, Any]] = []
        layout: Layout | None = None
        if read.error is not None:
            view = views.view_of_error(title, read.error)
        elif data is None:
            view = views.view_of_text(title, read.text)
        elif is_query(server, tool, data):
            rows, view = len(data["rows"]), views.view_of_query(title, data)
        else:
            layout = lay_out(data, tool=tool, arguments=asked, base_currency=self._base(server))
            shapes = summarise(evidence_id, layout)
            main = next((shape for shape in shapes if shape.name == evidence_id), None)
            rows = 0 if main is None else main.rows
            rows = None if layout.head_is_main else rows
            found = computed.of_totals(evidence_id, layout, shapes, asked)
            view = views.view_of(
                title + ("" if rows is None else f" · {rows} {'row' if rows == 1 else 'rows'}"),
                data, layout, shapes, asked,
            )  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self.session_id, number, instant_text(at), server, tool, exact_json.dump(asked), size, rows,
                    zlib.compress(document, 1), exact_json.dump(found),
                ),
            )  # fmt: skip
        stored = Stored(
            id=evidence_id, server=server, tool=tool, arguments=asked, at=instant_text(at), result=read, rows=rows,
            size=size,
        )  # fmt: skip
        self._remember(_Parsed(stored, layout))
        return Kept(evidence_id, view, rows, size)

    def get(self, evidence_id: str) -> Stored:
        """A stored result, whole. Raises NoEvidence for an id that was never given."""
        return self._get(evidence_id).stored

    def ids(self) -> list[str]:
        """The ids of this session, oldest first."""
        rows = self._database.rows("SELECT number FROM evidence WHERE session = ? ORDER BY number", (self.session_id,))
        return [f"e{row['number']}" for row in rows]

    def layout(self, evidence_id: str) -> Layout | None:
        """How a result is laid out; None for words, errors and results of queries."""
        return self._get(evidence_id).layout

    def facts(self, values: Collection[Decimal | date | str] | None = None) -> Sequence[Fact]:
        """The facts whose value is among `values` (None: all), the days of their records, and every named computation.

        A number is found in either sign, as a ratio of a percentage, and where it is the rounded form of a fact. A
        result of a query gives computations alone: what it merely repeats is a fact of the result it was read from.
        """
        return list(self._facts(None if values is None else Wanted(values)))

    def all_facts(self, most: int) -> Sequence[Fact] | None:
        """Every fact, or None when there are more than `most`, or so much to read that there may be."""
        last = self._next() - 1
        if self._whole is None or self._whole[:2] != (last, most):
            row = self._database.row("SELECT sum(size) AS size FROM evidence WHERE session = ?", (self.session_id,))
            found: list[Fact] | None = None
            if not row or int(row["size"] or 0) <= _KEPT_PARSED:
                found = list(islice(self._facts(None), most + 1))
            self._whole = last, most, None if found is None or len(found) > most else found
        return self._whole[2]

    def _facts(self, wanted: Wanted | None) -> Iterator[Fact]:
        names = self._names()
        for row in self._database.rows(
            "SELECT number, computed FROM evidence WHERE session = ? ORDER BY number", (self.session_id,)
        ):
            evidence_id = f"e{row['number']}"
            parsed = self._get(evidence_id)
            if parsed.layout is not None:
                yield from facts_of(evidence_id, parsed.layout, wanted, names)
                yield from computed.facts_of_totals(evidence_id, parsed.layout, exact_json.load(row["computed"]))
            elif (data := parsed.stored.data) is not None:
                yield from computed.facts_of_query(evidence_id, data)

    def names(self) -> Vocabulary:
        """What the records are called: casefolded names, document numbers, codes, with what each of them names."""
        names = self._names()
        found = {name: frozenset(kinds) for name, kinds in names.kinds.items()}
        return found | {label: frozenset(("line",)) for label in names.labels if names.is_free(label)}

    def _names(self) -> Names:
        found = Names()
        for evidence_id in self.ids():
            if evidence_id not in self._known_names:
                layout = self.layout(evidence_id)
                self._known_names[evidence_id] = Names() if layout is None else names_of(layout)
            found.join(self._known_names[evidence_id])
        return found

    def _next(self) -> int:
        row = self._database.row("SELECT max(number) AS last FROM evidence WHERE session = ?", (self.session_id,))
        return 1 + (int(row["last"]) if row and row["last"] is not None else 0)

    def _get(self, evidence_id: str) -> _Parsed:
        if evidence_id in self._parsed:
            self._parsed.move_to_end(evidence_id)
            return self._parsed[evidence_id]
        number = evidence_id[1:] if evidence_id[:1] == "e" else ""
        row = (
            self._database.row(
                "SELECT * FROM evidence WHERE session = ? AND number = ?", (self.session_id, int(number))
            )
            if number.isascii() and number.isdigit() and len(number) < 10
            else None
        )
        if row is None:
            raise NoEvidence(f"there is no result {one_line(evidence_id, 20)!r} in this session", field="evidence")
        result = _result(exact_json.load(zlib.decompress(row["document"])))
        stored = Stored(
            id=evidence_id, server=row["server"], tool=row["tool"], arguments=exact_json.load(row["arguments"]),
            at=row["at"], result=result, rows=row["rows"], size=row["size"],
        )  # fmt: skip
        data = stored.data
        layout = None
        if data is not None and not is_query(stored.server, stored.tool, data):
            base = self._base(stored.server)
            layout = lay_out(data, tool=stored.tool, arguments=stored.arguments, base_currency=base)
        return self._remember(_Parsed(stored, layout))

    def _base(self, server: str) -> str | None:
        return self._base_of.get(server, self.base_currency)

    def _remember(self, parsed: _Parsed) -> _Parsed:
        self._parsed[parsed.stored.id] = parsed
        self._parsed_size += parsed.stored.size
        while len(self._parsed) > 1 and self._parsed_size > _KEPT_PARSED:
            _, gone = self._parsed.popitem(last=False)
            self._parsed_size -= gone.stored.size
        return parsed


def data_of(result: CallResult) -> Mapping[str, Any] | None:
    """The JSON object that a result is, also where its server sent it as text."""
    if result.error is not None:
        return None
    if result.structured is not None:
        return result.structured
    data = exact_json.from_text(result.text)
    if isinstance(data, list):
        data = {"records": data}
    return data if isinstance(data, dict) else None


def is_query(server: str, tool: str, data: Mapping[str, Any]) -> bool:
    """Whether this is what the query tool returned."""
    return server == OWN_SERVER and tool == QUERY and isinstance(data.get("lineage"), Mapping)


def _document(result: CallResult) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if result.structured is not None:
        document["structured"] = result.structured
    if result.text:
        document["text"] = result.text
    if error := result.error:
        document["error"] = {
            "code": error.code, "message": error.message, "outcome": error.outcome, "field": error.field,
            "status": error.status, "next": error.next, "problem": error.problem,
        }  # fmt: skip
    return document


def _result(document: Mapping[str, Any]) -> CallResult:
    error = document.get("error")
    return CallResult(
        structured=document.get("structured"),
        text=document.get("text", ""),
        error=None if error is None else CallError(**error),
    )
