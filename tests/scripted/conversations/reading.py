"""Reading what tools answered, from the text that a model gets: JSON objects, tables, rows of queries, errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from finchat.agent.messages import ToolCall, ToolOutput, UserText
from tests.scripted.server import Seen

Row = Mapping[str, Any]

_FENCE = re.compile(r'<(?P<mark>[\w-]+) from="(?P<source>[^"]*)">\n(?P<body>.*?)\n</(?P=mark)>', re.S)
_ID = re.compile(r"\[(e\d+)\]")
_EVIDENCE = re.compile(r"\(evidence (e\d+)\)")
_TABLE = re.compile(r"(e\d+(?:_\w+)?): (\d+) rows?\b")
_HEADER = re.compile(r"  (?:all rows|first \d+ of \d+ rows): (.*)")


@dataclass(frozen=True)
class Answer:
    """One answer of a tool. `data` is its JSON object, {} where none was shown; `tables` are the rows that were, each
    by the name it has in SQL, and `counts` how many there are."""

    id: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, list[Row]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return not self.data and not self.tables

    def rows(self, name: str) -> list[Row]:
        """The records under a key: all that were shown."""
        if isinstance(self.data.get(name), list):
            return list(self.data[name])
        return self.tables.get(f"{self.id}_{name}", [])

    def has_all(self, name: str) -> bool:
        """Whether every record under a key was shown."""
        return len(self.rows(name)) >= self.counts.get(f"{self.id}_{name}", 0)


def question_of(seen: Seen) -> str:
    """What the person asked."""
    return next(item.text for item in seen.items if isinstance(item, UserText))


def answers(seen: Seen, tool: str) -> list[Answer]:
    """What a tool answered so far, in order."""
    names = {item.id: item.name for item in seen.items if isinstance(item, ToolCall)}
    return [read(item.text) for item in seen.items if isinstance(item, ToolOutput) and names.get(item.call_id) == tool]


def answer_of(seen: Seen, tool: str) -> Answer | None:
    """The last answer of a tool; None before it was called."""
    found = answers(seen, tool)
    return found[-1] if found else None


def decision(seen: Seen) -> list[str]:
    """What became of the proposals, a sentence each; empty before a person decided."""
    return [line for line in _decided(seen) if not _EVIDENCE.search(line)]


def evidence_of_decision(seen: Seen) -> str:
    """The id under which the decision is kept; "" before a person decided."""
    return next((found[1] for line in _decided(seen) if (found := _EVIDENCE.search(line))), "")


def _decided(seen: Seen) -> list[str]:
    """The lines of the last decision."""
    told = [item.text for item in seen.items if isinstance(item, UserText)][1:]
    blocks = [found for text in told if (found := _FENCE.search(text)) and "decided" in found["source"]]
    return blocks[-1]["body"].split("\n") if blocks else []


def read(text: str) -> Answer:
    """One output of a tool, taken apart."""
    fenced = _FENCE.search(text)
    lines = (fenced["body"] if fenced else text).split("\n")
    named = _ID.match(lines[0])
    data: Mapping[str, Any] = {}
    for line in lines[:3]:
        if line.startswith("{"):
            data = json.loads(line)
            break
    tables, counts = _tables(lines)
    return Answer(named[1] if named else "", text, data, tables or _query_rows(lines), counts)


def _tables(lines: list[str]) -> tuple[dict[str, list[Row]], dict[str, int]]:
    tables: dict[str, list[Row]] = {}
    counts: dict[str, int] = {}
    name = ""
    names: list[str] = []
    for line in lines:
        if found := _TABLE.match(line):
            name, names = found[1], []
            counts[name], tables[name] = int(found[2]), []
        elif found := _HEADER.match(line):
            names = found[1].split(" | ")
        elif name and names and line.startswith("  "):
            tables[name].append(dict(zip(names, line[2:].split(" | "), strict=True)))
        elif name and not names and counts[name] == 1 and line.startswith("  ") and not line.startswith("  fields:"):
            tables[name].append(dict(part.split(": ", 1) for part in line[2:].split(" · ")))
    return tables, counts


def _query_rows(lines: list[str]) -> dict[str, list[Row]]:
    """Rows of a query: a line of column names and lines of cells, after what was asked."""
    found: list[list[str]] = [line.split(" | ") for line in lines[2:] if not re.match(r"columns: |note: |\(", line)]
    if not found:
        return {}
    names, *rows = found
    return {"rows": [dict(zip(names, row, strict=True)) for row in rows if len(row) == len(names)]}
