"""A small chat over the real prompt: what is asked is said back; some words do something. For tests at a terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from finchat.ui.chat.completion import Completion
from finchat.ui.chat.prompt import ChatPrompt, open_prompt
from finchat.ui.chat.toolbar import ToolbarState


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


async def chat(prompt: ChatPrompt) -> None:
    prompt.learn(WORDS)
    while (asked := await prompt.ask()) is not None:
        print(f"ASKED {asked!r}", flush=True)
        match asked.split()[0]:
            case "work":
                await work(prompt, card=False)
            case "card":
                await work(prompt, card=True)
            case "soon":
                later(prompt)
    print("LEFT", flush=True)


async def work(prompt: ChatPrompt, *, card: bool) -> None:
    """A turn that lasts until Ctrl-C or, on a line from the test's pipe, until it goes on."""
    stop = asyncio.Event()
    cancelled: list[bool] = []

    def cancel() -> None:
        cancelled.append(True)
        stop.set()

    async with prompt.turn(cancel):
        print("WORKING", flush=True)
        await until_told(stop)
        if card and not cancelled:
            from finchat.ui.prompt import ask
            from finchat.ui.sink import Sink

            with prompt.suspended():
                key = await ask(Sink(), "Approve? ")
            print(f"ANSWERED {key!r}", flush=True)
            await until_told(stop)
    print("CANCELLED" if cancelled else "DONE", flush=True)


async def until_told(stop: asyncio.Event) -> None:
    """Until the file that the test names holds one more byte than was read."""
    path = Path(os.environ["FINCHAT_TEST_GO"])
    while not stop.is_set() and not path.exists():
        await asyncio.sleep(0.005)
    path.unlink(missing_ok=True)


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
    asyncio.run(chat(open_prompt("--plain" in sys.argv, Path(os.environ["FINCHAT_HOME"]), COMMANDS, toolbar=state)))


if __name__ == "__main__":
    main()
