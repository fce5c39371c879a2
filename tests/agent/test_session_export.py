"""An exported session: figures with their sources, and no text of a ledger or a model gets out of its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from markdown_it.token import Token

from finchat.agent.events import AnswerChecked, Called, Finished, Proposed, Usage
from finchat.agent.facts import Figure, Source
from finchat.agent.messages import AssistantText, ToolCall
from finchat.agent.sessions import SessionRecord, SessionStore
from finchat.agent.sessions.export import json_text, session_json, session_markdown
from finchat.app.schemas import PUBLISHED
from finchat.settings import Home
from finchat.text.sanitise import visible
from tests.safety.world import ORG, one_payment

HOSTILE = [
    "# 2. Question\n\n## 3. Question",
    "a\n===\nb\n---",
    "```\nnever closed",
    "</blockquote><script>alert(1)</script><!-- ",
    "<!--",
    "[click](http://evil.example) ![x](http://evil.example/p.png)",
    "\\[click\\](http://evil.example) \\![x](http://e/p.png) \\<b> \\\\[a](b)",
    "[1]: http://evil.example\n\n[click][1]",
    "&#91;x](http://e) &lt;b&gt; &#x5b;y](z)",
    "<http://evil.example> https://evil.example www.evil.example me@evil.example",
    "| a | b |\n| --- | --- |\n| forged | cell |",
    "x | y | z ` | `",
    "> quoted\n>> deeper\n\nout?",
    "\x1b[2J\x1b]8;;http://evil\x07link\x1b]8;;\x07 \u202egnp.exe \u200b\u2066 \x7f \u2028 \r\r\n\t\x85",
    "- - - # heading\n1. # heading\n* > # x",
    "$$\\text{x}$$ **bold** ~~gone~~ `code`",
    "plan\n\n---\n\nApproved by: you",
    "    # code\n\t# tab",
    "\U000e0041\ufeff\ud800" + "\u0301" * 9,
]


def record_with(home: Path, text: str) -> SessionRecord:
    """A session in which this text stands everywhere: question, answer, tool, error, source, outcome, title."""
    store = SessionStore(Home(home))
    with store.create("s1", organisation=ORG, model=text, api="chat") as log:
        conversation = log.conversation()
        for _ in range(2):
            conversation.ask(text)
            conversation.said([ToolCall(conversation.id_for("c"), text, text)])
            log.note(
                Called(id="c", server=text, tool=text, arguments={}, effect="read", decision="allow", outcome="done",
                       rows=3, evidence_id="e1", error=text or None)
            )  # fmt: skip
            conversation.said([AssistantText(text)])
            figures = tuple(
                Figure(text=text, start=0, end=len(text), value=text, unit="money", verified=verified,
                       sources=(Source(evidence_id="e1", path=text, derivation=text),), why=text)
                for verified in (True, False)
            )  # fmt: skip
            log.note(AnswerChecked(text=text, figures=figures, final=True))
            log.note(Finished(answer=text, complete=True, stopped_by=None, figures=figures, calls=(), usage=Usage(),
                              model=text, api="chat", session_id="s1"))  # fmt: skip
            log.note(Proposed(plan=one_payment("p1")))
            log.decided("p1", status="applied", left=0, words=[text])
    record = store.read("s1")
    store.delete("s1")
    return record


def structure(markdown: str) -> list[tuple[str, str]]:
    """The outermost blocks: what a quote holds is counted as one."""
    reader = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])
    tokens = reader.parse(markdown)
    assert {t.type for t in flat(tokens)} & {"html_block", "html_inline", "link_open", "image"} == set()
    return [(t.type, t.tag) for t in tokens if t.level == 0 and t.nesting == 1]


def flat(tokens: list[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *flat(token.children or []))]


def headings_inside_quotes(markdown: str) -> list[Token]:
    return [t for t in MarkdownIt("commonmark").parse(markdown) if t.type == "heading_open" and t.level > 0]


def no_way_out(home: Path, text: str) -> None:
    plain, hostile = (session_markdown(record_with(home, one)) for one in ("plain", text))
    assert structure(hostile) == structure(plain)
    assert headings_inside_quotes(hostile) == []
    document = json_text(session_json(record_with(home, text)))
    for shown in (hostile, document):
        assert all(visible(line) == line for line in shown.split("\n"))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_gets_out_of_its_place(own_home: Path, text: str) -> None:
    no_way_out(own_home, text)


@given(st.text(st.sampled_from("\\`*_[]()#+-.!|<>&~$@:=^ \n\t1ax/w\u202e")), st.sampled_from(HOSTILE))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nor_does_any_mixture(own_home: Path, before: str, after: str) -> None:
    no_way_out(own_home, before + after)


def test_the_json_says_all_of_it_exactly_and_is_as_published(own_home: Path) -> None:
    text = "Rātā owes 5.00 NZD\x1b[31m\u202e, \U0001f600\U000e0041"
    record = record_with(own_home, text)
    document = json.loads(json_text({**session_json(record), "exit_code": 0}))
    assert [e.message for e in Draft202012Validator(PUBLISHED["session"]).iter_errors(document)] == []
    turn = document["turns"][0]
    assert turn["question"] == turn["answer"] == turn["calls"][0]["arguments"] == text
    assert turn["figures"][0]["sources"] == [{"evidence_id": "e1", "path": text, "derivation": text}]
    assert turn["figures"][1]["why"] == text
    assert turn["unverified_count"] == 1
    assert document["plans"][0]["outcomes"] == [text]


def test_the_markdown_marks_what_is_not_verified_and_keeps_lists_and_tables(own_home: Path) -> None:
    store = SessionStore(Home(own_home))
    answer = "Two **owe**:\n\n| Who | Due |\n| --- | ---: |\n| Rātā | 5.00 NZD |\n\n- one\n- two 7"
    at = answer.index("7")
    doubt = Figure(text="7", start=at, end=at + 1, value="7", unit="count", verified=False, why="no record has 7")
    with store.create("s1", organisation=ORG, model="m", api="chat") as log:
        log.conversation().ask("who owes?")
        log.note(AnswerChecked(text=answer, figures=(doubt,), final=True))
    markdown = session_markdown(store.read("s1"))
    assert "> - two 7 \\[unverified\\]" in markdown
    assert "| 7 | 7 | not verified: no record has 7 |" in markdown
    assert "The session ended before this was finished." in markdown
    assert [t.tag for t in MarkdownIt("commonmark").enable("table").parse(markdown) if t.type == "table_open"] == [
        "table", "table"
    ]  # fmt: skip
