"""Sessions: every line as it happens, whatever ends the process; opened again to the byte of the next request."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from finchat.agent.conversation import Conversation
from finchat.agent.events import AnswerChecked, Called, Finished, Proposed, Usage
from finchat.agent.facts import Figure, Source
from finchat.agent.messages import (
    AssistantText,
    Item,
    ModelRequest,
    Reasoning,
    TokenUsage,
    ToolCall,
    ToolOutput,
    UserText,
)
from finchat.agent.openai.chat import ChatDialect
from finchat.agent.openai.responses import ResponsesDialect
from finchat.agent.sessions import SavedSession, SessionInUse, SessionLog, SessionStore
from finchat.agent.sessions.log import files_of
from finchat.agent.stand_ins import StandIns
from finchat.app.schemas import PUBLISHED
from finchat.books.documents import Organisation
from finchat.connections.toolbox import CallResult
from finchat.errors import FinchatError, UsageError
from finchat.events import Event, Notice
from finchat.settings import Home
from tests.safety.world import ORG, one_payment

ENDPOINT = "http://127.0.0.1:1"
ORIGIN = f"responses {ENDPOINT} m"
FIGURE = Figure(
    text="5.00 NZD", start=3, end=11, value="5.00", unit="money", verified=True,
    sources=(Source(evidence_id="e1", path="$.total"),),
)  # fmt: skip


class Clock:
    """An instant later each time it is asked."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


class Sessions(SessionStore):
    """A store that remembers what it said."""

    def __init__(self, home: Path) -> None:
        self.said: list[str] = []
        super().__init__(Home(home), now=Clock(), emit=self._hear)

    def _hear(self, event: Event) -> None:
        assert isinstance(event, Notice)
        self.said.append(event.text)

    def begun(self, session_id: str = "s1", *, private: bool = False, organisation: Organisation = ORG) -> SessionLog:
        return self.create(session_id, organisation=organisation, model="m", api="responses", private=private)


@pytest.fixture
def store(own_home: Path) -> Sessions:
    return Sessions(own_home)


def body(conversation: Conversation, *, api: str = "responses", model: str = "m") -> bytes:
    """The bytes of the next request."""
    dialect = ResponsesDialect(model, ENDPOINT) if api == "responses" else ChatDialect(model, ENDPOINT)
    return dialect.body(ModelRequest(instructions=conversation.fence.mark, items=conversation.items), stream=True)


def a_turn(
    conversation: Conversation, log: SessionLog, question: str = "what is due?", *, answer: str = "It is 5.00 NZD.",
    rows: int = 40,
) -> None:  # fmt: skip
    """A question, two calls of a reasoning model, and the answer, with what the agent tells its faces."""
    conversation.ask(question)
    thought = Reasoning({"origin": ORIGIN, "item": {"type": "reasoning", "id": "r1", "encrypted_content": "x" * 50}})
    ids = [conversation.id_for("call_a"), conversation.id_for("call_a")]
    conversation.said([thought, *(ToolCall(id, "list_invoices", '{"n":1}') for id in ids)])
    for number, id in enumerate(ids, 1):
        log.note(
            Called(id=id, server="books", tool="list_invoices", arguments={"n": 1}, effect="read", decision="allow",
                   outcome="done", rows=rows, evidence_id=f"e{number}", took_s=0.01)
        )  # fmt: skip
        conversation.output(id, "row " * rows, short=f"evidence e{number}", evidence_id=f"e{number}")
    conversation.end_batch()
    conversation.said([AssistantText(answer)])
    log.note(AnswerChecked(text=answer, figures=(FIGURE,), final=True))
    log.note(over(answer))


def over(answer: str = "", *, complete: bool = True, failure: FinchatError | None = None) -> Finished:
    usage = Usage(requests=2, tokens=TokenUsage(input_tokens=100, output_tokens=10))
    return Finished(answer=answer, complete=complete, stopped_by=None, figures=(), calls=(), usage=usage, model="m",
                    api="responses", session_id="s1", failure=failure)  # fmt: skip


def saved(store: Sessions, turns: int = 2, session_id: str = "s1") -> Conversation:
    with store.begun(session_id) as log:
        conversation = log.conversation()
        for number in range(turns):
            a_turn(conversation, log, f"question {number}")
    return conversation


@contextmanager
def opened(store: SessionStore, named: str = "s1", **how: Any) -> Iterator[tuple[SavedSession, Conversation]]:
    with store.open(named, **how) as session:
        yield session, session.conversation()


# The file


