"""`query`: SQL over results that were fetched already, for the model. It reads nothing but them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finchat import prompts
from finchat.agent.evidence import computed, extraction, store
from finchat.agent.evidence.sandboxed import LONGEST_SQL, MOST_ROWS, Engine, QueryRefused
from finchat.agent.evidence.summary import total_text
from finchat.agent.evidence.tables import Table, from_sql, table_of_query, tables_of
from finchat.canonical import plain_decimal
from finchat.clock import beside
from finchat.connections.own_tools import OwnTool
from finchat.text.sanitise import one_line

if TYPE_CHECKING:
    from finchat.agent.evidence.layout import Layout
    from finchat.agent.evidence.lineage import Analysis
    from finchat.agent.evidence.store import EvidenceStore

_LONGEST_TEXT = 400  # characters of one text in a row
_LONGEST_ROWS = 60_000  # characters of all rows


def query_tool(evidence: EvidenceStore) -> OwnTool:
    """The tool row. Its tables are the results of `evidence`, each made when it is first named."""
    parameters = {
        "type": "object",
        "properties": {"sql": {"type": "string", "minLength": 1, "maxLength": LONGEST_SQL}},
        "required": ["sql"],
        "additionalProperties": False,
    }
    queries = Queries(evidence)

    async def run(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return await queries.ask(str(arguments["sql"]))

    return OwnTool(
        name=store.QUERY,
        description=prompts.load("tools/query"),
        parameters=parameters,
        effect="local",
        run=run,
    )


class Queries:
    """The tables of one evidence store, and the engine that queries them."""

    def __init__(self, evidence: EvidenceStore) -> None:
        self._evidence = evidence
        self._engine = Engine()
        self._tables: dict[str, dict[str, Table]] = {}  # by evidence id

    async def ask(self, sql: str) -> dict[str, Any]:
        """The answer to one SELECT: columns and what each is, rows, and the lineage that facts are made of.

        Amounts and other numbers with a fraction are decimal texts. Raises QueryRefused for what may not run, with the
        tables or columns there are, and QueryLimit for what would take too long.
        """
        # The SQL parser takes long to import; nothing else waits for it.
        reading = await beside(_reading)
        tree = reading.read(sql)
        named: dict[str, Table] = {}
        for name in reading.tables_in(tree):
            named[name] = await self._table(name)
        analysis = reading.analyse(tree, named)
        names, rows, more = await beside(self._engine.run, analysis.sql, named.values())
        return _answer(analysis, names, rows, more=more, tables=list(named.values()))

    async def _table(self, name: str) -> Table:
        evidence_id = name.partition("_")[0]
        if evidence_id not in self._tables:
            if evidence_id not in self._evidence.ids():
                raise QueryRefused(f"there is no table {one_line(name, 60)}", field="sql", next=self._all())
            stored, layout = self._evidence.get(evidence_id), self._evidence.layout(evidence_id)
            data = stored.data
            if data is None:
                raise QueryRefused(f"{evidence_id} holds no records", field="sql", next=self._all())
            self._tables[evidence_id] = await beside(_tables, evidence_id, stored.arguments, data, layout)
        tables = self._tables[evidence_id]
        if name not in tables:
            known = ", ".join(f"{t.name} ({len(t.rows)})" for t in tables.values()) or "none: it has no records"
            raise QueryRefused(
                f"there is no table {one_line(name, 60)}", field="sql", next=f"the tables of {evidence_id}: {known}"
            )
        return tables[name]

    def _all(self) -> str:
        told = [f"{i} ({one_line(self._evidence.get(i).tool, 60)})" for i in self._evidence.ids()[-20:]]
        return f"results so far: {', '.join(told)}" if told else "fetch something first: there is no result yet"


def _reading() -> Any:
    from finchat.agent.evidence import reading

    return reading


def _tables(
    evidence_id: str, arguments: Mapping[str, Any], data: Mapping[str, Any], layout: Layout | None
) -> dict[str, Table]:
    if layout is None:
        return table_of_query(evidence_id, data)
    drafted = extraction.DRAFTED if layout.context.drafted else ()
    return tables_of(evidence_id, layout, (*computed.filters_of(arguments), *drafted))


def _answer(
    analysis: Analysis, names: Sequence[str], rows: Sequence[Sequence[Any]], *, more: bool, tables: Sequence[Table]
) -> dict[str, Any]:
    outputs = [output.as_json() for output in analysis.outputs] or _untold(names, tables)
    told: list[dict[str, Any]] = []
    length = 0
    for row in rows:
        record = {
            output["name"]: _value(value, money=output["unit"] == "money", mean="avg(" in output["is"])
            for output, value in zip(outputs, row, strict=True)
        }
        length += sum(len(str(value)) for value in record.values())
        if length > _LONGEST_ROWS:
            more = True
            break
        told.append(record)
    opaque = [o["name"] for o in outputs if o["opaque"] and (o["computed"] or o["is"] == store.NOT_FOLLOWED)]
    notes = [f"only the first {len(told)} rows (at most {MOST_ROWS})"] if more else []
    if opaque:
        notes.append(f"cannot be verified, so not to be quoted: {one_line(', '.join(opaque), 200)}")
    return {
        "sql": analysis.shown_sql,
        "columns": [{"name": o["name"], "is": o["is"]} for o in outputs],
        "rows": told,
        "row_count": len(told),
        "truncated": more,
        "notes": notes,
        "lineage": {
            "columns": outputs,
            "tables": list(analysis.tables),
            "filters": [[f.field, f.operator, f.value] for f in analysis.filters],
            "entities": sorted(analysis.entities),
            "kind": analysis.kind,
            "period": analysis.period,
        },
    }


def _untold(names: Sequence[str], tables: Sequence[Table]) -> list[dict[str, Any]]:
    """The columns of a query that was not followed and names them by *."""
    several = any(column.several for table in tables for column in table.columns.values())
    found: list[dict[str, Any]] = []
    for name in names:
        unique = one_line(name, 80)
        while any(told["name"] == unique for told in found):
            unique += "_2"
        found.append(
            {
                "name": unique, "field": unique, "is": store.NOT_FOLLOWED, "unit": "money" if several else "number",
                "scale": 1, "group": False, "month": False, "entity": False, "computed": False, "opaque": True,
                "currency": None, "currency_column": None, "currency_needed": several,
            }
        )  # fmt: skip
    return found


def _value(value: Any, *, money: bool, mean: bool) -> str | int | None:
    """A cell as JSON: amounts with two places at least, averages of them with six at most, no number in binary."""
    if isinstance(value, str) and not (money and from_sql(value) is not None):
        return value if len(value) <= _LONGEST_TEXT else value[: _LONGEST_TEXT - 1] + "…"
    number = from_sql(value)
    if number is None:
        return None
    if money:
        return total_text(round(number, 6).normalize() if mean else number)
    if isinstance(value, int):
        return value
    return plain_decimal(number.normalize() if number != number.to_integral_value() else Decimal(int(number)))
