"""`/help` and `/quit`."""

from __future__ import annotations

from finchat.app.commands import Chat, SlashCommand, commands
from finchat.app.commands.words import nearest, shown
from finchat.errors import UsageError

_LONGEST = 24  # of a command with its arguments in the list; the rest is in its own help


async def help_(chat: Chat, arguments: str) -> None:
    """The list of commands, or one of them explained."""
    name = arguments.lstrip("/?").strip().casefold()
    if name:
        explain(chat, command_called(name))
        return
    from finchat.ui.chat.listing import listing

    rows = [(_in_list(row), row.help) for row in commands().values()]
    notes = ("Anything else is a question for the model. /help NAME explains one; ? after a name does too.",)
    chat.say(listing(rows, notes=notes))


async def quit_(chat: Chat, _arguments: str) -> None:
    """Leave; what was typed after it changes nothing."""
    chat.leave()


def explain(chat: Chat, row: SlashCommand) -> None:
    """One command: what it takes, what it does, and how it is used."""
    from finchat.ui.chat.listing import listing

    chat.say(listing(row.examples, title=f"/{row.name} {row.arguments}".rstrip(), lead=row.help, indent=2))


def command_called(name: str) -> SlashCommand:
    """The command of a name, or the only one that begins so. Raises UsageError that names the nearest."""
    known = commands()
    fitting = [row for row in known.values() if row.name.startswith(name)]
    if name in known:
        return known[name]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        which = ", ".join(f"/{row.name}" for row in fitting)
        raise UsageError(f"/{name} could be {which}", field="NAME", next=f"type one of them; /help {fitting[0].name}")
    near = nearest(name, known)
    step = f"did you mean /{near}? /help lists them all" if near else "/help lists them all"
    raise UsageError(f"there is no command {shown(f'/{name}')}", field="NAME", next=step)


def _in_list(row: SlashCommand) -> str:
    whole = f"/{row.name} {row.arguments}".rstrip()
    return whole if len(whole) <= _LONGEST else f"/{row.name} …"
