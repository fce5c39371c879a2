"""An undo on screen: which plan is taken back, what of it can be, and what cannot."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from finchat.text.sanitise import one_line
from finchat.ui.findings import findings_view
from finchat.ui.plan_table import plan_table, totals
from finchat.ui.reconciliation import title
from finchat.workflows.undo import Undo

if TYPE_CHECKING:
    from rich.console import RenderableType


def undo_view(undo: Undo, width: int, *, denied: Collection[str] = (), rows: bool = True) -> RenderableType:
    """The plan that takes another back, its totals, and what stays. `denied`: proposals the policy forbids; without
    `rows` the plan itself is shown by whoever asks about it."""
    from rich.console import Group
    from rich.text import Text

    of, plan = undo.of, undo.plan
    many = f"{len(plan.proposals)} proposal{'s' * (len(plan.proposals) != 1)}" if plan.proposals else "nothing left"
    parts: list[RenderableType] = [
        title(of.organisation),
        Text(f"undo of plan {one_line(of.id)} of {of.created_at:%Y-%m-%d %H:%M} UTC: {many} to take back"),
    ]
    if plan.proposals and rows:
        parts += [Text(""), plan_table(plan, width, denied=denied), Text(""), Text(totals(plan, denied=denied))]
    if not undo.whole and plan.proposals:
        parts.append(Text("Not all of it can be taken back; the rest stays as it is:", style="yellow"))
    if undo.findings:
        parts += [Text(""), findings_view(undo.findings, {})]
    return Group(*parts)
