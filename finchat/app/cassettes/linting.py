"""`finchat cassette lint`: all that is wrong with a cassette, by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finchat.app.cassettes.replaying import Run
from finchat.app.cassettes.sameness import otherwise
from finchat.app.invocation import Invocation
from finchat.cassettes import lint as sound
from finchat.cassettes.reading import content_of, parse
from finchat.cassettes.scanner import scan
from finchat.errors import ExitCode

if TYPE_CHECKING:
    from finchat.ui.cassettes import Found


def lint(call: Invocation, files: Sequence[Path], run: Run) -> int:
    """Check each file: its chain and rows, members that are not known, secrets, and that it replays the same.

    Exit code 8 when anything is wrong; what is only odd is said. Raises UsageError for a file that cannot be read.
    """
    found = {str(file): list(_found(content_of(file), str(file), run)) for file in files}
    wrong = any(one.severity == "error" for each in found.values() for one in each)
    code = ExitCode.MISMATCH if wrong else ExitCode.DONE
    if call.json:
        call.sink.document({
            "schema": "finchat.cassette_lint/1",
            "files": [{"file": file, "problems": [one.as_json() for one in each]} for file, each in found.items()],
            "exit_code": int(code),
        })  # fmt: skip
    else:
        from finchat.ui.cassettes import lint_view

        call.sink.data(lint_view(found))
    return code


def _found(data: bytes, file: str, run: Run) -> Iterator[Found]:
    from finchat.ui.cassettes import Found

    problems = sound.lint_content(data)
    for problem in problems:
        yield Found(line=problem.line, severity=problem.severity, check="file", text=problem.text)
    for secret in scan(data.decode("utf-8", "replace")):
        where = f" at {secret.where}" if secret.where else ""
        yield Found(
            line=secret.line, severity="error", check="secret", text=f"this looks like a secret: {secret.what}{where}"
        )
    if any(problem.severity == "error" for problem in problems):
        return  # it is not replayed: a replay would only say the same again
    if (other := otherwise(parse(data, file), run)) is not None:
        yield Found(line=other.line, severity="error", check="replay", text=other.message)
