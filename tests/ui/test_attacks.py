"""Every text that a screen can show, planted with texts that try to act on it, hide on it, or pass for finchat's own.

One rule for all: what reaches the terminal is printable characters, line feeds and finchat's own looks, and no line
begins as one of finchat's own prompts or results would, unless it is one.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import random
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal as D
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import pyte
import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.utils import get_cwidth

from finchat.agent.events import Called, Finished, Usage
from finchat.agent.facts import Figure, Source
from finchat.agent.messages import TokenUsage
from finchat.agent.sent import SentPart, SentRequest
from finchat.agent.sessions.export import inline, json_text, quoted
from finchat.app.ask_json import document
from finchat.books.documents import Account, BankLine, Coding
from finchat.books.plan import BankBalance, Choice, Evidence, Finding, Rival
from finchat.books.statement import Explanation, Movement, reconcile
from finchat.errors import FinchatError
from finchat.events import Notice, Reading, Recovered, Waiting, Working, Writing
from finchat.safety.audit import AuditLog, AuditRecord
from finchat.safety.journal import WriteRecord
from finchat.safety.results import WriteError, WriteResult
from finchat.safety.runs import Run
from finchat.settings import Home
from finchat.store.database import Database
from finchat.text.sanitise import visible
from finchat.ui.answer import answer_view, call_line, doubts_view, usage_line
from finchat.ui.card import card_lines
from finchat.ui.chat.completion import ChatCompleter, Completion, Words
from finchat.ui.chat.margin import MARGIN, Margin
from finchat.ui.chat.stream import MarkdownStream
from finchat.ui.chat.theme import DARK, PLAIN
from finchat.ui.chat.toolbar import ToolbarState, fragments
from finchat.ui.chat.typed import plain as typed_plain
from finchat.ui.chat.typed import said
from finchat.ui.chat.welcome import first_run, greeting
from finchat.ui.findings import findings_view
from finchat.ui.plan_table import plan_table, totals
from finchat.ui.progress import Progress
from finchat.ui.prompt import ask
from finchat.ui.reconciliation import title
from finchat.ui.records import audit_lines, journal_view
from finchat.ui.result import balances_view, outcomes_view
from finchat.ui.review.drawing import Drawing, fitted
from finchat.ui.review.words import because
from finchat.ui.sent import sent_view
from finchat.ui.servers import ServerChanges, ToolChange, changes_view
from finchat.ui.sessions import SessionLine, found_view, sessions_view
from finchat.ui.sink import Sink, error_text
from finchat.ui.statement import bank_reconciliation_view, statements_view
from finchat.verifier import check
from finchat.workflows.export.bank_reconciliation import sheet
from finchat.workflows.export.sheet import Line, Sheet, as_csv, as_html, as_xlsx
from finchat.workflows.review.board import Board
from finchat.workflows.review.decisions import Decisions
from tests import attacks
from tests.ui.samples import ASKING, BALANCES, PLAN

WIDTH = 80
NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 20)
SAMPLE = PLAN.proposals[0]
KNOWN = ("\r\x1b[K",)  # how the progress line begins anew


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(*renderables: Any, stream: io.StringIO | None = None) -> str:
    screen = stream or io.StringIO()
    sink = Sink(stdout=screen)
    for renderable in renderables:
        sink.data(renderable)
    return screen.getvalue()


# One view after the other: each draws all the texts it is given, wherever it can show one.


def cards(texts: Sequence[str]) -> str:
    out: list[str] = []
    for t in texts:
        link = replace(SAMPLE.links[0], number=t, contact=t)
        sent = t.encode("utf-8", "replace").decode()  # a payload with half a character is refused before it is a plan
        payload = {**SAMPLE.writes[0].arguments, "reference": sent, "Description": [{sent: sent}]}
        write = replace(SAMPLE.writes[0], arguments=payload)
        line = replace(cast(Any, SAMPLE.line), payee=t, narration=t, reference=t)
        one = replace(
            SAMPLE, links=(link,), writes=(write,), line=line, certainty="review",
            evidence=(Evidence(kind="number", text=t), Evidence(kind="doubtful", text=t)),
            rival=Rival(documents=("d",), text=t, why_lost=t),
        )  # fmt: skip
        where = replace(PLAN, organisation=replace(PLAN.organisation, name=t, id=t, server=t))
        lines = card_lines(where, one, number=1, total=1, width=WIDTH, accounts={"bank-1": t, "ar": t}, notes=[t])
        out += [line.plain for line in lines]
    return "\n".join(out)


def questions(texts: Sequence[str]) -> str:
    (asking,) = ASKING.proposals
    out: list[str] = []
    for t in texts:
        choice = Choice(coding=Coding(t, t, ((t, t),)), text=t)
        one = replace(asking, asks=(replace(asking.asks[0], text=t, contact=t, choices=(choice,)),))
        out += [line.plain for line in card_lines(ASKING, one, number=1, total=1, width=WIDTH, accounts={t: t})]
    return "\n".join(out)


def planted_plan(texts: Sequence[str]) -> Any:
    """A plan with a proposal for each text."""
    return replace(
        PLAN,
        proposals=tuple(
            replace(
                PLAN.proposals[n % 3], id=f"p{n}", evidence=(Evidence(kind="number", text=t),),
                links=tuple(replace(link, number=t, contact=t) for link in PLAN.proposals[n % 3].links),
                line=replace(cast(Any, SAMPLE.line), payee=t, narration=t),
            )
            for n, t in enumerate(texts)
        ),
    )  # fmt: skip


def plan_rows(texts: Sequence[str]) -> str:
    plan = planted_plan(texts)
    return drawn(plan_table(plan, WIDTH), totals(plan)) + drawn(plan_table(planted_plan(texts[::5]), 120))


def results(texts: Sequence[str]) -> str:
    plan = planted_plan(texts)
    done = [
        WriteResult(
            proposal_id=p.id, write_id=p.writes[0].id, decision="approved", outcome="failed", ledger_id=t,
            error=WriteError(code="refused", message=t, next=t),
        )
        for p, t in zip(plan.proposals, texts, strict=True)
    ]  # fmt: skip
    return drawn(outcomes_view(plan, done))


def balances(texts: Sequence[str]) -> str:
    bank = tuple(BankBalance(account_id=str(n), amount=D(n), currency=t[:9]) for n, t in enumerate(texts))
    held = replace(BALANCES, bank=bank)
    names = {str(n): t for n, t in enumerate(texts)}
    return drawn(balances_view(held, held, None, names), *(title(replace(PLAN.organisation, name=t)) for t in texts))


def findings(texts: Sequence[str]) -> str:
    found = [Finding(code="duplicate", severity="warning", line_id=str(n), text=t, next=t) for n, t in enumerate(texts)]
    lines = {str(n): bank_line(t) for n, t in enumerate(texts)}
    return drawn(findings_view(found, lines))


def bank_line(text: str) -> BankLine:
    return BankLine(
        id=f"l-{text[:20]}", source="feed", source_id="s", account_id="bank-1", date=DAY, direction="receive",
        amount=D("1.00"), currency="NZD", payee=text, narration=text, reference=text,
    )  # fmt: skip


def reconciliation(texts: Sequence[str]) -> Any:
    account = Account(id="bank-1", code=texts[0][:9], name=texts[0], kind="bank", currency="NZD")
    entries = [
        Movement(
            ids=(f"m{n}",), kind="payment", date=DAY, direction="receive", amount=D("1.00"), text=t, reconciled=False
        )
        for n, t in enumerate(texts)
    ]
    found = reconcile(
        account, since=DAY, as_of=DAY, closing=D(0),
        lines=[replace(bank_line(t), id=f"l{n}") for n, t in enumerate(texts)],
        claims={}, entries=entries, book=D(0), reasons={f"l{n}": t for n, t in enumerate(texts)},
    )  # fmt: skip
    return replace(found, explanations=tuple(Explanation(text=t, movements=tuple(entries[:2])) for t in texts))


def statements(texts: Sequence[str]) -> str:
    halves = [texts[at : at + 25] for at in range(0, len(texts), 25)]
    return drawn(*(bank_reconciliation_view(reconciliation(half)) for half in halves))


def read_statements(texts: Sequence[str]) -> str:
    """What was read from files: their names and faults."""
    told = [
        SimpleNamespace(
            files=(SimpleNamespace(path=Path(t.replace("\0", "") or "x")),), account_id="a", currency="NZD", first=DAY,
            last=DAY, opening=D(0), closing=D(1), lines=(), findings=(),
        )
        for t in texts
    ]  # fmt: skip
    return drawn(*(statements_view([cast(Any, one)], {"a": t}) for one, t in zip(told, texts, strict=True)))


def calls(texts: Sequence[str]) -> str:
    sink = Sink(stderr=(screen := Terminal()))
    for t in texts:
        sink.talk(f"· {call_line(called(t))}")
        sink.talk(f"· {call_line(called(t, error=t))}")
    return screen.getvalue()


def called(text: str, *, error: str | None = None) -> Called:
    return Called(
        id="c1", server=text, tool=text, arguments={text: text}, effect="read", decision="allow",
        outcome="done" if error is None else "failed", rows=3, evidence_id="e1", error=error,
    )  # fmt: skip


def finished(text: str) -> Finished:
    return Finished(
        answer=text, complete=True, stopped_by=None, figures=(figure(text),),
        calls=(called(text), called(text, error=text)),
        usage=Usage(requests=1, tokens=TokenUsage(input_tokens=1, output_tokens=1)), model="m", api="chat",
        session_id="s1", failure=None,
    )  # fmt: skip


def figure(text: str) -> Figure:
    source = Source(evidence_id=text, path=text, derivation=text)
    return Figure(
        text=text, start=0, end=len(text), value=text, unit="money", verified=False, sources=(source,), why=text
    )


def beside_answers(texts: Sequence[str]) -> str:
    return drawn(*(doubts_view([figure(t)]) for t in texts), *(usage_line(finished(t)) for t in texts))


def progress(texts: Sequence[str]) -> str:
    screen = Terminal()
    for t in texts:
        with Progress(Sink(stderr=screen)) as shows:
            for event in (
                Reading(server=t, what=t, rows=1), Working(what=f"calling {t}"),
                Waiting(server=t, seconds=0.5, reason=t),
                Writing(proposal_id="p1", write_id="w1", text=t, outcome="sending"), Notice(text=t, severity="warning"),
                Writing(proposal_id="p1", write_id="w1", text=t, outcome="committed"),
                Recovered(write_id="w1", outcome="unknown", text=t),
            ):  # fmt: skip
                shows(event)
    return screen.getvalue()


def errors(texts: Sequence[str]) -> str:
    return "".join(error_text(FinchatError(t, next=t), WIDTH) for t in texts)


def records(texts: Sequence[str]) -> str:
    lines = [{"seq": n, "at": "2026-11-20T09:00:00Z", "text": t} for n, t in enumerate(texts)]
    writes = [
        WriteRecord(
            plan_id="plan-1", proposal_id="p1", write_id="w1", state="unknown", approval_id="a", decided_by="human",
            run_id="r", server=t, org_id=t, org_name=t, tool=t, effect="write", arguments_sha256="0", amount=D(1),
            currency=t[:9], idempotency_key=None, call_id=None, known_ids=frozenset(), lifetime_s=0.0, sent_at=NOW,
            sent_boot=None, sent_monotonic=None, ended_at=None, ledger_id=t, due_before=None, due_after=None,
            error_code="x", error_text=t, read_back_at=None,
        )
        for t in texts
    ]  # fmt: skip
    return drawn(audit_lines(lines), journal_view(writes))


def sent(texts: Sequence[str]) -> str:
    parts = tuple(SentPart(kind="output", label=t, text=t, bytes=1, tokens=1) for t in texts)
    entry = SentRequest(
        number=1, at=NOW, destination=texts[0], model=texts[-1], api="chat", bytes=1, tokens=1, parts=len(parts),
        again=0,
        new=parts,
    )  # fmt: skip
    return drawn(sent_view([entry]))


def changes(texts: Sequence[str]) -> str:
    found = tuple(
        ToolChange(
            tool="pay",
            kind="changed",
            seen_at=NOW,
            old_description=t,
            new_description=f"{t}\n{t}",
            values=((t, t, None),),
        )
        for t in texts
    )
    return drawn(changes_view([ServerChanges(name="books", own=False, tools=1, changes=found)]))


def sessions(texts: Sequence[str]) -> str:
    lines = [
        SessionLine(
            id="20261120-abcdefgh", updated="2026-11-20T09:00:00Z", title=t, organisation=t, model=t, private=False,
            turns=1,
            tokens=1, awaiting=("p",), size=1,
        )
        for t in texts
    ]  # fmt: skip
    return drawn(
        sessions_view(lines, [("x", t) for t in texts]), found_view([(lines[0], [("answer", t)]) for t in texts])
    )


def prompts(texts: Sequence[str]) -> str:
    """What stands around the line that a person types, and above it."""
    out: list[str] = []
    for t in texts:
        state = ToolbarState(
            organisation=t, sandbox=True, model=t, currency=t, cost=D(1), starting=t, trouble=t, api_left=1
        )
        out += [words for _style, words, *_ in fragments(state, WIDTH)]
        out += ["\n", said(f"books: {t}\n{t}", WIDTH), "\n"]
    return "".join(out)


def menu(texts: Sequence[str]) -> str:
    """What Tab offers, and what it would put into the line."""
    out: list[str] = []
    words = Words()
    words.learn(Completion(f"q{t}", t) for t in texts)
    offers = ChatCompleter(lambda: [Row(t) for t in texts], words)
    for typed in ("q", "/"):
        asked = CompleteEvent(completion_requested=True)
        for offer in offers.get_completions(Document(typed, len(typed)), asked):
            out += [offer.text, offer.display_text, offer.display_meta_text, "\n"]
    return "".join(out)


def welcomes(texts: Sequence[str]) -> str:
    return "".join(
        greeting(organisation=t, sandbox=False, model=t, width=WIDTH) + first_run(width=WIDTH, model=t, organisation=t)
        for t in texts
    )


@dataclass(frozen=True)
class Row:
    help: str
    name: str = "row"

    @property
    def arguments(self) -> str:
        return self.help


def answers(texts: Sequence[str]) -> str:
    out: list[str] = []
    for t in texts:
        out += [drawn(answer_view(t, (), Sink(stdout=(screen := Terminal()))), stream=screen)]
    return "".join(out)


def strings(texts: Sequence[str]) -> str:
    """Words that some caller did not clean: the sink does."""
    screen = Terminal()
    sink = Sink(stdout=screen, stderr=screen)
    for t in texts:
        sink.talk(t)
        sink.card(t)
        sink.data(t)
    return screen.getvalue()


VIEWS: dict[str, Callable[[Sequence[str]], str]] = {
    view.__name__: view
    for view in (
        cards, questions, plan_rows, results, findings, statements, read_statements, calls, beside_answers, progress,
        errors,
        records, sent, changes, sessions, prompts, answers,
    )
}  # fmt: skip
# Here a name that a person's own books carry heads a line, or a line is a line.
HEADING = {"balances": balances, "menu": menu, "welcomes": welcomes, "strings": strings}


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")


def test_there_are_many_and_they_differ() -> None:
    assert len(set(attacks.ALL)) == len(attacks.ALL) >= 140
    assert all(attacks.ATTACKS.values())


def test_the_rule_sees_what_is_planted_and_lets_finchats_own_looks_pass() -> None:
    for name in (
        "cursor and erasing",
        "titles",
        "links",
        "bidi",
        "zero width",
        "not characters",
        "variation selectors",
    ):
        harmless = [t for t in attacks.ATTACKS[name] if not attacks.raw(t, styled=True) and "\ufffd" not in t]
        assert not harmless, name
    assert not attacks.raw("\x1b[1;36mŌtāhuhu 株式会社 e\u0301\x1b[0m\n", styled=True)
    assert attacks.forged(attacks.rows("x" * 80 + "done:forged", 80))


@pytest.mark.parametrize("name", [*VIEWS, *HEADING])
def test_nothing_raw_is_on_the_screen(name: str) -> None:
    shown = {**VIEWS, **HEADING}[name](attacks.ALL)
    assert not attacks.raw(shown, known=KNOWN)


@pytest.mark.parametrize("name", VIEWS)
def test_no_line_begins_as_finchats_own_would(name: str) -> None:
    shown = VIEWS[name](attacks.FORGED).replace(*KNOWN, "\n")
    assert not attacks.forged(attacks.rows(shown, WIDTH))


@pytest.mark.parametrize("name", ["calls", "errors", "results", "plan_rows", "findings", "menu"])
def test_a_text_of_a_megabyte_costs_no_screen_and_no_wait(name: str) -> None:
    began = time.process_time()
    shown = {**VIEWS, **HEADING}[name]((attacks.HUGE[0], attacks.HUGE[2]))
    assert time.process_time() - began < 2
    assert len(shown) < 200_000
    assert not attacks.raw(shown, known=KNOWN)
    assert name in HEADING or not attacks.forged(attacks.rows(shown.replace(*KNOWN, "\n"), WIDTH))


@pytest.mark.parametrize("text", attacks.HUGE[:2], ids=["a word", "sequences"])
def test_a_word_of_a_megabyte_streams(text: str) -> None:
    shown = streamed([text[at : at + 50_000] for at in range(0, len(text), 50_000)])
    assert not attacks.raw(shown)
    assert max(map(len, shown.split("\n"))) < WIDTH


@pytest.mark.parametrize("coloured", [True, False])
def test_an_answer_is_the_same_whatever_pieces_it_comes_in(coloured: bool) -> None:
    """Streamed in pieces cut anywhere, also inside a sequence; looked at through a terminal."""
    cut = random.Random(5)
    for number, text in enumerate(attacks.ALL):
        pieces: list[str] = []
        rest = text
        while rest:
            size = cut.randint(1, 9)
            pieces.append(rest[:size])
            rest = rest[size:]
        shown = streamed(pieces, coloured=coloured)
        assert not attacks.raw(shown, styled=coloured)
        if not number % 15:
            assert attacks.plain(shown).split() == attacks.plain(streamed([text], coloured=coloured)).split()


def streamed(pieces: Iterable[str], *, coloured: bool = False) -> str:
    out: list[str] = []
    stream = MarkdownStream(
        Margin(out.append), width=lambda: WIDTH - MARGIN, theme=DARK if coloured else PLAIN, plain=False
    )
    for piece in pieces:
        stream.feed(piece)
    stream.abort("".join(pieces))
    return "".join(out)


def test_no_forged_line_is_seen_through_a_terminal() -> None:
    for view in (answers, calls, progress, cards, lambda texts: "".join(streamed([t]) for t in texts)):
        screen = pyte.HistoryScreen(WIDTH, 50, history=100_000, ratio=0.5)
        screen.set_mode(pyte.modes.LNM)
        pyte.Stream(screen).feed(view(attacks.FORGED[:9:2]))
        above = ["".join(row[x].data for x in range(WIDTH)) for row in screen.history.top]
        assert not attacks.forged([*above, *screen.display])
        assert screen.title == ""


async def test_a_question_shows_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    for text in attacks.ALL:
        read, write = os.pipe()
        os.write(write, b"no\n")
        os.close(write)
        with os.fdopen(read) as keys:
            monkeypatch.setattr("sys.stdin", keys)
            assert await ask(Sink(stderr=shown), f"Which, {text}? ") == "no"
    assert not attacks.raw(shown.getvalue())


def test_json_is_valid_whole_and_shows_nothing_raw() -> None:
    told = document(replace(finished(""), calls=tuple(called(t, error=t) for t in attacks.ALL)), [], exit_code=0)
    told |= {"answer": list(attacks.ALL), "figures": [{t: t} for t in attacks.ALL]}
    for encoding in ("utf-8", "latin-1", "ascii"):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding)
        sink = Sink("json", stdout=stream)
        sink.document(told)
        stream.flush()
        text = raw.getvalue().decode(encoding)
        assert not attacks.raw(text)
        assert json.loads(text) == json.loads(json.dumps(told))
        assert text == text.strip("\n") + "\n"
    sink = Sink("json", stdout=(out := io.StringIO()))
    for t in attacks.ALL:
        sink.json(json.dumps({"x": t}, ensure_ascii=False))
        sink.error(FinchatError(t, field=t, next=t))
    assert not attacks.raw(out.getvalue())
    assert [json.loads(line)["x"] for line in out.getvalue().splitlines() if line.startswith('{"x"')] == [*attacks.ALL]


def test_rows_of_the_review_take_their_columns_and_no_more(tmp_path: Path) -> None:
    plan = planted_plan(attacks.ALL)
    with Database(tmp_path / "state.sqlite3") as database:
        board = Board(plan, Decisions(database), now=lambda: NOW, account_names={"bank-1": attacks.ALL[0]})
        for group in {row.group.key: row.group for row in board.rows}.values():
            if group.key not in board.opened:
                board.toggle(group)
        drawing = Drawing(board)
        lines = ["".join(f[1] for f in drawing.line(row, WIDTH, current=False)) for row in board.rows]
        shown = [fitted(because(p), WIDTH) for p in plan.proposals]
    assert len(lines) > len(attacks.ALL)
    assert not attacks.raw("\n".join([*lines, *shown]))
    assert {sum(map(get_cwidth, line)) for line in [*lines, *shown]} == {WIDTH}
    assert not attacks.forged(lines)


def test_no_file_for_a_spreadsheet_holds_a_formula_or_a_control_character() -> None:
    made = sheet(reconciliation(attacks.FORGED), attacks.FORGED[0])
    made = Sheet(title=made.title, lines=(*made.lines, *(Line((t, t)) for t in attacks.ALL)))
    rows = list(csv.reader(io.StringIO(as_csv([made]).decode("utf-8-sig"), newline="")))
    assert len(rows) == len(made.lines)
    for cell in (cell for row in rows for cell in row):
        assert not attacks.raw(cell)
        assert cell.lstrip()[:1] not in tuple("=+@\uff1d\uff0b\uff0d\uff20\t\r")
        assert not cell.startswith("-") or D(cell)
    page = as_html([made]).decode()
    assert not attacks.raw(page)
    tags = Tags()
    tags.feed(page)
    assert tags.seen <= {"html", "head", "meta", "title", "style", "body", "table", "tr", "td", "th"}
    with zipfile.ZipFile(io.BytesIO(as_xlsx([made]))) as book:
        parts = {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xml")}
    assert not any(attacks.raw(part.replace("\r\n", "\n")) for part in parts.values())
    assert not any("<f>" in part or "hyperlink" in part for name, part in parts.items() if "sheet" in name)
    strings = ElementTree.fromstring(parts["xl/sharedStrings.xml"])
    assert {child.tag.rpartition("}")[2] for child in strings.iter()} == {"sst", "si", "t"}
    kept = {"".join(si.itertext()).strip(" ") for si in strings}
    assert all(visible(t).replace("_x000D_", "_x005F_x000D_").strip(" ") in kept for t in attacks.ALL)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)


def test_an_exported_session_keeps_every_text_in_its_place() -> None:
    for text in attacks.ALL:
        lines = quoted(text).split("\n")
        assert not attacks.raw("\n".join([*lines, inline(text)]))
        assert all(line.startswith(">") for line in lines)
        assert "\n" not in inline(text)
    told = json_text({"turns": list(attacks.ALL)})
    assert not attacks.raw(told)
    assert json.loads(told)["turns"] == json.loads(json.dumps(attacks.ALL))


def test_the_audit_log_can_be_read_on_any_terminal_and_checked(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Database(home.database) as database, Run.start(tmp_path / "locks") as run:
        audit = AuditLog(database, home, run)
        with audit.recording() as entry:
            for t in attacks.ALL:
                entry.log(
                    AuditRecord(
                        event="call", text=t, server=t, org={"id": t, "name": t}, tool=t, ledger_id=t, currency=t
                    )
                )
        audit.flush()
        audit.close()
    lines = home.audit_log.read_bytes()
    assert not attacks.raw(lines)
    assert lines.count(b"\n") == len(attacks.ALL)
    report = check(home.audit_log, home.audit_head)
    assert report.ok, report.text
    for line, text in zip(lines.splitlines(), attacks.ALL, strict=True):
        assert json.loads(line)["tool"] == text.encode("utf-8", "replace").decode()


def test_what_is_pasted_into_the_line_is_what_is_seen() -> None:
    for text in attacks.ALL:
        assert not attacks.raw(typed_plain(text))
