"""`finchat ask` as scripts and people meet it: no model, wrong use, limits, a dead endpoint, plans of a model.

The model is scripted: it stands behind a real socket and knows nothing but the results it was sent.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from finchat.app.nearest import nearest_command
from finchat.app.schemas import PUBLISHED
from tests import forked
from tests.scripted.server import Raw, Say, Script, ScriptedModel, Seen

QUESTION = "Which invoices are late?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the demo company in it."""
    path = tmp_path_factory.mktemp("home")
    assert run(path, "sandbox", "status").returncode == 0
    return path


def run(home: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return forked.run(*arguments, environment={**clean, "FINCHAT_HOME": str(home), **environ}, timeout_s=60)


def asked(home: Path, script: Script, *flags: str, question: str = QUESTION) -> subprocess.CompletedProcess[str]:
    with ScriptedModel(script) as model:
        done = run(home, "ask", question, *flags, **model.environ)
    assert model.complaints == []
    return done


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    assert [e.message for e in Draft202012Validator(PUBLISHED["ask"]).iter_errors(found)] == []
    assert found["exit_code"] == done.returncode
    return found


def matches_week(seen: Seen) -> Say:
    return Say("Please decide.") if seen.results() else Say(calls=[("reconcile", {"days": 2})])


# Without a model


def test_without_a_model_two_lines_say_how_to_connect_one_and_what_works_without(home: Path) -> None:
    done = run(home, "ask", "match my bank deposits of last week")
    assert done.returncode == 6
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_MODEL",
        "Azure",
        "Ollama",
        "LM Studio",
        "vLLM",
        "OpenRouter",
    ):
        assert name in first
    assert second == "  next: or do it without a model: finchat reconcile --days 7"


def test_without_a_model_json_is_one_error_document(home: Path) -> None:
    done = run(home, "ask", QUESTION, "--json")
    assert json.loads(done.stdout)["error"]["code"] == "no_model"


@pytest.mark.parametrize(
    ("question", "command"),
    [
        ("please undo what you wrote", "finchat undo PLAN"),
        ("was hat er gemacht, audit?", "finchat audit show"),
        ("Import this CSV statement file", "finchat reconcile --statement FILE"),
        ("who owes me money?", "finchat reconcile --days 7"),
        ("", "finchat reconcile --days 7"),
    ],
)
def test_the_nearest_command_is_found_by_words(question: str, command: str) -> None:
    assert nearest_command(question) == command


# Wrong use


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("ask", " "), "TEXT"),
        (("ask", QUESTION, "--api", "completions"), "--api"),
        (("ask", QUESTION, "--events", "--json"), "--events"),
    ],
)
def test_wrong_use_names_the_field(home: Path, arguments: tuple[str, ...], field: str) -> None:
    done = run(home, *arguments, "--json", OPENAI_API_KEY="a-key")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["field"] == field


# The endpoint


