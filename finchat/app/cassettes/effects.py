"""What the tools in a cassette do, by the profiles that its servers had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finchat.app.cassettes.story import Effects
from finchat.errors import FinchatError


def effects_of(header: Mapping[str, Any]) -> Effects:
    """Says of a server's tool whether it reads, writes or destroys; None where no profile tells."""
    from finchat.providers.registry import profile

    profiles = {}
    for name, server in (header.get("settings", {}).get("servers") or {}).items():
        try:
            profiles[name] = profile(server.get("profile"), name)
        except FinchatError:  # it has none that is known here
            continue

    def effect(server: str, tool: str) -> str | None:
        known = profiles.get(server)
        return None if known is None else known.effect(tool)

    return effect
