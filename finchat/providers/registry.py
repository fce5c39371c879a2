"""Profile names to what implements them. A profile is named by a human in the settings, never guessed."""

from __future__ import annotations

from collections.abc import Mapping

from finchat.errors import UsageError
from finchat.providers.xero import XERO_PROFILE, XeroProfile

PROFILES: Mapping[str, XeroProfile] = {XERO_PROFILE.name: XERO_PROFILE}


def profile(name: str | None, server: str) -> XeroProfile:
    """The profile of a configured server. Raises UsageError (exit 2) when it has none that a workflow can use."""
    if name is None:
        raise UsageError(
            f"server {server!r} has no profile, so finchat does not know what its tools do",
            field="profile",
            next=f'add "finchat": {{"profile": "{"|".join(PROFILES)}"}} to the server',
        )
    if name not in PROFILES:
        raise UsageError(
            f"this version of finchat has no workflows for profile {name!r} (server {server!r})",
            field="profile",
            next=f"profiles with workflows: {', '.join(PROFILES)}",
        )
    return PROFILES[name]
