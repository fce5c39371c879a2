"""Two definitions of a tool, value by value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from finchat.connections.toolbox import Tool

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_$-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value that two schemas do not share: where it stands (`input.properties.amount.type`), and it as JSON text in
    the old and in the new one, None where it is not there."""

    path: str
    old: str | None
    new: str | None


def schema_changes(old: Tool | None, new: Tool | None) -> list[Change]:
    """What differs in the input and output schema, in the order of the new one, then of the old one. Two schemas that
    are not equal differ in at least one place."""
    before, after = (dict(_schemas(tool)) for tool in (old, new))
    return [
        Change(path=path, old=before.get(path), new=after.get(path))
        for path in [*after, *(path for path in before if path not in after)]
        if before.get(path) != after.get(path)
    ]


def _schemas(tool: Tool | None) -> Iterator[tuple[str, str]]:
    if tool is not None:
        yield from _values(tool.input_schema, "input")
    if tool is not None and tool.output_schema is not None:
        yield from _values(tool.output_schema, "output")


def _values(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every scalar with its path; no two places have the same path, and no two values the same text."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            name = key if _PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
            yield from _values(item, f"{path}.{name}")
    elif isinstance(value, list | tuple) and value:
        for index, item in enumerate(value):
            yield from _values(item, f"{path}[{index}]")
    else:
        yield path, json.dumps(value, ensure_ascii=False)
