"""Why a request got no answer, and what follows from it: wait and ask again, or which error the person reads.

Nothing here knows the SDK or a socket; only requests of which not one byte was answered come here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from finchat.agent.messages import (
    Api,
    ContextTooLong,
    ModelKeyRefused,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from finchat.agent.openai.wire import error_text, told_by_endpoint
from finchat.chance import uniform
from finchat.clock import Clock, utc_now
from finchat.errors import FinchatError

RETRIES = 3  # of errors
RATE_LIMIT_RETRIES = 6  # of waits that an endpoint asked for
DEAD_WITHIN_S = 4.0  # no connection is tried again later than this after the first
ERRORS_WITHIN_S = 30.0  # nor a request that got an error of the server
_FIRST_PAUSE_S = 0.3

_TRANSIENT = frozenset({408, 409, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_CONTEXT = re.compile(
    r"context[ _-]?(length|window|size|overflow)|context the overflows|maximum (context|prompt)|prompt is too long"
    r"|too many (input |prompt )?tokens|input is too long|exceeds? the (available|maximum) (context|number of tokens)",
    re.IGNORECASE,
)
_TOO_LARGE_FOR_MINUTE = re.compile(r"request too large", re.IGNORECASE)  # waiting does not make it smaller
_CODE = re.compile(r"[a-z][a-z_]{2,59}")


@dataclass(slots=True, kw_only=True, eq=False)
class Failure(Exception):
    """A request without an answer. `headers` in lower case; `document` is the JSON of the error's body, if any."""

    kind: Literal["unreachable", "status"]
    detail: str = ""  # of a connection: what is wrong with it
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Any = None

    @property
    def error(self) -> Any:
        """The error object of either API's shapes: {"error": {…}}, {"error": "…"}, {"message": …}, [{"error": …}]."""
        found = self.document[0] if isinstance(self.document, list) and self.document else self.document
        return found.get("error", found) if isinstance(found, dict) else found

    @property
    def words(self) -> str:
        return error_text(self.error)

    @property
    def codes(self) -> set[str]:
        """The machine words of the error."""
        if not isinstance(self.error, dict):
            return set()
        return {text for name in ("code", "type", "param") if isinstance(text := self.error.get(name), str)}

    @property
    def is_context(self) -> bool:
        """The conversation is too long for the model (or, at OpenAI, for the tokens of a whole minute)."""
        if self.status == 413 or "context_length_exceeded" in self.codes or "exceed_context_size_error" in self.codes:
            return True
        if self.status == 429:
            return bool(_TOO_LARGE_FOR_MINUTE.search(self.words))
        return self.status in {400, 422, 500} and is_context_text(self.words)


def is_context_text(text: str) -> bool:
    """Whether an endpoint's words say that the conversation is longer than its model's context."""
    return bool(_CONTEXT.search(text))


