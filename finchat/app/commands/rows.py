"""The rows of the slash commands, in the order that `/help` lists them."""

from __future__ import annotations

from finchat.app.commands import Chat, SlashCommand


async def _quit(chat: Chat, _arguments: str) -> None:
    chat.leave()


ROWS: tuple[SlashCommand, ...] = (
    SlashCommand(name="quit", arguments="", help="Leave; the session is kept.", run=_quit),
)
