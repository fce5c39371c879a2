"""`finchat cassette verify`: whether a cassette is what was sealed and runs as recorded; with --live, whether the world
still is what it was."""

from __future__ import annotations

from pathlib import Path

from finchat.app.cassettes.replaying import Run
from finchat.app.cassettes.sameness import otherwise
from finchat.app.invocation import Invocation
from finchat.cassettes.reading import read
from finchat.errors import ExitCode, VerificationMismatch, worst


def verify(call: Invocation, file: Path, run: Run, *, live: bool) -> int:
    """Check chain and seal, and replay. Exit code 8 when anything differs.

    `live`: then ask the configured servers again for each read that the recording made, and say what changed since.
    Raises CassetteError for a file that was changed, VerificationMismatch for one that runs otherwise, and what opening
    the servers raises.
    """
    cassette = read(file)
    other = otherwise(cassette, run)
    if other is not None and not call.json:
        raise VerificationMismatch(
            f"{file}, line {other.line}: {other.message}", code=other.code,
            field=f"{file}:{other.line}", next=other.next,
        )  # fmt: skip
    world = None
    code = ExitCode.DONE if other is None else ExitCode.MISMATCH
    if live and other is None:
        from finchat.app.cassettes.live import ask_again

        world = ask_again(call, cassette)
        code = worst([code, world.exit_code])
    if call.json:
        call.sink.document({
            "schema": "finchat.cassette_verify/1",
            "file": str(file),
            "rows": len(cassette.rows) + 2 + (cassette.output is not None),
            "same": other is None,
            "problem": None if other is None else {
                "code": other.code, "message": other.message, "field": f"{file}:{other.line}",
            },
            "live": None if world is None else world.as_json(),
            "exit_code": int(code),
        })  # fmt: skip
    else:
        from finchat.ui.cassettes import live_view, verified_view

        call.sink.data(verified_view(str(file), len(cassette.rows) + 2 + (cassette.output is not None)))
        if world is not None:
            call.sink.data(live_view(world))
    return code
