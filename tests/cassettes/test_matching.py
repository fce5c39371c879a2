from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.cassettes.content import content
from finchat.cassettes.matching import Matching, Miss
from finchat.cassettes.nearest import SHOWN, differences
from finchat.cassettes.rows import Row
from finchat.errors import ExitCode
from tests.cassettes.samples import INSTRUCTIONS, asked, call, mcp, model, rows


def numbered(*given_rows: dict[str, Any]) -> list[Row]:
    return [Row(row, n=n) for n, row in enumerate(given_rows, 1)]


def missed(matching: Matching, kind: str, request: dict[str, Any]) -> Miss:
    with pytest.raises(Miss) as caught:
        matching.take(kind, request)
    assert caught.value.exit_code == ExitCode.MISMATCH
    assert matching.missed[-1] is caught.value
    return caught.value


@given(st.lists(st.sampled_from([1, 2, 3]), max_size=12), st.randoms())
@settings(max_examples=60, deadline=None)
def test_equal_requests_are_answered_in_their_recorded_order_however_others_come_between(
    pages: list[int], random: Any
) -> None:
    recorded = numbered(*(mcp(call(page), n, result={"nth": n}) for n, page in enumerate(pages)))
    matching = Matching(recorded)
    requests = list(pages)
    random.shuffle(requests)
    heard: dict[int, list[int]] = {}
    for page in requests:
        assert matching.peek("mcp", call(page)) == matching.peek("mcp", call(page))
        heard.setdefault(page, []).append(matching.take("mcp", call(page))["result"]["nth"])
    assert heard == {page: [n for n, other in enumerate(pages) if other == page] for page in set(pages)}
    assert matching.left() == ()


def test_what_differs_from_run_to_run_does_not_count() -> None:
    recorded = call(1, progressToken=5, traceparent="00-a", **{"dev.finchat/idempotency-key": "k1", "kept": "yes"})
    matching = Matching(numbered(mcp(recorded)))
    now = call(1, progressToken=9, **{"io.modelcontextprotocol/clientInfo": {"name": "sdk", "version": "9"}})
    error = missed(matching, "mcp", now)
    assert error.differences == ('/params/_meta recorded {"kept":"yes"}, now missing',)
    now["params"]["_meta"]["kept"] = "yes"
    assert matching.take("mcp", now).n == 1


def test_numbers_are_the_same_by_their_digits_alone() -> None:
    matching = Matching(numbered(mcp(call(1)), mcp({**call(), "params": {"amount": True}})))
    missed(matching, "mcp", {**call(), "params": {"amount": 1}})
    assert matching.take("mcp", {**call(), "params": {"amount": True}}).n == 2


def test_a_handshake_and_a_list_of_tools_may_be_asked_again_and_need_not_be_asked() -> None:
    opening = {"server": "books", "method": "initialize", "params": {"protocolVersion": "2026-07-28"}}
    tools = {"server": "books", "method": "tools/list", "params": {}}
    page = {**tools, "params": {"cursor": "2"}}
    first, changed, second = (mcp(r, result={"tools": [], "nth": n}) for n, r in enumerate((tools, tools, page)))
    matching = Matching(numbered(mcp(opening), first, changed, second))
    assert matching.left() == ()
    newer = {**opening, "params": {"protocolVersion": "2027-01-01", "clientInfo": {"name": "x"}}}
    assert [matching.take("mcp", newer).n for _ in range(3)] == [1, 1, 1]
    assert [matching.take("mcp", tools)["result"]["nth"] for _ in range(4)] == [0, 1, 1, 1]
    assert matching.take("mcp", page)["result"]["nth"] == 2
    assert "row 1" not in missed(matching, "mcp", {**tools, "server": "other"}).message


def test_what_was_not_used_is_left_and_holds_back_what_comes_after() -> None:
    matching = Matching(numbered(*rows()))
    model_rows = [row for row in rows() if row["kind"] == "model"]
    assert [row.n for row in matching.left()] == [3, 4, 5, 6, 7, 8]
    matching.take("model", model_rows[1])
    assert matching.used_before(3)
    assert not matching.used_before(7)
    matching.take("model", model_rows[0])
    matching.take("mcp", call())
    assert matching.used_before(6)
    assert not matching.used_before(7)
    matching.take("mcp", call())
    assert matching.used_before(7)
    matching.take("human", {"asks": "decision", "prompt": "Approve? y/n "})
    matching.take("model", model_rows[2])
    assert matching.left() == ()
    assert matching.used_before(10**9)


