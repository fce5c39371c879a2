"""Rate-limit numbers in the many spellings servers use, as one RateState."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from finchat.connections.toolbox import RATE_META, RateState

_EPOCH_FROM = 1_000_000_000  # a reset above this is an instant in Unix time, below it a number of seconds


def from_meta(meta: Mapping[str, Any]) -> RateState | None:
    """The state finchat's own servers put into a result's `_meta`; None when absent or not as agreed."""
    told = meta.get(RATE_META)
    if not isinstance(told, Mapping):
        return None
    return RateState(
        minute_limit=_count(told.get("minute_limit")),
        minute_remaining=_count(told.get("minute_remaining")),
        day_limit=_count(told.get("day_limit")),
        day_remaining=_count(told.get("day_remaining")),
        resets_at=_instant(told.get("resets_at")),
        window_s=_seconds(told.get("window_s")),
    )


def from_headers(headers: Mapping[str, str], now: datetime) -> RateState | None:
    """The state in HTTP headers (lower-case names): ratelimit-*, x-ratelimit-*, x-rate-limit-*, Xero's x-*limit-*.

    None when no header tells anything. A reset is taken as seconds from `now`, or as Unix time when it is that large.
    """
    limit = _named(headers, "limit")
    remaining = _named(headers, "remaining") or _leading_count(headers.get("x-minlimit-remaining"))
    if remaining is None and (packed := headers.get("ratelimit")):
        fields = {key: int(value) for key, value in re.findall(r"\b([a-z]+)\s*=\s*(\d{1,12})", packed)}
        remaining = fields.get("remaining", fields.get("r"))
        limit = limit if limit is not None else fields.get("limit")
        reset = fields.get("reset", fields.get("t"))
    else:
        reset = _named(headers, "reset")
    policy = re.search(
        r"\bq\s*=\s*(\d{1,9})\b.*?\bw\s*=\s*(\d{1,9}(?:\.\d{1,3})?)", headers.get("ratelimit-policy", "")
    )
    state = RateState(
        minute_limit=int(policy.group(1)) if policy else limit,
        window_s=float(policy.group(2)) if policy else None,
        minute_remaining=remaining if remaining is not None else _named(headers, "remaining"),
        day_remaining=_leading_count(headers.get("x-daylimit-remaining")),
        resets_at=_reset_instant(reset, now),
    )
    return None if state == RateState() else state


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Retry-After in seconds: a number, or an HTTP date read against the answer's own Date (RFC 9110)."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        sent = parsedate_to_datetime(headers["date"]) if "date" in headers else now
        return max(0.0, (until - sent).total_seconds())
    except (ValueError, TypeError):
        return None


def _named(headers: Mapping[str, str], what: str) -> int | None:
    for prefix in ("ratelimit-", "x-ratelimit-", "x-rate-limit-"):
        if (found := _leading_count(headers.get(prefix + what))) is not None:
            return found
    return None


def _leading_count(text: str | None) -> int | None:
    found = re.match(r"\s*(\d{1,12})", text or "")
    return int(found.group(1)) if found else None


def _reset_instant(seconds: int | None, now: datetime) -> datetime | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds >= _EPOCH_FROM else now + timedelta(seconds=seconds)
    except (OverflowError, OSError, ValueError):
        return None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(value: Any) -> float | None:
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return float(value) if number and value > 0 else None


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else None
