"""The one output: what goes where in which mode, and readers that leave."""

import io
import json
import os
from decimal import Decimal

import pytest

from finchat.errors import AuthenticationError, FinchatError
from finchat.ui.sink import Sink, error_text


def sinks(mode: str) -> tuple[Sink, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    modes = {"human": "human", "json": "json", "quiet": "quiet"}
    return Sink(modes[mode], stdout=out, stderr=err), out, err  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "data", "talk"), [("human", "result\n", "words\n"), ("quiet", "result\n", ""), ("json", "", "")]
)
def test_results_go_to_stdout_and_talk_to_stderr(mode: str, data: str, talk: str) -> None:
    sink, out, err = sinks(mode)
    sink.data("result")
    sink.talk("words")
    assert (out.getvalue(), err.getvalue()) == (data, talk)


def test_an_error_is_a_sentence_and_a_next_step_without_its_secrets() -> None:
    sink, out, err = sinks("human")
    sink.error(FinchatError("it said \x1b[31mBearer abcdef123456", next="sign in\nagain"))
    assert out.getvalue() == ""
    assert err.getvalue() == "finchat: it said \\x1b[31mBearer [secret]\n  next: sign in again\n"


def test_an_error_in_json_is_the_one_document() -> None:
    sink, out, err = sinks("json")
    sink.error(AuthenticationError("no token", field="XERO_CLIENT_ID"))
    assert err.getvalue() == ""
    assert json.loads(out.getvalue()) == {
        "schema": "finchat.error/1",
        "error": {"code": "authentication", "message": "no token", "field": "XERO_CLIENT_ID", "next": None},
        "exit_code": 6,
    }


@pytest.mark.parametrize("value", [Decimal("1.5"), object()])
def test_a_document_takes_nothing_but_json(value: object) -> None:
    sink, _, _ = sinks("json")
    with pytest.raises(TypeError):
        sink.document({"amount": value})


def test_a_reader_that_left_stops_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream:
        sink = Sink(stdout=stream)
        for _ in range(3):
            sink.data("x" * 200_000)
        sink.raw("more")


def test_a_character_the_terminal_lacks_becomes_an_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Sink(stdout=stream).data("Ōtāhuhu")
    assert raw.getvalue() == b"\\u014ct\\u0101huhu\n"


def test_colour_is_left_out_when_asked_or_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.text import Text

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = Terminal()
    Sink(stdout=coloured).data(Text("certain", style="green"))
    assert "\x1b[32m" in coloured.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    Sink(stdout=plain).data(Text("certain", style="green"))
    assert plain.getvalue() == "certain\n"
    piped = io.StringIO()
    Sink(stdout=piped).data(Text("certain", style="green"))
    assert piped.getvalue() == "certain\n"


def test_an_error_is_wrapped_at_spaces_and_never_in_a_command() -> None:
    command = "finchat review 20261120-abcdefgh --server books --policy /a/rather/long/path/to/policy.toml"
    error = FinchatError("the plan was made for another organisation of the same name", next=f"try again: {command}")
    lines = error_text(error, 40).splitlines()
    assert [line.strip() for line in lines if "--policy" in line] == [command]
    assert all(len(line) <= 40 for line in lines if command not in line)
    assert " ".join(" ".join(lines).split()) == " ".join(error_text(error).split())
