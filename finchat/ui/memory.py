"""What memory holds, for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finchat.text.sanitise import one_line
from finchat.workflows.memory import RememberedFact
from finchat.workflows.memory_words import sentence

if TYPE_CHECKING:
    from rich.console import RenderableType


def memory_view(found: Sequence[RememberedFact]) -> RenderableType:
    """By organisation: the id that forget and edit take, and the sentence; what is not used is dimmed."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    for org_id, name in dict.fromkeys((known.org_id, known.org_name) for known in found):
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for known in found:
            if known.org_id == org_id:
                style = "" if known.fact.believed or known.fact.kind == "coding" else "dim"
                table.add_row(Text(known.fact.id), Text(one_line(sentence(known.fact)), style=style))
        parts += [Text(one_line(name), style="bold"), table]
    return Group(*parts)
