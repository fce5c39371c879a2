"""policy.toml: which calls are allowed, which need a human's yes, which are refused. Pure, but for reading the file.

The rule (machine contract): a human's class for a tool replaces the profile's; then the strictest of everything that
matches decides, deny over ask over allow. A ceiling below the effect is a deny. Nothing here can allow a write.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

from finchat import verifier
from finchat.books.money import parse_amount
from finchat.books.plan import Kind
from finchat.errors import UsageError, plain
from finchat.safety.profile_protocol import ToolEffect
from finchat.text.bounded import read_bounded

Verdict = Literal["allow", "ask", "deny"]
Ceiling = Literal["off", "read", "write"]
ToolRule = Literal["read", "write", "destructive", "ask", "deny"]

_STRICTNESS: Mapping[str, int] = {"allow": 0, "ask": 1, "deny": 2}
_EFFECT_LEVEL: Mapping[str, int] = {"read": 1, "write": 2, "destructive": 3}
_CEILING_LEVEL: Mapping[str, int] = {"off": 0, "read": 1, "write": 3}
_CLASSES = ("read", "write", "destructive")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of one call. `decided_by` is the audit's word: `policy:RULE`, or `default` without a file.

    `effect` is the class the decision rests on, after the human's word and the rule that the unknown is a write.
    """

    decision: Verdict
    decided_by: str
    effect: ToolEffect
    reason: str


