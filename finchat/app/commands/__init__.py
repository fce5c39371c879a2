"""The chat's slash commands: one row each. A workflow that is added later registers here, and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from finchat.app.invocation import Invocation
    from finchat.app.run import ModelFlags, Run
    from finchat.ui.sink import Renderable


class Chat(Protocol):
    """What a command may use of the chat it is typed into."""

    @property
    def call(self) -> Invocation:
        """The command line the chat was started by, with the organisation and server in use now."""

    @property
    def flags(self) -> ModelFlags: ...

    async def ready(self) -> Run:
        """The open session; waits for servers that still start. Raises FinchatError when they cannot be opened."""

    @property
    def opened(self) -> Run | None:
        """The session if it is open by now."""

    def say(self, renderable: Renderable = "") -> None:
        """Something for the person to read. Strings are plain text."""

    async def offer(self, plan_id: str) -> None:
        """Put a saved plan before the person: table, cards, keys, writing, balances."""

    async def reopen(self, *, call: Invocation | None = None, session_id: str | None = None) -> None:
        """Close the session and open it anew: on other settings, or a saved one. Raises FinchatError, and stays."""

    def leave(self) -> None:
        """End the chat after this command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlashCommand:
    """A command: `/name arguments`. `help` is one line; `run` gets what stands after the name, stripped.

    It raises FinchatError for what a person should read. `examples`: command and what it does, for `/help NAME`.
    """

    name: str
    arguments: str
    help: str
    run: Callable[[Chat, str], Awaitable[None]]
    examples: tuple[tuple[str, str], ...] = ()


def commands() -> Mapping[str, SlashCommand]:
    """Every slash command by name, in the order that the list shows them."""
    from finchat.app.commands import rows

    return {row.name: row for row in rows.ROWS}