def test_a_dead_endpoint_is_one_line_and_exit_7_within_five_seconds(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        began = time.monotonic()
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        done = run(home, "ask", QUESTION, OPENAI_BASE_URL=url, OPENAI_MODEL="none")
    assert done.returncode == 7
    assert time.monotonic() - began < 5
    said = [line for line in done.stderr.splitlines() if not line.startswith("waiting ")]
    assert [line[:9] for line in said] == ["finchat: ", "  next: c"]
    assert done.stdout == ""


def test_a_refused_key_is_exit_6_without_a_trace_of_the_key(home: Path) -> None:
    body = json.dumps(
        {"error": {"message": "Incorrect API key provided: sk-secret-0123456789", "code": "invalid_api_key"}}
    )
    refused = Raw(status=401, headers={"content-type": "application/json"}, parts=[body.encode()])
    with ScriptedModel(lambda _: refused) as model:
        done = run(home, "ask", QUESTION, "--json", **{**model.environ, "OPENAI_API_KEY": "sk-secret-0123456789"})
    assert done.returncode == 6
    assert "sk-secret-0123456789" not in done.stdout + done.stderr


# Limits


def test_endless_calls_end_at_the_limit_with_what_was_done(home: Path, tmp_path: Path) -> None:
    settings = tmp_path / "finchat.toml"
    settings.write_text("[limits]\nturns = 3\n")

    def endless(seen: Seen) -> Say:
        return Say(calls=[("chart", {"search": str(seen.turn)})])

    done = asked(home, endless, "--json", "--config", str(settings))
    found = document(done)
    assert done.returncode == 9
    assert (found["complete"], found["stopped_by"]) == (False, "turns")
    assert found["usage"]["requests"] == 3
    assert "chart" in found["answer"]
    assert [call["outcome"] for call in found["calls"]] == ["done"] * 3


# Plans of a model


def test_a_plan_a_model_asked_for_is_saved_and_no_policy_approves_it(home: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'version = 1\n[unattended]\nkinds = ["payment"]\nmax_amount = "100000.00"\n'
        'max_total_per_day = "100000.00"\nknown_counterparties_only = false\nexpires = 2099-12-31\n'
    )
    done = asked(home, matches_week, "--json", "--policy", str(policy))
    found = document(done)
    assert done.returncode == 3
    (plan,) = found["plans"]
    assert plan["id"] == found["plan"]["id"]
    assert {o["decision"] for o in found["outcomes"]} == {"pending"}
    assert "certain" in {p["class"] for p in plan["proposals"]}  # the workflow's own word, not the model's
    applied = run(home, "apply", plan["id"], "--yes", "--json", "--policy", str(policy))
    assert applied.returncode == 3
    outcomes = json.loads(applied.stdout)["outcomes"]
    assert {o["decision"] for o in outcomes} == {"pending"}
    assert any("a model asked for this plan" in o["error"]["message"] for o in outcomes)


def test_the_screen_says_what_was_really_written(home: Path) -> None:
    def liar(seen: Seen) -> Say:
        return Say("All payments are recorded.") if seen.results() else Say(calls=[("reconcile", {"days": 1})])

    done = asked(home, liar)
    assert done.returncode == 3
    assert re.search(r"Nothing was written to the ledger; \d+ proposals await your approval\.", done.stderr)
    assert re.search(r"^  finchat apply \S+$", done.stdout, re.MULTILINE)


def test_read_only_offers_nothing_that_proposes(home: Path) -> None:
    offered: list[tuple[str, ...]] = []

    def look(seen: Seen) -> Say:
        offered.append(seen.tools)
        return Say("Nothing.")

    assert asked(home, look, "--read-only").returncode == 0
    assert asked(home, look).returncode == 0
    assert not {"reconcile", "draft_invoice", "draft_payment", "draft_contact"} & set(offered[0])
    assert {"reconcile", "draft_invoice", "draft_payment", "draft_contact", "query"} <= set(offered[1])


# What is shown


def test_text_of_a_model_reaches_the_terminal_only_sanitised(home: Path) -> None:
    done = asked(home, lambda _: Say("Plain \x1b[31mred\x1b]0;title\x07 \u202etxt"))
    assert "\x1b" not in done.stdout
    assert "\\x1b[" in done.stdout
    assert "\\u202etxt" in done.stdout


def test_show_sent_lists_every_part_that_left(home: Path) -> None:
    def look(seen: Seen) -> Say:
        return Say("Done.") if seen.results() else Say(calls=[("organisation", {})])

    done = asked(home, look, "--show-sent")
    assert QUESTION in done.stdout
    assert "answer of tool organisation" in done.stdout
    assert "request 2" in done.stdout


def test_an_untraced_figure_is_marked_on_the_screen_and_counted(home: Path) -> None:
    def invents(_: Seen) -> Say:
        return Say("Receivables are 987,654.32 NZD.")

    done = asked(home, invents)
    assert "987,654.32 NZD [unverified]" in done.stdout or "987,654.32 [unverified]" in done.stdout
    found = document(asked(home, invents, "--json"))
    assert found["unverified_count"] == 1
    assert "[unverified]" not in found["answer"]