@dataclass(frozen=True, slots=True)
class Match:
    """One rule that speaks about a call, and what it says."""

    rule: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How a decision came about: for `finchat policy test`."""

    server: str
    tool: str
    resource: str | None
    profile_effect: ToolEffect | None
    effect: ToolEffect
    effect_rule: str  # the rule that classified the tool, `profile`, or `unclassified`
    matches: tuple[Match, ...]
    decision: Decision

    def as_json(self) -> dict[str, Any]:
        return {
            "server": self.server,
            "tool": self.tool,
            "resource": self.resource,
            "profile_effect": self.profile_effect,
            "effect": self.effect,
            "effect_rule": self.effect_rule,
            "matches": [{"rule": m.rule, "verdict": m.verdict, "reason": m.reason} for m in self.matches],
            "decision": self.decision.decision,
            "decided_by": self.decision.decided_by,
            "reason": self.decision.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    read: Verdict = "allow"
    write: Verdict = "ask"
    destructive: Verdict = "ask"
    unknown: Verdict = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRules:
    """`resources`: resource name → ceiling. `tools`: name or glob → a class, ask or deny."""

    resources: Mapping[str, Ceiling] = field(default_factory=dict)
    tools: Mapping[str, ToolRule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnattendedRules:
    """What `--yes` may approve. Amounts in base currency; `expires` is the last day it holds, in the org's zone."""

    kinds: frozenset[str]
    max_amount: Decimal
    max_total_per_day: Decimal
    known_counterparties_only: bool
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRules:
    """Which plans need signatures, how many, and whose. `signers`: name → `ed25519:BASE64`.

    `above`: only plans whose total is over this, in base currency; None: every plan. `kinds`: only plans that hold a
    proposal of one of these; None: any. Two names with one key are one signer.
    """

    required: int
    signers: Mapping[str, str]
    above: Decimal | None = None
    kinds: frozenset[str] | None = None

    @property
    def names(self) -> Mapping[str, str]:
        """Public key → its signer; the first name of a key that has several."""
        return {key: name for name, key in reversed(list(self.signers.items()))}

    def as_json(self) -> dict[str, Any]:
        return {
            "required": self.required,
            "above": None if self.above is None else f"{self.above:f}",
            "kinds": None if self.kinds is None else sorted(self.kinds),
            "signers": dict(self.signers),
        }

    def sentence(self) -> str:
        which = "Every plan" if self.kinds is None else f"Every plan with a {' or '.join(sorted(self.kinds))}"
        over = "" if self.above is None else f" of more than {self.above:f} in base currency"
        return (
            f"{which}{over} needs {self.required} signature{'s' * (self.required != 1)} of different signers before "
            f"anything of it is written; signers: {', '.join(self.signers)}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of one policy file, or the built-in ones (`source` None): reads allowed, every write asks."""

    defaults: Defaults = Defaults()
    servers: Mapping[str, ServerRules] = field(default_factory=dict)
    unattended: UnattendedRules | None = None
    signatures: SignatureRules | None = None
    source: Path | None = None

    @classmethod
    def load(cls, path: Path, *, required: bool = False) -> Policy:
        """The policy of a file, or the built-in one when there is none and none was demanded.

        Raises UsageError naming the file and the field that is wrong.
        """
        try:
            text = read_bounded(path).decode("utf-8")
        except FileNotFoundError:
            if not required:
                return cls()
            raise UsageError(f"there is no policy file {path}", field="--policy", next="correct the path") from None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"cannot read {path}: {plain(error)}", field="--policy", next="correct the file"
            ) from error
        try:
            data = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{path} is not TOML: {error}", field="--policy", next="correct the file") from error
        return cls.from_data(data, source=path)

    @classmethod
    def from_data(cls, data: Mapping[str, Any], *, source: Path) -> Policy:
        """The policy of parsed TOML. Raises UsageError naming the field."""
        return _Reader(source).policy(data)

    def decide(self, server: str, tool: str, effect: ToolEffect | None, resource: str | None) -> Decision:
        """Whether a call may be made. `effect` and `resource` are the profile's word, None when it has none."""
        return self.explain(server, tool, effect, resource).decision

    def explain(self, server: str, tool: str, effect: ToolEffect | None, resource: str | None) -> Explanation:
        """The decision with every rule that matched, the deciding one first."""
        used, effect_rule = self._classify(server, tool, effect)
        matches = sorted(self._matches(server, tool, used, effect_rule, resource), key=_strictest_first)
        first = matches[0]
        decided_by = "default" if self.source is None else f"policy:{first.rule}"
        return Explanation(
            server=server, tool=tool, resource=resource, profile_effect=effect, effect=used, effect_rule=effect_rule,
            matches=tuple(matches), decision=Decision(first.verdict, decided_by, used, first.reason),
        )  # fmt: skip

    def remedy(self, decision: Decision) -> str:
        """The line of the policy file that a person would change to get another decision."""
        rule = decision.decided_by.removeprefix("policy:")
        if self.source is None:
            return "a policy.toml can say otherwise"
        to = ' to "read"' if ".resources." in rule and decision.effect == "read" else ""
        return f"change {rule} in {self.source}{to}, if you want it otherwise"

    def doubts(self, servers: Mapping[str, frozenset[str] | None]) -> tuple[str, ...]:
        """Sentences on names that look mistyped: a rule that meets nothing protects nothing.

        `servers` are the configured ones with the resources they know; None where nobody knows them.
        """
        found = [*self._same_keys()]
        for name, rules in self.servers.items():
            if name != "*" and name not in servers:
                found.append(
                    f"{self.source} has rules for server {name}, which is not configured: they hold nowhere "
                    f"(configured: {', '.join(servers)})"
                )
                continue
            known = [servers[name]] if name != "*" else list(servers.values())
            everything: set[str] = set()
            for resources in known:
                everything |= resources or set()
            for resource in rules.resources:
                if all(resources is not None for resources in known) and resource not in everything:
                    found.append(
                        f"servers.{_key(name)}.resources.{_key(resource)} in {self.source} is no resource there, so it "
                        f"limits nothing (known: {', '.join(sorted(everything))})"
                    )
        return tuple(found)

    def describe(self) -> tuple[str, ...]:
        """The policy in plain sentences, one a line: for `finchat policy show`."""
        return tuple(self._sentences())

    def as_json(self) -> dict[str, Any]:
        """The effective policy, defaults filled in."""
        rules = self.unattended
        return {
            "schema": "finchat.policy/1",
            "source": None if self.source is None else str(self.source),
            "defaults": {name: getattr(self.defaults, name) for name in DEFAULT_CHOICES},
            "servers": {
                name: {"resources": dict(server.resources), "tools": dict(server.tools)}
                for name, server in self.servers.items()
            },
            "unattended": rules
            and {
                "kinds": sorted(rules.kinds),
                "max_amount": f"{rules.max_amount:f}",
                "max_total_per_day": f"{rules.max_total_per_day:f}",
                "known_counterparties_only": rules.known_counterparties_only,
                "expires": rules.expires.isoformat(),
            },
            "signatures": self.signatures and self.signatures.as_json(),
        }

    def _same_keys(self) -> Iterator[str]:
        rules = self.signatures
        if rules is None:
            return
        for key, name in rules.names.items():
            others = [other for other, its in rules.signers.items() if its == key and other != name]
            if others:
                names = ", ".join((name, *others))
                yield f"{names} have the same key in signatures.signers of {self.source}, so they are one signer"

    def _rules_for(self, server: str) -> Iterator[tuple[str, ServerRules]]:
        for name in dict.fromkeys((server, "*")):
            if name in self.servers:
                yield name, self.servers[name]

    def _tool_rules(self, server: str, tool: str) -> Iterator[tuple[str, ToolRule]]:
        for name, rules in self._rules_for(server):
            for pattern, rule in rules.tools.items():
                if fnmatchcase(tool, pattern):
                    yield f"servers.{_key(name)}.tools.{_key(pattern)}", rule

    def _classify(self, server: str, tool: str, effect: ToolEffect | None) -> tuple[ToolEffect, str]:
        human = [(word, rule) for rule, word in self._tool_rules(server, tool) if word in _CLASSES]
        if human:
            word, rule = max(human, key=lambda item: _EFFECT_LEVEL[item[0]])
            return _as_effect(word), rule
        return (effect, "profile") if effect is not None else ("write", "unclassified")

    def _matches(
        self, server: str, tool: str, effect: ToolEffect, effect_rule: str, resource: str | None
    ) -> Iterator[Match]:
        for name, rules in self._rules_for(server):
            ceiling = rules.resources.get(resource) if resource is not None else None
            if ceiling is not None and _CEILING_LEVEL[ceiling] < _EFFECT_LEVEL[effect]:
                yield Match(
                    f"servers.{_key(name)}.resources.{_key(resource or '')}", "deny",
                    f"{resource} is limited to {ceiling} on {name}, and this is a {effect}",
                )  # fmt: skip
        for rule, word in self._tool_rules(server, tool):
            if word == "ask":
                yield Match(rule, "ask", "this tool always asks")
            elif word == "deny":
                yield Match(rule, "deny", "this tool is switched off")
        if effect_rule == "unclassified":
            yield Match(
                "defaults.unknown", self.defaults.unknown, "nobody classified this tool, so it counts as a write"
            )
        verdict: Verdict = getattr(self.defaults, effect)
        yield Match(f"defaults.{effect}", verdict, f"the default for a {effect}")

    def _sentences(self) -> Iterator[str]:
        yield f"Read from {self.source}." if self.source else "No policy file: the built-in rules hold."
        for name in DEFAULT_CHOICES:
            what = "tools nobody classified" if name == "unknown" else f"{name} calls"
            yield f"By default, {what}: {getattr(self.defaults, name)}."
        for name, rules in self.servers.items():
            where = "every server" if name == "*" else f"server {name}"
            for resource, ceiling in rules.resources.items():
                yield f"On {where}, {resource}: {_CEILING_WORDS[ceiling]}."
            for pattern, word in rules.tools.items():
                yield f"On {where}, tool {pattern}: {f'is a {word}' if word in _CLASSES else word}."
        yield self._unattended_sentence()
        if self.signatures is not None:
            yield self.signatures.sentence()

    def _unattended_sentence(self) -> str:
        rules = self.unattended
        if rules is None:
            return "Nothing is approved without a person."
        who = "known counterparties only" if rules.known_counterparties_only else "any counterparty"
        return (
            f"With --yes, certain proposals of kind {', '.join(sorted(rules.kinds))} are approved up to "
            f"{rules.max_amount:f} each and {rules.max_total_per_day:f} a day in base currency, {who}, "
            f"until {rules.expires.isoformat()}."
        )


