"""A stranger's tool schema made small enough to offer, and free of long texts.

The model sees the lean schema; a call is checked against the whole one before anything happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from finchat.agent.messages import ToolSpec
from finchat.agent.tokens import estimate_tool
from finchat.text.sanitise import one_line, visible

# What says nothing that a call needs, or carries prose of its own.
_LEFT_OUT = frozenset({"title", "examples", "example", "$comment", "$schema", "$id", "deprecated", "readOnly",
                       "writeOnly", "default", "markdownDescription", "x-order"})  # fmt: skip
_NAMED = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")  # name → schema
_LONGEST_NAME = 64
_LONGEST_VALUE = 80
_MOST_VALUES = 40
_DEEPEST = 24
_DESCRIPTION_LIMITS = (200, 80, 0)


class _TooDeep(Exception):
    pass


def lean_tool(name: str, description: str, schema: Mapping[str, Any], budget: int, say: Callable[[str], str]) -> (
    ToolSpec | None
):  # fmt: skip
    """The tool in at most `budget` estimated tokens: first with shorter texts of its arguments, then with none, then
    with what is optional left out; None when even that is too much. `say` fences a text of the schema's maker."""
    try:
        for limit in _DESCRIPTION_LIMITS:
            spec = ToolSpec(name, description, _top(_lean(schema, limit, say, 0)))
            if estimate_tool(spec) <= budget:
                return spec
        parameters = _top(_lean(_required_only(schema), 0, say, 0))
        spec = ToolSpec(name, description, parameters)
        return spec if estimate_tool(spec) <= budget else None
    except _TooDeep:
        return None


def _top(schema: Any) -> dict[str, Any]:
    found = dict(schema) if isinstance(schema, Mapping) else {}
    found["type"] = "object"
    found.setdefault("properties", {})
    return found


def _required_only(schema: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required")
    names = set(map(str, required)) if isinstance(required, list) else set()
    properties = schema.get("properties")
    kept = {k: v for k, v in properties.items() if k in names} if isinstance(properties, Mapping) else {}
    found = {key: value for key, value in schema.items() if key in ("required", "$defs", "definitions")}
    return {**found, "properties": kept}


def _lean(schema: Any, limit: int, say: Callable[[str], str], depth: int) -> Any:
    if depth > _DEEPEST:
        raise _TooDeep
    if isinstance(schema, list):
        return [_lean(one, limit, say, depth + 1) for one in schema]
    if not isinstance(schema, Mapping):
        return one_line(schema[: _LONGEST_VALUE * 4], _LONGEST_VALUE) if isinstance(schema, str) else schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _LEFT_OUT or not isinstance(key, str):
            continue
        if key == "description":
            if limit and isinstance(value, str) and value.strip():
                found[key] = say(one_line(value[: limit * 4], limit))
        elif key in _NAMED and isinstance(value, Mapping):
            found[key] = {
                name: _lean(one, limit, say, depth + 1) for name, one in value.items() if _is_name(name)
            }  # fmt: skip
        elif key in ("enum", "const"):
            if _is_short(value):
                found[key] = value
        elif key in ("required", "$ref", "pattern", "format", "type"):
            found[key] = value
        else:
            found[key] = _lean(value, limit, say, depth + 1)
    return found


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and visible(name) == name


def _is_short(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return len(values) <= _MOST_VALUES and all(
        not isinstance(one, str) or (len(one) <= _LONGEST_VALUE and visible(one) == one) for one in values
    )
