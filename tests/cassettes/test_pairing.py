"""Two recordings of one thing differ in time and chance alone, and that is no difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from finchat.cassettes.pairing import pairs
from finchat.cassettes.rows import Cassette, Row

HEADER = {"kind": "header", "clock": "2026-11-20T18:33:49.172388Z", "n": 0}
PLAN, KEY, FENCE = "20261120-nfsd86ac", "0d89849e-1246-40bc-a4a7-deb2452c5c6d", "data-0123456789abcdef"


def read_row(n: int, tool: str, records: list[Any], **arguments: Any) -> Row:
    return Row({
        "kind": "mcp", "n": n, "at": n * 10, "took": 5, "server": "books", "method": "tools/call",
        "params": {"name": tool, "arguments": arguments, "_meta": {"dev.finchat/idempotency-key": f"k{n}"}},
        "result": {"content": [], "structuredContent": {"records": records}, "isError": False,
                   "_meta": {"dev.finchat/rate-limit": {"day_remaining": 5000 - n}}},
    })  # fmt: skip


def said(n: int, text: str, pieces: int, call: str) -> Row:
    size = -(-len(text) // pieces)
    chunks = [{"choices": [{"delta": {"content": text[at : at + size]}}]} for at in range(0, len(text), size)]
    return Row({
        "kind": "model", "n": n, "at": n * 10, "took": n, "path": "/chat/completions", "stream": True,
        "body": {"messages": [{"role": "system", "content": f"between {FENCE} marks"}, {"role": "tool", "id": call}]},
        "type": "text/event-stream", "ended": "whole",
        "events": [[None, {"id": f"chatcmpl-{n}", "created": n, **chunk}] for chunk in chunks],
    })  # fmt: skip


def cassette(*rows: Row, text: str) -> Cassette:
    output = Row({"kind": "output", "n": len(rows) + 1, "exit_code": 0, "stdout": [text], "stderr": []})
    return Cassette(Row(HEADER), tuple(rows), output)


ONE = cassette(
    read_row(1, "invoices", [{"id": KEY}], page=1), read_row(2, "contacts", []), read_row(3, "contacts", [1]),
    said(4, "It is paid.", 1, "call_1"), text=f"plan {PLAN} of 2026-11-20 18:33 UTC took 0.2 s, see {KEY}\n",
)  # fmt: skip


def test_time_chance_order_and_pieces_are_no_difference() -> None:
    other_key = "11111111-1246-40bc-a4a7-deb2452c5c6d"
    other = cassette(
        read_row(1, "contacts", []), read_row(2, "invoices", [{"id": other_key}], page=1), read_row(3, "contacts", [1]),
        said(4, "It is paid.", 4, "call_9"),
        text=f"plan 20261120-s2fw5287 of 2026-11-20 18:34 UTC took 1.4 s, see {other_key}\n",
    )  # fmt: skip
    assert [pair for pair in pairs(ONE, other) if pair.differences or pair.a is None or pair.b is None] == []


def test_the_same_asked_twice_is_paired_in_its_order() -> None:
    other = cassette(*ONE.rows[:2], read_row(3, "contacts", [2]), ONE.rows[3], text=ONE.output["stdout"][0])  # type: ignore[index]
    (different,) = [pair for pair in pairs(ONE, other) if pair.differences]
    assert different.a is not None
    assert different.b is not None
    assert (different.a.n, different.b.n) == (3, 3)
    assert different.differences == (("/result/structuredContent/records/0", 1, 2),)


def test_a_name_that_both_have_is_not_taken_for_another() -> None:
    other = cassette(
        read_row(1, "invoices", [{"id": KEY}, {"id": "2" * 16}], page=1), *ONE.rows[1:],
        text=f"plan {PLAN} of 2026-11-20 18:33 UTC took 0.2 s, see {'2' * 16}\n",
    )  # fmt: skip
    found = {pair.what: pair.differences for pair in pairs(ONE, other) if pair.differences}
    assert set(found) == {"books tools/call invoices", "output"}


def test_what_only_one_has_asked_has_no_pair() -> None:
    other = replace(ONE, rows=ONE.rows[:2])
    assert [(pair.what, pair.b) for pair in pairs(ONE, other) if pair.b is None] == [
        ("books tools/call contacts", None), ("the model, /chat/completions", None),
    ]  # fmt: skip
