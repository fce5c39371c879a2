from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.canonical import canonical_json
from finchat.cassettes.chain import sealed
from finchat.cassettes.matching import Matching
from finchat.cassettes.reading import parse, read
from finchat.cassettes.rows import REQUESTS, VERSION, CassetteError
from finchat.cassettes.writing import lines, write
from finchat.errors import ExitCode, FinchatError, UsageError
from tests.cassettes.samples import HEADER, OUTPUT, call, mcp, rows

LINES = [line.encode() for line in lines(HEADER, rows(), OUTPUT)]
SEAL = len(LINES) - 1
some_line = st.integers(0, SEAL)


def refused(*changed: bytes) -> CassetteError:
    """The error that a file of these lines is refused with."""
    with pytest.raises(CassetteError) as caught:
        parse(b"".join(line + b"\n" for line in changed), "run.jsonl")
    error = caught.value
    assert error.exit_code == ExitCode.MISMATCH
    assert error.field == f"run.jsonl:{error.line}"
    assert error.message.startswith(f"run.jsonl, line {error.line}: ")
    return error


def resealed(*changed: dict[str, Any]) -> list[bytes]:
    """Lines of these rows, chained and sealed as whoever has finchat can."""
    made: list[bytes] = []
    for n, row in enumerate(changed):
        prev = {"prev": hashlib.sha256(made[-1]).hexdigest()[:32]} if made else {}
        whole = {**row, "n": n, **prev}
        made.append(canonical_json(sealed(whole) if row["kind"] == "seal" else whole).encode())
    return made


def raw() -> list[dict[str, Any]]:
    return [json.loads(line, parse_float=Decimal) for line in LINES]


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    write(path, HEADER, rows(), OUTPUT)
    assert path.stat().st_mode & 0o777 == 0o600
    cassette = read(path)
    assert cassette.header == {**HEADER, "kind": "header", "n": 0, "cassette": VERSION}
    assert list(cassette.rows) == [{**row, "n": n} for n, row in enumerate(rows(), 1)]
    assert cassette.output == {**OUTPUT, "kind": "output", "n": SEAL - 1}
    assert [row.line for row in cassette.rows] == list(range(2, len(rows()) + 2))


def test_a_cassette_that_was_read_is_written_again_to_the_byte() -> None:
    cassette = parse(b"\n".join(LINES) + b"\n", "run.jsonl")
    assert [line.encode() for line in lines(cassette.header, cassette.rows, cassette.output)] == LINES


def test_rows_as_they_stand_in_a_file_are_numbered_and_chained_anew() -> None:
    first, *others = raw()
    odd = [{**row, "n": 90 + n, "prev": "0" * 32} for n, row in enumerate(others[:2])]
    made = [line.encode() for line in lines({**first, "n": 7, "prev": "x"}, odd, OUTPUT)]
    assert made[:3] == LINES[:3]


def test_numbers_keep_their_digits() -> None:
    numbers = {"due": Decimal("250.00"), "rate": Decimal("0.10"), "page": 1, "large": 10**30}
    made = "".join(f"{line}\n" for line in lines(HEADER, [mcp(call(), 1, result=numbers)]))
    result = parse(made.encode(), "run.jsonl").rows[0]["result"]
    assert {name: str(value) for name, value in result.items()} == {name: str(value) for name, value in numbers.items()}
    assert type(result["page"]) is int


@given(some_line, st.data())
@settings(max_examples=150, deadline=None)
def test_any_edit_of_a_line_is_found_and_named(number: int, data: st.DataObject) -> None:
    line = LINES[number]
    begin = data.draw(st.integers(0, len(line)), "begin")
    end = data.draw(st.integers(begin, min(len(line), begin + 8)), "end")
    put = data.draw(st.sampled_from([b"", b"0", b"1", b"9", b" ", b'"', b"\xff", b"\r", b'"x":1,', b"a"]), "put")
    changed = line[:begin] + put + line[end:]
    if changed != line:
        assert refused(*LINES[:number], changed, *LINES[number + 1 :]).line == number + 1


