from __future__ import annotations

from pathlib import Path

from finchat.cassettes.lint import lint, lint_content
from finchat.cassettes.writing import lines, write
from tests.cassettes.samples import HEADER, OUTPUT, rows
from tests.cassettes.test_reading import raw, resealed


def text_of(*given_lines: str | bytes) -> bytes:
    return b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in given_lines)


def test_a_sound_cassette_has_no_problems(tmp_path: Path) -> None:
    write(tmp_path / "run.jsonl", HEADER, rows(), OUTPUT)
    assert lint(tmp_path / "run.jsonl") == []


def test_every_changed_line_is_named() -> None:
    made = list(lines(HEADER, rows(), OUTPUT))
    made[4] = made[4].replace("250.00", "950.00")
    made[7] = made[7].replace('"y"', '"n"')
    made[1] = made[1].replace("{", "{ ", 1)
    assert [(problem.line, problem.severity) for problem in lint_content(text_of(*made))] == [
        (2, "error"),
        (2, "error"),
        (5, "error"),
        (8, "error"),
    ]


def test_every_line_that_is_no_json_is_named() -> None:
    made = list(lines(HEADER, rows(), OUTPUT))
    made[2] = made[2][:-1]
    made[5] = "x"
    assert [problem.line for problem in lint_content(text_of(*made))] == [3, 6]


def test_every_row_that_lacks_something_is_named() -> None:
    changed = raw()
    del changed[2]["server"]
    changed[7]["prompt"] = None
    problems = lint_content(text_of(*resealed(*changed)))
    assert [(problem.line, problem.text) for problem in problems] == [
        (3, "a mcp row must hold 'server'"),
        (8, "the 'prompt' of a human row is not what it must be"),
    ]


def test_what_is_odd_but_sound_is_a_warning_and_what_cannot_be_is_an_error() -> None:
    first, *others = rows()
    late = {**others[-1], "at": 3, "mood": "fine"}
    text = text_of(*lines(HEADER, [*others[:-1], first, late]))
    assert [(problem.line, problem.severity, problem.text) for problem in lint_content(text)] == [
        (8, "warning", "local state stands after the first exchange, line 2"),
        (9, "error", "it happened at 3 ms, before what stands above it (6 ms)"),
        (9, "warning", "this finchat knows no 'mood' in a model row"),
        (10, "error", "there is no output row before the seal: nothing says what the run printed"),
    ]


def test_an_empty_file_and_one_of_another_version_have_one_problem() -> None:
    assert [problem.text for problem in lint_content(b"")] == ["the file is empty"]
    header, *others = lines(HEADER, rows(), OUTPUT)
    (problem,) = lint_content(text_of(header.replace('"cassette":1', '"cassette":7'), *others))
    assert "of version 7" in problem.text
