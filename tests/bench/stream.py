"""Prints what drawing a streamed answer costs on this machine, as one JSON document: `python -m tests.bench.stream
[--runs N]`. A benchmark, not a test.

The same 10 kB of Markdown (headings, emphasis, tables, lists) in pieces of 4 characters, by finchat's MarkdownStream,
by rich's Live(Markdown(all)) redrawn at each piece, by the same redrawn at each tenth, and by plain print. Each writes
to a terminal of 100 columns in memory; nothing waits.

first_ms     from the first piece to its first byte; the least of the runs
slowest_ms   the slowest piece
cpu_s        process CPU for the whole answer; {"min", "median"} over the runs (rich at each piece: once, it is slow)
ratio        bytes written for each byte of text
moves        escape sequences that move the cursor or erase: each one is a redraw, and costs the scrollback
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import statistics
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown

from finchat.ui.chat.stream import MarkdownStream
from finchat.ui.chat.theme import DARK

_BLOCK = """## Section {i}: receivables

Customer **Acme Ltd** owes £{i},234.56 across *three* invoices; see `INV-{i}045`.

| Invoice | Due | Amount |
|---|---|---:|
| INV-{i}1 | 2026-01-0{d} | £1,000.00 |
| INV-{i}2 | 2026-02-0{d} | £2,000.00 |

- first point about ageing that runs for a while to make the line wrap at one hundred columns or so
- second point

"""
_COLUMNS = 100
_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-HJKSTfhlsu]")
# Text comes on 9 or 10 times a second in most faces: every tenth piece at 100 pieces a second.
_EVERY = 10

Feed = Callable[[str], None]


def answer(size: int = 10_000) -> str:
    text, i = "", 0
    while len(text) < size:
        i += 1
        text += _BLOCK.format(i=i, d=i % 9 + 1)
    return text


class Terminal(io.StringIO):
    """Remembers when the first byte came."""

    first: float | None = None

    def write(self, text: str) -> int:
        if self.first is None and text.strip():
            self.first = time.perf_counter()
        return super().write(text)

    def isatty(self) -> bool:
        return True


def finchat(terminal: Terminal, pieces: list[str], took: Feed) -> None:
    def write(text: str) -> None:
        terminal.write(text)

    stream = MarkdownStream(write, width=lambda: _COLUMNS, theme=DARK, plain=False)
    for piece in pieces:
        stream.feed(piece)
        took("")
    stream.end("".join(pieces), ())


def plain(terminal: Terminal, pieces: list[str], took: Feed) -> None:
    for piece in pieces:
        print(piece, end="", file=terminal, flush=True)
        took("")


def live(every: int) -> Callable[[Terminal, list[str], Feed], None]:
    def draw(terminal: Terminal, pieces: list[str], took: Feed) -> None:
        console = Console(file=terminal, force_terminal=True, width=_COLUMNS, height=40, color_system="truecolor")
        said = ""
        with Live(console=console, auto_refresh=False, vertical_overflow="visible") as view:
            for number, piece in enumerate(pieces):
                said += piece
                if number % every == 0:
                    view.update(Markdown(said), refresh=True)
                took("")
            view.update(Markdown(said), refresh=True)

    return draw


def measure(draw: Callable[[Terminal, list[str], Feed], None], runs: int) -> Mapping[str, Any]:
    text = answer()
    pieces = [text[at : at + 4] for at in range(0, len(text), 4)]
    cpu: list[float] = []
    first: list[float] = []
    slowest: list[float] = []
    written = ""
    for _ in range(runs):
        terminal = Terminal()
        marks = [time.perf_counter()]

        def took(_: str, marks: list[float] = marks) -> None:
            marks.append(time.perf_counter())

        began, at = time.process_time(), marks[0]
        draw(terminal, pieces, took)
        cpu.append(time.process_time() - began)
        assert terminal.first is not None
        first.append(1_000 * (terminal.first - at))
        slowest.append(1_000 * max(b - a for a, b in pairwise(marks)))
        written = terminal.getvalue()
    return {
        "first_ms": round(min(first), 3),
        "slowest_ms": round(min(slowest), 3),
        "cpu_s": {"min": round(min(cpu), 4), "median": round(statistics.median(cpu), 4)},
        "ratio": round(len(written.encode()) / len(text.encode()), 2),
        "moves": len(_MOVES.findall(written)),
        "runs": runs,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    text = answer()
    print(
        json.dumps(
            {
                "text_bytes": len(text.encode()),
                "pieces": -(-len(text) // 4),
                "columns": _COLUMNS,
                "load": round(os.getloadavg()[0], 2),
                "print": measure(plain, runs),
                "finchat": measure(finchat, runs),
                "rich_live_every_tenth": measure(live(_EVERY), min(runs, 3)),
                "rich_live": measure(live(1), 1),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
