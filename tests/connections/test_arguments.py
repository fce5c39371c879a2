"""Arguments against the schema of a tool that a stranger wrote: checked in bounded time, and nothing of it is run."""

from __future__ import annotations

import time
from typing import Any

import pytest

from finchat.connections.arguments import ArgumentCheck
from finchat.connections.toolbox import CallError, Tool

LAUGHS: dict[str, Any] = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
SLOW = {"pattern": "^(a+)+$"}
WORD = "a" * 40 + "!"


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ({"properties": {"q": SLOW}}, {"q": WORD}),
        ({"propertyNames": SLOW}, {WORD: 1}),
        ({"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, {WORD: 1}),
        ({"patternProperties": {"^(a+)+$": {}}, "unevaluatedProperties": False}, {WORD: 1}),
        ({"properties": {"q": {"uniqueItems": True}}}, {"q": [{}] * 8_000}),
    ],
)
def test_what_may_take_for_ever_is_left_to_the_server(schema: dict[str, Any], arguments: dict[str, Any]) -> None:
    began = time.process_time()
    assert ArgumentCheck().prepare(Tool("other", "t", "", {"type": "object", **schema}), arguments) == arguments
    assert time.process_time() - began < 1


def test_references_that_double_at_every_level_end_in_an_error() -> None:
    schema = {"$defs": {**LAUGHS, "a40": {}}, "$ref": "#/$defs/a0"}
    found = ArgumentCheck().prepare(Tool("other", "t", "", schema), {})
    assert isinstance(found, CallError)
    assert found.code == "bad_schema"


@pytest.mark.parametrize("trusted", [(), ("other",)])
def test_types_missing_and_unknown_fields_are_refused_whoever_wrote_the_schema(trusted: tuple[str, ...]) -> None:
    check = ArgumentCheck(trusted)
    schema = {"properties": {"q": {"type": "string"}}, "required": ["q"], "additionalProperties": False}
    tool = Tool("other", "t", "", {"type": "object", **schema})
    for wrong in ({}, {"q": 1}, {"q": "x", "r": 1}):
        found = check.prepare(tool, wrong)
        assert isinstance(found, CallError)
        assert found.code == "invalid_argument"


def test_a_trusted_schema_is_checked_to_its_last_keyword() -> None:
    tool = Tool("finchat", "t", "", {"type": "object", "properties": {"q": {"pattern": "^[A-Z]{3}$"}}})
    assert isinstance(ArgumentCheck(("finchat",)).prepare(tool, {"q": "nzd"}), CallError)
