"""The keys of the review screen, recorded and played back: the same decisions, at every pace."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from prompt_toolkit.input import PipeInput, create_pipe_input
from rich.text import Text

from finchat.books.plan import Proposal
from finchat.safety.approval import Approver
from finchat.safety.results import WriteResult
from finchat.store.database import Database
from finchat.ui.answers import Answers, heard
from finchat.ui.card import card_lines
from finchat.ui.review.screen import ReviewScreen
from finchat.ui.review.taped import Unseen
from finchat.workflows.review.board import Board
from finchat.workflows.review.decisions import Decisions
from finchat.workflows.review.writer import Writer
from tests.ui.taping import Noting, Playing, staged
from tests.workflows.review.made import ACCOUNTS, NOW, asking, coded, plan_of

PLAN = plan_of(*(coded(n, "Kiwibank", f"{n}.50") for n in range(1, 5)), asking(9, "Paddock Servers"))


@dataclass
class Desk:
    """Cards, and one question that is answered on the plain terminal, or left by Ctrl-C."""

    answers: Answers
    typed: list[str] = field(default_factory=list)
    answered: list[str | None] = field(default_factory=list)

    def card(self, proposal: Proposal, number: int, total: int, width: int) -> Sequence[Text]:
        return card_lines(PLAN, proposal, number=number, total=total, width=width, accounts=ACCOUNTS)

    async def answer(self, proposals: Sequence[Proposal]) -> str:
        self.answered.append(await heard(self.answers, "question", "Account: ", self._line))
        return "answered"

    async def edit(self, proposal: Proposal) -> str:
        return "nothing was changed"

    async def _line(self) -> str:
        line = self.typed.pop(0)
        if line == "^C":
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()
        return line


async def _nothing(plan: object, approver: Approver, proposal_ids: tuple[str, ...]) -> Sequence[WriteResult]:
    return ()


@contextmanager
def board_in(folder: Path) -> Iterator[Board]:
    folder.mkdir()
    with closing(Database(folder / "state.sqlite3")) as database:
        yield Board(PLAN, Decisions(database, database), now=lambda: NOW, account_names=ACCOUNTS)


def screen_of(board: Board, desk: Desk, keys: PipeInput | None) -> ReviewScreen:
    """A replay has nothing but its tape."""
    output = Unseen() if keys else None
    return ReviewScreen(
        board, Writer(board, _nothing), desk, [("", "")], input=keys, output=output, answers=desk.answers
    )


async def sat(
    board: Board, answers: Noting | Playing, pieces: Sequence[str] = (), typed: Sequence[str] = ()
) -> tuple[str, list[str | None]]:
    """A sitting: how it was left, and what was answered. A person types one piece after the other, `typed` where a
    question is asked."""
    desk = Desk(answers, list(typed))
    with create_pipe_input() as keys:
        screen = screen_of(board, desk, keys if isinstance(answers, Noting) else None)
        sitting = asyncio.ensure_future(screen.run())
        for piece in pieces:
            assert isinstance(answers, Noting)
            await until(lambda: answers.waits == "keys")
            many = len(answers.rows)
            keys.send_text(piece)
            await until(partial(_more, answers, many))
        return await asyncio.wait_for(sitting, 10), desk.answered


def _more(answers: Noting, rows: int) -> bool:
    return len(answers.rows) > rows


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not there():  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.001)


DOWN, ESC = "\x1b[B", "\x1b"
SITTING = (
    "\r", DOWN, "\r", " ", "y",  # open the group, the first of it, its card to the end, yes
    "\r", ESC, "n", "u",  # the next one: a look at its card, skipped, taken back
    "/", "\x1b[200~Paddock\nServers\x1b[201~", "\r", "\r", "j", "c", "c",  # the question of another payee, twice
    "/", ESC, "/", "\x15\r", "g", "Y", "3 10.50\r",  # the rest of the first group
    "q", "l\r",
)  # fmt: skip


async def test_a_sitting_is_played_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = staged(monkeypatch, columns=80, rows=30)
    with board_in(tmp_path / "recorded") as board:
        answers = Noting(tmp_path / "rows")
        recorded = await sat(board, answers, SITTING, ["404", "^C"])
        decided = dict(board.states)
    assert recorded == ("left", ["404"])
    assert list(decided.values()) == ["approved", "approved", "approved", "approved", "open"]
    assert [r["asks"] for r in answers.rows if r["asks"] != "keys"] == ["question", "question", "interruption"]
    with board_in(tmp_path / "replayed") as board:
        playing = Playing(answers.rows)
        assert await sat(board, playing) == recorded
        assert board.states == decided
    assert not playing.left
    assert said.getvalue() == ""


@pytest.mark.parametrize("size", [1, 3, 99])
async def test_keys_in_a_hurry_decide_the_same_when_played_back(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged(monkeypatch, columns=80, rows=30)
    hurry = "\rjnjn\r yjn\r yj\rjn"
    with board_in(tmp_path / "recorded") as board, create_pipe_input() as keys:
        answers = Noting(tmp_path / "rows")
        screen = screen_of(board, Desk(answers), keys)
        sitting = asyncio.ensure_future(screen.run())
        await until(lambda: answers.waits == "keys")
        for start in range(0, len(hurry), size):
            keys.send_text(hurry[start : start + size])
            await asyncio.sleep(0)
        await until(lambda: answers.waits == "keys" and len(answers.rows) > 0)
        screen.leave()  # what nobody pressed ends it: a writer that cannot go on
        assert await sitting == "left"
        decided = dict(board.states)
    assert set(decided.values()) > {"open"}
    with board_in(tmp_path / "replayed") as board:
        playing = Playing(answers.rows)
        assert await sat(board, playing) == ("left", [])
        assert board.states == decided
    assert not playing.left


async def test_a_closed_terminal_and_a_replay_that_cannot_go_on_end_the_sitting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged(monkeypatch, columns=80, rows=30)
    with board_in(tmp_path / "recorded") as board, create_pipe_input() as keys:
        answers = Noting(tmp_path / "rows")
        screen = screen_of(board, Desk(answers), keys)
        sitting = asyncio.ensure_future(screen.run())
        await until(lambda: answers.waits == "keys")
        keys.send_text("j")
        keys.close()
        assert await sitting == "interrupted"
    assert [r["line"] for r in answers.rows] == ["j", None]
    with board_in(tmp_path / "replayed") as board:
        assert await sat(board, Playing(answers.rows)) == ("interrupted", [])
        with pytest.raises(AssertionError, match="nothing is left"):
            await sat(board, Playing(answers.rows[:1]))
