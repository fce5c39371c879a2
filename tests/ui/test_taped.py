"""What a person types, recorded at a real terminal and played back where there is none: the same is on the screen."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyte
import pytest

from finchat.errors import UsageError
from finchat.events import Reading, Waiting, Writing
from finchat.ui.chat.plain import PlainPrompt
from finchat.ui.chat.prompt import ChatPrompt, open_prompt
from finchat.ui.chat.recorded import RecordedPrompt
from finchat.ui.chat.toolbar import ToolbarState
from finchat.ui.chat.typed import LONGEST
from finchat.ui.passphrase import new_passphrase
from finchat.ui.progress import Progress
from finchat.ui.prompt import ask
from finchat.ui.sink import Sink
from tests.ui import approving
from tests.ui.chat import prompting
from tests.ui.screens import Screen
from tests.ui.taping import Noting, Playing, noted, staged

COLUMNS, ROWS = 60, 170  # so many rows that nothing leaves the screen
Open = Callable[..., Screen]


@pytest.fixture
def opened(own_home: Path) -> Iterator[Open]:
    screens: list[Screen] = []

    def start(program: str, *arguments: str, **environment: str) -> Screen:
        screens.append(Screen(own_home, *arguments, columns=COLUMNS, rows=ROWS, program=program, **environment))
        return screens[-1]

    yield start
    for screen in screens:
        screen.child.close(force=True)


def seen(screen: Screen) -> list[str]:
    return screen.text.rstrip().splitlines()


def played(said: io.StringIO) -> list[str]:
    """The same for what was printed in a replay: nothing in it but words and colours."""
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", said.getvalue())
    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.Stream(screen).feed(said.getvalue().replace("\n", "\r\n"))
    return [line.rstrip() for line in "\n".join(line.rstrip() for line in screen.display).rstrip().splitlines()]


def test_cards_are_decided_again_as_they_were(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rows"
    screen = opened("tests.ui.approving", f"--record={file}", NO_COLOR="1")
    asked = 0

    def type(keys: str) -> None:
        nonlocal asked
        asked += 1
        screen.wait(lambda text: text.count("Approve?") == asked)
        screen.press(keys)

    type("yes please\r")
    type("\x1b[200~y\nand\x1b[201~\r")
    type(" y\r")
    type("r\r")
    screen.wait("Why not?")
    screen.press("  not ours \r")
    type("\x04")
    screen.wait("END")
    assert screen.end() == 0
    rows = noted(file)
    assert [(r["asks"], r["line"]) for r in rows] == [
        ("decision", "yes please"), ("decision", "\x1b[200~y\nand\x1b[201~"), ("decision", " y"), ("decision", "r"),
        ("line", "  not ours "), ("decision", None),
    ]  # fmt: skip

    said = staged(monkeypatch, columns=COLUMNS, rows=ROWS)
    playing = Playing(rows)
    asyncio.run(approving.review(foreign=False, answers=playing))
    assert not playing.left
    assert played(said) == seen(screen)
    assert "DECIDED Approve p1" in said.getvalue()
    assert said.getvalue().count("what is pasted decides nothing") == 1


def test_a_chat_is_typed_again_as_it_was(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rows"
    screen = opened("tests.ui.chat.prompting", f"--record={file}", NO_COLOR="1")
    long = "what do they owe us " * 5 + "all"  # it ends where a row of the screen ends
    screen.wait("writes on approval")
    screen.press("\r")
    screen.press("who is Kōwhai\x1b\rand \\\rthe others?\r")
    screen.wait("the others?'")
    screen.press(f"  {long[:102]}\r")
    screen.wait("ASKED 'what do they owe")
    screen.press("half\x03work\r")
    screen.wait("WORKING")
    screen.press("\x03")
    screen.wait("CANCELLED")
    screen.press("card\r")
    screen.wait(lambda text: text.count("WORKING") == 2)
    os.kill(screen.child.pid or 0, signal.SIGUSR1)
    screen.wait("Approve?")
    screen.press("\x03")
    screen.wait(lambda text: text.count("CANCELLED") == 2)
    screen.press("\x04")
    screen.wait("LEFT")
    assert screen.end() == 0
    rows = noted(file)
    assert [r["asks"] for r in rows if r["line"] is None] == ["interruption", "decision", "interruption", "chat"]

    said = staged(monkeypatch, columns=COLUMNS, rows=ROWS)
    playing = Playing(rows)
    prompt = open_prompt(plain=False, home=tmp_path, answers=playing)
    assert isinstance(prompt, RecordedPrompt)
    asyncio.run(prompting.chat(prompt, playing))
    assert not playing.left
    assert played(said)[:-1] == seen(screen)[:-1]
    assert not (tmp_path / "history").exists()


def _prompts(count: int, text: str) -> bool:
    return len(re.findall(r"^(finchat>|     \.{3})", text, re.MULTILINE)) == count


def test_a_plain_chat_is_typed_again_as_it_was(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rows"
    screen = opened("tests.ui.chat.prompting", f"--record={file}", TERM="dumb")
    for after, typed in enumerate(("\r", "one \\\r", "two\tand\r", "  three\r", "\x04"), 1):
        screen.wait(partial(_prompts, after))
        screen.press(typed)
    screen.wait("LEFT")
    assert screen.end() == 0

    said = staged(monkeypatch, columns=COLUMNS, rows=ROWS, term="dumb")
    playing = Playing(noted(file))
    state = ToolbarState(sandbox=True, starting="books", tokens=12_345)
    prompt = open_prompt(plain=False, home=tmp_path, toolbar=state, answers=playing)
    assert isinstance(prompt, PlainPrompt)
    asyncio.run(prompting.chat(prompt, playing))
    assert not playing.left
    assert played(said)[:-1] == seen(screen)[:-1]


async def test_piped_lines_are_noted_and_read_again_from_no_pipe(tmp_path: Path) -> None:
    words = io.StringIO()
    given = io.BytesIO(b"one\n\n  two\r\n" + b"x" * (LONGEST + 9) + b"\n")
    prompt = PlainPrompt(toolbar=ToolbarState(), stdin=given, stderr=words, answers=Noting(tmp_path / "rows"))
    asked = await all_of(prompt)
    assert [line[:3] for line in asked] == ["one", "two", "xxx"]
    rows = noted(tmp_path / "rows")
    assert [r["line"] and r["line"][:5] for r in rows] == ["one", "", "  two", "xxxxx", None]

    again = io.StringIO()
    nothing = io.BytesIO(b"of this is read\n")
    playing = Playing(rows)
    replayed = PlainPrompt(toolbar=ToolbarState(), stdin=nothing, stderr=again, answers=playing)
    assert await all_of(replayed) == asked
    assert not playing.left
    assert "only its beginning is taken" in words.getvalue()
    assert again.getvalue() == words.getvalue()


@pytest.mark.parametrize("term", ["xterm", "dumb"])
async def test_a_recorded_line_cannot_act_on_the_terminal(
    term: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = staged(monkeypatch, columns=COLUMNS, rows=ROWS, term=term)
    evil = "a\x1b]52;c;aGk=\x07\u202e\x9b2J\rb"
    playing = Playing([
        {"asks": "line", "prompt": "Which? ", "line": evil}, {"asks": "chat", "prompt": "finchat> ", "line": evil},
    ])  # fmt: skip
    await ask(Sink(answers=playing), "Which? ")
    await open_prompt(plain=False, home=tmp_path, answers=playing).ask()
    assert "]52" in said.getvalue()
    assert not set(said.getvalue()) & {"\x1b", "\x07", "\u202e", "\x9b", "\r"}


def test_what_passes_is_not_drawn_in_a_replay_and_what_stays_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = staged(monkeypatch, columns=COLUMNS, rows=ROWS)
    with Progress(Sink()) as progress:
        progress(Reading(server="books", what="invoices", rows=100))
        progress(Waiting(server="books", seconds=12.0, reason="60 calls a minute reached"))
        progress(Reading(server="books", what="invoices", rows=200, done=True))
        progress(Writing(proposal_id="p1", write_id="w1", text="payment of 5.00", outcome="sending"))
        progress(Writing(proposal_id="p1", write_id="w1", text="payment of 5.00", outcome="committed"))
    assert said.getvalue() == "done: payment of 5.00\n"


def test_a_passphrase_is_never_recorded(tmp_path: Path) -> None:
    for answers in (Noting(tmp_path / "rows"), Playing([])):
        with pytest.raises(UsageError, match="never recorded"):
            new_passphrase(Sink(answers=answers), "mine")
    assert not (tmp_path / "rows").exists()


async def all_of(prompt: ChatPrompt) -> list[str]:
    found = []
    while (asked := await asyncio.wait_for(prompt.ask(), 10)) is not None:
        found.append(asked)
    return found
