"""A cassette as the story of its run: what was asked, looked up, answered, typed and written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from finchat.agent.messages import ToolCall
from finchat.cassettes.content import content
from finchat.cassettes.rows import Cassette, Row
from finchat.cassettes.turns import turn_of
from finchat.ui.cassettes import Step, StepKind

Effects = Callable[[str, str], str | None]
_SHORT = 60  # characters of an argument, an answer or a prompt
_PASSED_OVER = 4  # answers that are looked for at once
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CARD = re.compile(r"──\s*(?P<card>[^─]*?)\s*──")
_PROPOSAL = re.compile(r"Proposal\s+(?P<what>\S.*?)\s*$")
_TAKE_A_VALUE = frozenset({
    "--api", "--org", "--server", "--mcp-config", "--config", "--policy", "--as-of", "--resume",
})  # fmt: skip


def story(cassette: Cassette, effects: Effects) -> list[Step]:
    """The run, step by step. `effects` says of a server's tool whether it reads or writes, None where nobody knows."""
    return [*_asked(cassette.header), *_steps(cassette, effects), *_ended(cassette)]


def words_of(row: Row) -> str:
    """What a row is, in one line."""
    words = _WORDS.get(row.kind)
    return "" if words is None else words(row)


def short(value: Any, most: int = _SHORT) -> str:
    """A value as JSON text, shortened."""
    text = value if isinstance(value, str) else content(value)
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _asked(header: Mapping[str, Any]) -> Iterator[Step]:
    words = iter(header["command"][1:])
    if header["command"][:1] != ["ask"]:
        return
    for word in words:
        if word in _TAKE_A_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            yield Step(n=None, at_ms=0, kind="question", text=word)
            return


def _steps(cassette: Cassette, effects: Effects) -> Iterator[Step]:
    cards = _cards(cassette)
    for row in cassette.rows:
        if row.kind == "mcp":
            yield _message(row, effects)
        elif row.kind == "model":
            yield Step(n=row.n, at_ms=row.at, kind="model", text=_answered(row))
        elif row.kind == "human":
            kind: StepKind = "question" if row["asks"] == "chat" else "person"
            yield Step(n=row.n, at_ms=row.at, kind=kind, text=_typed(row), detail=cards.get(row.n))
        elif row.kind == "fault":
            yield Step(n=row.n, at_ms=None, kind="fault", text=words_of(row))


def _message(row: Row, effects: Effects) -> Step:
    name = (row["params"] or {}).get("name", "")
    kind: StepKind = "opened"
    if row["method"] == "tools/call":
        effect = effects(row["server"], name)
        kind = "read" if effect == "read" else "call" if effect is None else "write"
    doing = "writes" if kind == "write" else ""
    return Step(
        n=row.n, at_ms=row.at, kind=kind, text=f"{row['server']}: {' '.join(filter(None, (doing, _called(row))))}",
        detail=_came_back(row),
    )  # fmt: skip


def _called(row: Row) -> str:
    if row["method"] == "initialize":
        return "opened"
    if row["method"] != "tools/call":
        return str(row["method"])
    params = row["params"] or {}
    given = params.get("arguments") or {}
    return " ".join([str(params.get("name")), *(f"{name}={short(value)}" for name, value in given.items())])


def _came_back(row: Row) -> str:
    if "error" in row:
        error = row["error"]
        return f"failed ({error.get('fault') or error.get('status') or error.get('code') or 'error'}): " + short(
            error["message"], 120
        )
    result = row.get("result") or {}
    if row["method"] == "initialize":
        return f"in {row.get('took', 0)} ms"
    if row["method"] == "tools/list":
        return f"{len(result.get('tools', []))} tools"
    told = result.get("structuredContent")
    if result.get("isError"):
        error = told.get("error") if isinstance(told, Mapping) else None
        return f"refused: {short(error.get('message', error) if isinstance(error, Mapping) else _text(result), 120)}"
    if isinstance(told, Mapping) and isinstance(told.get("records"), list):
        count = len(told["records"])
        return f"{count} record{'s' * (count != 1)} in {row.get('took', 0)} ms"
    size = len(content(told)) if told is not None else len(_text(result))
    return f"{size:,} characters in {row.get('took', 0)} ms"


