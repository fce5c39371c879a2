"""`/source`: where a figure of the last answer comes from, down to the record of the ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from finchat.app.commands import Chat
from finchat.app.commands.words import shown, unquoted, whole_number
from finchat.errors import FinchatError, UsageError

if TYPE_CHECKING:
    from finchat.agent.evidence.store import Stored
    from finchat.agent.facts import Figure, Source
    from finchat.app.run import Run
    from finchat.ui.chat.sources import Traced

_RESULT = re.compile(r"[eE]([0-9]{1,9})(?:\s+([0-9]{1,9}))?")
_LEAST = 3  # characters that are looked for within a figure
_MOST_ALIKE = 3  # figures of the same words that are explained


async def source(chat: Chat, arguments: str) -> None:
    """The figures of the last answer, one of them, or a result."""
    run = await chat.ready()
    wanted = unquoted(arguments)
    if match := _RESULT.fullmatch(wanted):
        _show_result(chat, run, f"e{match[1]}", match[2])
        return
    from finchat.ui.chat.sources import figure_view, figures_view, tool_of

    figures = _figures(chat, run)
    if not wanted:
        ids = {source.evidence_id for figure in figures for source in figure.sources}
        tools = {id: tool_of(stored) for id in ids if (stored := _held(run, id)) is not None}
        chat.say(figures_view(figures, tools))
        return
    for number in _meant(wanted, figures):
        figure = figures[number - 1]
        chat.say(figure_view(number, figure, [_traced(run, one) for one in figure.sources]))


def _figures(chat: Chat, run: Run) -> Sequence[Figure]:
    """The figures of the last answer, as the session keeps them: also one of an earlier process. Raises UsageError."""
    from finchat.agent.sessions import SessionStore
    from finchat.agent.sessions.export import last_answer

    try:
        turns = SessionStore(chat.call.home).read(run.session_id).turns
    except UsageError:  # nothing was asked yet
        turns = []
    answer = next((found for turn in reversed(turns) if (found := last_answer(turn)) is not None), None)
    if answer is None:
        raise UsageError(
            "there is no answer yet whose figures could be traced", field="N",
            next="ask a question first" + _results(run),
        )  # fmt: skip
    if not answer.figures:
        raise UsageError("the last answer holds no figure", field="N", next="ask for one" + _results(run))
    return answer.figures


def _meant(wanted: str, figures: Sequence[Figure]) -> list[int]:
    """The numbers of the figures that are meant: by number in the list, or by the words of the answer."""
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and 1 <= int(wanted) <= len(figures):
        return [int(wanted)]
    plain = _plain(wanted)
    numbered = list(enumerate(figures, 1))
    found = [n for n, one in numbered if plain in (_plain(one.text), _plain(one.value))]
    found = found or [n for n, one in numbered if len(plain) >= _LEAST and plain in _plain(one.text)]
    if not found:
        raise UsageError(
            f"the last answer has no figure {shown(wanted)}", field="N",
            next=f"it has {len(figures)}, numbered from 1: /source lists them",
        )  # fmt: skip
    return found[:_MOST_ALIKE]


def _plain(text: str) -> str:
    """A figure without what people leave out when they type it: thousands, spaces, signs of currencies."""
    return re.sub(r"[\s,'’$€£¥%]", "", text).casefold()


def _traced(run: Run, source: Source) -> Traced:
    from finchat.agent.evidence.places import place_of
    from finchat.agent.evidence.store import is_query
    from finchat.ui.chat.sources import Traced

    stored = _held(run, source.evidence_id)
    data = None if stored is None else stored.data
    if stored is None or data is None:
        return Traced(source, stored, None)
    over: list[Stored] = []
    if is_query(stored.server, stored.tool, data):
        names = dict.fromkeys(str(table).partition("_")[0] for table in data["lineage"].get("tables", ()))
        over = [other for name in names if (other := _held(run, name)) is not None]
    return Traced(source, stored, place_of(data, source.path), tuple(over))


def _held(run: Run, evidence_id: str) -> Stored | None:
    try:
        return run.evidence.get(evidence_id)
    except FinchatError:
        return None


# Results


def _show_result(chat: Chat, run: Run, evidence_id: str, row: str | None) -> None:
    from finchat.ui.chat.sources import record_view, result_view

    stored = _held(run, evidence_id)
    if stored is None:
        raise UsageError(
            f"there is no result {evidence_id} in this session", field="eN", next=f"ask a question first{_results(run)}"
        )
    lists = _lists(run, stored)
    if row is None:
        chat.say(result_view(stored, lists, chat.call.sink.out.width))
        return
    if not lists:
        raise UsageError(f"{evidence_id} has no records", field="ROW", next=f"/source {evidence_id} shows what it has")
    _, records = lists[0]
    number = whole_number(
        row, field="ROW", least=1, most=len(records), example=f"/source {evidence_id} shows the first of them"
    )
    chat.say(record_view(stored, number, records[number - 1]))


def _lists(run: Run, stored: Stored) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The lists of records in a result by name, the longest first."""
    from finchat.agent.evidence.store import is_query

    data = stored.data
    if data is None:
        return []
    if is_query(stored.server, stored.tool, data):
        found = [("rows", data["rows"])]
    else:
        layout = run.evidence.layout(stored.id)
        found = [] if layout is None else [(one.path, one.records) for one in layout.lists]
    kept = [(name, [record for record in records if isinstance(record, Mapping)]) for name, records in found]
    return sorted(((name, records) for name, records in kept if records), key=lambda one: -len(one[1]))


def _results(run: Run) -> str:
    """The results there are, as the end of a sentence."""
    ids = run.evidence.ids()
    if not ids:
        return ""
    return f"; a result that was read: /source {ids[-1]}" + (f" (there are {ids[0]} to {ids[-1]})" if ids[1:] else "")
