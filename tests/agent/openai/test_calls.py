"""Calls put together from pieces: any split and any interleaving gives the calls that were meant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.agent.messages import TurnBroken
from finchat.agent.openai import calls as calls_module
from finchat.agent.openai.calls import CallParts
from finchat.agent.openai.wire import EventStream

Piece = tuple[int | None, str, str, str]
Case = tuple[list[Piece], list[tuple[str, str, str]]]
TEXT = st.text(alphabet='ab{}":,é\U0001f600 ', max_size=12)
CALLS = st.lists(st.tuples(st.from_regex(r"[a-z]{1,3}_[a-z]{1,3}", fullmatch=True), TEXT), min_size=1, max_size=4)


def own(position: int) -> str:
    return f"own_{position}"


def result(pieces: Sequence[Piece]) -> list[tuple[str, str, str]]:
    parts = CallParts()
    for piece in pieces:
        parts.add(*piece)
    return [(call.id, call.name, call.arguments) for call in parts.calls(own)]


def split(draw: st.DrawFn, text: str) -> list[str]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    edges = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(edges) if a < b]


def woven(draw: st.DrawFn, rows: list[list[Piece]]) -> list[Piece]:
    """The pieces of all rows in any order that keeps each row's own."""
    order = draw(st.permutations([place for place, row in enumerate(rows) for _ in row]))
    rests = [iter(row) for row in rows]
    return [next(rests[place]) for place in order]


@st.composite
def streams(draw: st.DrawFn) -> Case:
    """Pieces as one of the known kinds of server sends them, and the calls they mean."""
    calls = draw(CALLS)
    kind = draw(st.sampled_from(["indexed", "name in pieces", "id repeated", "all at 0", "no index", "no id"]))
    meant = [(f"id_{n}", name, arguments) for n, (name, arguments) in enumerate(calls)]
    rows: list[list[Piece]] = []
    for n, (id, name, arguments) in enumerate(meant):
        pieces = split(draw, arguments)
        match kind:
            case "indexed":
                rows.append([(n, id, name, ""), *((n, "", "", piece) for piece in pieces)])
            case "name in pieces":
                names = split(draw, name)
                rest = [(n, "", piece, "") for piece in names[1:]]
                rows.append([(n, id, names[0], ""), *rest, *((n, "", "", piece) for piece in pieces)])
            case "id repeated":
                rows.append([(n, id, name, ""), *((n, id, name, piece) for piece in pieces)])
            case "all at 0":  # told apart by the id, which every piece carries
                rows.append([(0, id, name, ""), *((0, id, "", piece) for piece in pieces)])
            case "no index":
                rows.append([(None, id, name, ""), *((None, id, "", piece) for piece in pieces)])
            case _:
                rows.append([(n, "", name, ""), *((n, "", "", piece) for piece in pieces)])
    if kind in {"all at 0", "no index"}:  # their order is that of their first pieces
        heads = [row[0] for row in rows]
        return [*heads, *woven(draw, [row[1:] for row in rows])], meant
    if kind == "no id":
        meant = [(own(n), name, arguments) for n, (_, name, arguments) in enumerate(meant)]
    return woven(draw, rows), meant


@settings(max_examples=60, deadline=None)
@given(streams())
def test_any_split_and_any_interleaving_gives_the_same_calls(
    case: tuple[list[Piece], list[tuple[str, str, str]]],
) -> None:
    pieces, meant = case
    assert result(pieces) == meant


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(streams())
def test_many_splits_and_interleavings_give_the_same_calls(
    case: tuple[list[Piece], list[tuple[str, str, str]]],
) -> None:
    pieces, meant = case
    assert result(pieces) == meant


def test_calls_one_after_the_other_at_index_0_are_told_apart_by_their_ids() -> None:
    assert result([(0, "a", "x", ""), (0, "", "", "{}"), (0, "b", "y", ""), (0, "", "", "[]")]) == [
        ("a", "x", "{}"),
        ("b", "y", "[]"),
    ]


def test_whole_calls_without_index_and_id_are_one_call_a_piece() -> None:
    assert result([(None, "", "x", "{}"), (None, "", "x", "{}")]) == [("own_0", "x", "{}"), ("own_1", "x", "{}")]


def test_two_names_never_become_the_name_of_a_third_tool() -> None:
    pieces = [(0, "a", "list_", "{}"), (0, "", "create_a_payment", "{}")]
    assert [name for _, name, _ in result(pieces)] == ["list_", "create_a_payment"]


def test_there_is_an_end_to_calls_and_to_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TurnBroken):
        result([(n, f"id{n}", "x", "") for n in range(calls_module.MAX_CALLS + 1)])
    with pytest.raises(TurnBroken):
        result([(0, "x" * 1000, "x", "")])
    with pytest.raises(TurnBroken):
        result([(0, "a", "x" * 2000, "")])
    monkeypatch.setattr(calls_module, "MAX_CHARACTERS", 100)
    with pytest.raises(TurnBroken):
        result([(0, "a", "x", "y" * 40)] * 3)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_events_are_the_same_however_their_bytes_are_cut(data: st.DataObject) -> None:
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = [": hi", "", "event: a", "data: é1", "data:2", "", "id: 7", "data", "", "data: [DONE]"]
    raw = b"\xef\xbb\xbf" + end.join(lines).encode()
    stream = EventStream()
    found: list[tuple[str, str]] = []
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    for start, stop in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        found += stream.feed(raw[start:stop])
    assert [*found, *stream.finish()] == [("a", "é1\n2"), ("", ""), ("", "[DONE]")]


def test_an_event_that_the_end_cuts_off_is_none() -> None:
    stream = EventStream()
    assert [*stream.feed(b'data: {"a":1}\n\ndata: {"b"'), *stream.finish()] == [("", '{"a":1}')]