def test_a_miss_names_the_nearest_exchange_and_what_differs() -> None:
    given_rows = [*rows(), mcp({**call(2), "params": {"name": "list_all_xero_contacts", "arguments": {"page": 2}}})]
    error = missed(Matching(numbered(*given_rows)), "mcp", call(2))
    assert error.message == (
        "asked for something the recording does not hold: books tools/call list_all_xero_invoices; "
        "nearest is row 4 (line 5): /params/arguments/page recorded 1, now 2"
    )
    assert error.row is not None
    assert error.row.n == 4


def test_the_same_tool_is_nearer_than_fewer_differences_and_an_unused_row_nearer_than_a_used_one() -> None:
    other = {**call(), "params": {"name": "list_all_xero_contacts", "arguments": {"page": 5, "where": "x"}}}
    far = {**call(), "params": {"name": "list_all_xero_invoices", "arguments": {"page": 1, "order": "Date"}}}
    now = {**call(), "params": {"name": "list_all_xero_invoices", "arguments": {"page": 5, "where": "x"}}}
    error = missed(Matching(numbered(mcp(other), mcp(far))), "mcp", now)
    assert error.row is not None
    assert error.row.n == 2
    matching = Matching(numbered(mcp(call(1)), mcp(call(2))))
    matching.take("mcp", call(1))
    assert "nearest is row 2 " in missed(matching, "mcp", call(3)).message


def test_a_changed_prompt_is_shown_where_it_changed() -> None:
    now = asked("Who owes us most?", instructions=INSTRUCTIONS.replace("guess a figure", "guess an amount", 1))
    (told,) = missed(Matching(numbered(*rows())), "model", now).differences
    assert told.startswith("/body/instructions from character 44 on: recorded …")
    assert "guess a figure." in told
    assert "guess an amount." in told


def test_an_exchange_asked_once_more_than_recorded_is_said_to_be_that() -> None:
    matching = Matching(numbered(*rows()))
    matching.take("mcp", call())
    matching.take("mcp", call())
    told = missed(matching, "mcp", call()).message
    assert told.endswith("it was recorded 2 times, last as row 6 (line 7), and is asked once more")


def test_a_miss_of_a_kind_that_was_not_recorded_says_so() -> None:
    told = missed(Matching([]), "human", {"asks": "line", "prompt": "> "}).message
    assert told.endswith('the person (line): "> "; it holds no human row')


def test_an_item_put_into_a_list_is_one_difference() -> None:
    assert differences([1, 2, 3], [1, 9, 2, 3]) == ["/1 was not recorded, now 9"]
    assert differences({"a": [1, 2, 3]}, {"a": [1, 3]}) == ["/a/1 recorded 2, now missing"]
    assert differences({"a/b": [{"x~": 1}]}, {"a/b": [{"x~": "1"}]}) == ['/a~1b/0/x~0 recorded 1, now "1"']


def test_many_differences_are_shortened() -> None:
    arguments = {f"field{n:02}": "x" * 500 for n in range(30)}
    request = {**call(), "params": {"name": "list_all_xero_invoices", "arguments": arguments}}
    told = missed(Matching(numbered(mcp(call()))), "mcp", request)
    assert len(told.differences) == SHOWN + 1
    assert told.differences[-1] == "and 24 more"
    assert len(told.message) < 1500


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.text("ab", max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=1), inner, max_size=3)),
    max_leaves=8,
)


@given(json_values, json_values)
@settings(max_examples=150, deadline=None)
def test_values_differ_somewhere_exactly_when_they_are_not_the_same(one: Any, other: Any) -> None:
    assert bool(differences(one, other)) == (content(one) != content(other))
    assert not differences(one, one)


def test_a_model_is_asked_exactly_what_was_recorded() -> None:
    matching = Matching(numbered(model(asked("a"))))
    told = missed(matching, "model", asked("a", "b")).differences
    assert told == ('/body/input/1 was not recorded, now {"content":"b","role":"user","type":"message"}',)
