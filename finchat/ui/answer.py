"""A model's answer on the screen: its words as Markdown, its untraced figures marked, and what was really written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from finchat.agent.events import Called, Finished
from finchat.agent.facts import Figure
from finchat.agent.grounding import marked
from finchat.text.redact import redact
from finchat.text.sanitise import one_line, visible
from finchat.ui.sink import Sink, is_terminal

if TYPE_CHECKING:
    from rich.console import RenderableType

_REASONS = 8  # untraced figures that are explained below an answer; the rest is counted


def answer_view(text: str, figures: Sequence[Figure], sink: Sink) -> RenderableType:
    """The answer with every untraced figure marked: drawn Markdown on a terminal, its plain source elsewhere."""
    stream = sink.stdout or sys.stdout
    if not is_terminal(stream):
        return clean(marked(text, figures))
    from rich.text import Text

    from finchat.ui.chat.margin import MARGIN, inset
    from finchat.ui.chat.stream import render
    from finchat.ui.chat.theme import choose_theme

    theme = choose_theme(None, os.environ, terminal=True, encoding=getattr(stream, "encoding", None) or "utf-8")
    drawn = render(text, figures, width=sink.out.width - MARGIN, theme=theme)
    return Text.from_ansi(inset(drawn).removesuffix("\n"))


def clean(text: str) -> str:
    """Text of a model for a terminal: its lines stay lines; nothing else that a terminal would act on or hide."""
    return "\n".join(visible(line) for line in redact(text).expandtabs(4).replace("\r\n", "\n").split("\n"))


def doubts_view(figures: Iterable[Figure]) -> str:
    """Why figures are marked, one line each; "" when all are traced."""
    doubtful = [figure for figure in figures if not figure.verified]
    if not doubtful:
        return ""
    many = len(doubtful) != 1
    lines = [
        f"{len(doubtful)} figure{'s' * many} could not be traced to your books and {'are' if many else 'is'} marked:"
    ]
    lines += [
        f"  {one_line(f.text, 40)}: {one_line(f.why or 'no record carries it', 120)}" for f in doubtful[:_REASONS]
    ]
    if len(doubtful) > _REASONS:
        lines.append(f"  … and {len(doubtful) - _REASONS} more")
    return "\n".join(lines)


def elsewhere_view(figures: Iterable[Figure], elsewhere: Mapping[str, str]) -> str:
    """The verified figures that no record of the ledger carries, a line for each place they come from; "" when there
    are none. `elsewhere`: the server of each result that is not of the ledger, by evidence id."""
    found: dict[str, list[str]] = {}
    for figure in figures:
        servers = {elsewhere.get(source.evidence_id, "") for source in figure.sources if figure.verified}
        if servers and "" not in servers:
            names = " and ".join(one_line(server, 40) for server in sorted(servers))
            found.setdefault(names, []).append(one_line(figure.text, 40))
    lines = []
    for names, texts in found.items():
        shown = list(dict.fromkeys(texts))
        more = f" and {len(shown) - _REASONS} more" if len(shown) > _REASONS else ""
        lines.append(f"{', '.join(shown[:_REASONS])}{more}: from {names}, which is not your ledger")
    return "\n".join(lines)


def written_line(committed: int, waiting: int) -> str:
    """What became of the books, from the journal and never from the model's words."""
    if committed:
        wrote = f"{committed} write{'s' * (committed != 1)} recorded in the ledger"
    else:
        wrote = "Nothing was written to the ledger"
    left = (
        f"; {waiting} proposal{'s' * (waiting != 1)} await your approval"
        if waiting > 1
        else "; 1 proposal awaits your approval"
    )
    return wrote + (left if waiting else "") + "."


def usage_line(finished: Finished) -> str:
    """Requests, tokens and cost of a run, and what it looked at."""
    usage = finished.usage
    parts = [
        f"{finished.model} · {usage.requests} request{'s' * (usage.requests != 1)}",
        f"{usage.tokens.input_tokens:,} tokens in, {usage.tokens.output_tokens:,} out",
    ]
    if usage.cost is not None:
        parts.append(f"cost {usage.cost:f}")
    if looked := sources(finished.calls):
        parts.append(f"looked at {looked}")
    return " · ".join(parts)


def sources(calls: Iterable[Called]) -> str:
    """The tools that were read, with their servers and evidence ids."""
    seen = [
        f"{_where(call)}{one_line(call.tool, 40)} ({call.evidence_id})"
        for call in calls
        if call.evidence_id is not None
    ]
    shown = ", ".join(seen[:6])
    return shown + (f" and {len(seen) - 6} more" if len(seen) > 6 else "")


def _where(call: Called) -> str:
    return "" if call.server in ("", "finchat") else f"{one_line(call.server, 32)}: "


def call_line(call: Called) -> str:
    """One call, in a line for the log; finchat's own tools in plain words, a server's by the name it gave."""
    where = _where(call)
    name = one_line(call.tool, 60) if where else one_line(call.tool.replace("_", " "), 60)
    if call.outcome == "done":
        rows = "" if call.rows is None else f", {call.rows} row{'s' * (call.rows != 1)}"
        return f"{where}{name}{rows} ({call.took_s:.1f} s)"
    return f"{where}{name}: not done, {one_line(call.error or call.outcome, 200)}"
