"""Where in a stored result a fact stands: the record around a path, for a reader who wants to see it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_INDEX = re.compile(r"\[([0-9]{1,9})\]")


@dataclass(frozen=True, slots=True)
class Place:
    """A value and the record it is of: `record` is the innermost record around it, at `path` in the result ("" for the
    result itself); `field` is the value's own path in that record."""

    record: Mapping[str, Any]
    path: str
    field: str
    value: Any


def place_of(data: Mapping[str, Any], path: str) -> Place | None:
    """The place that the path of a fact names; None for a path of no value, like that of a total."""
    record, record_path, node, at = data, "", data, 0
    while at < len(path):
        found = _step(node, path, at)
        if found is None:
            return None
        of_list = isinstance(node, Sequence)
        node, at = found
        if of_list and isinstance(node, Mapping):
            record, record_path = node, path[:at]
    field = path[len(record_path) :].removeprefix(".")
    return Place(record, record_path, field, node) if field else None


def _step(node: Any, path: str, at: int) -> tuple[Any, int] | None:
    """What the next part of a path leads to, and where the part after it begins."""
    if isinstance(node, Mapping):
        at += path[at] == "."
        # A key is whatever its maker called it, dots included: the longest that fits is the one.
        fitting = [key for key in node if key and path.startswith(key, at) and _ends(path, at + len(key))]
        key = max(fitting, key=len, default=None)
        return None if key is None else (node[key], at + len(key))
    if isinstance(node, Sequence) and not isinstance(node, str) and (index := _INDEX.match(path, at)):
        number = int(index[1])
        return (node[number], index.end()) if number < len(node) else None
    return None


def _ends(path: str, at: int) -> bool:
    return at == len(path) or path[at] in ".["
