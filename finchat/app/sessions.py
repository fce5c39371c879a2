"""`finchat sessions`: what was asked and answered earlier, to look at, find, rename, hand on and delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finchat.agent.sessions import SessionRecord, SessionStore
from finchat.agent.sessions.export import (
    json_text,
    organisation_json,
    session_json,
    session_markdown,
    usage_json,
)
from finchat.app.invocation import Invocation, run_to_exit
from finchat.errors import ExitCode, FinchatError, UsageError, plain
from finchat.events import Event, Notice

if TYPE_CHECKING:
    from finchat.safety.journal import Journal
    from finchat.ui.sessions import SessionLine

_FORMATS = ("markdown", "json")
_WAITING = frozenset({"awaiting", "partial"})


def list_sessions(call: Invocation) -> int:
    """All sessions, the one used last first."""
    from finchat.ui.sessions import sessions_view

    found, unreadable = _store(call).all()
    waiting = waiting_plans(call, found)
    if call.json:
        call.sink.document(
            {
                "schema": "finchat.sessions/1",
                "directory": str(call.home.sessions),
                "sessions": [_entry(record, waiting) for record in found],
                "unreadable": [{"id": one.id, "reason": one.why} for one in unreadable],
                "exit_code": 0,
            }
        )
    elif found or unreadable:
        call.sink.data(sessions_view([_line(record, waiting) for record in found], [(u.id, u.why) for u in unreadable]))
    else:
        call.sink.talk(f"there are no sessions yet ({call.home.sessions})")
    return ExitCode.DONE


def show(call: Invocation, named: str) -> int:
    """One session: what was asked, looked at, answered and proposed."""
    from finchat.ui.sessions import session_view

    record = _store(call).read(named)
    if call.json:
        call.sink.raw(export_text(call, record, "json"))
    else:
        call.sink.data(session_view(record, waiting_plans(call, [record]), call.sink))
    return ExitCode.DONE


def search(call: Invocation, words: Sequence[str]) -> int:
    """The sessions in whose titles, questions and answers all the words are."""
    from finchat.ui.sessions import found_view

    wanted = " ".join(words)
    if not wanted.strip():
        raise UsageError("there is nothing to search for", field="WORDS", next="give one word or several")
    found = _store(call).search(wanted)
    waiting = waiting_plans(call, [one.record for one in found])
    if call.json:
        call.sink.document(
            {
                "schema": "finchat.session_search/1",
                "words": wanted,
                "sessions": [
                    {**_entry(one.record, waiting), "hits": [{"kind": kind, "text": text} for kind, text in one.hits]}
                    for one in found
                ],
                "exit_code": 0,
            }
        )
    elif found:
        call.sink.data(found_view([(_line(one.record, waiting), one.hits) for one in found]))
    else:
        call.sink.talk("no session holds all of these words")
    return ExitCode.DONE


def rename(call: Invocation, named: str, title: str) -> int:
    """Call a session something else."""
    from finchat.ui.sessions import sessions_view

    record = _store(call).rename(named, title)
    waiting = waiting_plans(call, [record])
    if call.json:
        document = {"schema": "finchat.sessions/1", "directory": str(call.home.sessions)}
        call.sink.document({**document, "sessions": [_entry(record, waiting)], "unreadable": [], "exit_code": 0})
    else:
        call.sink.data(sessions_view([_line(record, waiting)], []))
    return ExitCode.DONE


def export(call: Invocation, named: str, *, format: str | None, out: Path | None) -> int:
    """A session for others, as Markdown or as `finchat.session/1`, to stdout or a file."""
    chosen = format or ("json" if call.json else "markdown")
    if chosen not in _FORMATS:
        raise UsageError(f"there is no format {chosen!r}", field="--format", next="give markdown or json")
    if call.json and out is None and chosen == "markdown":
        raise UsageError("--json and Markdown cannot share stdout", field="--out", next="add --out FILE")
    record = _store(call).read(named)
    text = export_text(call, record, chosen)
    if out is None:
        call.sink.raw_bytes(text.encode("utf-8"))
        return ExitCode.DONE
    write_export(out, text, field="--out")
    if call.json:
        told = {"schema": "finchat.session_export/1", "id": record.id, "format": chosen, "path": str(out)}
        call.sink.document({**told, "turns": len(record.turns), "exit_code": 0})
    else:
        call.sink.data(f"session {record.id}, {len(record.turns)} question{'s' * (len(record.turns) != 1)}: {out}")
    return ExitCode.DONE


def delete(call: Invocation, names: Sequence[str], *, yes: bool) -> int:
    """Delete all files of sessions; plans, journal and audit log stay. Asked at a terminal, and only there."""
    from finchat.app.plans import NeedsTerminal

    store = _store(call)
    ids = list(dict.fromkeys(store.find(name) for name in names))
    if yes:
        return _delete(call, store, ids)
    if not call.sink.interactive:
        raise NeedsTerminal(
            f"deleting {_counted(ids)} is asked about at a terminal", field="ID",
            next=call.again("sessions", "delete", *ids, "--yes"),
        )  # fmt: skip

    async def main() -> int:
        from finchat.ui.sessions import confirm_deletion

        waiting = waiting_plans(call, records := [store.read(id) for id in ids])
        if await confirm_deletion(call.sink, [_line(record, waiting) for record in records]):
            return _delete(call, store, ids)
        call.sink.talk("nothing was deleted")
        return ExitCode.DONE

    return run_to_exit(main())


def lines_of(
    call: Invocation, records: Sequence[SessionRecord], journal: Journal | None = None
) -> list[SessionLine]:  # fmt: skip
    """Sessions as a list shows them. `journal`: one that is open."""
    waiting = waiting_plans(call, records, journal)
    return [_line(record, waiting) for record in records]


def waiting_plans(
    call: Invocation, records: Sequence[SessionRecord], journal: Journal | None = None
) -> Collection[str]:  # fmt: skip
    """The plans of these sessions that a person can still decide: by the journal, not by what the sessions know. Plans
    that were decided elsewhere are no longer awaited in the records either. `journal`: one that is open."""
    asked = [plan for record in records for plan in record.awaiting]
    if not asked:
        return ()
    from finchat.app.plans import states
    from finchat.workflows import plans

    saved = []
    for plan_id in sorted({plan.id for plan in asked}):
        path = plans.plan_path(call.home.plans, plan_id)
        with suppress(FinchatError):
            if path.is_file():
                saved.append((path, plans.load(path)))
    known = {one.plan.id: one for one in (states(call, saved, journal) if saved else ())}
    waiting = {id for id, one in known.items() if one.status in _WAITING and not one.foreign}
    for plan in asked:
        if plan.id not in waiting:
            plan.status, plan.left = (known[plan.id].status if plan.id in known else None), 0
    return waiting


def _store(call: Invocation) -> SessionStore:
    def emit(event: Event) -> None:
        if isinstance(event, Notice):
            call.sink.talk(event.text)

    return SessionStore(call.home, emit=emit)


def _delete(call: Invocation, store: SessionStore, ids: Sequence[str]) -> int:
    gone = [(id, store.delete(id)) for id in ids]
    if call.json:
        entries = [{"id": id, "files": [str(path) for path in files]} for id, files in gone]
        call.sink.document({"schema": "finchat.sessions_deleted/1", "deleted": entries, "exit_code": 0})
    else:
        call.sink.data(f"{_counted(ids)} deleted; plans, journal and audit log are as they were")
    return ExitCode.DONE


def _counted(ids: Sequence[str]) -> str:
    return f"session {ids[0]}" if len(ids) == 1 else f"{len(ids)} sessions"


def export_text(call: Invocation, record: SessionRecord, format: str, journal: Journal | None = None) -> str:
    """A session as `markdown` or as `json` (`finchat.session/1`), its plans as they stand now."""
    waiting_plans(call, [record], journal)
    return session_markdown(record) if format == "markdown" else json_text({**session_json(record), "exit_code": 0})


def write_export(out: Path, text: str, *, field: str) -> None:
    """Put it in a file of the owner's alone. Raises FinchatError naming `field`."""
    from finchat.store.files import write_private

    try:
        write_private(out.absolute(), text.encode("utf-8"))
    except OSError as error:
        raise FinchatError(f"cannot write {out}: {plain(error)}", field=field, next="name another file") from error


def _entry(record: SessionRecord, waiting: Collection[str]) -> dict[str, Any]:
    return {
        "id": record.id,
        "title": record.title,
        "created_at": record.created,
        "updated_at": record.updated,
        "organisation": organisation_json(record),
        "model": record.model,
        "api": record.api,
        "private": record.private,
        "turns": len(record.turns),
        "usage": usage_json(record.usage),
        "plans_awaiting": [plan.id for plan in record.awaiting if plan.id in waiting],
        "size": record.size,
    }


def _line(record: SessionRecord, waiting: Collection[str]) -> SessionLine:
    from finchat.ui.sessions import SessionLine

    return SessionLine(
        id=record.id, updated=record.updated, title=record.title, organisation=record.organisation.name,
        model=record.model, private=record.private, turns=len(record.turns),
        tokens=record.usage.input_tokens + record.usage.output_tokens,
        awaiting=tuple(plan.id for plan in record.awaiting if plan.id in waiting), size=record.size,
    )  # fmt: skip
