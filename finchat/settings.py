"""Where finchat keeps things, and which servers it is told to use.

Sources, later over earlier: the built-in sandbox connection, finchat.toml (`--config`), `--mcp-config FILE`.
Nothing is ever read from the working directory.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from finchat.canonical import sha256_of
from finchat.errors import UsageError, plain
from finchat.model_settings import (
    LIMITS_SCHEMA,
    MODEL_SCHEMA,
    ModelSettings,
    RunLimits,
    model_settings,
    run_limits,
)
from finchat.text.bounded import read_bounded

PROFILES = ("xero", "quickbooks", "xero-official", "quickbooks-intuit", "quickbooks-community")
DEFAULT_SERVER = "books"
# The built-in sandbox connection ships with its clearing account named, as a person would name theirs.
SANDBOX_CLEARING_ACCOUNTS = ("Card & Wallet Receipts",)


@dataclass(frozen=True, slots=True)
class Home:
    """FINCHAT_HOME and the files in it."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "finchat.toml"

    @property
    def policy(self) -> Path:
        return self.path / "policy.toml"

    @property
    def database(self) -> Path:
        return self.path / "state.sqlite3"

    @property
    def audit_log(self) -> Path:
        return self.path / "audit.jsonl"

    @property
    def audit_head(self) -> Path:
        return self.path / "audit.head"

    @property
    def plans(self) -> Path:
        return self.path / "plans"

    @property
    def evidence(self) -> Path:
        return self.path / "evidence"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def sessions(self) -> Path:
        """What models were told and what tools answered, a file or two for each session."""
        return self.path / "sessions"

    @property
    def sandbox(self) -> Path:
        return self.path / "sandbox"

    @property
    def tokens(self) -> Path:
        """What live connections sign in with between runs."""
        return self.path / "tokens"

    @property
    def locks(self) -> Path:
        return self.path / "locks"


