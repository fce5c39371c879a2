"""Which model finchat talks to, and the limits of one run: `[model]` and `[limits]` of finchat.toml, and OPENAI_*.

The file wins over OPENAI_BASE_URL and OPENAI_MODEL. Keys are never in the file: `key_env` names the variable that holds
one. Without `key_env` OPENAI_API_KEY is used, but only for an endpoint that the environment named as well, or OpenAI's
own: a key must not go to another endpoint because a file names that endpoint.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from finchat.errors import UsageError

Api = Literal["responses", "chat"]
OPENAI_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5.5"  # for api.openai.com alone: other endpoints name their models as they like
KEY_VARIABLE = "OPENAI_API_KEY"

_HOW_TO_NAME = "set OPENAI_MODEL, or name = … under [model] in finchat.toml"
_PRIVATE_NAMES = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa")

MODEL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "base_url": {"type": "string", "minLength": 1},
        "api": {"enum": ["responses", "chat"]},
        "key_env": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "allow_http": {"type": "boolean"},
        "input_price": {"type": "number", "minimum": 0},
        "output_price": {"type": "number", "minimum": 0},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "max_wait_s": {"type": "number", "minimum": 0},
        "silence_s": {"type": "number", "exclusiveMinimum": 0},
        "turn_s": {"type": "number", "exclusiveMinimum": 0},
        "context": {"type": "integer", "minimum": 1000},
    },
    "dependentRequired": {
        "input_price": ["output_price", "currency"],
        "output_price": ["input_price", "currency"],
        "currency": ["input_price", "output_price"],
    },
}
LIMITS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "turns": {"type": "integer", "minimum": 1},
        "tokens": {"type": "integer", "minimum": 1},
        "cost": {"type": "number", "exclusiveMinimum": 0},
        "seconds": {"type": "number", "exclusiveMinimum": 0},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """The model's endpoint.

    Prices are per million tokens in `currency`, all three or none. Seconds: `max_wait_s` is the longest wait that an
    endpoint may ask for (429), `silence_s` the longest without a byte, `turn_s` the longest for one whole answer.
    `context`: the tokens that the model's context holds; near that a conversation is made shorter.
    `configured` is False on a machine where nothing was set: such settings are never opened.
    """

    name: str | None = None
    base_url: str = OPENAI_URL
    api: Api | None = None  # None: by the base URL
    key: str | None = field(default=None, repr=False)
    key_env: str | None = KEY_VARIABLE  # the variable that holds the key; None: none was named for this endpoint
    configured: bool = False
    allow_http: bool = False
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    currency: str | None = None
    max_wait_s: float = 60.0
    silence_s: float = 60.0
    turn_s: float = 300.0
    context: int = 128_000

    @property
    def host(self) -> str:
        return _host(self.base_url)

    @property
    def is_loopback(self) -> bool:
        """The endpoint is this machine."""
        return _is_loopback(self.host)

    @property
    def is_local(self) -> bool:
        """The endpoint is this machine or one of its own network: it may need no key."""
        return _is_private(self.host)

    @property
    def is_openai(self) -> bool:
        return _is_openai(self.host)

    @property
    def effective_api(self) -> Api:
        """Responses for OpenAI and Azure OpenAI, Chat Completions for everyone else, unless told otherwise."""
        return self.api or ("responses" if _is_openai(self.host) or _is_azure(self.host) else "chat")

    @property
    def effective_name(self) -> str:
        """The model to ask for. Raises UsageError when none was named and the endpoint is not OpenAI's own."""
        if self.name:
            return self.name
        if _is_openai(self.host):
            return DEFAULT_MODEL
        raise UsageError(f"no model is named for {self.host or self.base_url}", field="OPENAI_MODEL", next=_HOW_TO_NAME)

    @property
    def destination(self) -> str:
        """Scheme, host and port of the endpoint; no path, no credentials."""
        parts = urlsplit(self.base_url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")

    def check(self) -> None:
        """Raises UsageError when the base URL cannot or must not be used, or the model has no name."""
        parts = _parsed(self.base_url)
        if parts.scheme == "http" and not (self.allow_http or _is_private(self.host)):
            raise _wrong_url(
                f"{self.destination} is reached over http, which shows the key and everything in the conversation to "
                "any machine on the way",
                "use https; for a network you trust, set allow_http = true under [model] in finchat.toml",
            )
        if _is_azure(self.host) and not parts.path.rstrip("/").endswith("/v1"):
            raise _wrong_url(
                f"the base URL of {self.host} lacks its path", f"write https://{self.host}/openai/v1/ (Azure's v1 API)"
            )
        _ = self.effective_name


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """What one run of the agent may use: requests to the model, tokens in and out together, money in the currency of
    the model's prices (None: no limit), seconds of wall time without those a person took to decide."""

    turns: int = 40
    tokens: int = 400_000
    cost: Decimal | None = None
    seconds: float = 600.0


def model_settings(table: Mapping[str, Any], environ: Mapping[str, str]) -> ModelSettings:
    """ModelSettings of a [model] table that fits MODEL_SCHEMA, and of OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL.

    Nothing is checked here that only a run with the model needs: see ModelSettings.check.
    """
    values = dict(table)
    in_file = "base_url" in values
    base_url = values.pop("base_url", None) or environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL
    name = values.pop("name", None) or environ.get("OPENAI_MODEL", "").strip() or None
    ours = not in_file or _is_openai(_host(base_url)) or _is_azure(_host(base_url))
    key_env = values.pop("key_env", KEY_VARIABLE if ours else None)
    key = (environ.get(key_env) or "").strip() or None if key_env else None
    for price in ("input_price", "output_price"):
        if price in values:
            values[price] = Decimal(str(values[price]))
    return ModelSettings(
        name=name,
        base_url=base_url,
        key=key,
        key_env=key_env,
        configured=bool(key or base_url != OPENAI_URL),
        **values,
    )


def run_limits(table: Mapping[str, Any]) -> RunLimits:
    """RunLimits of a [limits] table that fits LIMITS_SCHEMA."""
    values = dict(table)
    if "cost" in values:
        values["cost"] = Decimal(str(values["cost"]))
    return RunLimits(**values)


def _parsed(base_url: str) -> SplitResult:
    how = "write it like https://HOST/v1, as the provider names it"
    try:
        parts = urlsplit(base_url)
        _ = parts.port
    except ValueError as error:
        raise _wrong_url("the base URL of the model cannot be read", how) from error
    if not base_url.isascii() or not base_url.isprintable() or " " in base_url:
        raise _wrong_url("the base URL of the model holds characters that no URL has", how)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _wrong_url("the base URL of the model is no http or https URL", how)
    if parts.username is not None or parts.password is not None:
        raise _wrong_url(
            "the base URL of the model holds a user name or password", "leave them out; key_env names the key"
        )
    if parts.fragment:
        raise _wrong_url("the base URL of the model holds a fragment (#…)", how)
    return parts


def _wrong_url(message: str, next_step: str) -> UsageError:
    return UsageError(message, field="base_url", next=next_step)


def _host(base_url: str) -> str:
    try:
        return (urlsplit(base_url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_openai(host: str) -> bool:
    return host == "api.openai.com" or host.endswith(".api.openai.com")  # eu.api.openai.com and the like


def _is_azure(host: str) -> bool:
    return host.endswith(".openai.azure.com")


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def _is_private(host: str) -> bool:
    """A host whose address says it is not on the public internet: loopback, private ranges, names without a dot."""
    address = _address(host)
    if address:
        return address.is_loopback or address.is_private or address.is_link_local
    return "." not in host or host.endswith(_PRIVATE_NAMES)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