def failure_of_status(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    return Failure(
        kind="status",
        status=status,
        headers={name.lower(): value for name, value in headers.items()},
        document=document,
    )


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float
    reason: str


@dataclass(slots=True, kw_only=True)
class Attempts:
    """The retries of one request.

    Waits that an endpoint asks for end when they would pass `max_wait_s` together; errors and dead connections are
    asked again RETRIES times with growing, jittered pauses.
    """

    destination: str
    base_url: str
    model: str
    api: Api
    max_wait_s: float
    key: str | None = field(default=None, repr=False)
    key_env: str | None = None
    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = Clock.monotonic
    jitter: Callable[[], float] = lambda: uniform("jitter", 0.75, 1.25)
    made: int = 0
    _waits: int = 0
    _errors: int = 0
    _waited_s: float = 0.0
    _began: float | None = None

    def start(self) -> None:
        """A request goes out."""
        self.made += 1
        if self._began is None:
            self._began = self.monotonic()

    def after(self, failure: Failure) -> Pause:
        """How long to wait before the request is sent again. Raises the error that ends it otherwise."""
        if failure.kind == "unreachable":
            return self._again(failure, f"{self.destination} cannot be reached ({failure.detail})", DEAD_WITHIN_S)
        if failure.is_context:
            raise ContextTooLong(
                "the conversation is longer than the model's context", next="ask about less at once, or start anew"
            )
        if failure.status == 429 or (failure.status == 503 and "retry-after" in failure.headers):
            return self._limited(failure)
        if failure.status in _TRANSIENT:
            said = f"{self.destination} answers with errors (HTTP {failure.status})"
            return self._again(failure, said, ERRORS_WITHIN_S)
        raise self._refusal(failure)

    def _again(self, failure: Failure, said: str, within_s: float) -> Pause:
        pause = _FIRST_PAUSE_S * 2**self._errors * self.jitter()
        self._errors += 1
        elapsed = self.monotonic() - self._began - self._waited_s if self._began is not None else 0.0
        if self._errors > RETRIES or elapsed + pause > within_s:
            where = "check the network, and OPENAI_BASE_URL or base_url under [model]"
            raise ModelUnavailable(
                f"{said}; asked {self.made} times",
                next=where if failure.kind == "unreachable" else "ask again later",
            )
        return Pause(pause, said)

    def _limited(self, failure: Failure) -> Pause:
        if "insufficient_quota" in failure.codes:
            raise ModelRateLimited(
                f"{self.destination} says that the quota of this key is used up",
                next="see the plan and billing of the account; waiting does not help",
            )
        asked = retry_after_s(failure.headers, self.now())
        pause = 2.0**self._waits * self.jitter() if asked is None else asked
        if asked == 0:
            pause = 0.1 * 2**self._waits
        self._waits += 1
        if self._waits > RATE_LIMIT_RETRIES or self._waited_s + pause > self.max_wait_s:
            raise ModelRateLimited(
                f"{self.destination} takes no more requests for now"
                + (f" and asks to wait {_duration(pause)}" if asked else ""),
                next=f"ask again after {self._reset(pause)}",
            )
        self._waited_s += pause
        return Pause(pause, "the endpoint limits the rate of requests")

    def _reset(self, seconds: float) -> str:
        """The instant of the reset, rounded up to a whole minute."""
        instant = self.now() + timedelta(seconds=min(seconds, 10 * 365 * 86400))
        whole = instant.replace(second=0, microsecond=0)
        return f"{whole + timedelta(minutes=1) if whole < instant else whole:%Y-%m-%d %H:%M} UTC"

    def _refusal(self, failure: Failure) -> FinchatError:
        if failure.status in {401, 403}:
            return self._key_refused(failure)
        if 300 <= failure.status < 400:
            return self._redirected(failure)
        words = told_by_endpoint(failure.words, self.key)
        # The setting at fault, as far as the status tells.
        unknown = failure.status == 404 or "model_not_found" in failure.codes
        other = "chat" if self.api == "responses" else "responses"
        return ModelRefused(
            f"{self.destination} refuses the request (HTTP {failure.status}" + (f": {words})" if words else ")"),
            next=f"check the model's name ({self.model}) and the base URL, or add --api {other}"
            if unknown
            else "check the settings of the model; what the endpoint says names the one at fault",
        )

    def _key_refused(self, failure: Failure) -> FinchatError:
        # The endpoint's own words may repeat the key, in part or encoded; its code cannot.
        code = next((c for c in sorted(failure.codes) if _CODE.fullmatch(c) and c not in (self.key or "")), "")
        named = self.key_env or "a variable, and name it with key_env under [model] in finchat.toml"
        return ModelKeyRefused(
            f"{self.destination} does not accept the key (HTTP {failure.status}{f', {code}' if code else ''})",
            next=f"put a valid key into {named}" if self.key else f"put a key into {named}",
        )

    def _redirected(self, failure: Failure) -> FinchatError:
        try:
            target = urlsplit(urljoin(self.base_url, failure.headers.get("location", "")))
            port = f":{target.port}" if target.port else ""
            origin = told_by_endpoint(f"{target.scheme}://{target.hostname or ''}{port}")
        except ValueError:
            origin = "an address that cannot be read"
        elsewhere = "another path of the same origin" if origin == self.destination else origin
        return ModelRefused(
            f"{self.destination} redirects to {elsewhere}; finchat does not follow: the conversation would go where "
            "nobody chose",
            next="if that address is right, set it as OPENAI_BASE_URL or base_url under [model]",
        )


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that an answer asks to wait: retry-after-ms, or Retry-After as seconds or HTTP date; None without one
    that can be read."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text):
            return float(text) * scale
        try:
            until = parsedate_to_datetime(text) if text else None
        except ValueError:
            continue
        if until is not None:
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            return max((until - now).total_seconds(), 0.0)
    return None


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
