"""Rate-limit numbers, in every spelling the facts pages record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from finchat.connections.rates import from_headers, from_meta, retry_after_s
from finchat.connections.toolbox import RATE_META, RateState

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
IN_7_S = NOW + timedelta(seconds=7)


@pytest.mark.parametrize(
    ("headers", "state"),
    [
        (
            {"ratelimit-limit": "60", "ratelimit-remaining": "0", "ratelimit-reset": "7"},
            RateState(minute_limit=60, minute_remaining=0, resets_at=IN_7_S),
        ),
        (
            {
                "x-ratelimit-limit": "60",
                "x-ratelimit-remaining": "12",
                "x-ratelimit-reset": str(int(IN_7_S.timestamp())),
            },
            RateState(minute_limit=60, minute_remaining=12, resets_at=IN_7_S),
        ),
        (
            {"x-minlimit-remaining": "0", "x-daylimit-remaining": "4984", "x-appminlimit-remaining": "9999"},
            RateState(minute_remaining=0, day_remaining=4984),
        ),
        (
            {"ratelimit": "limit=60, remaining=50, reset=7"},
            RateState(minute_limit=60, minute_remaining=50, resets_at=IN_7_S),
        ),
        (
            {"ratelimit-policy": '"minute";q=20;w=2', "ratelimit": '"minute";r=19;t=7'},
            RateState(minute_limit=20, minute_remaining=19, window_s=2.0, resets_at=IN_7_S),
        ),
        ({"content-type": "application/json", "ratelimit-limit": "many"}, None),
    ],
)
def test_headers_are_normalised(headers: dict[str, str], state: RateState | None) -> None:
    assert from_headers(headers, NOW) == state


def test_our_own_form_is_read_and_a_wrong_value_is_nothing() -> None:
    told = {"minute_limit": 20, "minute_remaining": 3, "window_s": 2, "day_remaining": "many", "resets_at": "soon"}
    assert from_meta({RATE_META: told}) == RateState(minute_limit=20, minute_remaining=3, window_s=2.0)
    for number in (2.0, Decimal("2.0")):  # as a parser gives it, and as one that keeps every digit does
        assert from_meta({RATE_META: {**told, "window_s": number}}) == from_meta({RATE_META: told})
    assert from_meta({}) is None
    assert from_meta({RATE_META: "60"}) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Fri, 20 Nov 2026 09:00:07 GMT", "date": "Fri, 20 Nov 2026 09:00:00 GMT"}, 7.0),
        ({"retry-after": "Fri, 20 Nov 2026 08:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds
