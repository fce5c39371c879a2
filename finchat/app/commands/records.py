"""`/audit`, `/export` and `/sent`: what is on record, the session as a file, and what left the machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from finchat.app.commands import Chat
from finchat.app.commands.words import shown, unquoted, whole_number
from finchat.errors import UsageError
from finchat.text.sanitise import one_line

if TYPE_CHECKING:
    from finchat.agent.sent import SentRequest

_LINES = 20
_MOST_LINES = 1000
_FORMATS = {"markdown": ".md", "json": ".json"}


async def audit(chat: Chat, arguments: str) -> None:
    """The last lines of the audit log."""
    count = _LINES
    if arguments:
        count = whole_number(arguments, field="N", least=1, most=_MOST_LINES, example="/audit 50")
    from finchat.app.records import audit_tail
    from finchat.ui.records import audit_lines

    if chat.opened is not None:
        chat.opened.desk.guard.close()  # which writes the lines of the last reads; the guard goes on
    records = audit_tail(chat.call, count)
    if records:
        chat.say(audit_lines(records))
        chat.say("all of it: finchat audit show --last 0; whether it is whole: finchat audit verify")
    else:
        chat.say("the audit log is empty")


async def export(chat: Chat, arguments: str) -> None:
    """The session as a file of the person's own, which is never put over another."""
    words = arguments.split()
    format = words.pop().casefold() if words and words[-1].casefold() in _FORMATS else None
    named = unquoted(" ".join(words))
    run = await chat.ready()
    from finchat.agent.sessions import SessionStore
    from finchat.app.sessions import export_text, write_export

    if not run.conversation.questions:
        raise UsageError("nothing was asked in this session yet", field="FILE", next="ask something first")
    record = SessionStore(chat.call.home).read(run.session_id)
    chosen = format or ("json" if named.casefold().endswith(".json") else "markdown")
    path = _place(named, f"finchat-{record.id}{_FORMATS[chosen]}")
    write_export(path, export_text(chat.call, record, chosen, run.desk.journal), field="FILE")
    questions = f"{len(record.turns)} question{'s' * (len(record.turns) != 1)}"
    chat.say(f"exported as {'JSON' if chosen == 'json' else 'Markdown'}, {questions}: {one_line(str(path))}")


def _place(named: str, usual: str) -> Path:
    """Where to put the file: the place a person named, in a folder under the usual name. Raises UsageError."""
    path = Path(named or usual)
    try:
        path = path.expanduser()
        path = path / usual if path.is_dir() else path
        if path.exists():
            raise UsageError(f"there is a file {shown(str(path))} already", field="FILE", next="give another name")
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, no such user, a character no name has
        raise UsageError(f"{shown(named)} is no place for a file", field="FILE", next="/export session.md") from error
    return path


async def sent(chat: Chat, arguments: str) -> None:
    """The requests to the model: each in a line, one word for word, or all."""
    run = await chat.ready()
    from finchat.ui.chat.listing import listing
    from finchat.ui.sent import sent_view

    entries = run.sent.entries
    if arguments == "all":
        chat.say(sent_view(entries))
        return
    if arguments:
        if not entries:
            raise UsageError("nothing was sent to the model yet", field="N", next="ask a question first")
        number = whole_number(arguments, field="N", least=1, most=len(entries), example="/sent lists them; /sent all")
        chat.say(sent_view([entries[number - 1]]))
        return
    if not entries:
        chat.say("nothing was sent to the model since this session was opened")
        return
    notes = ["/sent N shows one of them word for word, /sent all every one"]
    if run.private:
        notes.append("names left as stand-ins: what is shown is what was sent")
    title = f"sent to {entries[-1].destination} ({entries[-1].model}):"
    chat.say(listing([_line(entry) for entry in entries], title=title, notes=notes, indent=2))


def _line(entry: SentRequest) -> tuple[str, str]:
    new = f"{len(entry.new)} new part{'s' * (len(entry.new) != 1)}, {entry.again} as before"
    size = f"{entry.bytes:,} bytes, about {entry.tokens:,} tokens"
    return str(entry.number), f"{entry.at:%H:%M:%S} UTC · {size} · {new}"
