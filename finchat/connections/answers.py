"""The answer to a call, read strictly: finchat's own error convention, strangers' error texts, exact numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

from finchat.connections.toolbox import CallError, CallOutcome, CallResult, RateState

_TEXT_LIMIT = 2000


class MalformedAnswer(Exception):
    """The answer holds something that is not JSON data."""


def read_answer(
    *, structured: Any, text: str, is_error: bool, meta: Mapping[str, Any], rate: RateState | None, exact: bool
) -> CallResult:
    """A CallResult of what a tool returned.

    `exact`: numbers parsed as floats become Decimals of the digits that were sent (up to 15 of them survive a double).
    An error without finchat's convention `{"error": {...}}` proves nothing about a write: its outcome is unknown.
    Raises MalformedAnswer for NaN, infinities and values that are no JSON.
    """
    if exact:
        structured = _exact(structured)
    if is_error:
        error = _own_error(structured) or CallError(
            code="tool_error", message=text[:_TEXT_LIMIT] or "the tool failed without saying why", outcome="unknown"
        )
        return CallResult(text=text, error=error, rate=rate, meta=meta)
    if structured is not None and not isinstance(structured, Mapping):
        # Allowed since 2026-07-28: any JSON value. Kept as text, where a caller looks next.
        structured, text = None, text or json.dumps(structured, default=str)
    return CallResult(structured=structured, text=text, rate=rate, meta=meta)


def _own_error(structured: Any) -> CallError | None:
    told = structured.get("error") if isinstance(structured, Mapping) else None
    if not isinstance(told, Mapping) or not isinstance(told.get("code"), str):
        return None
    outcome: CallOutcome = told["outcome"] if told.get("outcome") in get_args(CallOutcome) else "unknown"
    seconds, status = told.get("retry_after_s"), told.get("status")
    return CallError(
        code=told["code"][:100],
        message=_words(told, "message") or told["code"],
        outcome=outcome,
        field=_words(told, "field"),
        status=status if isinstance(status, int) and not isinstance(status, bool) else None,
        retry_after_s=float(seconds) if isinstance(seconds, int | float | Decimal) else None,
        next=_words(told, "next"),
        problem=_words(told, "problem"),
    )


def _words(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value[:_TEXT_LIMIT] if isinstance(value, str) and value else None


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _exact(item) if isinstance(item, float | dict | list) else item for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) if isinstance(item, float | dict | list) else item for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise MalformedAnswer("the answer holds a number that is not finite")
        return Decimal(repr(value))
    return value
