"""What Tab offers: slash commands with their help, and names, numbers and codes that the session has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class CommandRow(Protocol):
    """A slash command as the prompt knows it; `name` with or without its slash."""

    @property
    def name(self) -> str: ...
    @property
    def arguments(self) -> str: ...
    @property
    def help(self) -> str: ...


@dataclass(frozen=True)
class Completion:
    """A word of the ledger to be completed: "Kōwhai Fitout", kind "contact"; "INV-0042", "invoice"; "404", "account".

    Both texts may be a stranger's; what is inserted and shown is one clean line.
    """

    text: str
    kind: str = ""