def home_from_environment(environ: Mapping[str, str] = os.environ) -> Home:
    """FINCHAT_HOME, else the platform's own place for user data. Raises UsageError when a file is in its place."""
    if given := environ.get("FINCHAT_HOME"):
        path = Path(given).expanduser()  # one that is relative stays so: it is printed as it was given
        for place in (path, *path.parents):
            if place.exists():
                if place.is_dir():
                    break
                raise UsageError(
                    f"FINCHAT_HOME is {path}, and {place} is a file, not a folder",
                    field="FINCHAT_HOME",
                    next="name a folder; finchat makes it when it is not there",
                )
        return Home(path)
    from platformdirs import user_data_path

    return Home(user_data_path("finchat", appauthor=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """One configured MCP server.

    With `command` it is a child process, with `url` it is streamable HTTP; with neither it is finchat's own server
    for `profile`, run in memory (on the sandbox company when `sandbox`, else on the XERO_*/QUICKBOOKS_* environment).
    `request_lifetime_s`: how long the vendor may still be working on a request whose answer never came.
    """

    name: str
    profile: str | None = None
    command: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    organisation: str | None = None
    clearing_accounts: tuple[str, ...] = ()
    bank_feed: str | None = None
    required: bool = True
    sandbox: bool = False
    request_lifetime_s: float | None = None
    start_deadline_s: float = 20.0
    call_deadline_s: float = 60.0

    @property
    def in_memory(self) -> bool:
        return self.command is None and self.url is None

    def fingerprint(self, organisation_id: str) -> str:
        """SHA-256 over what identifies the server and organisation, without secrets (no env, headers or user info)."""
        where: Any = {"builtin": self.profile, "sandbox": self.sandbox}
        if self.command is not None:
            where = {"command": self.command, "args": list(self.args)}
        elif self.url is not None:
            parts = urlsplit(self.url)
            where = {"url": f"{parts.scheme}://{parts.hostname}:{parts.port or ''}{parts.path}"}
        return sha256_of({"name": self.name, "where": where, "organisation": organisation_id})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    home: Home
    servers: Mapping[str, ServerSettings]
    policy_path: Path
    model: ModelSettings = field(default_factory=ModelSettings)
    limits: RunLimits = field(default_factory=RunLimits)

    def server(self, name: str | None) -> ServerSettings:
        """The named server, or the only one. Raises UsageError that lists what there is."""
        if name is None and len(self.servers) == 1:
            return next(iter(self.servers.values()))
        if name is None:
            profiled = [s for s in self.servers.values() if s.profile]
            if len(profiled) == 1:
                return profiled[0]
            raise UsageError(
                "more than one server is configured", field="--server", next=f"add --server {'|'.join(self.servers)}"
            )
        if name not in self.servers:
            raise UsageError(
                f"no server is called {name!r}", field="--server", next=f"configured are: {', '.join(self.servers)}"
            )
        return self.servers[name]


def load_settings(
    home: Home,
    *,
    config: Path | None = None,
    mcp_config: Path | None = None,
    policy: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Settings from the files that exist, and OPENAI_* for the model. Raises UsageError naming the file and the field
    that is wrong."""
    servers: dict[str, ServerSettings] = {}
    root: Mapping[str, Any] = {}
    file = config or home.config
    if config is not None or file.exists():
        root = _root(_toml(file), file)
        servers |= _servers(root.get("servers", {}), file, "servers")
    if mcp_config is not None:
        servers |= _servers(_root_of_hosts(_json(mcp_config), mcp_config), mcp_config, "mcpServers")
    if not servers:
        servers = {DEFAULT_SERVER: sandbox_server()}
    return Settings(
        home=home,
        servers=servers,
        policy_path=policy or home.policy,
        model=model_settings(root.get("model", {}), environ),
        limits=run_limits(root.get("limits", {})),
    )


def sandbox_server(name: str = DEFAULT_SERVER) -> ServerSettings:
    """The connection a fresh machine has: finchat's own Xero server, in memory, on the sandbox company."""
    return ServerSettings(
        name=name, profile="xero", sandbox=True, clearing_accounts=SANDBOX_CLEARING_ACCOUNTS, request_lifetime_s=0.0
    )


_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_TEXT_TABLE = {"type": "object", "additionalProperties": {"type": "string"}}
_SECONDS = {"type": "number", "minimum": 0}
SERVERS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,32}$"},
    "additionalProperties": {
        "type": "object",
        "properties": {
            "command": _TEXT,
            "args": _TEXTS,
            "env": _TEXT_TABLE,
            "url": _TEXT,
            "headers": _TEXT_TABLE,
            "finchat": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "profile": {"enum": list(PROFILES)},
                    "organisation": _TEXT,
                    "clearing_accounts": _TEXTS,
                    "bank_feed": _TEXT,
                    "required": {"type": "boolean"},
                    "sandbox": {"type": "boolean"},
                    "request_lifetime_s": _SECONDS,
                    "start_deadline_s": _SECONDS,
                    "call_deadline_s": _SECONDS,
                },
            },
        },
        "not": {"required": ["command", "url"]},
        "anyOf": [
            {"required": ["command"]},
            {"required": ["url"]},
            {"required": ["finchat"], "properties": {"finchat": {"required": ["profile"]}}},
        ],
    },
}


def file_schema(root: str) -> dict[str, Any]:
    """JSON Schema of a settings file whose servers are under `root`: finchat.toml (servers) holds besides them only the
    model and the limits of its runs, the common JSON (mcpServers) may hold what other hosts read."""
    if root == "servers":
        tables = {root: SERVERS_SCHEMA, "model": MODEL_SCHEMA, "limits": LIMITS_SCHEMA}
        return {"type": "object", "properties": tables, "additionalProperties": False}
    return {"type": "object", "properties": {root: SERVERS_SCHEMA}, "required": [root]}


