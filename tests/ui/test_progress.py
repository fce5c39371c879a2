"""Progress: seen on a terminal, silent where nobody watches, harmless always."""

import asyncio
import io
import os
import pty

import pytest

from finchat.events import Notice, Reading, Recovered, Waiting, Working, Writing
from finchat.ui.progress import Progress
from finchat.ui.sink import Sink


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def test_pages_are_counted_on_one_line_that_goes_away(terminal: Terminal) -> None:
    with Progress(Sink(stderr=terminal)) as progress:
        progress(Reading(server="books", what="invoices", rows=100))
        progress(Reading(server="books", what="payments", rows=30))
        progress(Reading(server="books", what="invoices", rows=200, done=True))
    assert "\n" not in terminal.getvalue()
    assert "reading books: invoices 200, payments 30" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_away_from_a_terminal_only_what_matters_later_is_said() -> None:
    stream = io.StringIO()
    with Progress(Sink(stderr=stream)) as progress:
        progress(Reading(server="books", what="invoices", rows=100))
        progress(Working(what="matching"))
        progress(Waiting(server="books", seconds=12.0, reason="60 calls a minute reached"))
        progress(Recovered(write_id="w1", outcome="committed", text="payment of 5.00"))
        progress(Notice(text="the demo company is 9 days old", severity="warning"))
    assert stream.getvalue().splitlines() == [
        "waiting 12 s: 60 calls a minute reached",
        "recovered: payment of 5.00 [done]",
        "warning: the demo company is 9 days old",
    ]


@pytest.mark.parametrize("mode", ["json", "quiet"])
def test_json_and_quiet_runs_are_silent(mode: str) -> None:
    stream = io.StringIO()
    sink = Sink("json" if mode == "json" else "quiet", stderr=stream)
    with Progress(sink) as progress:
        progress(Notice(text="anything"))
        progress(Writing(proposal_id="p1", write_id="w1", text="x", outcome="committed"))
    assert stream.getvalue() == ""


def test_a_dumb_terminal_gets_plain_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with Progress(Sink(stderr=terminal)) as progress:
        progress(Working(what="matching 20 bank lines"))
    assert terminal.getvalue() == "matching 20 bank lines …\n"


def test_a_dumb_terminal_is_told_once_what_was_read(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with Progress(Sink(stderr=terminal)) as progress:
        for rows in (1000, 1400):
            progress(Reading(server="books", what="invoices and bills", rows=rows, done=rows == 1400))
        progress(Reading(server="books", what="payments", rows=300, done=True))
        progress(Working(what="matching"))
        progress(Reading(server="books", what="balances", rows=2, done=True))
    assert terminal.getvalue().splitlines() == [
        "reading books: invoices and bills 1400, payments 300",
        "matching …",
        "reading books: balances 2",
    ]


def test_strangers_text_in_an_event_cannot_move_the_cursor(terminal: Terminal) -> None:
    with Progress(Sink(stderr=terminal)) as progress:
        progress(Notice(text="tool \x1b[2Jevil\ntwo"))
    assert "\x1b[2J" not in terminal.getvalue()
    assert "tool \\x1b[2Jevil two\n" in terminal.getvalue()


def test_a_closed_terminal_stops_nothing() -> None:
    stream = io.StringIO()
    progress = Progress(Sink(stderr=stream))
    stream.close()
    progress(Notice(text="nobody hears this"))
    progress.clear()


async def test_a_wait_counts_down(terminal: Terminal) -> None:
    with Progress(Sink(stderr=terminal)) as progress:
        progress(Waiting(server="books", seconds=1.05, reason="the server asked to wait"))
        while "waiting 1 s" not in terminal.getvalue():  # noqa: ASYNC110 - what is awaited is text on a screen
            await asyncio.sleep(0.01)
    assert "waiting 2 s: the server asked to wait" in terminal.getvalue()


def test_a_sink_knows_a_real_terminal() -> None:
    primary, secondary = pty.openpty()
    with os.fdopen(secondary, "w") as stream:
        assert Sink(stderr=stream).err.is_terminal
    os.close(primary)


def test_a_wait_stays_in_sight_while_other_reads_come_in(terminal: Terminal) -> None:
    with Progress(Sink(stderr=terminal)) as progress:
        progress(Waiting(server="books", seconds=30.0, reason="60 calls a minute reached"))
        progress(Reading(server="books", what="invoices", rows=100))
    last = terminal.getvalue().rstrip("\r\x1b[K").rpartition("\x1b[K")[2]
    assert last.startswith("waiting 30 s: 60 calls a minute reached · reading books")
