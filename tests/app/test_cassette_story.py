"""finchat's own recordings as stories: who was asked what, and at which card a person said yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from finchat.app.cassettes.effects import effects_of
from finchat.app.cassettes.story import story
from finchat.cassettes.reading import read

RECORDINGS = sorted((Path(__file__).parents[2] / "recordings").glob("*.jsonl"))


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_a_recording_tells_its_questions_its_cards_and_its_writes(file: Path) -> None:
    cassette = read(file)
    steps = {step.n: step for step in story(cassette, effects_of(cassette.header))}
    for row in cassette.rows:
        if row.kind == "human" and row["prompt"].startswith("Approve?"):
            assert str(steps[row.n].detail).startswith("card ")
        if row.kind == "mcp" and row["method"] == "tools/call":
            reads = str(row["params"]["name"]).startswith(("list_", "get_"))
            assert steps[row.n].kind == ("read" if reads else "write") or row["server"] != "books"
        if row.kind == "model" and row.get("ended") == "whole":
            assert not steps[row.n].text.startswith("no answer")
    assert steps[cassette.output.n].kind == "end"  # type: ignore[union-attr]