@given(some_line, st.data())
@settings(max_examples=60, deadline=None)
def test_an_edit_that_keeps_a_row_sound_is_found_and_named(number: int, data: st.DataObject) -> None:
    row = raw()[number]
    name = data.draw(st.sampled_from(sorted(row)), "name")
    row[name] = data.draw(
        st.sampled_from([None, 0, 1, "x", [], {}, "f" * 32]).filter(lambda v: v != row[name]), "value"
    )
    changed = canonical_json(row).encode()
    assert refused(*LINES[:number], changed, *LINES[number + 1 :]).line == number + 1


@given(st.integers(0, sum(len(line) + 1 for line in LINES) - 1))
@settings(max_examples=100, deadline=None)
def test_a_file_cut_anywhere_is_refused_where_it_ends(length: int) -> None:
    cut = (b"\n".join(LINES) + b"\n")[:length]
    with pytest.raises(CassetteError) as caught:
        parse(cut, "run.jsonl")
    assert caught.value.line == max(1, len(cut.splitlines()))


@given(some_line, some_line)
@settings(max_examples=40, deadline=None)
def test_lines_in_another_order_are_found_at_the_first_of_them(one: int, other: int) -> None:
    one, other = sorted((one, other))
    changed = list(LINES)
    changed[one], changed[other] = changed[other], changed[one]
    if one != other:
        assert refused(*changed).line == one + 1


@pytest.mark.parametrize("number", range(len(LINES)))
def test_a_line_put_in_twice_and_one_taken_out_are_found(number: int) -> None:
    twice = refused(*LINES[: number + 1], *LINES[number:])
    assert (twice.line, "put in twice" in twice.why) == (number + 2, True)
    without = refused(*LINES[:number], *LINES[number + 1 :])
    assert without.line == (SEAL if number == SEAL else number + 1)


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (lambda x: [*x[:3], x[3].replace(b"never guess", b"always guess"), *x[4:]], 4, "changed after it was written"),
        (lambda x: [*x[:4], x[4].replace(b"250.00", b"950.00"), *x[5:]], 5, "changed after it was written"),
        (lambda x: [*x[:2], x[3], x[2], *x[4:]], 3, "row 3 stands where row 2 belongs, which is on line 4"),
        (lambda x: [*x[:3], *x[5:]], 4, "rows 3 to 4 are missing before row 5"),
        (lambda x: x[:-1], len(LINES) - 1, "ends here without its seal"),
        (lambda x: [*x, x[-1].replace(b'"n":', b'"n":1')], len(LINES) + 1, "missing before row"),
        (lambda x: [x[0], b"{", *x[2:]], 2, "no JSON from column 2 on"),
        (lambda x: [x[0], b"\xff", *x[2:]], 2, "not text in UTF-8"),
        (lambda x: [x[0], b"[]", *x[2:]], 2, "no JSON object"),
        (lambda x: [x[0], b"NaN", *x[2:]], 2, "a number that finchat does not write"),
        (lambda x: [x[0], b"[" * 100_000, *x[2:]], 2, "nested too deep"),
        (lambda x: [line + b"\r" for line in x], 1, "CR LF"),
        (lambda x: [x[0].replace(b'"cassette":1', b'"cassette":2'), *x[1:]], 1, "of version 2"),
        (lambda x: x[1:], 1, "not the header"),
        (lambda x: [*x[:-1], x[-1].replace(b"{", b"{ ")], len(LINES), "not written the way finchat writes"),
        (lambda x: [*x[:-1], x[-1].replace(b"finchat", b"finhcat")], len(LINES), "changed after it was written"),
    ],
)  # fmt: skip
def test_what_was_done_to_a_file_is_said(change: Any, line: int, words: str) -> None:
    changed = change(LINES)
    assert changed != LINES
    error = refused(*changed)
    assert (error.line, words in error.why) == (line, True), error.message


def test_an_empty_file_is_no_cassette() -> None:
    assert refused().why == "the file is empty"


