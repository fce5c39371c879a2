"""The one way a call of a server fails: what is wrong, where, what helps, and what may be assumed of a write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["not_sent", "failed", "unknown"]


@dataclass(kw_only=True, eq=False)
class Failure(Exception):
    """Travels to the client as `{"error": {...}}`.

    `outcome`: not_sent (nothing left this process), failed (the vendor refused: a write did not happen) or unknown
    (a write may have happened). `problem` names the limit a 429 is about: minute, day or concurrent.
    `limits` is the normalised rate-limit state, when the vendor sent one.
    """

    code: str
    message: str
    field: str | None = None
    next: str | None = None
    status: int | None = None
    retry_after_s: float | None = None
    outcome: Outcome = "not_sent"
    problem: str | None = None
    limits: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return self.message

    def document(self) -> dict[str, Any]:
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "field": self.field,
                "next": self.next,
                "status": self.status,
                "retry_after_s": self.retry_after_s,
                "outcome": self.outcome,
                "problem": self.problem,
            }
        }


def invalid_argument(message: str, *, field: str | None, next: str | None = None) -> Failure:
    """An argument is wrong; nothing was sent."""
    return Failure(code="invalid_argument", message=message, field=field, next=next)
