"""`finchat cassette diff`: how two recordings differ, row by row of what was asked."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from finchat.app.cassettes.story import short
from finchat.app.invocation import Invocation
from finchat.cassettes.nearest import NOTHING
from finchat.cassettes.pairing import Pair, changed_names, headers, pairs
from finchat.cassettes.reading import read
from finchat.cassettes.rows import Cassette
from finchat.errors import ExitCode
from finchat.ui.cassettes import Compared, Difference, RowDifference, diff_view

_SHOWN = 20  # differences of a row
_LONGEST = 300  # characters of a value
_CONTEXT = 24  # characters before the first difference of two long texts


def diff(call: Invocation, a: Path, b: Path) -> int:
    """Say how two cassettes differ. Exit code 0 when they are the same but for time and chance, 8 when not.

    Raises CassetteError for a file that is none or was changed, UsageError for one that cannot be read.
    """
    found = compared(read(a), read(b), str(a), str(b))
    code = ExitCode.DONE if found.same else ExitCode.MISMATCH
    if call.json:
        call.sink.document({
            "schema": "finchat.cassette_diff/1",
            "a": found.a, "b": found.b, "same": found.same,
            "header": [one.as_json() for one in found.header],
            "prompts": list(found.prompts), "catalogues": list(found.catalogues),
            "rows": [one.as_json() for one in found.rows],
            "same_rows": found.same_rows,
            "exit_code": int(code),
        })  # fmt: skip
    else:
        call.sink.data(diff_view(found))
    return code


def compared(a: Cassette, b: Cassette, name_a: str, name_b: str) -> Compared:
    """How two cassettes differ."""
    found = pairs(a, b)
    different = [pair for pair in found if pair.a is None or pair.b is None or pair.differences]
    return Compared(
        a=name_a, b=name_b, header=differences(headers(a.header, b.header)),
        prompts=changed_names(a.header.get("prompts"), b.header.get("prompts")),
        catalogues=changed_names(a.header.get("catalogues"), b.header.get("catalogues")),
        rows=[_row(pair) for pair in different], same_rows=len(found) - len(different),
    )  # fmt: skip


def differences(found: Iterable[tuple[str, Any, Any]]) -> list[Difference]:
    """For people: both values as JSON text, long ones from a little before where they part."""
    return [Difference(place=place, **_values(before, after)) for place, before, after in found]


def _row(pair: Pair) -> RowDifference:
    return RowDifference(
        what=pair.what, a=None if pair.a is None else pair.a.n, b=None if pair.b is None else pair.b.n,
        count=len(pair.differences), differences=differences(islice(pair.differences, _SHOWN)),
    )  # fmt: skip


def _values(before: Any, after: Any) -> dict[str, str | None]:
    texts = {"before": before, "after": after}
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > _LONGEST:
        common = next((n for n, (x, y) in enumerate(zip(before, after, strict=False)) if x != y), 0)
        begin = max(0, common - _CONTEXT)
        texts = {name: f"{'…' if begin else ''}{text[begin:]}" for name, text in texts.items()}
    return {name: None if value is NOTHING else short(_json(value), _LONGEST) for name, value in texts.items()}


def _json(value: Any) -> str:
    from finchat.cassettes.content import content

    return content(value)
