"""Where a cassette that is made of another one goes, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from finchat.app.invocation import Invocation
from finchat.cassettes.reading import read
from finchat.errors import ExitCode, UsageError
from finchat.ui.cassettes import Made, made_view

What = Literal["trim", "fault", "anonymise"]


def target(out: Path | None, file: Path, ending: str) -> Path:
    """Where the new cassette goes: `out`, which may be the file itself, or beside it under a name that is free.

    Raises UsageError naming -o for a place that cannot be written, before anything is done.
    """
    place = out if out is not None else file.with_name(f"{file.stem}.{ending}{file.suffix}")
    if out is None and place.exists():
        raise UsageError(f"{place} is there already", field="-o", next="name the file to write with -o")
    if place.is_dir():
        raise UsageError(f"{place} is a folder", field="-o", next="name a file")
    if not place.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {place.absolute().parent}", field="-o", next="name a file in one that is")
    return place


def made(call: Invocation, what: What, file: Path, out: Path, *, before: tuple[int, int], done: Sequence[str]) -> int:
    """Say what was made. `before`: the size in bytes and the rows of the file that it was made of."""
    cassette = read(out)
    found = Made(
        what=what, file=str(file), out=str(out), bytes_before=before[0], bytes_after=out.stat().st_size,
        rows_before=before[1],
        rows_after=len(cassette.rows), done=done,
        recorded_exit_code=0 if cassette.output is None else int(cassette.output["exit_code"]),
    )  # fmt: skip
    if call.json:
        call.sink.document(found.as_json())
    else:
        call.sink.data(made_view(found))
    return ExitCode.DONE
