"""The policy in force, held against the servers it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finchat.app.invocation import Invocation

if TYPE_CHECKING:
    from finchat.safety.policy import Policy


def policy_in_force(call: Invocation) -> tuple[Policy, tuple[str, ...]]:
    """The policy, and sentences on names in it that meet nothing. Raises UsageError naming the file and the field."""
    from finchat.safety.policy import Policy

    policy = Policy.load(call.settings.policy_path, required=call.policy is not None)
    return policy, doubts_of(policy, call)


def doubts_of(policy: Policy, call: Invocation) -> tuple[str, ...]:
    """Sentences on names in a policy that meet nothing here."""
    from finchat.connections.own_tools import OWN_SERVER
    from finchat.providers.registry import PROFILES, profile

    servers = call.settings.servers.values()
    known = {s.name: profile(s.profile, s.name).resources if s.profile in PROFILES else None for s in servers}
    return policy.doubts(known | {OWN_SERVER: frozenset()})  # finchat's own tools can be ruled on as well
