"""The Toolbox everybody gets: reads pass policy and audit; what is not a read is refused without an approval."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from finchat.books.documents import Organisation
from finchat.books.plan_json import organisation_json
from finchat.canonical import sha256_of
from finchat.chance import uuid_text
from finchat.clock import Clock
from finchat.connections.toolbox import CallError, CallResult, Tool, Toolbox, withheld
from finchat.safety.audit import AuditLog, AuditRecord
from finchat.safety.policy import Decision, Policy
from finchat.safety.profile_protocol import ORGANISATION_RESOURCES, Profile
from finchat.safety.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """A read that the policy wants a person to allow."""

    server: str
    tool: str
    arguments: Mapping[str, Any]
    reason: str


AskRead = Callable[[ReadRequest], Awaitable[bool]]


@dataclass(slots=True)
class Door:
    """What is known of one server. `organisation` is None until it was opened, after recovery."""

    toolbox: Toolbox
    profile: Profile | None
    organisation: Organisation | None = None


class GuardedToolbox:
    """The tools of one server behind the policy. Implements Toolbox.

    `recovering`: the guard's own reads while it settles earlier writes, before the organisation is open to others.
    """

    def __init__(
        self, door: Door, policy: Policy, audit: AuditLog, run: Run, *, ask: AskRead | None, recovering: bool = False
    ) -> None:
        self._door = door
        self._policy = policy
        self._audit = audit
        self._run = run
        self._ask = ask
        self._recovering = recovering

    @property
    def server(self) -> str:
        return self._door.toolbox.server

    async def tools(self) -> Mapping[str, Tool]:
        return await self._door.toolbox.tools()

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> CallResult:
        """A read, when the policy lets it. Refusals are CallErrors with outcome not_sent."""
        decision = decide(self._policy, self._door, name)
        allowed_by, refusal = decision.decided_by, self._refusal(name, decision)
        if refusal is None and decision.decision == "ask":
            request = ReadRequest(server=self.server, tool=name, arguments=arguments, reason=decision.reason)
            if self._ask is None or not await self._ask(request):
                refusal = _no(
                    "approval_required", f"{name} needs a person's yes: {decision.reason}",
                    f"run it at a terminal and answer y; or {self._policy.remedy(decision)}",
                )  # fmt: skip
            else:
                allowed_by = "human"
        if refusal is None and name not in await self._door.toolbox.tools():
            unknown = _no("unknown_tool", f"{self.server} offers no tool {name}", "see `finchat servers`")
            refusal = withheld(self._door.toolbox, name) or unknown
        if refusal is not None:
            self._note(name, arguments, decision, decision.decided_by, refused=refusal)
            return CallResult(error=refusal)
        started = Clock.monotonic()
        try:
            result = await self._door.toolbox.call(
                name, arguments, idempotency_key=idempotency_key, deadline_s=deadline_s
            )
        except BaseException as error:  # Ctrl-C and a time limit too: it was called, and the record says so
            self._note(name, arguments, decision, allowed_by, cut_off=error, took_s=Clock.monotonic() - started)
            raise
        self._note(name, arguments, decision, allowed_by, result=result, took_s=Clock.monotonic() - started)
        return result

    def _refusal(self, name: str, decision: Decision) -> CallError | None:
        if decision.decision == "deny":
            return _no(
                "denied",
                f"{name} is refused by {decision.decided_by}: {decision.reason}",
                self._policy.remedy(decision),
            )
        if decision.effect != "read":
            return _no(
                "approval_required", f"{name} changes the ledger and needs an approved plan",
                "propose it as a plan; a person approves it",
            )  # fmt: skip
        profile, opened = self._door.profile, self._door.organisation is not None or self._recovering
        if profile is not None and not opened and profile.resource(name) not in ORGANISATION_RESOURCES:
            return _no(
                "organisation_not_open", f"{self.server} may not be read before earlier writes there are settled",
                "read the organisation and open it first",
            )  # fmt: skip
        return None

    def _note(
        self, name: str, arguments: Mapping[str, Any], decision: Decision, decided_by: str, *,
        refused: CallError | None = None, result: CallResult | None = None, took_s: float = 0.0,
        cut_off: BaseException | None = None,
    ) -> None:  # fmt: skip
        org = self._door.organisation
        where = f"{self.server} ({org.name})" if org is not None else self.server
        if refused is not None:
            text = f"{self._run.user} was refused {name} on {where}: {refused.message}"
        else:
            error = result.error if result is not None else None
            ending = f"failed, {error.message}" if error is not None else f"answered in {took_s * 1000:.0f} ms"
            if cut_off is not None:
                ending = f"cut off after {took_s * 1000:.0f} ms ({type(cut_off).__name__})"
            text = f"{self._run.user} read {name} on {where}, allowed by {decided_by}: {ending}"
        self._audit.note(
            AuditRecord(
                event="call",
                text=text,
                server=self.server,
                org=None if org is None else organisation_json(org),
                tool=name,
                call_id=uuid_text("call"),
                effect=decision.effect,
                decision="deny" if refused is not None else "allow",
                decided_by=decided_by,
                arguments_sha256=arguments_hash(arguments),
                outcome="not_sent" if refused is not None else None,
            )
        )


def decide(policy: Policy, door: Door, tool: str) -> Decision:
    """The policy's word on a tool of a server, by the profile's table."""
    profile = door.profile
    effect = profile.effect(tool) if profile is not None else None
    resource = profile.resource(tool) if profile is not None else None
    return policy.decide(door.toolbox.server, tool, effect, resource)


def arguments_hash(arguments: Mapping[str, Any]) -> str:
    """SHA-256 for the record, also of arguments that have no canonical form (a model's floats or lone surrogates)."""
    try:
        return sha256_of(arguments)
    except (TypeError, ValueError):
        return sha256_of(json.dumps(arguments, sort_keys=True, default=repr, ensure_ascii=True))


def text_hash(arguments: str) -> str:
    """SHA-256 for the record of arguments that could not be read, over the text as it came."""
    return hashlib.sha256(arguments.encode("utf-8", "surrogatepass")).hexdigest()


def _no(code: str, message: str, next: str) -> CallError:
    return CallError(code=code, message=message, outcome="not_sent", next=next)
