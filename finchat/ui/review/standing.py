"""Where a review stands, on paper: without the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from finchat.books.plan import Plan
from finchat.text.sanitise import one_line
from finchat.ui.reconciliation import title
from finchat.ui.review.words import STATE_WORDS, progress
from finchat.workflows.review.board import Tally
from finchat.workflows.review.groups import sums
from finchat.workflows.review.states import DONE, State

if TYPE_CHECKING:
    from rich.console import RenderableType


def standing_view(plan: Plan, states: Mapping[str, State]) -> RenderableType:
    """Whose plan it is, how far its review is, and how many proposals are in which state."""
    from rich.console import Group
    from rich.text import Text

    decided = [p for p in plan.proposals if states[p.id] in DONE]
    tally = Tally(
        decided=len(decided),
        total=len(plan.proposals),
        decided_sums=sums(decided),
        total_sums=sums(plan.proposals),
    )
    counts = Counter(states.values())
    words = {**STATE_WORDS, "approved": "approved, not yet written", "void": "whose approval did not hold"}
    told = ", ".join(f"{counts[state]} {words[state]}" for state in words if counts[state])
    return Group(title(plan.organisation), Text(f"plan {one_line(plan.id)}: {progress(tally)} decided"), Text(told))
