"""Writing a cassette: numbered, chained, its repeated parts once, and sealed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finchat import __version__
from finchat.canonical import canonical_json
from finchat.cassettes.chain import link, sealed
from finchat.cassettes.rows import VERSION, BadRow, check_shape
from finchat.cassettes.same import Interning
from finchat.errors import FinchatError, plain
from finchat.store.files import write_private


def lines(
    header: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], output: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """The lines of a cassette, without their ends.

    Rows are numbered by where they stand. A fault names its row by the `n` that the row carries (as rows do that were
    read from a file), or by its place when no row carries one; the number is changed with the row's. Whatever `n` and
    `prev` say in what is given is not kept; header and output need no `kind`.

    Raises ValueError when a row lacks what its kind must hold or is no JSON data (a float included: see
    finchat.cassettes.content.exact), saying which row.
    """
    numbered = list(rows)
    new_number = _new_numbers(numbered)
    given: list[Mapping[str, Any]] = [{**header, "kind": "header", "cassette": VERSION}, *numbered]
    if output is not None:
        given.append({**output, "kind": "output"})
    interning = Interning()
    prev = ""
    for n, row in enumerate(given):
        line = _line(n, row, prev, new_number, interning)
        prev = link(line.encode("utf-8"))
        yield line
    seal = {"kind": "seal", "n": len(given), "prev": prev, "rows": len(given), "by": f"finchat {__version__}"}
    yield canonical_json(sealed(seal))


def write(
    path: Path, header: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], output: Mapping[str, Any] | None = None
) -> None:
    """Put a cassette in place, whole or not at all, readable by the owner alone.

    Raises ValueError as `lines` does, before anything is written, and FinchatError when the file cannot be written.
    """
    text = "".join(f"{line}\n" for line in lines(header, rows, output))
    try:
        write_private(path, text.encode("utf-8"))
    except OSError as error:
        raise FinchatError(
            f"the cassette {path} cannot be written: {plain(error)}", code="not_writable", field=str(path),
            next="name a file in a directory that you may write to",
        ) from error  # fmt: skip


def _new_numbers(rows: Iterable[Mapping[str, Any]]) -> dict[int, int]:
    """The number a row is known by → the one that it gets."""
    carry = {row["n"]: place for place, row in enumerate(rows, 1) if type(row.get("n")) is int}
    return carry or {place: place for place, _ in enumerate(rows, 1)}


def _line(n: int, row: Mapping[str, Any], prev: str, new_number: Mapping[int, int], interning: Interning) -> str:
    whole = {name: value for name, value in row.items() if name not in {"n", "prev"}}
    try:
        check_shape(whole)
        if whole["kind"] == "fault":
            if whole["on"] not in new_number:
                raise BadRow(f"a fault is on row {whole['on']}, which is not there")
            whole["on"] = new_number[whole["on"]]
        place = {"n": n} if n == 0 else {"n": n, "prev": prev}
        return canonical_json(interning.row(n, {**whole, **place}))
    except (TypeError, ValueError, RecursionError) as error:
        odd = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise ValueError(f"row {n} ({row.get('kind')}): {odd}") from error
