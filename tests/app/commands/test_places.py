"""The record around the path of a fact."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.agent.evidence.places import place_of

DATA: dict[str, Any] = {
    "as_of": "2026-11-20",
    "control": {"balance": "5.00"},
    "invoices": [
        {"number": "A", "due": "1.00"},
        {"number": "B", "due": "2.00", "lines": [{"net": "1.50"}, {"net": "0.50"}], "ageing": {"1-30": "2.00"}},
    ],
    "odd.key": [{"a.b": {"c[0]": "7"}}],
}


@pytest.mark.parametrize(
    ("path", "record", "field", "value"),
    [
        ("as_of", "", "as_of", "2026-11-20"),
        ("control.balance", "", "control.balance", "5.00"),
        ("invoices[1].due", "invoices[1]", "due", "2.00"),
        ("invoices[1].ageing.1-30", "invoices[1]", "ageing.1-30", "2.00"),
        ("invoices[1].lines[1].net", "invoices[1].lines[1]", "net", "0.50"),
        ("odd.key[0].a.b.c[0]", "odd.key[0]", "a.b.c[0]", "7"),
    ],
)
def test_a_path_leads_to_its_value_and_the_innermost_record(path: str, record: str, field: str, value: str) -> None:
    place = place_of(DATA, path)
    assert place is not None
    assert (place.path, place.field, place.value) == (record, field, value)


@pytest.mark.parametrize("path", ["", "e1: sum(due)", "invoices[9].due", "invoices[x].due", "invoices.due", "nothing"])
def test_a_path_of_no_value_leads_nowhere(path: str) -> None:
    assert place_of(DATA, path) is None


@settings(max_examples=50)
@given(st.text("invoces[019].a.b", max_size=20))
def test_no_path_breaks_it(path: str) -> None:
    found = place_of(DATA, path)
    assert found is None or found.field
