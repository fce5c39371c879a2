"""The recordings, a row each: what it shows, the command, what is typed after which words, who plays the model, and
what was there before. `tests.recordings.make` makes them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.recordings.driving import Typed, World, key, line
from tests.recordings.scripts import session
from tests.scripted.conversations import drafts, reports
from tests.scripted.server import Raw, Say, Script, Seen

ASKED = r"q\s*quit: *$"
PROMPT = r"finchat> *$"
_PIECE = 32  # characters of an event: a recording has a row for each


def _nothing(_world: World) -> None:
    return None


def _nowhere(_world: World) -> AbstractContextManager[Any]:
    return contextlib.nullcontext()


def small_company(world: World) -> None:
    world.open_books()


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One recording. With something `typed` it is made at a terminal. `meanwhile`: what goes on beside the run."""

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
    environment: Mapping[str, str] = field(default_factory=dict)

    def words(self, world: World) -> tuple[str, ...]:
        return self.command if isinstance(self.command, tuple) else self.command(world)

    def spoken(self, seen: Seen) -> Say | Raw:
        assert self.model is not None
        said = self.model(seen)
        return replace(said, piece=_PIECE) if isinstance(said, Say) else said


RECONCILING = (
    Recording(
        name="reconcile-week-plan-saved",
        title="A week of bank lines matched away from a terminal: the plan is saved, nothing is written",
        command=("reconcile", "--days", "7"),
        exit_code=3,
    ),
    Recording(
        name="reconcile-approve-one-refuse-one",
        title="Two days of bank lines at a terminal: one payment approved, one refused with a reason, the rest waits",
        command=("reconcile", "--days", "2"),
        exit_code=3,
        typed=(
            line(ASKED, "y"),
            line(ASKED, "r"),
            line("Why not", "they disputed this invoice"),
            line(ASKED, "q"),
        ),
    ),
)

ASKING = (
    Recording(
        name="ask-overdue-invoices",
        title="Which invoices are more than 30 days overdue, and whose they are",
        command=("ask", "List the unpaid invoices that are more than 30 days overdue.", "--api", "responses"),
        model=reports.unpaid,
    ),
    Recording(
        name="chat-completions-api",
        title="The same question over the Chat Completions API",
        command=("ask", "List the unpaid invoices that are more than 30 days overdue.", "--api", "chat"),
        model=reports.unpaid,
    ),
)

CHATTING = (
    Recording(
        name="chat-new-contact",
        title="A new contact drafted in the chat, approved on its card, in the ledger",
        command=("chat",),
        typed=(
            line(PROMPT, "Add a contact Waimea Orchard with the e-mail address office@waimea.example."),
            line(ASKED, "y"),
            key(PROMPT, "\x04"),
        ),
        model=session({"Add a contact": drafts.contact}),
    ),
)

RECORDINGS: tuple[Recording, ...] = (*RECONCILING, *ASKING, *CHATTING)
