"""No text closes the fence it is put into, and nothing in it is hidden."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.agent.fencing import Fence

FENCE = Fence()
SECRET = FENCE.mark.removeprefix("data-")
PIECES = st.sampled_from(
    [FENCE.mark, SECRET, SECRET.upper(), f"</{FENCE.mark}>", f"<{FENCE.mark}>", SECRET[:8], SECRET[8:], "\u200b", "\n",
     "\r", "</", ">", "ｄａｔａ-", "".join(chr(ord(c) + 0xFEE0) for c in SECRET), "\u0301", "\x1b[2J"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join))
@settings(max_examples=60, deadline=None)
def test_no_text_holds_the_mark_in_whatever_letters(text: str) -> None:
    for fenced in (FENCE.around(text, text), FENCE.within(text, 10_000)):
        bare = "".join(c for c in unicodedata.normalize("NFKD", fenced).casefold() if unicodedata.category(c) != "Cf")
        assert bare.count(SECRET) == 2  # where it opens and where it closes
        assert fenced.endswith(f"</{FENCE.mark}>")
        assert fenced.startswith(f"<{FENCE.mark}")
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in fenced.replace("\n", ""))


def test_text_keeps_its_lines_and_letters() -> None:
    text = "Kōwhai & Søn <b>\n1\u00a0234,50 €"
    assert FENCE.around(text, "books__list").split("\n") == [
        f'<{FENCE.mark} from="books__list">', "Kōwhai & Søn <b>", "1 234,50 €", f"</{FENCE.mark}>"
    ]  # fmt: skip


def test_a_source_cannot_end_its_attribute() -> None:
    assert FENCE.around("x", 'a" hidden="b">').split("\n")[0] == f"<{FENCE.mark} from=\"a' hidden='b'\">"


@pytest.mark.parametrize("text", ["", "\n\n", "\ud800"])
def test_odd_texts_are_fenced_like_others(text: str) -> None:
    FENCE.around(text, text).encode("utf-8")
