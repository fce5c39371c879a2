"""`finchat` alone: the chat, without the parser of command lines, so that one can type as soon as may be."""

from __future__ import annotations

from finchat.app.invocation import Invocation, report_bug, report_error, report_interrupt
from finchat.errors import FinchatError

_COMMAND = ("chat",)


def chat_alone() -> int:
    """Run the chat and return its exit code. Never raises: see `finchat.cli.run`."""
    try:
        from finchat.app.chat import ChatFlags, chat

        return chat(Invocation(command=_COMMAND), ChatFlags())
    except FinchatError as error:
        return report_error(error, as_json=False)
    except KeyboardInterrupt:
        return report_interrupt(as_json=False)
    except Exception as bug:
        return report_bug(bug, _COMMAND, as_json=False)
