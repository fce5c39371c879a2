"""`/resume`, `/sessions` and `/compact`: earlier sessions, and room in this one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finchat.app.commands import Chat
from finchat.app.commands.words import nothing, shown, unquoted
from finchat.errors import UsageError

if TYPE_CHECKING:
    from finchat.safety.journal import Journal

_SHOWN = 10


async def sessions(chat: Chat, arguments: str) -> None:
    """The latest sessions, or those in which all the words are."""
    from finchat.agent.sessions import SessionStore
    from finchat.app.sessions import lines_of
    from finchat.ui.sessions import found_view, sessions_view

    store, words = SessionStore(chat.call.home), unquoted(arguments)
    if words:
        found = store.search(words)
        if not found:
            raise UsageError(f"no session holds all of {shown(words)}", field="WORDS", next="/sessions lists them")
        lines = lines_of(chat.call, [one.record for one in found[:_SHOWN]], _journal(chat))
        chat.say(found_view([(line, one.hits) for line, one in zip(lines, found[:_SHOWN], strict=True)]))
        count = len(found)
    else:
        records, unreadable = store.all()
        if not records and not unreadable:
            chat.say("there are no sessions yet: the first begins with your first question")
            return
        odd = [(one.id, one.why) for one in unreadable]
        chat.say(sessions_view(lines_of(chat.call, records[:_SHOWN], _journal(chat)), odd))
        count = len(records)
    more = f"{count - _SHOWN} more: finchat sessions; " if count > _SHOWN else ""
    chat.say(f"{more}/resume ID goes on with one")


async def resume(chat: Chat, arguments: str) -> None:
    """Go on with a session: the one that is named, else the latest before this one."""
    from finchat.agent.sessions import SessionStore
    from finchat.app.sessions import lines_of
    from finchat.ui.sessions import sessions_view

    store, named = SessionStore(chat.call.home), unquoted(arguments)
    here = chat.opened.session_id if chat.opened is not None else None
    if named:
        try:
            record = store.read(named)
        except UsageError as error:
            step = "/sessions lists them" if error.next == "see finchat sessions" else error.next
            raise UsageError(error.message, code=error.code, field="ID", next=step) from error
    else:
        latest = next((one for one in store.list() if one.id != here), None)
        if latest is None:
            raise UsageError("there is no earlier session", field="ID", next="this one is kept as you go on")
        record = store.read(latest.id)
    if record.id == here:
        chat.say("this session is open already")
        return
    of, call = record.organisation, chat.call
    if of.server not in call.settings.servers:
        raise UsageError(
            f"session {record.id} is about {shown(of.name)} on {shown(of.server)}, which is not configured here",
            code="other_organisation", field="ID", next="name its server in finchat.toml, then /resume again",
        )  # fmt: skip
    run = chat.opened
    there = run is not None and (run.desk.organisation.server, run.desk.organisation.id) == (of.server, of.id)
    await chat.reopen(call=None if there else replace(call, server=of.server, org=of.id), session_id=record.id)
    (line,) = lines_of(chat.call, [record], _journal(chat))
    chat.say(sessions_view([line], []))
    if line.awaiting:
        chat.say(f"approvals of then are void; /apply {line.awaiting[-1]} asks you again")


async def compact(chat: Chat, arguments: str) -> None:
    """Shorten what the model reads again. Nothing that figures rest on is lost: that is evidence."""
    nothing(arguments, "compact")
    run = await chat.ready()
    before = run.conversation.tokens
    if not run.conversation.fit(0):
        chat.say(f"there is nothing to shorten: the model reads about {before:,} tokens again with each request")
        return
    chat.say(
        f"what the model reads again with each request: about {before:,} tokens before, {run.conversation.tokens:,} now"
    )
    ids = run.evidence.ids()
    if ids:
        held = ids[0] if len(ids) == 1 else f"{ids[0]} to {ids[-1]}"
        chat.say(f"What tools answered is kept whole as {held}: figures are checked against it, and /source shows it.")


def _journal(chat: Chat) -> Journal | None:
    return None if chat.opened is None else chat.opened.desk.journal
