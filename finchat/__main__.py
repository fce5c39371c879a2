"""The entry point. `--version` is answered before anything else is imported."""

from __future__ import annotations

import os
import sys

from finchat import __version__


def main() -> None:
    """Run the command of sys.argv and leave the process with its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        leave(_say_version())
    from finchat.cli import run

    leave(run(sys.argv[1:]))


def leave(code: int) -> None:
    """Flush and go: the interpreter's own clean-up of a heap this size costs a tenth of a second and does nothing."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # closed, or its reader is gone: nobody is left to tell
            continue
    os._exit(code)


def _say_version() -> int:
    try:
        print(f"finchat {__version__}", flush=True)
    except OSError:
        return 0
    return 0


if __name__ == "__main__":
    main()
