"""The prompt, typed into without a terminal."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from finchat.text.sanitise import visible
from finchat.ui.chat.completion import ChatCompleter, Completion, Words
from finchat.ui.chat.history import History
from finchat.ui.chat.live import LivePrompt
from finchat.ui.chat.prompt import first_time
from finchat.ui.chat.toolbar import ToolbarState
from finchat.ui.chat.typed import LEAVES, LONGEST, plain
from tests.ui.chat.prompting import COMMANDS, WORDS


class Told(DummyOutput):
    """Keeps the words that were written, above the prompt and in it."""

    def __init__(self) -> None:
        self.words = ""

    def write(self, data: str) -> None:
        self.words += data


class Person:
    """A person at the prompt of one home."""

    def __init__(self, keys: PipeInput, home: Path) -> None:
        self.keys = keys
        self.home = home
        self.screen = Told()
        self.prompt = self.opened()

    def opened(self) -> LivePrompt:
        return LivePrompt(self.home, toolbar=ToolbarState(), commands=COMMANDS, source=self.keys, screen=self.screen)

    async def types(self, keys: str) -> str | None:
        asking = asyncio.create_task(self.prompt.ask())
        await asyncio.to_thread(self.keys.send_text, keys)  # a pipe holds 64 kB
        return await asyncio.wait_for(asking, 10)


@pytest.fixture
def person(own_home: Path) -> Iterator[Person]:
    with create_pipe_input() as keys:
        yield Person(keys, own_home)


async def test_a_line_is_what_was_typed_without_outer_blanks(person: Person) -> None:
    assert await person.types("  who owes us?  \r") == "who owes us?"


async def test_empty_lines_ask_nothing(person: Person) -> None:
    assert await person.types("\r   \rnow\r") == "now"


@pytest.mark.parametrize("more", ["\x1b\r", "\\\r"])
async def test_alt_enter_and_a_trailing_backslash_add_a_line(person: Person, more: str) -> None:
    assert await person.types(f"one{more}two\r") == "one\ntwo"


async def test_pasted_lines_stay_one_input(person: Person) -> None:
    assert await person.types("sum: \x1b[200~10.00\r\n20.00\n/quit\r\x1b[201~\r") == "sum: 10.00\n20.00\n/quit"


async def test_what_cannot_be_seen_is_not_asked(person: Person) -> None:
    hidden = "pay\u200b\u202e\U000e0041 Kōwhai\u00a0Ltd\x1b]52;c;aGk=\x07"
    assert await person.types(f"\x1b[200~{hidden}\x1b[201~\r") == "pay Kōwhai Ltd]52;c;aGk="


async def test_a_paste_without_end_is_cut(person: Person) -> None:
    asked = await person.types(f"\x1b[200~{'x' * (LONGEST + 9)}\x1b[201~\r")
    assert asked == "x" * LONGEST


@given(st.text())
def test_a_plain_text_shows_itself_line_for_line(text: str) -> None:
    made = plain(text)
    assert plain(made) == made
    assert all(visible(line) == line for line in made.split("\n"))


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


async def test_ctrl_c_forgets_the_line_and_says_how_to_leave(person: Person) -> None:
    asking = asyncio.create_task(person.types("half a li\x03"))
    await until(lambda: LEAVES in drawn(person))
    person.keys.send_text("whole\r")
    assert await asking == "whole"


async def test_ctrl_d_leaves_on_an_empty_line_only(person: Person) -> None:
    assert await person.types("abc\x01\x04\r") == "bc"  # at the start of a line it takes a character away
    assert await person.types("\x04") is None


async def test_the_end_of_the_input_leaves(person: Person) -> None:
    person.keys.close()
    assert await asyncio.wait_for(person.prompt.ask(), 10) is None


async def test_the_history_is_kept_for_the_owner_without_secrets(person: Person) -> None:
    assert first_time(person.home)
    await person.types("list bills\r")
    await person.types("my key is sk-abcdefghijklmnop, use it\r")
    path = person.home / "history"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "sk-abc" not in path.read_text()
    assert not first_time(person.home)
    person.prompt = person.opened()  # another day
    assert await person.types("\x1b[A\x1b[A\r") == "list bills"


async def test_a_history_that_others_could_read_is_closed_to_them(person: Person) -> None:
    path = person.home / "history"
    path.write_text("\n+older\n")
    path.chmod(0o644)
    await person.types("newer\r")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert History(person.home).load_history_strings() == ["newer", "older"]


async def test_ctrl_r_finds_an_earlier_input_of_several_lines(person: Person) -> None:
    for asked in ("show INV-0042\x1b\rand INV-0043\r", "list bills\r"):
        await person.types(asked)
    person.prompt = person.opened()
    asking = asyncio.create_task(person.types(""))
    await until(lambda: "list bills" in person.prompt._session.default_buffer._working_lines)
    person.keys.send_text("\x12inv-0042\r\r")
    assert await asking == "show INV-0042\nand INV-0043"


async def test_a_repeated_input_and_one_after_a_space_are_not_kept(person: Person) -> None:
    for asked in ("list bills\r", "list bills\r", " secret plans\r"):
        await person.types(asked)
    assert History(person.home).load_history_strings() == ["list bills"]


async def test_typing_goes_on_without_a_history(person: Person) -> None:
    (person.home / "history").mkdir()
    assert await person.types("still here\r") == "still here"
    assert await person.types("\x1b[A\r") == "still here"


def test_of_a_history_of_years_the_newest_part_is_read(own_home: Path) -> None:
    text = "".join(f"\n+question {n}\n+{'x' * 1000}\n" for n in range(1500))
    (own_home / "history").write_text(text)
    found = [line.split("\n") for line in History(own_home).load_history_strings()]
    assert [first for first, _ in found] == [f"question {n}" for n in range(1499, 1499 - len(found), -1)]
    assert 900 < len(found) < 1000


async def test_a_history_from_elsewhere_is_shown_clean(person: Person) -> None:
    (person.home / "history").write_text("\n+pay\x1b[2J\u202enow\n")
    assert list(History(person.home).load_history_strings()) == ["pay[2Jnow"]


async def test_a_notice_is_printed_while_one_types_and_the_line_stays(person: Person) -> None:
    asking = asyncio.create_task(person.types("half"))
    await until(lambda: "half" in drawn(person))
    threading.Thread(target=person.prompt.notice, args=("books is ready\x1b[2J\ntoken=abcdefgh1",)).start()
    await until(lambda: "books is ready\\x1b[2J\n  token=[secret]\n" in person.screen.words)
    person.keys.send_text(" more\r")
    assert await asking == "half more"


async def test_a_notice_without_a_prompt_is_printed_at_once(person: Person) -> None:
    person.prompt.notice("working")
    assert person.screen.words == "working\n"


async def test_what_is_typed_during_a_turn_is_asked_next(person: Person) -> None:
    async with person.prompt.turn(lambda: None):
        person.keys.send_text("first\rsecond\rthi")
        await until(lambda: len(person.prompt._keyboard._keys) == 16)
    assert await person.types("") == "first"
    async with person.prompt.turn(lambda: None):
        pass
    assert await person.types("") == "second"
    assert await person.types("rd\r") == "third"


async def test_ctrl_c_during_a_turn_cancels_and_what_was_typed_is_not_sent_by_itself(person: Person) -> None:
    cancelled = asyncio.Event()
    async with person.prompt.turn(cancelled.set):
        person.keys.send_text("next\x7f\x7far\r\x1b[200~one\ntwo\x1b[201~\r\x03")
        await asyncio.wait_for(cancelled.wait(), 10)
    assert await person.types("!\r") == "near\none\ntwo!"


async def test_what_was_typed_before_a_card_is_neither_its_answer_nor_sent_after_it(person: Person) -> None:
    async with person.prompt.turn(lambda: None):
        person.keys.send_text("y\r")
        await until(lambda: len(person.prompt._keyboard._keys) == 2)
        with person.prompt.suspended():
            assert person.prompt._keyboard._listening is None
    assert await person.types("es\r") == "yes"


async def test_what_was_sent_together_with_a_line_is_out_of_reach_of_other_screens(person: Person) -> None:
    from prompt_toolkit.input.typeahead import get_typeahead

    assert await person.types("/apply\ry\r") == "/apply"
    assert get_typeahead(person.keys) == []
    async with person.prompt.turn(lambda: None):
        with person.prompt.suspended():
            pass
    assert await person.types("es\r") == "yes"


def offers(typed: str, *, tab: bool = True, words: Sequence[Completion] = WORDS) -> list[tuple[str, str, str]]:
    known = Words()
    known.learn(words)
    found = ChatCompleter(lambda: COMMANDS, known).get_completions(
        Document(typed), CompleteEvent(completion_requested=tab)
    )
    return [(typed[: len(typed) + o.start_position] + o.text, o.display_text, o.display_meta_text) for o in found]


@pytest.mark.parametrize("typed", ["/", "?"])
def test_a_slash_or_a_question_mark_lists_every_command_with_its_help(typed: str) -> None:
    assert offers(typed, tab=False)[0] == ("/reconcile ", "/reconcile [DAYS]", "Match bank lines")
    assert len(offers(typed, tab=False)) == len(COMMANDS)


def test_a_command_is_found_by_its_beginning_then_by_any_part() -> None:
    assert [shown for _, shown, _ in offers("/se", tab=False)] == ["/sessions", "/servers"]
    assert [shown for _, shown, _ in offers("/con", tab=False)] == ["/reconcile [DAYS]"]
    assert offers("/reconcile ", tab=False) == []


def test_names_are_found_without_case_accents_and_by_any_word() -> None:
    assert offers("what of kow")[0] == ("what of Kōwhai Fitout & Supply", "Kōwhai Fitout & Supply", "contact")
    assert offers("what of Kōwhai fit")[0][0] == "what of Kōwhai Fitout & Supply"
    assert offers('the "dair')[0][0] == 'the "Takapuna Dairies Ltd'
    assert offers("/source inv-0")[0][0] == "/source INV-0042"
    assert offers("pay nobody") == []


def test_names_are_offered_only_when_asked_for() -> None:
    assert offers("what of kow", tab=False) == []


def test_a_hostile_name_is_one_clean_line() -> None:
    ((line, shown, _),) = offers("evil")
    assert line == shown == visible(shown)


def test_of_many_words_the_latest_come_first_and_the_oldest_go() -> None:
    many = [Completion(f"contact {n}", "contact") for n in range(20_002)]
    found = offers("contact", words=[*many, Completion("contact 7", "contact")])
    assert [shown for _, shown, _ in found[:2]] == ["contact 7", "contact 20001"]
    assert len(found) == 50
    assert offers("contact 1", words=many)[-1][1] != "contact 1"


async def test_tab_completes_a_name_and_the_rest_is_typed(person: Person) -> None:
    person.prompt.learn([Completion("Takapuna Dairies Ltd", "contact")])
    asking = asyncio.create_task(person.types("what does tak\t"))
    await until(lambda: person.prompt._session.default_buffer.text.endswith("Ltd"))
    person.keys.send_text(" owe?\r")
    assert await asking == "what does Takapuna Dairies Ltd owe?"


async def test_the_toolbar_follows_what_the_app_sets(person: Person) -> None:
    asking = asyncio.create_task(person.types(""))
    await until(lambda: "writes on approval" in drawn(person))
    person.prompt.toolbar.read_only = True
    await until(lambda: "read-only" in drawn(person))
    person.keys.send_text("\x04")
    assert await asking is None


def test_nothing_heavy_is_loaded_before_one_can_type(own_home: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import finchat.ui.chat.prompt as p, finchat.ui.chat.welcome\n"
        "light = set(sys.modules)\n"
        "from prompt_toolkit.output import DummyOutput; from prompt_toolkit.input import DummyInput\n"
        "from finchat.ui.chat.toolbar import ToolbarState\n"
        "from finchat.ui.chat.live import LivePrompt\n"
        "LivePrompt(Path('.'), toolbar=ToolbarState(), source=DummyInput(), screen=DummyOutput())\n"
        "print(*light); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    light, live = (line.split() for line in done.stdout.splitlines())
    outside = {name.partition(".")[0] for name in live} - sys.stdlib_module_names
    assert outside - {"__main__"} <= {"finchat", "prompt_toolkit", "wcwidth"} | installed_by_the_interpreter()
    assert "prompt_toolkit" not in light
    rooms = {".".join(name.split(".")[1:2]) for name in live if name.startswith("finchat.")}
    assert rooms <= {"ui", "text", "store", "errors"}


def installed_by_the_interpreter() -> set[str]:
    """What .pth files of this environment load before any program runs."""
    bare = [sys.executable, "-c", "import sys; print(*sys.modules)"]
    done = subprocess.run(bare, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def drawn(person: Person) -> str:
    """What the prompt shows, as rendered last."""
    screen = person.prompt._session.app.renderer.last_rendered_screen
    if screen is None:
        return ""
    return "\n".join(
        "".join(row[column].char for column in range(max(row, default=-1) + 1))
        for row in (screen.data_buffer[n] for n in range(screen.height))
    )


async def until(wanted: Callable[[], bool]) -> None:
    """Let the loop go on until something is so."""
    async with asyncio.timeout(10):
        while not wanted():  # noqa: ASYNC110
            await asyncio.sleep(0)
