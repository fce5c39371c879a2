"""Arguments of calls: what two readers could read in two ways is not read at all."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.agent import strict_json
from finchat.agent.strict_json import BadJson, parse_arguments

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=4), st.booleans())
def test_what_json_can_hold_is_read_as_it_was_written(value: dict[str, object], ascii_only: bool) -> None:
    assert parse_arguments(json.dumps(value, ensure_ascii=ascii_only)) == value


def test_numbers_with_a_fraction_are_exact() -> None:
    assert parse_arguments('{"amount": 2000.10, "share": 1e-2, "n": 7}') == {
        "amount": Decimal("2000.10"),
        "share": Decimal("1e-2"),
        "n": 7,
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"amount": NaN}', "NaN"),
        ('{"amount": -Infinity}', "Infinity"),
        ('{"amount": 1e999}', "exponent"),
        ('{"amount": 1, "amount": 2000}', "'amount' twice"),
        ('{"lines": [{"id": 1, "id": 2}]}', "'id' twice"),
        ('{"a": 1, "\\u0061": 2}', "'a' twice"),
        ('{"name": "\\ud800"}', "surrogate"),
        ('{"na\\udc00me": 1}', "surrogate"),
        ('{"name": "\ud800"}', "surrogate"),
        ("[1]", "object"),
        ('"x"', "object"),
        ("null", "object"),
        ("", "empty"),
        ('{"a": 1} {"b": 2}', "Extra data"),
        ('{"a": 1,}', "not JSON"),
        ('{"a": "line\nbreak"}', "not JSON"),
        ("{'a': 1}", "not JSON"),
        ('{"a": ' * 40 + "1" + "}" * 40, "deeper"),
        ('{"n": ' + "9" * 5000 + "}", "digits"),
        ('{"n": 0.' + "9" * 5000 + "}", "digits"),
        ('{"a": "' + "x" * strict_json.MAX_CHARACTERS + '"}', "characters"),
    ],
)
def test_what_is_not_one_plain_object_is_refused_with_its_reason(text: str, why: str) -> None:
    found = parse_arguments(text)
    assert isinstance(found, BadJson)
    assert why in found.why


def test_brackets_in_words_are_no_depth() -> None:
    assert parse_arguments(json.dumps({"text": "[" * 100 + '"{' * 50})) == {"text": "[" * 100 + '"{' * 50}


@pytest.mark.parametrize(
    "text", ['{"a":"' + '\\"' * 120_000, '"\\' * 100_000, "[" * 200_000, '"' * 200_000, "\\" * 99_999]
)
def test_no_text_takes_long(text: str) -> None:
    began = time.thread_time()
    assert isinstance(parse_arguments(text), BadJson)
    assert time.thread_time() - began < 1.0
