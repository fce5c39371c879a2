"""What became of each write, and the exit code that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from finchat.errors import ExitCode, worst

WriteDecision = Literal["pending", "approved", "skipped", "refused", "void"]
# The code of a WriteError: the server confirmed the write, and the ledger, read again, says something else.
READ_BACK_DIFFERS = "read_back_differs"
WriteOutcome = Literal["committed", "failed", "unknown", "not_sent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteError:
    """Why a write did not happen or is not certain, for people (`message`, `next`) and programs (`code`, `field`)."""

    code: str
    message: str
    field: str | None = None
    next: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "field": self.field, "next": self.next}


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """The contract's `outcomes` entry. `due_before` and `due_after` are in the document's currency.

    `decision`: void means that an approval was given but did not hold (something changed, it was used before, a write
    it depends on failed); refused means by a human, or by the policy when `outcome` is not_sent.
    A committed write with the error `read_back_differs` is in the ledger (or was), but not as it was sent.
    `outcome` is None only while the decision is pending, skipped or refused by a human.
    """

    proposal_id: str
    write_id: str
    decision: WriteDecision
    outcome: WriteOutcome | None = None
    ledger_id: str | None = None
    due_before: Decimal | None = None
    due_after: Decimal | None = None
    error: WriteError | None = None


_NOT_DONE: dict[str, ExitCode] = {
    "unauthorized": ExitCode.AUTHENTICATION,
    "authentication": ExitCode.AUTHENTICATION,
    "rate_limited": ExitCode.LIMIT,
    "limit": ExitCode.LIMIT,
    "unavailable": ExitCode.UNAVAILABLE,
}


def exit_code_of(results: Iterable[WriteResult]) -> ExitCode:
    """The exit code of a run with these results, by the contract's precedence. Pure."""
    return worst(_code(result) for result in results)


def _code(result: WriteResult) -> ExitCode:
    if result.outcome == "unknown":
        return ExitCode.WRITE_UNKNOWN
    if result.outcome == "failed":
        return ExitCode.WRITE_REFUSED
    if result.outcome == "not_sent":
        return _NOT_DONE.get(result.error.code, ExitCode.WRITE_REFUSED) if result.error else ExitCode.WRITE_REFUSED
    if result.decision == "pending":
        return ExitCode.AWAITING_APPROVAL
    if result.decision == "void":
        return ExitCode.WRITE_REFUSED  # an approval was given and did not hold, a second apply of a plan included
    differs = result.error is not None and result.error.code == READ_BACK_DIFFERS
    return ExitCode.MISMATCH if differs else ExitCode.DONE
