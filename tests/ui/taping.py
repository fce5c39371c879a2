"""A small tape for what a person types: notes it in a file, or gives it back; and the streams of a replay."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from finchat.ui.answers import Asks


class Noting:
    """Answers of a recording: a line of JSON for each, in the order they were given; one that was interrupted stands
    where it was asked."""

    replays = False

    def __init__(self, file: Path) -> None:
        self._file = file
        self.rows: list[dict[str, Any]] = []
        self.waits: Asks | None = None  # for what

    async def answer(self, asks: Asks, prompt: str, typed: Callable[[], Awaitable[str | None]]) -> str | None:
        asked, self.waits = len(self.rows), asks
        try:
            line = await typed()
        except asyncio.CancelledError:
            self._note(asked, asks, prompt, None, interrupted=True)
            raise
        finally:
            self.waits = None
        self._note(len(self.rows), asks, prompt, line)
        return line

    def interruption(self, cancel: Callable[[], None]) -> Callable[[], None]:
        def noted() -> None:
            self._note(len(self.rows), "interruption", "", None)
            cancel()

        return noted

    def turn_over(self) -> None:
        """Nothing waits for it."""

    def _note(self, at: int, asks: str, prompt: str, line: str | None, **more: bool) -> None:
        self.rows.insert(at, {"asks": asks, "prompt": prompt, "line": line, **more})
        self._file.write_text("".join(f"{json.dumps(row)}\n" for row in self.rows))


class Playing:
    """Answers of a replay. What is asked otherwise than it was recorded fails."""

    replays = True

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.left = list(rows)
        self._cancel: Callable[[], None] | None = None

    async def answer(self, asks: Asks, prompt: str, typed: Callable[[], Awaitable[str | None]]) -> str | None:
        assert self.left, f"nothing is left for {prompt!r}"
        row = self.left.pop(0)
        assert (row["asks"], row["prompt"]) == (asks, prompt)
        if row.get("interrupted"):
            self._interrupt()
            await asyncio.Event().wait()
        line: str | None = row["line"]
        return line

    def interruption(self, cancel: Callable[[], None]) -> Callable[[], None]:
        self._cancel = cancel
        asyncio.get_running_loop().call_soon(self._interrupt)
        return cancel

    def turn_over(self) -> None:
        self._cancel = None

    def _interrupt(self) -> None:
        if self.left and self.left[0]["asks"] == "interruption" and self._cancel is not None:
            self.left.pop(0)
            self._cancel()


def noted(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


class _Stage(io.StringIO):
    """A terminal that only stands for one. Bytes that a terminal would act on must not come here."""

    recorded = True

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


def staged(monkeypatch: pytest.MonkeyPatch, *, columns: int, rows: int, term: str = "xterm-256color") -> io.StringIO:
    """A terminal for a replay in this process; stdout and stderr are the same, as at a terminal."""
    said = _Stage()
    for name, stream in {"stdin": _Stage(), "stdout": said, "stderr": said}.items():
        monkeypatch.setattr("sys." + name, stream)
    for variable, value in {"TERM": term, "COLUMNS": str(columns), "LINES": str(rows)}.items():
        monkeypatch.setenv(variable, value)
    return said


def tape_of(arguments: list[str]) -> Noting | None:
    """For the programs of tests: `--record=FILE` notes what is typed."""
    file = next((a.partition("=")[2] for a in arguments if a.startswith("--record=")), "")
    return Noting(Path(file)) if file else None
