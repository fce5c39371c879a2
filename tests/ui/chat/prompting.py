"""A small chat over the real prompt: what is asked is said back; some words do something. For tests at a terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from finchat.__main__ import leave
from finchat.ui.answers import Answers, replayed, stopping
from finchat.ui.chat.completion import Completion
from finchat.ui.chat.prompt import ChatPrompt, open_prompt
from finchat.ui.chat.toolbar import ToolbarState
from finchat.ui.prompt import ask
from finchat.ui.sink import Sink
from tests.ui.taping import tape_of


@dataclass(frozen=True)
class Row:
    name: str
    arguments: str
    help: str


COMMANDS = (
    Row("reconcile", "[DAYS]", "Match bank lines"),
    Row("sessions", "", "Earlier chats"),
    Row("servers", "", "The servers and their tools"),
    Row("quit", "", "Leave"),
)
WORDS = (
    Completion("Takapuna Dairies Ltd", "contact"),
    Completion("Kōwhai Fitout & Supply", "contact"),
    Completion("INV-0042", "invoice"),
    Completion("evil\x1b]52;c;aGk=\x07\u202e name", "contact"),
)


async def chat(prompt: ChatPrompt, answers: Answers | None = None) -> None:
    prompt.learn(WORDS)
    while (asked := await prompt.ask()) is not None:
        print(f"ASKED {asked!r}", flush=True)
        match asked.split()[0]:
            case "work":
                await turn(prompt, answers, card=False)
            case "card":
                await turn(prompt, answers, card=True)
            case "soon":
                later(prompt)
    print("LEFT", "drawn" if "finchat.ui.chat.live" in sys.modules else "plain", flush=True)


async def turn(prompt: ChatPrompt, answers: Answers | None, *, card: bool) -> None:
    working = asyncio.ensure_future(work(prompt, answers, card=card))

    def cancel() -> None:
        working.cancel()

    with stopping(answers, working, cancel) as stop:
        async with prompt.turn(stop):
            try:
                await working
                print("DONE", flush=True)
            except asyncio.CancelledError:
                print("CANCELLED", flush=True)


async def work(prompt: ChatPrompt, answers: Answers | None, *, card: bool) -> None:
    """Goes on when the test's signal says so, in a replay at once where a card stands between two parts of it."""
    go_on = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, go_on.set)
    print("WORKING", flush=True)
    if card and replayed(answers):
        go_on.set()
    await go_on.wait()
    go_on.clear()
    if card:
        with prompt.suspended():
            key = await ask(Sink(answers=answers), "Approve? ", decides=True)
        print(f"ANSWERED {key!r}", flush=True)
        await go_on.wait()


def later(prompt: ChatPrompt) -> None:
    """Something happens while the prompt is up."""
    loop = asyncio.get_running_loop()

    def ready() -> None:
        prompt.notice("books is ready\x1b[2J\u202e")
        prompt.toolbar.starting = ""
        prompt.toolbar.organisation = "Kōwhai Fitout & Supply (Demo)"
        sys.stderr.write("a library warns\n")

    loop.call_later(0.05, ready)


def main() -> None:
    state = ToolbarState(sandbox=True, starting="books", tokens=12_345, cost=Decimal("0.12"), currency="USD")
    answers = tape_of(sys.argv)
    home = Path(os.environ["FINCHAT_HOME"])
    asyncio.run(chat(open_prompt("--plain" in sys.argv, home, COMMANDS, toolbar=state, answers=answers), answers))
    leave(0)


if __name__ == "__main__":
    main()
