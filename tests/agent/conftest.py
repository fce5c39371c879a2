"""Homes with a guard on them, for the tests of the agent."""

from __future__ import annotations

from tests.safety.conftest import world, worlds

__all__ = ["world", "worlds"]
