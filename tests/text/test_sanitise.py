"""What strangers write reaches the terminal harmless, whole and unambiguous."""

import json
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.text.sanitise import in_json, one_line, scalar, scalars, visible

HOSTILE = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from('\x1b\x07\x9b\r\n\t\u202e\u2066\u200b\ufeff\u2028\u3164\u0301\U000e0041\ud800[]\\" m31;'),
    ),
    max_size=60,
)


@given(HOSTILE)
def test_nothing_a_terminal_would_obey_or_hide_survives(text: str) -> None:
    for shown in (visible(text), one_line(text), scalar(text)):
        assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}]
        shown.encode("utf-8")


@given(HOSTILE, HOSTILE)
def test_two_different_values_never_look_the_same_on_a_card(first: str, second: str) -> None:
    assert (scalar(first) == scalar(second)) == (first == second)


@given(st.text(alphabet=st.sampled_from('\\x1bu202e\x1b\u202e" n\n'), max_size=6), st.data())
def test_an_escape_cannot_be_forged_with_a_backslash(text: str, data: st.DataObject) -> None:
    other = data.draw(st.text(alphabet=st.sampled_from('\\x1bu202e\x1b\u202e" n\n'), max_size=6))
    assert (scalar(text) == scalar(other)) == (text == other)


@given(HOSTILE, st.integers(1, 30))
def test_a_cut_line_keeps_its_limit(text: str, limit: int) -> None:
    assert len(one_line(text, limit)) <= limit


def test_escape_sequences_are_shown_not_obeyed() -> None:
    assert visible("pay\x1b[2J\x1b]0;owned\x07now") == "pay\\x1b[2J\\x1b]0;owned\\x07now"
    assert visible("a\u202eb\u200bc") == "a\\u202eb\\u200bc"
    assert one_line("two\nlines\r\n and\ttabs") == "two lines and tabs"


def test_names_of_many_languages_stay_as_they_are() -> None:
    for name in ("Māori Café Ōtāhuhu", "株式会社テスト", "Łódź Sp. z o.o.", "شركة", "हिन्दी", "e\u0301"):
        assert visible(name) == name


def test_a_tower_of_marks_cannot_overflow_the_line() -> None:
    assert visible("Z" + "\u0301" * 50).count("\u0301") == 3


def test_rich_markup_is_text_like_any_other() -> None:
    assert visible("[bold red]y[/]") == "[bold red]y[/]"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Acme Ltd", "Acme Ltd"),
        ("", '""'),
        (" padded", '" padded"'),
        ("true", '"true"'),
        (True, "true"),
        (None, "null"),
        (12, "12"),
        (Decimal("1E+3"), "1000"),
        ('say "hi"\\', '"say \\"hi\\"\\\\"'),
    ],
)
def test_scalars_on_the_card(value: object, shown: str) -> None:
    assert scalar(value) == shown


def test_every_scalar_of_a_payload_is_listed_with_its_path() -> None:
    payload = {"Payments": [{"Amount": "12.50", "Invoice": {"InvoiceID": "i-1"}}], "tags": [], "a.b": {}}
    assert scalars(payload) == [
        ("Payments[0].Amount", "12.50"),
        ("Payments[0].Invoice.InvoiceID", "i-1"),
        ("tags", "[]"),
        ("a.b", "{}"),
    ]


def test_what_is_not_drawn_is_shown_whatever_its_kind_says() -> None:
    for char in "\u034f\u17b4\u180b\u180f\u2800\U00016fe4\U0001d159":
        assert char not in visible(f"a{char}b")
    assert visible("\u1100" + "\u1161" * 50).count("\u1161") == 3
    assert visible("\u1112\u1161\u11ab\u1100\u1173\u11af") == "\u1112\u1161\u11ab\u1100\u1173\u11af"


@given(HOSTILE)
def test_json_with_escapes_says_the_same_and_shows_nothing_raw(text: str) -> None:
    shown = in_json(json.dumps({text: text}, ensure_ascii=False))
    assert shown.isprintable()
    assert json.loads(shown) == {text: text}


@given(HOSTILE, st.integers(1, 30))
def test_a_cut_line_is_the_beginning_of_the_whole_one(text: str, limit: int) -> None:
    whole, cut = one_line(text), one_line(text, limit)
    assert cut == whole if len(whole) <= limit else whole.startswith(cut.removesuffix("…"))
