"""Short lists of a name and what is said of it, as slash commands show them; every cell is made safe here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from finchat.text.redact import redact
from finchat.text.sanitise import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

_WIDEST = 40  # cells of the names; longer ones go on below themselves


def listing(
    rows: Sequence[tuple[str, str]], *, title: str = "", lead: str = "", notes: Iterable[str] = (), indent: int = 0
) -> RenderableType:
    """A title, a sentence below it, two columns, and notes; nothing is cut."""
    from rich.cells import cell_len
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    cells = [(one_line(redact(left)), one_line(redact(right))) for left, right in rows]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=min(max((cell_len(left) for left, _ in cells), default=0), _WIDEST), overflow="fold")
    table.add_column(overflow="fold")
    for left, right in cells:
        table.add_row(Text(left, style="bold"), Text(right))
    parts: list[RenderableType] = [Text(one_line(redact(title)), style="bold")] if title else []
    parts += [Text(one_line(redact(lead)))] if lead else []
    if cells:
        parts.append(Padding(table, (0, 0, 0, indent)))
    parts += [Text(one_line(redact(note)), style="dim") for note in notes]
    return Group(*parts)


def entries(rows: Iterable[tuple[str, str, str]], *, notes: Iterable[str] = ()) -> RenderableType:
    """For each a name with a few words beside it, and a sentence below."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    for name, beside, sentence in rows:
        parts.append(Text.assemble((one_line(redact(name)), "bold"), f"  {one_line(redact(beside))}"))
        parts.append(Padding(Text(one_line(redact(sentence))), (0, 0, 0, 4)))
    parts += [Text(one_line(redact(note)), style="dim") for note in notes]
    return Group(*parts)