@pytest.mark.parametrize(
    ("number", "change", "words"),
    [
        (2, {"kind": "mcp2"}, "of a kind that is not known: 'mcp2'"),
        (2, {"kind": "seal"}, "the seal on line 3; this line was added"),
        (2, {"kind": "header"}, "a header row must hold"),
        (2, {"server": 5}, "the 'server' of a mcp row"),
        (2, {"at": -1}, "the 'at' of a mcp row"),
        (2, {"at": 10**14}, "the 'at' of a mcp row"),
        (2, {"at": True}, "the 'at' of a mcp row"),
        (2, {"error": {"message": "x", "code": None, "fault": None}}, "holds one of result, error, refused"),
        (3, {"events": [["one"]]}, "the 'events' of a model row"),
        (3, {"body": {"$same": [99, "/body"]}}, "names row 99"),
        (3, {"body": {"$same": [3, "/body"]}}, "names row 3"),
        (5, {"body": {"$same": [3, "/body/nothing"]}}, "row 3 has nothing at /body/nothing"),
        (5, {"body": {"$same": [3, "body"]}}, "no JSON pointer"),
        (5, {"body": {"input": {"$same": [3, "/body/input", 7], "then": []}}}, "no list of 7 items at /body/input"),
        (5, {"body": {"$same": 5}}, "none of those that finchat writes"),
        (5, {"body": {"$same": True, "members": [5]}}, "not keys and values"),
        (0, {"terminal": {"stdin": True, "stdout": True, "stderr": True, "width": 10**9, "height": 1}}, "'terminal'"),
        (SEAL, {"rows": 3}, "counts another number of rows"),
    ],
)  # fmt: skip
def test_a_sealed_file_that_makes_no_sense_is_refused(number: int, change: dict[str, Any], words: str) -> None:
    changed = raw()
    changed[number].update(change)
    error = refused(*resealed(*changed))
    if change.get("kind") != "seal":
        assert error.line == number + 1
    assert words in error.why


odd: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(
        [None, True, -1, 10**40, "", "x", {"$same": "\\ud800"}, {"$same": [3, "/body"]}, {"$same": "x"}, {"_meta": []}]
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["a", "name"]), inner)),
    max_leaves=3,
)


@given(some_line, st.data())
@settings(max_examples=120, deadline=None)
def test_whatever_a_stranger_seals_is_read_or_refused(number: int, data: st.DataObject) -> None:
    changed = raw()
    name = data.draw(st.sampled_from(sorted(changed[number])), "name")
    changed[number][name] = data.draw(odd, "value")
    try:
        given_rows = parse(b"".join(line + b"\n" for line in resealed(*changed)), "run.jsonl").rows
    except CassetteError:
        given_rows = ()
    matching = Matching(given_rows)
    for row in given_rows:
        if row.kind in REQUESTS:
            matching.take(row.kind, row.request)
    assert matching.left() == ()


def test_references_that_double_at_every_row_are_refused_before_they_fill_the_memory() -> None:
    header, *_, seal = raw()
    first = mcp(call(), result={"text": "x" * 1000})
    doubling = [mcp(call(), result={"a": [{"$same": [n, "/result"]}] * 2}) for n in range(1, 60)]
    error = refused(*resealed(header, first, *doubling, {**seal, "rows": 61}))
    assert "larger than finchat reads" in error.why
    assert error.line < 30


@pytest.mark.parametrize("value", [0.5, object(), float("nan"), Decimal("NaN")])
def test_what_no_file_can_carry_is_refused_before_anything_is_written(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with pytest.raises(ValueError, match=r"^row 1 \(mcp\): "):
        write(path, HEADER, [mcp(call(), result={"value": value})])
    with pytest.raises(ValueError, match="nested too deep"):
        write(path, HEADER, [mcp(call(), result=json.loads('{"a":' * 900 + "1" + "}" * 900))])
    assert not path.exists()


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: no such file"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(FinchatError, match="cannot be written") as caught:
        write(tmp_path / "none" / "run.jsonl", HEADER, [])
    assert caught.value.code == "not_writable"