def _text(result: Mapping[str, Any]) -> str:
    return " ".join(block.get("text") or "" for block in result.get("content", []) if isinstance(block, Mapping))


def _turn(text: str, calls: Sequence[ToolCall]) -> str:
    called = [f"calls {call.name}({_arguments(call.arguments)})" for call in calls]
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return "; ".join([*([first] if first else []), *called])


def _arguments(text: str) -> str:
    try:
        given = json.loads(text or "{}")
    except ValueError:
        return short(text)
    if not isinstance(given, dict):
        return short(text)
    return ", ".join(f"{name}={short(value if isinstance(value, str) else json.dumps(value))}"
                     for name, value in given.items())  # fmt: skip


def _broken(row: Mapping[str, Any]) -> str:
    if failure := row.get("failure"):
        return f"no answer: {failure['status'] or failure['kind']} {short(failure['detail'], 120)}".strip()
    return f"no answer: {row.get('words') or row.get('ended') or 'nothing came'}"


def _typed(row: Mapping[str, Any]) -> str:
    if row["asks"] == "interrupt" or row.get("interrupted"):
        return "Ctrl-C"
    line = row.get("line")
    if row["asks"] == "chat":
        return "Ctrl-D" if line is None else str(line)
    last = str(row["prompt"]).strip().splitlines()[-1:] or [""]
    typed = "end of input" if line is None else repr(line) if isinstance(line, str) else short(line)
    return f"{typed} at: {short(last[0])}" if last[0] else typed


def _cards(cassette: Cassette) -> dict[int, str]:
    """Which card was on the screen when a person typed, by row: as it stands above the typed line in what was
    printed."""
    if cassette.output is None:
        return {}
    found: dict[int, str] = {}
    waiting = [row for row in cassette.rows if row.kind == "human" and row["asks"] in ("decision", "line", "question")]
    card = what = ""
    for line in (_ANSI.sub("", line).rstrip("\n") for line in cassette.output["stderr"]):
        if head := _CARD.match(line):
            card, what = head["card"], ""
        elif proposal := _PROPOSAL.match(line):
            what = proposal["what"]
        elif (place := _typed_on(line, waiting)) is not None:
            row = waiting[place]
            del waiting[: place + 1]
            if card:
                found[row.n] = f"card {card}: {what}" if what else f"card {card}"
    return found


def _typed_on(line: str, waiting: Sequence[Row]) -> int | None:
    """Which of the next answers stands on a line of the screen; one that was asked elsewhere is passed over."""
    prompts = [str(row["prompt"]).strip()[:_SHORT] for row in waiting[:_PASSED_OVER]]
    return next((n for n, prompt in enumerate(prompts) if prompt and line.strip().startswith(prompt)), None)


def _ended(cassette: Cassette) -> Iterator[Step]:
    if cassette.output is not None:
        row = cassette.output
        last = next((line.strip() for line in row["stdout"] if line.strip()), "")
        yield Step(
            n=row.n, at_ms=None, kind="end", text=f"ended with exit code {row['exit_code']}",
            detail=short(_ANSI.sub("", last), 100) or None,
        )  # fmt: skip


def _printed(row: Row) -> str:
    sizes = [sum(len(line.encode("utf-8", "replace")) for line in row[stream]) for stream in ("stdout", "stderr")]
    return f"exit code {row['exit_code']}, {sizes[0]:,} bytes on stdout, {sizes[1]:,} on stderr"


def _answered(row: Row) -> str:
    return _turn(*turn_of(row)) or _broken(row)


_WORDS: Mapping[str, Callable[[Row], str]] = {
    "header": lambda row: f"finchat {' '.join(row['command'])}",
    "file": lambda row: f"{row['path']} ({len(row.get('text', row.get('base64', ''))):,} characters)",
    "table": lambda row: f"{row['path']}: {row['name']} ({len(row['rows'])} rows)",
    "local": lambda row: f"{row['name']} = {short(row['value'])}",
    "mcp": lambda row: f"{row['server']} {_called(row)} → {_came_back(row)}",
    "model": lambda row: f"{row['path']} → {_answered(row)}",
    "human": lambda row: f"{row['asks']}: {_typed(row)}",
    "fault": lambda row: f"{row['fault']} on row {row['on']}" + (f", {row['seconds']} s" if "seconds" in row else ""),
    "output": _printed,
}