def test_each_thing_is_on_disk_as_it_happens_for_the_owner_alone_and_as_published(store: Sessions) -> None:
    with store.begun() as log:
        conversation = log.conversation()
        assert not log.path.exists()
        conversation.ask("what is due?")
        assert [json.loads(line)["type"] for line in log.path.read_bytes().splitlines()] == ["session", "question"]
        for _ in range(3):
            a_turn(conversation, log, answer="word " * 300)
        log.note(Proposed(plan=one_payment("p1")))
        log.decided("p1", status="applied", left=0, words=["p1: approved and recorded in the ledger"])
        log.note(over("stopped", complete=False, failure=FinchatError("no answer")))
        conversation.tell("decided", gist="p1")
        conversation.note("a plan")
        while conversation.compact():
            pass
        conversation.drop_reasoning()
        log.resumed(model="m", api="chat", private=False)
        log.rename("a name")
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.path.parent.stat().st_mode & 0o777 == 0o700
    lines = [json.loads(line) for line in log.path.read_bytes().splitlines()]
    schema = Draft202012Validator(PUBLISHED["session-line"])
    assert [error.message for line in lines for error in schema.iter_errors(line)] == []
    kinds = {options["properties"]["type"]["const"] for options in PUBLISHED["session-line"]["oneOf"]}
    assert kinds == {line["type"] for line in lines}


def test_a_session_in_which_nothing_was_asked_leaves_nothing(store: Sessions) -> None:
    with store.begun() as log:
        log.conversation()
        log.path.parent.mkdir()
        store.evidence_path("s1").touch()
    assert list(log.path.parent.iterdir()) == []


def test_a_disk_that_takes_no_more_is_told_once_and_gets_all_of_it_later(store: Sessions) -> None:
    with store.begun() as log:
        conversation = log.conversation()
        a_turn(conversation, log)
        whole, limits = log.path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 200, limits[1]))
        try:
            a_turn(conversation, log)  # its first lines would still fit
            assert log.path.read_bytes().startswith(whole)
            assert log.path.read_bytes().endswith(b"}\n")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        (told,) = store.said
        assert "is not kept" in told
        conversation.ask("and now?")
    with opened(store) as (_, again):
        assert body(again) == body(conversation)


def test_a_home_that_cannot_be_written_stops_nothing(store: Sessions, own_home: Path) -> None:
    (own_home / "sessions").write_text("a file is in its place")
    with store.begun() as log:
        conversation = log.conversation()
        a_turn(conversation, log)
        a_turn(conversation, log)
    assert len(store.said) == 1
    assert len(conversation.items) == 14


# Opened again


def test_a_session_goes_on_where_it_ended(store: Sessions) -> None:
    conversation = saved(store)
    with opened(store, organisation=ORG) as (session, again):
        assert body(again) == body(conversation)
        assert body(again, api="chat") == body(conversation, api="chat")
        assert again.questions == ["question 0", "question 1"]
        assert again.id_for("call_a") not in {item.id for item in again.items if isinstance(item, ToolCall)}
        a_turn(again, session.log, "question 2")
    with opened(store) as (session, last):
        assert body(last) == body(again)
        assert [turn.question for turn in session.record.turns] == ["question 0", "question 1", "question 2"]
        assert session.record.usage.input_tokens == 300
    assert store.said == []


def test_wherever_the_file_is_cut_off_its_whole_lines_count_and_every_call_is_answered(store: Sessions) -> None:
    saved(store, 1)
    path = store._path("s1")
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    for cut in range(first, len(data), 7):
        store.said.clear()
        path.write_bytes(data[:cut])
        lines = data[:cut].count(b"\n")
        with opened(store) as (_, conversation):
            assert len(store.said) == (data[cut - 1 : cut] != b"\n")
            answered = [item.call_id for item in conversation.items if isinstance(item, ToolOutput)]
            assert answered == [item.id for item in conversation.items if isinstance(item, ToolCall)]
        assert path.read_bytes().splitlines()[:lines] == data.splitlines()[:lines]
        with opened(store) as (_, again):
            assert body(again) == body(conversation)


def test_a_file_cut_off_in_its_first_line_is_named_and_can_be_deleted(store: Sessions) -> None:
    saved(store, 1)
    path = store._path("s1")
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(UsageError) as refused:
        store.open("s1")
    assert refused.value.code == "corrupt"
    found, unreadable = store.all()
    assert (found, [one.id for one in unreadable]) == ([], ["s1"])
    store.delete("s1")
    assert not path.exists()


_TEXT = st.text(st.characters(codec=None), max_size=12)
_PAYLOAD = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT, max_size=3
)


