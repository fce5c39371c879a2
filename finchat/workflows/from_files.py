"""`--from-files DIR`: match the neutral case files of a directory, without any connection."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from finchat.books.matching import match
from finchat.books.neutral import CASE_FILES, proposals, read_case
from finchat.clock import monotonic
from finchat.errors import UsageError
from finchat.workflows.feed import read_json


def match_directory(directory: Path) -> dict[str, Any]:
    """The proposals document of the neutral schema, bare. `runtime_s` is of reading and matching, not of start-up.

    Raises UsageError that names the file and what is wrong with it.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory", field="--from-files", next="name the directory of the case")
    begun = monotonic()
    files = {
        name: read_json(path, "--from-files") for name in CASE_FILES if (path := directory / f"{name}.json").is_file()
    }
    books = read_case(files)
    verdicts = match(books)
    return proposals(verdicts, books, Decimal(f"{monotonic() - begun:.3f}"))
