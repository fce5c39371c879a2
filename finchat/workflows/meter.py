"""What a run cost: its API calls and its waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """API calls sent, and seconds spent waiting for a rate budget."""

    calls: int = 0
    waited_s: float = 0.0
