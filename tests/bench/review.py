"""Prints how fast the review screen is: `python -m tests.bench.review [PROPOSALS]`.

Opening is from the loaded plan to the first drawn screen; each key is from the key to the redrawn screen, over a board
with its decisions on disk, at 140 x 40.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output
from rich.text import Text

from finchat.books.plan import Plan, Proposal
from finchat.safety.approval import Approver
from finchat.safety.results import WriteResult
from finchat.store.database import Database
from finchat.ui.card import card_lines
from finchat.ui.review.screen import ReviewScreen
from finchat.workflows.review.board import Board
from finchat.workflows.review.decisions import Decisions
from finchat.workflows.review.writer import Writer
from tests.workflows.review.made import ACCOUNTS, many


class Paper:
    """A terminal that keeps nothing."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.written = 0

    def write(self, text: str) -> int:
        self.written += len(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2


class NoDesk:
    """Cards, and no questions."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def card(self, proposal: Proposal, number: int, total: int, width: int) -> Sequence[Text]:
        return card_lines(self.plan, proposal, number=number, total=total, width=width, accounts=ACCOUNTS)

    async def answer(self, proposals: Sequence[Proposal]) -> str:
        return ""

    async def edit(self, proposal: Proposal) -> str:
        return ""


async def _nothing(plan: Plan, approver: Approver, proposal_ids: tuple[str, ...]) -> Sequence[WriteResult]:
    return ()


async def measure(count: int) -> None:
    """Prints the figures for a plan of so many proposals."""
    plan = many(count)
    with tempfile.TemporaryDirectory() as directory, create_pipe_input() as keys:
        state = Path(directory) / "state.sqlite3"
        with closing(Database(state)) as database, closing(Database(state, durable=False)) as places:
            began = time.perf_counter()
            board = Board(plan, Decisions(database, places), now=lambda: datetime.now(UTC), account_names=ACCOUNTS)
            paper = Paper()
            output = Vt100_Output(paper, lambda: Size(rows=40, columns=140), term="xterm-256color")  # type: ignore[arg-type]
            screen = ReviewScreen(board, Writer(board, _nothing), NoDesk(plan), [("", "")], input=keys, output=output)
            drawn: asyncio.Queue[float] = asyncio.Queue()
            screen._app.after_render += lambda _: drawn.put_nowait(time.perf_counter())
            running = asyncio.ensure_future(screen.run())
            print(f"{count} proposals, {len(board.groups)} groups")
            print(f"open            {(await drawn.get() - began) * 1000:7.1f} ms")
            await asyncio.sleep(count / 1000)  # the hashes, made ahead while nobody presses
            for what, key, times in (
                ("open a group", "\r", 1), ("down", "j", 200), ("page", " ", 40), ("to the end", "G", 5),
                ("to the top", "g", 5), ("skip a row", "jn", 60), ("undo", "u", 30), ("card", "j\r", 20),
                ("close the card", "\x1b[D", 1), ("status filter", "s", 12), ("skip a group", "gn", 1),
            ):  # fmt: skip
                took = []
                for _ in range(times):
                    while not drawn.empty():
                        drawn.get_nowait()
                    pressed = time.perf_counter()
                    keys.send_text(key)
                    at = await drawn.get()
                    took.append((at - pressed) * 1000)
                print(f"{what:15} {statistics.median(took):7.1f} ms, at most {max(took):.1f} ms")
            keys.send_text("q")
            await running


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
