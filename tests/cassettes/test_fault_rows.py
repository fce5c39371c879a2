from __future__ import annotations

from typing import Any

import pytest

from finchat.cassettes.fault_rows import Faults
from finchat.cassettes.lint import lint_content
from finchat.cassettes.reading import parse
from finchat.cassettes.rows import Row, check_shape
from finchat.cassettes.writing import lines
from tests.cassettes.samples import HEADER, OUTPUT, rows


def fault(kind: str, on: int, **more: Any) -> dict[str, Any]:
    return {"kind": "fault", "fault": kind, "on": on, **more}


def read(given_rows: list[Any]) -> tuple[Row, ...]:
    return parse("".join(f"{line}\n" for line in lines(HEADER, given_rows, OUTPUT)).encode(), "run.jsonl").rows


def test_faults_are_met_once_each_in_their_order() -> None:
    given_rows = read([*rows(), fault("429", 4, seconds=7), fault("delay", 4, seconds=2), fault("drop", 3)])
    faults = Faults(given_rows)
    row = given_rows[3]
    first, second, none = (faults.fault_for(row) for _ in range(3))
    assert first is not None
    assert second is not None
    assert (first.kind, first.seconds, first.answers) == ("429", 7, True)
    assert (second.kind, second.seconds, second.answers) == ("delay", 2, False)
    assert none is None
    assert [(left.kind, left.on) for left in faults.left()] == [("drop", 3)]


@pytest.mark.parametrize("kind", ["drop", "429", "garbage"])
@pytest.mark.parametrize("on", [3, 4])
def test_a_row_that_meets_a_fault_is_played_like_any_other(kind: str, on: int) -> None:
    given_rows = read([*rows(), fault(kind, on, seconds=3)])
    row = given_rows[on - 1]
    met = Faults(given_rows).fault_for(row)
    assert met is not None
    other = met.met_by(row)
    check_shape(other)
    assert other.request == row.request
    assert other.n == row.n
    assert "3" in str(other) or kind != "429"
    assert {name: other[name] for name in other if name not in row or other[name] != row[name]}


def test_a_delay_comes_before_the_answer_and_a_person_meets_no_fault() -> None:
    given_rows = read([*rows(), fault("delay", 4), fault("drop", 7)])
    faults = Faults(given_rows)
    for on in (4, 7):
        met = faults.fault_for(given_rows[on - 1])
        assert met is not None
        with pytest.raises(ValueError, match="meets no"):
            met.met_by(given_rows[on - 1])


def test_a_fault_stays_on_its_row_when_rows_before_it_go() -> None:
    first = read([*rows(), fault("drop", 4)])
    trimmed = read([row for row in first if row.kind != "file"])
    assert trimmed[-1]["on"] == 3
    assert trimmed[2]["params"] == first[3]["params"]


def test_a_fault_on_a_row_that_is_gone_is_not_written() -> None:
    first = read([*rows(), fault("drop", 4)])
    with pytest.raises(ValueError, match="on row 4, which is not there"):
        read([row for row in first if row.n != 4])


def test_a_fault_on_what_is_no_exchange_is_found() -> None:
    text = "".join(f"{line}\n" for line in lines(HEADER, [*rows(), fault("drop", 1)], OUTPUT))
    (problem,) = lint_content(text.encode())
    assert (problem.line, problem.severity) == (len(rows()) + 2, "error")
    assert "no exchange" in problem.text
