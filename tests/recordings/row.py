"""A row of the table of recordings, and what many rows share: set-ups, and the words that one waits for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.recordings.driving import BOOKS, Typed, World
from tests.scripted.server import Raw, Say, Script, Seen

ASKED = r"q\s*quit: *$"  # a card
BULK = r"type the count and the total\s+\((\d+) ([\d.]+)\)"
PROMPT = r"finchat> *$"
CTRL_C, CTRL_D = "\x03", "\x04"
_PIECE = 80  # characters of an event: a recording has an entry for each
UNATTENDED = """version = 1
[unattended]
kinds = ["payment"]
max_amount = "1700.00"
max_total_per_day = "2000.00"
expires = 2026-12-31
"""
_ANY_PAYMENT = """version = 1
[unattended]
kinds = ["payment"]
max_amount = "100000.00"
max_total_per_day = "100000.00"
known_counterparties_only = false
expires = 2026-12-31
"""


def _nothing(_world: World) -> None:
    return None


def _nowhere(_world: World) -> AbstractContextManager[Any]:
    return contextlib.nullcontext()


def small_company(world: World) -> None:
    world.open_books()


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One recording. With something `typed` it is made at a terminal of `columns` by `rows`; `piped` is its input away
    from one. `books` opens the company, `before` does what was done earlier, `meanwhile` is what goes on beside the
    run; `waits`: the run is about waiting."""

    name: str
    title: str
    command: tuple[str, ...] | Callable[[World], tuple[str, ...]]
    exit_code: int = 0
    typed: tuple[Typed, ...] = ()
    piped: str = ""
    model: Script | None = None
    strict: bool = True
    books: Callable[[World], Any] = small_company
    before: Callable[[World], Any] = _nothing
    meanwhile: Callable[[World], AbstractContextManager[Any]] = _nowhere
    columns: int = 80
    rows: int = 60
    term: str = "xterm-256color"
    colour: bool = False
    piece: int = _PIECE
    waits: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    def words(self, world: World) -> tuple[str, ...]:
        return self.command if isinstance(self.command, tuple) else self.command(world)

    def spoken(self, seen: Seen) -> Say | Raw:
        assert self.model is not None
        said = self.model(seen)
        return replace(said, piece=self.piece) if isinstance(said, Say) else said


def planned(*flags: str) -> Callable[[World], None]:
    """A plan that was saved before: its id is the fact `plan`."""

    def plan(world: World) -> None:
        world.facts["plan"] = world.document("reconcile", *(flags or ("--days", "2")))["plan"]["id"]

    return plan


def paid(*flags: str) -> Callable[[World], None]:
    """Payments that were written before, under a policy that let them."""

    def pay(world: World) -> None:
        policy = world.write("earlier.toml", _ANY_PAYMENT)
        done = world.document("reconcile", *(flags or ("--days", "7")), "--yes", "--policy", str(policy))
        world.facts["plan"] = done["plan"]["id"]
        assert any(one["outcome"] == "committed" for one in done["outcomes"]), done["outcomes"]

    return pay


def the_plan(*words: str) -> Callable[[World], tuple[str, ...]]:
    """A command about that plan, which stands for PLAN."""
    return lambda world: tuple(world.facts["plan"] if word == "PLAN" else word for word in words)


def in_turn(*steps: Callable[[World], Any]) -> Callable[[World], None]:
    def do(world: World) -> None:
        for step in steps:
            step(world)

    return do


def file(name: str, text: str) -> Callable[[World], None]:
    def write(world: World) -> None:
        world.write(name, text)

    return write


def policy(text: str) -> Callable[[World], None]:
    return file("home/policy.toml", text)


def settings(more: str) -> Callable[[World], None]:
    """The settings of the small company, and these."""
    return file("home/finchat.toml", BOOKS + more)
