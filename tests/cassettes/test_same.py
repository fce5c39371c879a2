from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.canonical import canonical_json
from finchat.cassettes.content import carried, content, exact, is_canonical
from finchat.cassettes.reading import parse
from finchat.cassettes.same import LEAST
from finchat.cassettes.writing import lines
from tests.cassettes.samples import HEADER, INSTRUCTIONS, asked, call, mcp, model, rows

# Text with halves of surrogate pairs, backslashes and the words that mean something to a cassette, and text that is
# long enough to stand once.
texts = st.one_of(
    st.text(st.characters(codec=None, categories=None), max_size=4),
    st.sampled_from(["$same", "then", "members", "\\ud800", "\ud83d\ude00", "\ud83d", "😀", "/a~b", "", "é"]),
    st.builds(lambda a, n: a * n, st.sampled_from(["x", "\n", "\udc80", "é"]), st.integers(40, 400)),
)
numbers = st.one_of(
    st.integers(-(10**20), 10**20),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9),
)
references = st.one_of(
    st.tuples(st.integers(0, 4), st.sampled_from(["/result", "/params"])).map(list), st.just(True), texts
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(texts, inner, max_size=4),
        st.fixed_dictionaries({"$same": st.one_of(inner, references)}, optional={"then": inner, "members": inner}),
    ),
    max_leaves=12,
)


def through_a_file(*results: Any) -> list[Any]:
    given_rows = [mcp(call(), result={"of": result}) for result in results]
    text = "".join(f"{line}\n" for line in lines(HEADER, given_rows))
    return [row["result"]["of"] for row in parse(text.encode("utf-8"), "run.jsonl").rows]


def alike(one: Any, other: Any) -> bool:
    """Equal to the digit: the same kinds, and no 1 that is True."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and str(one) == str(other)


@given(st.lists(values, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_data_comes_back_from_a_file_as_it_was_the_second_time_too(several: list[Any]) -> None:
    whole = [*several, *several, [*several, several]]
    assert alike(through_a_file(*whole), whole)


@given(values, values)
@settings(max_examples=150, deadline=None)
def test_two_values_have_one_content_when_they_are_the_same_to_the_digit(one: Any, other: Any) -> None:
    assert (content(one) == content(other)) == alike(one, other)


@given(values)
@settings(max_examples=50, deadline=None)
def test_what_a_file_carries_is_recognised_and_read_as_it_was(value: Any) -> None:
    text = canonical_json(carried(value))
    assert is_canonical(text, carried(value))
    assert not is_canonical(f" {text}", carried(value))
    assert alike(json.loads(text, parse_float=Decimal), carried(value))


def test_a_command_line_that_is_no_unicode_is_kept() -> None:
    header = {**HEADER, "command": ["ask", "caf\udce9"]}
    assert (
        parse("".join(f"{line}\n" for line in lines(header, [])).encode(), "run.jsonl").header["command"][1]
        == "caf\udce9"
    )


def test_what_looks_like_an_escape_is_told_from_one() -> None:
    alike_to_the_eye = [
        "\ud83d",
        {"$same": "\\ud83d"},
        {"$same": {"$same": "\\ud83d"}},
        "\\ud83d",
        "\\ud83d\ud83d",
        "\ud83d\ud83d",
    ]
    assert len({content(value) for value in alike_to_the_eye}) == len(alike_to_the_eye)
    assert through_a_file(*alike_to_the_eye) == alike_to_the_eye


def test_lists_that_begin_with_the_same_few_words_are_not_tied_together() -> None:
    one, other = ({"of": ["short", name * LEAST]} for name in "ab")
    assert not any("$same" in line for line in lines(HEADER, [mcp(call(), result=one), mcp(call(), result=other)]))


def test_equal_numbers_with_other_digits_are_not_the_same() -> None:
    assert len({content(value) for value in (1, True, exact(1.0), exact(1.5), "1", exact(0.00001), exact(1e22))}) == 7


def test_a_conversation_costs_each_request_only_what_is_new_in_it() -> None:
    turns = [f"Message {n}: " + "words " * 10 for n in range(60)]
    requests = [model(asked(*turns[:n]), n) for n in range(1, 60)]
    written = list(lines(HEADER, requests))[2:-1]
    assert max(map(len, written)) < 700
    read = parse("".join(f"{line}\n" for line in lines(HEADER, requests)).encode(), "run.jsonl")
    assert [row["body"] for row in read.rows] == [request["body"] for request in requests]


def test_two_conversations_that_alternate_each_go_on_from_their_own() -> None:
    requests = [
        model(asked(*(f"{who} {k}: " + "words " * 20 for k in range(n))), n) for n in range(3, 20) for who in "ab"
    ]
    assert max(len(line) for line in list(lines(HEADER, requests))[3:-1]) < 800


def test_long_text_stands_once() -> None:
    text = "\n".join(lines(HEADER, rows()))
    assert text.count(INSTRUCTIONS) == 1
    assert text.count("Lists contacts.") == 30
    assert '"instructions":{"$same":[3,"/body/instructions"]}' in text


def test_what_is_short_stands_where_it_is() -> None:
    short = {"name": "x" * (LEAST - 11)}
    assert len(content(short)) == LEAST
    assert not any("$same" in line for line in lines(HEADER, [mcp(call(), result=short)] * 2))
    long = {"name": "x" * (LEAST - 10)}
    assert '"result":{"$same":[1,"/result"]}' in list(lines(HEADER, [mcp(call(), result=long)] * 2))[2]


def test_an_answer_that_repeats_its_request_costs_nothing_and_is_read_whole() -> None:
    tools = [{"name": f"tool{n}", "description": "x" * LEAST} for n in range(3)]
    given_row = {
        "kind": "model", "at": 0, "path": "/responses", "body": {"tools": tools},
        "events": [["response.created", {"response": {"tools": tools}}]],
    }  # fmt: skip
    text = "".join(f"{line}\n" for line in lines(HEADER, [given_row]))
    (row,) = parse(text.encode(), "run.jsonl").rows
    assert row["events"][0][1]["response"]["tools"] == tools
    assert text.count("x" * LEAST) == 3