_CEILING_WORDS: Mapping[str, str] = {"off": "nothing at all", "read": "reads only", "write": "reads and writes"}
DEFAULT_CHOICES: Mapping[str, tuple[str, ...]] = {
    "read": ("allow", "ask", "deny"),
    "write": ("ask", "deny"),
    "destructive": ("ask", "deny"),
    "unknown": ("ask", "deny"),
}
_NO_ALLOW = "nothing allows a write without asking except [unattended], which is for --yes"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_SERVER_NAME = re.compile(r"(\*|[A-Za-z0-9_-]{1,32})\Z")
_SIGNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z", re.ASCII)
_RESOURCE_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


class _Reader:
    """Strict reading: everything known, everything of its type, and the field that is not is named."""

    def __init__(self, source: Path) -> None:
        self.source = source

    def policy(self, data: Mapping[str, Any]) -> Policy:
        self.only_keys(data, "", ("version", "defaults", "servers", "unattended", "signatures"))
        if type(data.get("version")) is not int or data["version"] != 1:
            raise self.error("version", "must be the number 1")
        servers = self.table(data.get("servers", {}), "servers")
        return Policy(
            defaults=self.defaults(self.table(data.get("defaults", {}), "defaults")),
            servers={name: self.server(name, rules) for name, rules in servers.items()},
            unattended=self.unattended(data["unattended"]) if "unattended" in data else None,
            signatures=self.signatures(data["signatures"]) if "signatures" in data else None,
            source=self.source,
        )

    def defaults(self, table: Mapping[str, Any]) -> Defaults:
        self.only_keys(table, "defaults", tuple(DEFAULT_CHOICES))
        for name, value in table.items():
            self.choice(value, f"defaults.{name}", DEFAULT_CHOICES[name])
        return Defaults(**table)

    def server(self, name: str, value: Any) -> ServerRules:
        where = f"servers.{_key(name)}"
        if not _SERVER_NAME.match(name):
            raise self.error(where, 'must be a configured server name or "*"')
        table = self.table(value, where)
        self.only_keys(table, where, ("resources", "tools"))
        resources = self.table(table.get("resources", {}), f"{where}.resources")
        tools = self.table(table.get("tools", {}), f"{where}.tools")
        for resource, ceiling in resources.items():
            field_name = f"{where}.resources.{_key(resource)}"
            if not _RESOURCE_NAME.match(resource):
                raise self.error(field_name, "must be a resource name in lower case, such as payments (no globs)")
            self.choice(ceiling, field_name, get_args(Ceiling))
        for pattern, rule in tools.items():
            field_name = f"{where}.tools.{_key(pattern)}"
            if not pattern:
                raise self.error(field_name, "must be a tool name or glob")
            self.choice(rule, field_name, get_args(ToolRule))
        return ServerRules(resources=resources, tools=tools)

    def unattended(self, value: Any) -> UnattendedRules:
        table = self.table(value, "unattended")
        names = ("kinds", "max_amount", "max_total_per_day", "known_counterparties_only", "expires")
        self.only_keys(table, "unattended", names)
        for name in names:
            if name not in table and name != "known_counterparties_only":
                raise self.error(f"unattended.{name}", "is missing: what may run unattended is stated in full")
        kinds = self.kinds(table["kinds"], "unattended.kinds")
        known_only = table.get("known_counterparties_only", True)
        if not isinstance(known_only, bool):
            raise self.error("unattended.known_counterparties_only", "must be true or false")
        expires = table["expires"]
        if not isinstance(expires, date) or isinstance(expires, datetime):
            raise self.error("unattended.expires", "must be a date such as 2026-12-31, without quotes")
        return UnattendedRules(
            kinds=kinds,
            max_amount=self.amount(table["max_amount"], "unattended.max_amount"),
            max_total_per_day=self.amount(table["max_total_per_day"], "unattended.max_total_per_day"),
            known_counterparties_only=known_only,
            expires=expires,
        )

    def signatures(self, value: Any) -> SignatureRules:
        table = self.table(value, "signatures")
        self.only_keys(table, "signatures", ("required", "above", "kinds", "signers"))
        for name in ("required", "signers"):
            if name not in table:
                raise self.error(f"signatures.{name}", "is missing")
        required = table["required"]
        if type(required) is not int or required < 1:
            raise self.error("signatures.required", "must be how many different signers a plan needs, such as 2")
        signers = self.table(table["signers"], "signatures.signers")
        for name, key in signers.items():
            where = f"signatures.signers.{_key(name)}"
            if not _SIGNER.match(name):
                raise self.error(where, "must be a name of up to 64 letters, digits, points, hyphens and underscores")
            if verifier.public_key_bytes(key) is None:
                raise self.error(where, 'must be a public key "ed25519:BASE64", as `finchat key show` prints it')
        different = len(set(signers.values()))
        if required > different:
            keys = f"{different} different key{'s' * (different != 1)}"
            raise self.error("signatures.required", f"is {required}, but signatures.signers has only {keys}")
        return SignatureRules(
            required=required,
            signers=dict(signers),
            above=self.amount(table["above"], "signatures.above") if "above" in table else None,
            kinds=self.kinds(table["kinds"], "signatures.kinds") if "kinds" in table else None,
        )

    def kinds(self, value: Any, where: str) -> frozenset[str]:
        if not isinstance(value, list) or not value:
            raise self.error(where, 'must be a list such as ["payment"]')
        for kind in value:
            self.choice(kind, where, get_args(Kind))
        return frozenset(value)

    def amount(self, value: Any, where: str) -> Decimal:
        try:
            amount = parse_amount(value) if isinstance(value, str) else None
        except ValueError:
            amount = None
        if amount is None or amount <= 0:
            raise self.error(where, 'must be a positive amount in quotes, such as "500.00"')
        return amount

    def choice(self, value: Any, where: str, choices: tuple[str, ...]) -> None:
        if isinstance(value, str) and value in choices:
            return
        if value == "allow":
            hint = '; give its class, "read", if it only reads' if ".tools." in where else ""
            raise self.error(where, f'cannot be "allow": {_NO_ALLOW}{hint}')
        raise self.error(where, f"must be one of {', '.join(choices)}, not {value!r}")

    def table(self, value: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.error(where, "must be a table")
        return value

    def only_keys(self, table: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                name = f"{where}.{_key(key)}" if where else _key(key)
                raise self.error(name, f"is not known here; known are {', '.join(known)}")

    def error(self, where: str, why: str) -> UsageError:
        return UsageError(
            f"{self.source}: {where} {why}", code="policy", field=where, next="correct the policy file and run again"
        )


def _strictest_first(match: Match) -> int:
    return -_STRICTNESS[match.verdict]


def _as_effect(word: str) -> ToolEffect:
    return "read" if word == "read" else "write" if word == "write" else "destructive"


def _key(name: str) -> str:
    """A name as TOML writes it in a dotted key, `"*"` left bare because it is unmistakable."""
    return name if _BARE_KEY.match(name) or name == "*" else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
