"""Each slash command by what a person sees, at a real desk over the sandbox company with a scripted model."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from finchat.agent.messages import UserText
from finchat.app.schemas import PUBLISHED
from finchat.errors import UsageError
from finchat.safety.policy import Policy
from tests.app.commands.room import typed_into
from tests.scripted.server import Say, Seen

SUM = "What is the sum?"
CUSTOMER = "Tōtara Park Charters Ltd"
SQL = "SELECT sum(amount_due) AS total FROM e1_invoices"
EVIL = "Evil\x1b]52;c;aGk=\x07\u202e Ltd"
POLICY = """version = 1
[unattended]
kinds = ["payment", "spend_money", "receive_money", "transfer", "overpayment", "prepayment", "refund", "allocation"]
max_amount = "100000.00"
max_total_per_day = "1000000.00"
known_counterparties_only = false
expires = 2027-01-01
"""


def owed(seen: Seen) -> Say:
    """Reads what customers owe, says one figure of it, one that was computed, and one that is nowhere."""
    if any(isinstance(item, UserText) and item.text == SUM for item in seen.items):
        if not (found := seen.results("query")):
            return Say(calls=[("query", {"sql": f"{SQL} WHERE contact = '{CUSTOMER}' AND currency = 'NZD'"})])
        return Say(f"{CUSTOMER} owes {re.findall(r'[0-9]+[.][0-9]{2}', found[-1])[0]} NZD.")
    if not seen.results("open_documents"):
        return Say(calls=[("open_documents", {"type": "invoice"})])
    return Say("SI-51520 has 2,611.67 NZD due since 13 January 2026. Somebody else has 99,999.99 NZD.")


async def test_a_figure_is_followed_to_its_record_and_a_result_is_read(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own_home)
    async with typed_into(own_home, monkeypatch, owed) as chat:
        assert "there is no answer yet" in await chat.type("/source")
        assert "nothing was sent" in await chat.type("/sent")
        assert "nothing was asked in this session yet" in await chat.type("/export")
        await chat.ask("Who owes us?")
        listed = await chat.type("/source")
        assert re.search(r"2  2,611.67 NZD +e1 open_documents: invoices\[0\]\.amount_due", listed)
        assert re.search(r"4  99,999.99 NZD +not verified: no record of si-51520", listed)
        by_number, by_text = await chat.type("/source 2"), await chat.type("/source 2611.67")
        assert by_number == by_text
        for words in ("verified", "e1  open_documents", "asked: type = invoice", "record invoices[0]:",
                      "> amount_due = 2611.67", "  number = SI-51520"):  # fmt: skip
            assert words in by_number
        assert "not verified" in await chat.type("/source 99,999.99")
        assert "has no figure '5'" in await chat.type("/source 5")
        assert "SI-51520  Lindis Farms & Co" in (result := await chat.type("/source e1"))
        assert "invoices, 87:" in result
        assert "amount_due = 4052.68" in await chat.type("/source e1 2")
        assert "ROW is a whole number from 1 to 87" in await chat.type("/source e1 88")
        assert "there is no result e7" in await chat.type("/source E7")

        await chat.ask(SUM)
        computed = await chat.type("/source 1")
        for words in ("14837.85 NZD  verified", "computed: sum(amount_due)", "asked: sql = SELECT sum(amount_due)",
                      "over e1  open_documents", "> total = 14837.85"):  # fmt: skip
            assert words in computed

        # What was used, sent and kept
        assert re.search(r"questions +2, with \d requests", cost := await chat.type("/cost"))
        used = chat.run.desk.paced.left
        assert f"{used.in_window:,} calls left this minute, {used.in_day:,} today" in cost
        assert 0 < used.in_window < 60
        assert re.search(r"\n  2  \d\d:\d\d:\d\d UTC · [\d,]+ bytes", await chat.type("/sent"))
        assert "request 2," in (word_for_word := await chat.type("/sent 2"))
        assert "answer of tool open_documents" in word_for_word
        assert "N is a whole number from 1 to" in await chat.type("/sent 99")
        before = chat.run.conversation.tokens
        shortened = " ".join((await chat.type("/compact")).split())
        assert chat.run.conversation.tokens < before / 2
        assert f"about {before:,} tokens before, {chat.run.conversation.tokens:,} now" in shortened
        assert "> total = 14837.85" in await chat.type("/source 1")  # it lies in evidence
        assert "nothing to shorten" in await chat.type("/compact")

        # As a file
        assert "exported as Markdown, 2 questions" in await chat.type("/export")
        exported = own_home / f"finchat-{chat.run.session_id}.md"
        assert "14837.85 NZD" in exported.read_text("utf-8")
        assert exported.stat().st_mode & 0o777 == 0o600
        assert "there is a file" in await chat.type("/export")
        assert "exported as JSON" in await chat.type("/export told.json")
        told = json.loads((own_home / "told.json").read_text("utf-8"))
        assert [e.message for e in Draft202012Validator(PUBLISHED["session"]).iter_errors(told)] == []
        assert "cannot write" in await chat.type("/export nowhere/told.md markdown")
        assert chat.run.session_id in await chat.type("/sessions")
        assert f"question: {SUM}" in await chat.type("/sessions sum")
        assert "no session holds all of 'unheard of'" in await chat.type("/sessions unheard of")

        # Another model, in the same session
        assert re.search(r"^scripted\n +endpoint +http://127", await chat.type("/model"))
        assert "answers already" in await chat.type("/model scripted")
        assert "'gpt-9' answers from now on" in await chat.type("/model gpt-9")
        ((call, session_id),) = chat.reopened
        assert call is not None
        assert (call.settings.model.name, session_id) == ("gpt-9", chat.run.session_id)
        assert call.settings.model.base_url == chat.call.settings.model.base_url
        assert "is not the name of a model" in await chat.type("/model two words")


async def test_bank_lines_are_matched_decided_on_and_taken_back(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / "policy.toml").write_text(POLICY, "utf-8")
    async with typed_into(own_home, monkeypatch) as chat:
        assert "no plan waits for you; /reconcile makes one" in await chat.type("/plan")
        assert "no saved plan waits" in await chat.type("/apply")
        assert "nothing was written here yet" in await chat.type("/undo")
        found = await chat.type("/reconcile days 1 account 090")
        assert "bank lines of 20 Nov 2026" in found
        (first,) = chat.asked
        assert f"plan {first}" in found
        plan = chat.run.desk.journal.plan(first)
        assert plan is not None
        assert plan.command == ("reconcile", "--days", "1", "--account", "090")
        assert not chat.run.desk.journal.by_model(first)
        assert re.search(rf"{first} .* awaiting", await chat.type("/plan"))
        assert f"next: /apply {first}" in (rows := await chat.type(f"/plan {first[-8:]}"))
        assert " p1  20 Nov" in rows
        assert "there is no plan 'zzzz'" in await chat.type("/plan zzzz")
        assert "at a shell: finchat apply ./x.json" in await chat.type("/apply ./x.json")

        chat.yes = True
        assert "p1" in await chat.type("/apply")
        assert chat.asked == [first, first]
        written = chat.run.desk.journal.writes(first)
        assert {w.state for w in written} == {"committed"}
        assert f"/undo {first} takes back what was written last" in await chat.type("/undo")
        chat.yes = False
        undone = await chat.type(f"/undo {first[-8:]}")
        assert f"undo of plan {first}" in undone
        assert undone.count(" p1  ") == 1  # the plan is shown once
        back = chat.run.desk.journal.plan(chat.asked[-1])
        assert back is not None
        assert {w.reverses for p in back.proposals for w in p.writes} <= {w.name for w in written}
        assert "there is no plan 'zzzz'" in await chat.type("/undo zzzz")
        assert "is not undone" in await chat.type(f"/undo {back.id}") or "nothing of plan" in await chat.type(
            f"/undo {back.id}"
        )
        assert "plans wait" in await chat.type("/apply") or back.id == chat.asked[-1]
        told = await chat.type("/audit 5")
        assert len(re.findall(r"^ +\d+  2026-", told, re.MULTILINE)) == 5
        assert "N is a whole number" in await chat.type("/audit all")


async def test_what_is_connected_and_allowed_is_told_and_others_are_opened(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with typed_into(own_home, monkeypatch, read_only=True) as chat:
        own = await chat.type("/tools")
        assert re.search(r"  open_documents +Unpaid sales invoices", own)
        assert "books (51)" in own
        offered = set(await chat.run.offering.offer())
        searched = await chat.type("/tools credit notes")
        assert "list_all_xero_credit_notes  books · read\n" in searched
        assert "create_a_xero_credit_note  books · writes: only by a plan that you approve" in searched
        assert set(await chat.run.offering.offer()) == offered  # looking offers the model nothing
        assert "no connected tool is about 'zebra'" in await chat.type("/tools zebra")

        assert "open here: books" in await chat.type("/servers")
        assert "part of this program" in await chat.type("/servers books")
        assert "next: /servers books" in await chat.type("/servers boks")

        assert "SANDBOX" in (here := await chat.type("/org"))
        assert "20 Nov 2026 (Pacific/Auckland)" in here
        assert "open already" in await chat.type("/org Kōwhai Fitout & Supply (Demo)")
        await chat.type("/org Harbour Ltd")
        ((call, session_id),) = chat.reopened
        assert call is not None
        assert (call.org, session_id) == ("Harbour Ltd", None)
        chat.fails = UsageError("no organisation is called 'X'", field="--org", next="the server has: A (1)")
        said = await chat.type("/org Nowhere")
        assert "no organisation or server is called 'Nowhere'" in said
        assert "the server has: A (1); servers: books" in said

        assert "No policy file" in await chat.type("/policy")
        (own_home / "policy.toml").write_text('version = 1\n[defaults]\nread = "ask"\n', "utf-8")
        assert chat.run.desk.guard.policy == Policy()  # the session goes by what it was opened with
        assert "the file was changed since" in await chat.type("/policy")
        (own_home / "policy.toml").write_text("version = 7\n", "utf-8")
        assert "is wrong now" in await chat.type("/policy")
        assert "ask  create_a_xero_payment on books" in await chat.type("/policy create_a_xero_payment")
        assert "allow  chart on finchat" in await chat.type("/policy chart")
        assert "next: /policy create_a_xero_payment" in await chat.type("/policy create_a_xero_paymnt")

        # Read-only
        shown = await chat.type("/reconcile days 1")
        assert " p1  20 Nov" in shown
        assert "read-only: the plan was not saved" in shown
        assert chat.asked == []
        assert not own_home.joinpath("plans").exists()
        for line in ("/apply x", "/undo x"):
            assert "this chat is read-only" in await chat.type(line)

        # The list, one command, and leaving
        assert "/quit                    Leave; the session is kept." in await chat.type("/help")
        for line in ("/help plan", "/plan ?", "/plan --help"):
            explained = await chat.type(line)
            assert explained.startswith("/plan [ID | all]\nPlans that wait for you")
        assert "takes nothing after its name" in await chat.type("/cost now")
        assert not chat.left
        await chat.type("/quit")
        assert chat.left


async def test_an_earlier_session_is_gone_on_with_by_a_beginning_of_its_id(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def proposes(seen: Seen) -> Say:
        return Say("Please decide.") if seen.results() else Say(calls=[("reconcile", {"days": 1})])

    async with typed_into(own_home, monkeypatch, proposes) as chat:
        assert "there is no earlier session" in await chat.type("/resume")
        await chat.ask("Match the day")
        earlier, (waiting,) = chat.run.session_id, chat.run.tray.waiting()
        assert waiting.plan.id in await chat.type("/plan")
        assert "open already" in await chat.type(f"/resume {earlier}")
    async with typed_into(own_home, monkeypatch) as chat:
        for line in ("/resume", f"/resume {earlier[:-2]}"):
            said = await chat.type(line)
            assert chat.reopened.pop() == (None, earlier)
            assert f"approvals of then are void; /apply {waiting.plan.id} asks you again" in " ".join(said.split())
        lost = await chat.type("/resume nothing")
        assert "there is no session 'nothing'" in lost
        assert "next: /sessions lists them" in lost
        path = own_home / "sessions" / f"{earlier}.jsonl"
        path.write_text(path.read_text("utf-8").replace('"server":"books"', '"server":"gone"', 1), "utf-8")
        assert "on 'gone', which is not configured here" in " ".join((await chat.type("/resume")).split())


async def test_nothing_a_stranger_or_model_wrote_reaches_the_screen_raw(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments: dict[str, Any] = {"search": "Evil"}

    def asks(seen: Seen) -> Say:
        return (
            Say(f"Nobody is called {EVIL}: 77.77 {EVIL}.")
            if seen.results()
            else Say(calls=[("find_contact", arguments)])
        )

    async with typed_into(own_home, monkeypatch, asks) as chat:
        with closing(sqlite3.connect(own_home / "sandbox" / "xero.sqlite3")) as ledger:
            ledger.execute("UPDATE contact SET name = ? WHERE rowid = (SELECT min(rowid) FROM contact)", (EVIL,))
            ledger.commit()
        await chat.ask(f"Who is {EVIL}?")
        assert ' = "Evil\\x1b]52;c;aGk=\\x07\\u202e Ltd"' in await chat.type("/source e1 1")
        for line in ("/source", "/source 1", "/source e1", "/sent 2", "/sessions Who", "/audit 9", "/sessions",
                     f"/source {EVIL}", f"/plan {EVIL}", f"/tools {EVIL}", f"/org {EVIL}", f"/servers {EVIL}",
                     f"/policy {EVIL}", f"/resume {EVIL}", f"/model {EVIL}", f"/help {EVIL}", f"/export {EVIL}/x",
                     f"/reconcile {EVIL}", f"/audit {EVIL}", f"/undo {EVIL}", f"/sessions {EVIL}"):  # fmt: skip
            await chat.type(line)  # which looks at every character of what is shown
