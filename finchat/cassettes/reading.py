"""Reading a cassette: whole and sound, or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.cassettes.chain import breaks
from finchat.cassettes.content import is_canonical
from finchat.cassettes.rows import LARGEST_FILE, VERSION, BadRow, Cassette, CassetteError, Row, check_shape
from finchat.cassettes.same import BadReference, Expanding
from finchat.errors import UsageError, plain
from finchat.text.bounded import read_bounded

NOT_CANONICAL = "it is not written the way finchat writes: it was changed by hand or by another program"


def read(path: Path) -> Cassette:
    """The cassette in a file.

    Raises CassetteError, which names the line, when it is not what was recorded: a line changed, cut, moved, added or
    taken out, no JSON, or of a version or kind that is not known. Raises UsageError when the file cannot be read.
    """
    return parse(content_of(path), str(path))


def content_of(path: Path) -> bytes:
    """The bytes of a cassette. Raises UsageError when the file cannot be read or is larger than LARGEST_FILE."""
    try:
        return read_bounded(path, LARGEST_FILE)
    except OSError as error:
        raise UsageError(
            f"the cassette {path} cannot be read: {plain(error)}", field=str(path), next="check the name of the file"
        ) from error


def parse(data: bytes, where: str) -> Cassette:
    """The cassette that `data` is; `where` names it in errors. Raises CassetteError as `read` does."""
    lines = lines_of(data, where)
    raw = [read_line(line, number, where) for number, line in enumerate(lines, 1)]
    check_version(raw[0], where)
    if not is_canonical(lines[-1].decode("utf-8"), raw[-1]):  # its hash is that of its content; of the others, of bytes
        raise CassetteError(where, len(lines), NOT_CANONICAL)
    broken = next(breaks(lines, raw), None)
    if broken is not None:
        raise CassetteError(where, broken.line, broken.why)
    expanding = Expanding()
    pairs = enumerate(zip(lines, raw, strict=True))
    return assembled([whole_row(expanding, n, row, line, where) for n, (line, row) in pairs], where)


def lines_of(data: bytes, where: str) -> list[bytes]:
    """The lines of a file, without their ends."""
    if not data:
        raise CassetteError(where, 1, "the file is empty")
    *lines, rest = data.split(b"\n")
    if rest:
        raise CassetteError(where, len(lines) + 1, "the line is cut in the middle, and what came after it is gone")
    return lines


def read_line(line: bytes, number: int, where: str) -> dict[str, Any]:
    """One line as a row, its repeated parts as they are written."""
    try:
        row = json.loads(line.decode("utf-8"), parse_float=Decimal, parse_constant=_no_number)
        if line.endswith(b"\r"):
            why = "its end is that of Windows (CR LF): an editor, or git, changed the line ends"
        elif isinstance(row, dict):
            return row
        else:
            why = "it is no JSON object"
    except json.JSONDecodeError as error:
        why = f"it is no JSON from column {error.colno} on"
    except (UnicodeDecodeError, RecursionError) as error:
        why = plain(error)
    except ValueError:
        why = "it holds a number that finchat does not write"
    raise CassetteError(where, number, why)


def check_version(header: Mapping[str, Any], where: str) -> None:
    """Raises CassetteError when the first line is no header, or that of another version."""
    if header.get("kind") != "header" or type(header.get("cassette")) is not int:
        raise CassetteError(where, 1, "it is not the header of a cassette")
    if header["cassette"] != VERSION:
        raise CassetteError(
            where, 1, f"the cassette is of version {header['cassette']}; this finchat reads version {VERSION}",
            next="use the finchat that recorded it, or record it again",
        )  # fmt: skip


def whole_row(expanding: Expanding, n: int, row: Mapping[str, Any], line: bytes, where: str) -> Row:
    """Row `n`, whole and in the shape of its kind. Raises CassetteError."""
    try:
        whole = Row(expanding.row(n, row, line.decode("utf-8")))
        check_shape(whole)
    except (BadReference, BadRow) as error:
        raise CassetteError(where, n + 1, str(error)) from error
    except RecursionError as error:
        raise CassetteError(where, n + 1, plain(error)) from error
    whole.pop("prev", None)
    return whole


def assembled(rows: Sequence[Row], where: str) -> Cassette:
    """A cassette of its rows, the seal included. Raises CassetteError for one in a place that is not its own."""
    header, *between, _seal = rows
    output = between.pop() if between and between[-1].kind == "output" else None
    for row in between:
        if row.kind in {"header", "output", "seal"}:
            raise CassetteError(where, row.line, f"a {row.kind} row does not belong in the middle")
    return Cassette(header, tuple(between), output, where)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
