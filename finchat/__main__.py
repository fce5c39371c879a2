"""The entry point. `--version` is answered before anything else is imported."""

from __future__ import annotations

import os
import sys

from finchat import __version__

_FAILED = 1  # as finchat.errors has it, which is not imported yet


def main() -> None:
    """Run the command of sys.argv and leave the process with its exit code."""
    occupy_standard_streams()
    if sys.argv[1:] in (["--version"], ["-V"]):
        leave(_say_version())
    try:
        if sys.argv[1:] in ([], ["chat"]) and "_FINCHAT_COMPLETE" not in os.environ:  # a shell asks what could follow
            from finchat.app.bare import chat_alone

            leave(chat_alone())
        from finchat.cli import run

        leave(run(sys.argv[1:]))
    except KeyboardInterrupt:  # before either was there to answer it: the imports take a while
        os.write(2, b"finchat: interrupted\n")
        leave(_FAILED)


def occupy_standard_streams() -> None:
    """No file of ours may become descriptor 0, 1 or 2, where others read and write, because a caller closed one."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free: this one


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
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(f"finchat: cannot write the result: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    main()
