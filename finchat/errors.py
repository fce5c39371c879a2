"""The error tree, the exit codes and the rule that picks one code when several apply."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command (the machine contract)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    AWAITING_APPROVAL = 3
    WRITE_REFUSED = 4
    WRITE_UNKNOWN = 5
    AUTHENTICATION = 6
    UNAVAILABLE = 7
    MISMATCH = 8
    LIMIT = 9
    INTERRUPTED = 130
    TERMINATED = 143


_PRECEDENCE = (143, 130, 5, 6, 7, 4, 8, 9, 3, 2, 1, 0)


def worst(codes: Iterable[int]) -> ExitCode:
    """The code to exit with when several apply; DONE when none does."""
    given = set(codes)
    return ExitCode(next((code for code in _PRECEDENCE if code in given), 0))


def plain(error: BaseException) -> str:
    """Why a file could not be read or written, in words: no error numbers, none of Python's own phrases."""
    from json import JSONDecodeError  # only where something failed

    if isinstance(error, JSONDecodeError):
        return f"it is not JSON (line {error.lineno}, column {error.colno})"
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error)


class FinchatError(Exception):
    """Anything a user should read as one plain sentence: never a traceback.

    `code` is a stable machine word, `field` the input that is wrong, `next` the step that helps.
    """

    exit_code: ExitCode = ExitCode.FAILED
    code: str = "failed"

    def __init__(
        self, message: str, *, code: str | None = None, field: str | None = None, next: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field
        self.next = next


class UsageError(FinchatError):
    """Wrong flags, files or configuration."""

    exit_code = ExitCode.USAGE
    code = "usage"


class WriteRefused(FinchatError):
    """Policy, approval or the vendor said no to a write; nothing was written."""

    exit_code = ExitCode.WRITE_REFUSED
    code = "write_refused"


class WriteUnknown(FinchatError):
    """A write was sent and its outcome is not known yet."""

    exit_code = ExitCode.WRITE_UNKNOWN
    code = "write_unknown"


class AuthenticationError(FinchatError):
    exit_code = ExitCode.AUTHENTICATION
    code = "authentication"


class Unavailable(FinchatError):
    """A server or model cannot be reached within its deadline."""

    exit_code = ExitCode.UNAVAILABLE
    code = "unavailable"


class VerificationMismatch(FinchatError):
    """Something that must be equal is not: a hash, a chain, a balance."""

    exit_code = ExitCode.MISMATCH
    code = "mismatch"


class LimitReached(FinchatError):
    """A rate, time or money limit ends the run; `next` names the time of the reset."""

    exit_code = ExitCode.LIMIT
    code = "limit"
