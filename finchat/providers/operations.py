"""A profile as rows: which tool does what, on which resource, with which effect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Effect = Literal["read", "write", "destructive"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One tool of a server. `resource` is the word policy.toml uses; `name` the canonical operation."""

    name: str  # invoice.list, payment.create, credit_note.allocate …
    tool: str
    effect: Effect
    resource: str


class OperationTable:
    """The rows of one profile, looked up by tool or by operation.

    A tool that does several things (an update that can also void) has a row for each; the first is the tool's own.
    """

    def __init__(self, rows: Iterable[Operation]) -> None:
        self.rows = tuple(rows)
        self._by_tool = {row.tool: row for row in reversed(self.rows)}
        self._by_name = {row.name: row for row in self.rows}
        if len(self._by_name) != len(self.rows):
            raise ValueError("an operation appears twice in the profile")

    def by_tool(self, tool: str) -> Operation | None:
        return self._by_tool.get(tool)

    def __getitem__(self, operation: str) -> Operation:
        return self._by_name[operation]