@st.composite
def _changes(draw: st.DrawFn) -> Callable[[Conversation], None]:
    kind = draw(st.sampled_from(["ask", "tell", "turn", "turn", "turn", "note", "compact", "drop"]))
    text, gist = draw(_TEXT), draw(_TEXT)
    said: list[Item] = [AssistantText(text)]
    if draw(st.booleans()):
        said.insert(0, Reasoning({"origin": ORIGIN, "item": draw(_PAYLOAD)}))
    calls = draw(st.lists(st.tuples(_TEXT, st.integers(0, 90), st.sampled_from([None, "e1"])), max_size=3))

    def do(conversation: Conversation) -> None:
        match kind:
            case "ask":
                conversation.ask(text)
            case "tell":
                conversation.tell(text, gist=gist)
            case "note":
                conversation.note(gist)
            case "compact":
                conversation.compact()
            case "drop":
                conversation.drop_reasoning()
            case _:
                ids = [conversation.id_for(id) for id, *_ in calls]
                conversation.said([*said, *(ToolCall(id, "read", text) for id in ids)])
                for id, (_, length, evidence_id) in zip(ids, calls, strict=True):
                    conversation.output(id, "x " * length, short=gist, evidence_id=evidence_id)
                if calls:
                    conversation.end_batch()

    return do


@given(before=st.lists(_changes(), max_size=12), after=st.lists(_changes(), max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_happened_the_next_requests_are_the_same_to_the_byte(
    before: list[Callable[[Conversation], None]], after: list[Callable[[Conversation], None]], own_home: Path
) -> None:
    store = Sessions(own_home)
    with store.begun() as log:
        conversation = log.conversation()
        conversation.ask("a question")
        for change in before:
            change(conversation)
    try:
        with opened(store) as (_, again):
            steps: list[Callable[[Conversation], object]] = [Conversation.end_batch, *after, Conversation.compact]
            assert body(again) == body(conversation)
            for step in steps:
                step(conversation)
                step(again)
                assert body(again) == body(conversation)
                assert again.tokens == conversation.tokens
                assert len(again.questions) == len(conversation.questions)
    finally:
        store.delete("s1")


def test_another_model_is_not_given_the_reasoning_of_the_first(store: Sessions) -> None:
    saved(store, 1)
    with opened(store) as (session, conversation):
        assert b"encrypted_content" in body(conversation).replace(b"reasoning.encrypted_content", b"")
        for api, model in (("responses", "other"), ("chat", "m")):
            assert b"encrypted_content" not in body(conversation, api=api, model=model).replace(
                b"reasoning.encrypted_content", b""
            )
        before = session.log.path.read_bytes()
        session.log.resumed(model="other", api="chat", private=False)
    assert session.log.path.read_bytes() == before  # it was only looked at
    with opened(store) as (session, conversation):
        session.log.resumed(model="other", api="chat", private=False)
        conversation.ask("and now?")
    (record,) = store.list()
    assert (record.model, record.api) == ("other", "chat")


def test_a_private_session_goes_on_without_thoughts_about_other_stand_ins(store: Sessions) -> None:
    with store.begun(private=True) as log:
        a_turn(log.conversation(), log, 'what does "Kauri Joinery" owe?')
    with store.open("s1") as session, session.evidence("NZD") as evidence:
        evidence.keep(
            server="books", tool="t", arguments={}, at=datetime.now(UTC),
            result=CallResult(structured={"contacts": [{"name": "Rata Timber"}]}),
        )  # fmt: skip
        standins = StandIns()
        session.teach(standins, evidence)
        assert "Rata" not in standins.out("Rata Timber, Kauri Joinery")
        assert session.record.private
        again = session.conversation()
        assert not any(isinstance(item, Reasoning) for item in again.items)
        assert len(again.items) == 7 - 1
    with opened(store) as (_, last):
        assert body(last) == body(again)


def test_one_process_at_a_time_has_a_session(store: Sessions) -> None:
    saved(store, 1)
    with store.open("s1"):
        for attempt in (store.open, store.delete):
            with pytest.raises(SessionInUse):
                attempt("s1")
        with pytest.raises(SessionInUse):
            store.rename("s1", "other")
        assert len(store.read("s1").turns) == 1
    store.open("s1").close()


def test_a_session_of_another_organisation_is_refused_with_the_command_that_opens_it(store: Sessions) -> None:
    saved(store, 1)
    other = Organisation(server=ORG.server, id="another", name="Another", base_currency="NZD", timezone="UTC")
    with pytest.raises(UsageError) as refused:
        store.open("s1", organisation=other)
    assert refused.value.code == "other_organisation"
    assert refused.value.next == f"finchat chat --resume s1 --server {ORG.server} --org {ORG.id}"
    store.open("s1", organisation=ORG).close()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"\x00\x00\n", "corrupt"),
        (b'{"at":"x","data":{"outputs":[1]},"type":"put_away"}\n', "corrupt"),
        (b'{"at":"x","data":{"items":[{"type":"new"}]},"type":"model"}\n', "corrupt"),
        (b'{"at":"x","data":{"text":5},"type":"question"}\n', "corrupt"),
    ],
)
def test_a_damaged_line_in_the_middle_is_named_and_never_passed_over(store: Sessions, line: bytes, code: str) -> None:
    saved(store, 1)
    path = store._path("s1")
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*whole[:3], line, *whole[3:]]))
    with pytest.raises(UsageError) as refused, opened(store):
        pass
    assert refused.value.code == code
    assert "line 4" in refused.value.message
    path.write_bytes(b"".join([*whole[:3], b'{"at":"x","data":{"places":[7]},"type":"put_away"}\n', *whole[3:]]))
    with pytest.raises(UsageError), opened(store):
        pass
    store.open("s1", organisation=ORG).close()  # a failed attempt holds nothing


