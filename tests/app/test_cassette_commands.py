"""`finchat cassette …` on a real recording: looked at, compared, checked, cut, rehearsed, gone on with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from finchat import cli, prompts
from finchat.app.schemas import PUBLISHED
from finchat.cassettes.reading import read
from finchat.cassettes.rows import Cassette, Row
from finchat.cassettes.writing import write
from tests import forked, homes
from tests.scripted.server import Say, ScriptedModel, Seen

QUESTION = "Which bills are more than 30 days overdue?"
ANSWER = "They are in the table of open documents."
Edit = Callable[[list[str]], list[str]]


def script(seen: Seen) -> Say:
    if not seen.results():
        return Say(calls=[("open_documents", {"type": "bill", "min_days_overdue": 30})])
    return Say(ANSWER)


@dataclass(frozen=True)
class Recorded:
    file: Path
    home: Path

    @property
    def cassette(self) -> Cassette:
        return read(self.file)


@pytest.fixture(scope="module")
def asked(company_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A question to a scripted model, recorded by the real program on the sandbox company; only read."""
    folder = tmp_path_factory.mktemp("asked")
    home = homes.copied(company_home, folder / "home")
    with ScriptedModel(script) as model:
        environment = {**os.environ, **model.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": homes.NOW}
        environment.pop("CI", None)
        done = forked.run("ask", QUESTION, "--record", "asked.jsonl", environment=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return Recorded(folder / "asked.jsonl", home)


@pytest.fixture
def command(
    asked: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The real command line in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINCHAT_NOW", homes.NOW)
    monkeypatch.setenv("COLUMNS", "300")
    return Command(asked, capsys)


@dataclass(frozen=True)
class Command:
    asked: Recorded
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str | Path) -> tuple[int, str, str]:
        code = cli.run(["cassette", *map(str, words)])
        told = self.capsys.readouterr()
        return code, told.out, told.err

    def document(self, schema: str, *words: str | Path) -> dict[str, Any]:
        """What it prints for scripts, which is as the published schema says."""
        code, out, errors = self(*words, "--json")
        found: dict[str, Any] = json.loads(out)
        assert [e.message for e in Draft202012Validator(PUBLISHED[schema]).iter_errors(found)] == []
        assert (found["exit_code"], errors) == (code, "")
        return found


def number(cassette: Cassette, kind: str, name: str = "", place: int = 0) -> int:
    """The row of an exchange, by what was asked."""
    fitting = [
        r.n for r in cassette.rows if r.kind == kind and (not name or name in str((r.get("params") or {}).get("name")))
    ]
    return fitting[place]


def resealed(cassette: Cassette, file: Path, change: Callable[[Row], Row | None]) -> Path:
    """The cassette with rows changed or, for None, left out; sealed with what it printed before."""
    rows = [new for row in cassette.rows if (new := change(row)) is not None]
    write(file, cassette.header, rows, cassette.output)
    return file


def with_records(row: Row, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Row:
    """An answer with other records."""
    told = row["result"]["structuredContent"]
    new = {**told, "records": change([dict(record) for record in told["records"]])}
    return Row({**row, "result": {**row["result"], "structuredContent": new}})


# What a changed file says


def truncated(lines: list[str]) -> list[str]:
    return [*lines[:-3], lines[-3][: len(lines[-3]) // 2]]


def without_its_end(lines: list[str]) -> list[str]:
    return lines[:-2]


def reordered(lines: list[str]) -> list[str]:
    return [*lines[:4], lines[5], lines[4], *lines[6:]]


def with_another_amount(lines: list[str]) -> list[str]:
    place = next(n for n, line in enumerate(lines) if '"AmountDue":"' in line)
    return [*lines[:place], lines[place].replace('"AmountDue":"', '"AmountDue":"1', 1), *lines[place + 1 :]]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (truncated, "the line is cut in the middle"),
        (without_its_end, "the file ends here without its seal"),
        (reordered, "line 5: row 5 stands where row 4 belongs, which is on line 6"),
        (with_another_amount, "it was changed after it was written"),
    ],
)
def test_a_file_that_was_changed_fails_and_says_where(edit: Edit, said: str, command: Command) -> None:
    lines = command.asked.file.read_text("utf-8").splitlines(keepends=True)
    edited = edit(lines)
    Path("edited.jsonl").write_text("".join(edited))
    line = next((n for n, (a, b) in enumerate(zip(lines, edited, strict=False), 1) if a != b), len(edited))
    for words in (["verify"], ["show"], ["trim", "-o", "out.jsonl"]):
        code, out, errors = command(*words[:1], "edited.jsonl", *words[1:])
        assert (code, out) == (8, "")
        assert f"edited.jsonl, line {line}: " in errors
        assert said in errors
    found = command.document("cassette-lint", "lint", "edited.jsonl")
    assert found["exit_code"] == 8
    (problems,) = [one["problems"] for one in found["files"]]
    assert (problems[0]["line"], problems[0]["severity"]) == (line, "error")
    assert not Path("out.jsonl").exists()


def test_a_changed_prompt_fails_and_says_which_and_where(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tmp_path / "prompts"
    shutil.copytree(prompts.folder(), texts)
    system = texts / "agent" / "instructions.md"
    system.write_text(system.read_text("utf-8").replace("finchat", "the program", 1))
    monkeypatch.setattr(prompts, "folder", lambda: texts)
    prompts.load.cache_clear()
    try:
        code, _, errors = command("verify", command.asked.file)
    finally:
        prompts.load.cache_clear()
    first = number(command.asked.cassette, "model")
    assert code == 8
    assert f"asked.jsonl, line {first + 1}: " in errors
    assert f"nearest is row {first} " in errors
    assert "/content from character" in errors
    assert "changed since: prompts/agent/instructions.md" in errors


# lint


def test_a_sound_cassette_is_said_to_be_sound(command: Command) -> None:
    code, out, _ = command("lint", command.asked.file)
    assert (code, out) == (0, f"{command.asked.file}: sound, without secrets, and its replay is the same\n")


def test_a_secret_and_an_unknown_member_are_named_with_their_line(command: Command) -> None:
    cassette = command.asked.cassette
    first = number(cassette, "model")
    file = resealed(
        cassette, Path("odd.jsonl"),
        lambda row: Row({**row, "colour": "sk-live-4eC39HqLyjWDarjtT1zdp7dc"}) if row.n == first else row,
    )  # fmt: skip
    code, out, _ = command("lint", file)
    assert code == 8
    assert f"odd.jsonl:{first + 1}: warning: this finchat knows no 'colour' in a model row" in out
    assert f"odd.jsonl:{first + 1}: error: this looks like a secret" in out
    assert "4eC39" not in out


# show


def test_a_cassette_is_a_readable_story(command: Command) -> None:
    code, out, _ = command("show", command.asked.file)
    assert code == 0
    told = " ".join(out.split())
    for words in (
        "scripted at http://127.0.0.1", "Kōwhai Fitout & Supply (Demo)", f"pinned to {homes.NOW}", f"> {QUESTION}",
        "< calls open_documents(type=bill, min_days_overdue=30)", "books: list_all_xero_invoices", f"< {ANSWER}",
        "ended with exit code 0", "finchat 0.1.0",
    ):  # fmt: skip
        assert words in told
    found = command.document("cassette", "show", command.asked.file)
    assert [step["kind"] for step in found["steps"]][:2] == ["question", "opened"]
    assert {step["kind"] for step in found["steps"]} == {"question", "opened", "model", "read", "end"}


def test_rows_are_listed_a_line_each(command: Command) -> None:
    lines = command.asked.file.read_bytes().split(b"\n")
    found = command.document("cassette", "show", command.asked.file, "--rows")["rows"]
    assert [row["n"] for row in found] == list(range(len(lines) - 1))
    assert [row["bytes"] for row in found] == [len(line) for line in lines[:-1]]
    _, out, _ = command("show", command.asked.file, "--rows")
    assert len([line for line in out.splitlines() if line.split()[:1] and line.split()[0].isdigit()]) == len(found)


# diff


def test_a_cassette_is_the_same_as_itself_at_another_time(command: Command) -> None:
    cassette = command.asked.cassette
    later = Path("later.jsonl")
    header = {**cassette.header, "clock": "2027-03-01T08:00:00.000000Z", "seed": "00" * 32}
    write(later, header, [Row({**row, "at": row["at"] + 7}) if "at" in row else row for row in cassette.rows],
          cassette.output)  # fmt: skip
    code, out, _ = command("diff", command.asked.file, later)
    assert code == 0, out
    assert command.document("cassette-diff", "diff", command.asked.file, later)["same"] is True


def test_differences_are_told_by_what_was_asked_and_by_place(command: Command) -> None:
    cassette = command.asked.cassette
    invoices = number(cassette, "mcp", "list_all_xero_invoices")
    organisation = number(cassette, "mcp", "list_all_xero_organisations")
    last = number(cassette, "model", place=1)

    def change(row: Row) -> Row | None:
        if row.n == invoices:
            return with_records(row, lambda records: [{**records[0], "AmountDue": "1.00"}, *records[1:]])
        return None if row.n == last else row

    other = Path("other.jsonl")
    rows = [new for row in cassette.rows if (new := change(row)) is not None]
    moved = next(row for row in rows if row.n == organisation)
    write(
        other, {**cassette.header, "prompts": {**cassette.header["prompts"], "agent/void.md": "0" * 64}},
        [*(row for row in rows if row is not moved), moved], cassette.output,
    )  # fmt: skip
    found = command.document("cassette-diff", "diff", command.asked.file, other)
    assert (found["exit_code"], found["prompts"], found["catalogues"]) == (8, ["agent/void.md"], [])
    changed, gone = found["rows"]
    assert (changed["a"], changed["what"]) == (invoices, "books tools/call list_all_xero_invoices")
    (value,) = changed["differences"]
    assert (value["place"], value["after"]) == ("/result/structuredContent/records/0/AmountDue", '"1.00"')
    assert (gone["a"], gone["b"]) == (last, None)
    code, out, _ = command("diff", command.asked.file, other)
    assert code == 8
    assert "prompts that are not the same: agent/void.md" in out
    assert "only in the first" in out


# verify --live


def test_what_changed_in_the_world_is_told_record_by_record(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINCHAT_HOME", str(command.asked.home))
    cassette = command.asked.cassette
    invoices = number(cassette, "mcp", "list_all_xero_invoices")
    known = next(row for row in cassette.rows if row.n == invoices)["result"]["structuredContent"]["records"]

    def then(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As if the last was made since, and another of the first deleted; the second had another due date."""
        second = {**records[1], "DueDate": "2020-01-01"}
        return [records[0], second, *records[2:-1], {**records[0], "InvoiceID": "9" * 8, "InvoiceNumber": "GONE-1"}]

    rows = [with_records(row, then) if row.n == invoices else row for row in cassette.rows]
    # The model was told otherwise then: its requests are those of that run.
    file = Path("then.jsonl")
    played = [row for row in rows if row.kind != "model"]
    with ScriptedModel(script) as model:
        for name, value in model.environ.items():
            monkeypatch.setenv(name, value)
        write(file, cassette.header, played, cassette.output)
        assert cli.run(["ask", QUESTION, "--record", str(file), "--record-mode", "new"]) == 0
    command.capsys.readouterr()
    found = command.document("cassette-verify", "verify", file, "--live")
    assert (found["exit_code"], found["same"]) == (8, True)
    calls = [r for r in cassette.rows if r.kind == "mcp" and r["method"] == "tools/call"]
    assert found["live"]["counts"] == {"same": len(calls) - 1, "changed": 1, "failed": 0, "not_asked": 0}
    audit = (command.asked.home / "audit.jsonl").read_text("utf-8")
    assert audit.count("read list_all_xero_invoices on books") >= 2  # by the guard's own road
    (changed,) = [one for one in found["live"]["reads"] if one["status"] == "changed"]
    told = {(one["change"], one["id"]): one for one in changed["changes"]}
    assert set(told) == {
        ("added", known[-1]["InvoiceID"]), ("gone", "9" * 8), ("changed", known[1]["InvoiceID"]),
    }  # fmt: skip
    (field,) = told["changed", known[1]["InvoiceID"]]["fields"]
    assert (field["place"], field["before"]) == ("/DueDate", '"2020-01-01"')


def test_another_organisation_is_not_asked(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINCHAT_HOME", str(command.asked.home))
    cassette = command.asked.cassette
    first = number(cassette, "mcp", "list_all_xero_organisations")
    other = {"OrganisationID": "8f0c4a1e-0000-4d6b-9a51-3f1f1f1f1f1f"}
    file = resealed(
        cassette, Path("theirs.jsonl"),
        lambda row: with_records(row, lambda records: [{**records[0], **other}]) if row.n == first else row,
    )  # fmt: skip
    code, out, errors = command("verify", file, "--live")
    assert (code, out) == (8, "")
    assert f"({other['OrganisationID']}); server books holds Kōwhai" in errors


def test_a_policy_that_forbids_a_read_is_kept_when_it_is_asked_again(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINCHAT_HOME", str(command.asked.home))
    Path("policy.toml").write_text('version = 1\n[servers.books]\ntools = { "list_all_xero_invoices" = "deny" }\n')
    found = command.document("cassette-verify", "verify", command.asked.file, "--live", "--policy", "policy.toml")
    (refused,) = [one for one in found["live"]["reads"] if one["status"] == "not_asked"]
    assert refused["tool"] == "list_all_xero_invoices"
    assert "refused by policy" in refused["why"]
    assert found["exit_code"] == 0


# trim, fault


def test_what_is_not_needed_is_left_out_and_the_replay_is_the_same(command: Command) -> None:
    before = command.asked.file.read_bytes()
    found = command.document("cassette-made", "trim", command.asked.file, "--out", "small.jsonl")
    assert found["bytes_after"] < found["bytes_before"] == len(before)
    assert any("tools of books" in line for line in found["done"])
    assert command.asked.file.read_bytes() == before
    small = read(Path("small.jsonl"))
    assert small.output is not None
    assert small.output["stdout"] == command.asked.cassette.output["stdout"]  # type: ignore[index]


def test_faults_are_rehearsed_and_what_the_rehearsal_prints_is_sealed(command: Command) -> None:
    cassette = command.asked.cassette
    model, read_row = number(cassette, "model"), number(cassette, "mcp", "list_all_xero_invoices")
    words = ["--on", str(model), "--fault", "429", "--on", str(read_row), "--fault", "drop", "--seconds", "2"]
    found = command.document("cassette-made", "fault", command.asked.file, *words, "-o", "faulty.jsonl")
    assert (found["recorded_exit_code"], found["rows_after"]) == (0, found["rows_before"] + 2)
    again = command.document("cassette-verify", "verify", "faulty.jsonl")
    assert again["same"] is True
    assert Path("faulty.jsonl").read_bytes() != command.asked.file.read_bytes()
    _, out, _ = command("show", "faulty.jsonl")
    assert "x 429 on row" in out
    last = str(number(read(Path("faulty.jsonl")), "model", place=1))
    garbage = ["--on", last, "--fault", "garbage"]
    assert command("fault", "faulty.jsonl", *garbage, "-o", "faulty.jsonl")[0] == 0


@pytest.mark.parametrize(
    ("words", "field", "said"),
    [
        (["--on", "1", "--fault", "drop", "-o", "x.jsonl"], "--on", "no call of a tool or of the model"),
        (["--on", "999", "--fault", "drop", "-o", "x.jsonl"], "--on", "row 999 is not there"),
        (["--on", "{model}", "--fault", "flood", "-o", "x.jsonl"], "--fault", "there is no fault 'flood'"),
        (["--on", "{model}", "--on", "{model}", "--fault", "drop", "-o", "x.jsonl"], "--fault", "2 rows and 1 faults"),
        (["--on", "{model}", "--fault", "delay", "--seconds", "-1", "-o", "x.jsonl"], "--seconds", "--seconds is -1"),
        (["--on", "{model}", "--fault", "delay", "-o", "no/folder/x.jsonl"], "-o", "there is no folder"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_its_field(
    words: Sequence[str], field: str, said: str, command: Command
) -> None:
    model = str(number(command.asked.cassette, "model"))
    found = command.document("error", "fault", command.asked.file, *(w.replace("{model}", model) for w in words))
    assert (found["exit_code"], found["error"]["field"]) == (2, field)
    assert said in found["error"]["message"]
    assert found["error"]["next"]
    assert list(Path().glob("*.jsonl")) == []


def test_a_fault_that_the_run_never_meets_is_refused(command: Command) -> None:
    cassette = command.asked.cassette
    first, last = number(cassette, "mcp", "list_all_xero_organisations"), number(cassette, "model", place=1)
    found = command.document(
        "error", "fault", command.asked.file, "--on", str(first), "--fault", "garbage", "--on", str(last), "--fault",
        "drop", "-o", "x.jsonl",
    )  # fmt: skip
    assert (found["exit_code"], found["error"]["code"]) == (8, "fault_not_met")
    assert not Path("x.jsonl").exists()


def test_what_is_there_is_not_written_over_unless_it_is_named(command: Command) -> None:
    shutil.copy(command.asked.file, "run.jsonl")
    Path("run.trim.jsonl").write_text("mine")
    found = command.document("error", "trim", "run.jsonl")
    assert (found["exit_code"], found["error"]["field"]) == (2, "-o")
    assert Path("run.trim.jsonl").read_text() == "mine"


def test_a_recording_of_nobody_replays_and_holds_no_name_of_anybody(command: Command) -> None:
    cassette = command.asked.cassette
    row = next(row for row in cassette.rows if row.n == number(cassette, "mcp", "list_all_xero_invoices"))
    records = row["result"]["structuredContent"]["records"]
    found = command.document("cassette-made", "anonymise", command.asked.file, "-o", "nobody.jsonl")
    assert (found["recorded_exit_code"], found["rows_after"]) == (0, found["rows_before"])
    assert command("lint", "nobody.jsonl")[0] == 0
    nobody = read(Path("nobody.jsonl"))
    written = Path("nobody.jsonl").read_text("utf-8")
    assert not [name for record in records if (name := record["Contact"]["Name"]) in written]
    other = next(one for one in nobody.rows if one.n == row.n)["result"]["structuredContent"]["records"]
    factors = {Decimal(b["AmountDue"]) / Decimal(a["AmountDue"]) for a, b in zip(records, other, strict=True)}
    assert len(factors) == 1
    assert factors != {1}


# --record-mode new


def test_a_run_goes_on_from_its_cassette_and_asks_only_what_that_lacks(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    cassette = command.asked.cassette
    lacking = {number(cassette, "mcp", "list_all_xero_invoices"), number(cassette, "model", place=1)}
    file = resealed(cassette, Path("part.jsonl"), lambda row: None if row.n in lacking else row)
    monkeypatch.setenv("FINCHAT_HOME", str(command.asked.home))
    before = {path: path.stat().st_mtime_ns for path in command.asked.home.rglob("*") if path.is_file()}
    with ScriptedModel(script) as model:
        for name, value in model.environ.items():
            monkeypatch.setenv(name, value)
        code = cli.run(["ask", QUESTION, "--record", str(file), "--record-mode", "new"])
        assert len(model.requests) == 1
    told = command.capsys.readouterr()
    assert (code, told.out.strip()) == (0, ANSWER)
    assert "2 exchanges were asked anew" in told.err
    found = command.document("cassette-diff", "diff", command.asked.file, file)
    assert [row for row in found["rows"] if row["what"] not in ("output", "home/sandbox/company.json")] == []
    assert command.document("cassette-verify", "verify", file)["same"] is True
    assert {path: path.stat().st_mtime_ns for path in command.asked.home.rglob("*") if path.is_file()} == before


def test_a_rehearsal_is_not_gone_on_with(command: Command) -> None:
    model = str(number(command.asked.cassette, "model"))
    assert command("fault", command.asked.file, "--on", model, "--fault", "drop", "-o", "f.jsonl")[0] == 0
    assert cli.run(["ask", QUESTION, "--record", "f.jsonl", "--record-mode", "new"]) == 2
    assert "is a rehearsal" in command.capsys.readouterr().err