def _root(table: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    """finchat.toml, its tables [model] and [limits] checked. Raises UsageError for a table that is not known: a typing
    error must not pass in silence."""
    for key in table:
        if key not in {"servers", "model", "limits"}:
            raise UsageError(
                f"{file}: {key} is not known here",
                field=key,
                next="known are [servers.NAME], one table a server, [model] and [limits]",
            )
    if isinstance(model := table.get("model"), dict) and "key" in model:
        raise UsageError(
            f"{file}: model.key: a key does not belong in this file",
            field="model.key",
            next="put it into an environment variable and name that with key_env",
        )
    for key, schema in (("model", MODEL_SCHEMA), ("limits", LIMITS_SCHEMA)):
        if key in table:
            _check(table[key], schema, file, key)
            for name, value in table[key].items():
                if isinstance(value, float) and not isfinite(value):
                    raise UsageError(f"{file}: {key}.{name} is {value}", field=f"{key}.{name}", next="name a number")
    return table


def _root_of_hosts(data: Mapping[str, Any], file: Path) -> Any:
    """The servers of the common JSON, whose other keys are for other hosts."""
    if "mcpServers" not in data:
        raise UsageError(f"{file} names no mcpServers", field="mcpServers", next='it starts {"mcpServers": …')
    return data["mcpServers"]


def _servers(table: Any, file: Path, root: str) -> dict[str, ServerSettings]:
    _check(table, SERVERS_SCHEMA, file, root)
    return {name: _server(name, entry, file) for name, entry in table.items()}


def _check(table: Any, schema: Mapping[str, Any], file: Path, root: str) -> None:
    from jsonschema import Draft202012Validator

    for issue in Draft202012Validator(schema).iter_errors(table):
        where = ".".join([root, *(str(part) for part in issue.absolute_path)])
        why = _complaint(str(issue.validator), issue.validator_value, issue.instance, issue.schema, where)
        raise UsageError(f"{file}: {where} {why}", field=where, next="correct the file and run again")


_KINDS = {
    "object": "a table", "array": "a list", "string": "text in quotes", "boolean": "true or false",
    "number": "a number", "integer": "a whole number",
}  # fmt: skip


_PATTERNS = {
    "model.key_env": "must be the name of an environment variable, not the key",  # which is not repeated here
    "model.currency": "must be a currency's three letters, like GBP",
}


def _complaint(rule: str, wanted: Any, value: Any, schema: Mapping[str, Any], where: str) -> str:
    """What is wrong with a value, by the rule of its schema that it breaks."""
    if rule == "pattern" and where in _PATTERNS:
        return _PATTERNS[where]
    if rule == "additionalProperties":
        known = schema["properties"]
        unknown = ", ".join(key for key in value if key not in known)
        return f"has {unknown}, which is not known here; known are {', '.join(known)}"
    return {
        "not": "has both a command and a url",
        "anyOf": "has neither a command, a url nor finchat.profile",
        "type": f"must be {_KINDS.get(str(wanted), wanted)}",
        "enum": f"is {value!r}; known are {', '.join(map(str, wanted)) if isinstance(wanted, list) else wanted}",
        "minLength": "is empty",
        "minimum": f"is {value}, less than {wanted}",
        "exclusiveMinimum": f"is {value}, and must be more than {wanted}",
        "dependentRequired": "has one of input_price, output_price and currency: all three are needed, or none",
        "pattern": f"names a server {value!r}: only letters, digits, - and _, at most 32 of them",
    }[rule]


def _server(name: str, entry: Mapping[str, Any], file: Path) -> ServerSettings:
    values = {key: entry[key] for key in ("command", "args", "env", "url", "headers") if key in entry}
    values |= entry.get("finchat", {})
    for key in ("args", "clearing_accounts"):
        values[key] = tuple(values.get(key, ()))
    if feed := values.get("bank_feed"):
        values["bank_feed"] = str((file.parent / Path(feed).expanduser()).absolute())
    return _bridged(ServerSettings(name=name, **values))


def _bridged(settings: ServerSettings) -> ServerSettings:
    """`npx -y @modelcontextprotocol/server-sse URL` needs no bridge: connect to the URL itself."""
    if (
        settings.command == "npx"
        and len(settings.args) >= 2
        and settings.args[-2].startswith("@modelcontextprotocol/server-sse")
    ):
        return replace(settings, command=None, args=(), url=settings.args[-1])
    return settings


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_bounded(file).decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"cannot read {file}: {plain(error)}", field="--config", next="correct the file or its path"
        ) from error


def _json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(read_bounded(file).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"cannot read {file}: {plain(error)}", field="--mcp-config", next="correct the file or its path"
        ) from error
    if not isinstance(data, dict):
        raise UsageError(f"{file} is not a JSON object", field="--mcp-config", next='it starts {"mcpServers": …')
    return data
