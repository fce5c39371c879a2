"""The vendor's throttling: by the minute, by the second, batches apart; its refusal is XML."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from finchat.errors import UsageError
from finchat.sandbox.quickbooks.limits import Limits, RateLimiter, throttled


class Watch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_limits_are_the_vendors_unless_others_are_asked_for() -> None:
    assert Limits() == Limits.parse("500/60s,10,40")
    assert Limits.parse("20/2.5s,3,1") == Limits(20, 2.5, 3, 1)
    for text in ("500", "0/60s,10,40", "500/0s,10,40", "500/60s,0,40", "500/60s,10,0", "a/bs,c,d"):
        with pytest.raises(UsageError, match="not a rate limit"):
            Limits.parse(text)


def test_the_eleventh_request_of_a_second_waits_for_the_next() -> None:
    watch = Watch()
    limiter = RateLimiter(Limits(), watch)
    assert [limiter.enter() for _ in range(11)] == [True] * 10 + [False]
    watch.now += 0.99
    assert not limiter.enter()
    watch.now += 0.01
    assert limiter.enter()


def test_five_hundred_requests_a_minute_and_refused_ones_do_not_count() -> None:
    watch = Watch()
    limiter = RateLimiter(Limits(), watch)
    taken = 0
    for _ in range(55):
        taken += sum(limiter.enter() for _ in range(12))
        watch.now += 1.0
    assert taken == 500
    watch.now += 5.0  # the first second's ten are a minute old
    assert limiter.enter()


def test_batches_have_a_limit_of_their_own() -> None:
    watch = Watch()
    limiter = RateLimiter(Limits(batches=2), watch)
    assert [limiter.enter(batch=True) for _ in range(3)] == [True, True, False]
    assert limiter.enter()
    watch.now += 60.0
    assert limiter.enter(batch=True)


def test_the_refusal_is_the_vendors_xml() -> None:
    root = ElementTree.fromstring(throttled("2026-11-20T10:00:00.000-08:00"))
    space = {"i": "http://schema.intuit.com/finance/v3"}
    fault = root.find("i:Fault", space)
    assert fault is not None
    assert fault.get("type") == "SERVICE"
    error = fault.find("i:Error", space)
    assert error is not None
    assert error.get("code") == "3001"
    assert error.findtext("i:Message", "", space) == "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    assert error.findtext("i:Detail", "", space) == "The request limit was reached.  Try again later"
