"""Findings for a reader: what is the matter, and the step that deals with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from finchat.books.documents import BankLine
from finchat.books.plan import Finding
from finchat.text.sanitise import one_line
from finchat.ui.amounts import money, short_day
from finchat.ui.plan_table import line_text

if TYPE_CHECKING:
    from rich.console import RenderableType

_LONGEST = 2_000  # characters: names in it are strangers'
# A mark and a word beside every colour: nothing is said by colour alone.
_LOOK = {"error": ("x", "red"), "warning": ("!", "yellow"), "info": ("i", "cyan")}


def findings_view(findings: Sequence[Finding], lines: Mapping[str, BankLine]) -> RenderableType:
    """All findings, the grave ones first, else in the order given."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    for finding in sorted(findings, key=lambda f: list(_LOOK).index(f.severity)):
        mark, style = _LOOK[finding.severity]
        head = Text.assemble((f"{mark} ", style), (_headline(finding, lines.get(finding.line_id or "")), "bold"))
        head.no_wrap, head.overflow = True, "ellipsis"
        parts.append(head)
        parts.append(Padding(Text(one_line(finding.text, _LONGEST)), (0, 0, 0, 2)))
        if finding.next:
            parts.append(Padding(Text(f"next: {one_line(finding.next, _LONGEST)}", style="dim"), (0, 0, 0, 2)))
    return Group(*parts)


def _headline(finding: Finding, line: BankLine | None) -> str:
    kind = finding.code.replace("_", " ")
    if line is None:
        sum_ = "" if finding.amount is None else " · " + money(finding.amount, finding.currency or "")
        return f"{finding.severity}: {kind}{sum_}"
    value = line.amount if line.direction == "receive" else -line.amount
    cash = money(value, line.currency, signed=True)
    return f"{finding.severity}: {kind} · {short_day(line.date).strip()} {cash} · {line_text(line)}"