def test_a_session_of_a_newer_finchat_is_left_alone(store: Sessions) -> None:
    saved(store, 1)
    path = store._path("s1")
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2', 1))
    with pytest.raises(UsageError) as refused:
        store.open("s1")
    assert refused.value.code == "newer_schema"


def test_plans_that_nobody_decided_are_named_when_a_session_is_opened_again(store: Sessions) -> None:
    with store.begun() as log:
        conversation = log.conversation()
        conversation.ask("pay them")
        for plan_id in ("p1", "p2", "p3"):
            log.note(Proposed(plan=one_payment(plan_id)))
        log.decided("p1", status="applied", left=0, words=["done"])
        log.decided("p2", status="awaiting", left=1, words=["not decided"])
    with store.open("s1") as session:
        assert [(plan.id, plan.status) for plan in session.undecided] == [("p2", "awaiting"), ("p3", None)]


# All of them


def test_sessions_are_listed_by_their_last_use_and_named_by_a_beginning(store: Sessions) -> None:
    assert store.list() == []
    for number in (1, 2, 3):
        saved(store, number, f"20261120-{number}")
    with opened(store, "20261120-1") as (session, conversation):
        a_turn(conversation, session.log)
    assert [record.id[-1] for record in store.list()] == ["1", "3", "2"]
    assert [len(record.turns) for record in store.list()] == [2, 3, 2]
    with pytest.raises(UsageError, match="several sessions"):
        store.read("2026")
    for none in ("x", "../s1", "", "20261120-4", "20261120-1.jsonl"):
        with pytest.raises(UsageError, match="no session"):
            store.find(none)
    store.rename("20261120-1", "  Invoices of\nNovember ")
    assert store.list()[0].title == "Invoices of November"
    with pytest.raises(UsageError):
        store.rename("20261120-1", " \n")


def test_a_search_finds_all_words_in_any_case_in_questions_and_answers(store: Sessions) -> None:
    with store.begun("a") as log:
        a_turn(
            log.conversation(), log, "what does Rātā owe?", answer="Rātā owes\x1b[31m 5.00 NZD, since " + "long " * 40
        )
    saved(store, 1, "b")
    (found,) = store.search("RĀTĀ since")
    assert found.record.id == "a"
    assert [kind for kind, _ in found.hits] == ["question", "answer"]
    assert all("\x1b" not in words and len(words) < 160 for _, words in found.hits)
    assert len(store.search("5.00")) == 2
    assert store.search("row") == store.search(" ") == []  # what tools answered is not searched


def test_deleting_takes_every_file_of_a_session_and_no_other(store: Sessions, own_home: Path) -> None:
    saved(store, 1, "s1")
    saved(store, 1, "s10")
    for path in files_of(store._path("s1")):
        path.touch()
    (own_home / "plans").mkdir()
    (own_home / "plans/s1.json").touch()
    gone = store.delete("s1")
    assert {path.name for path in gone} == {f"s1{end}" for end in (
        ".jsonl", ".sent.jsonl", ".sqlite3", ".sqlite3-wal", ".sqlite3-shm", ".sqlite3-journal"
    )}  # fmt: skip
    assert [path.name for path in (own_home / "sessions").iterdir()] == ["s10.jsonl"]
    assert (own_home / "plans/s1.json").exists()


def test_what_cannot_be_put_on_a_line_is_said_and_raises_nothing(store: Sessions) -> None:
    with store.begun() as log:
        conversation = log.conversation()
        conversation.ask("half \ud800 a character")
        conversation.said([Reasoning({"origin": ORIGIN, "item": object()})])
        log.note(SimpleNamespace())  # type: ignore[arg-type]
        conversation.said([UserText("x")])
    assert len(store.said) == 1
