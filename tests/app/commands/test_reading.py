"""What is typed after a command's name, and what is said of it when it is wrong. Nothing is opened."""

from __future__ import annotations

from datetime import date

import pytest

from finchat.app.commands import commands
from finchat.app.commands.bank import read
from finchat.app.commands.guide import command_called
from finchat.app.commands.words import nearest, one_of, unquoted, whole_number
from finchat.errors import UsageError

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("typed", "window", "account"),
    [
        ("", "2026-11-14 to 2026-11-20", None),
        ("days 1", "2026-11-20 to 2026-11-20", None),
        ("3", "2026-11-18 to 2026-11-20", None),
        ("--days 2 --account 090", "2026-11-19 to 2026-11-20", "090"),
        ("account Business Account days 2", "2026-11-19 to 2026-11-20", "Business Account"),
        ("account from Old days days 2", "2026-11-19 to 2026-11-20", "from Old days"),
        ("from 2026-11-01", "2026-11-01 to 2026-11-20", None),
        ("from 2026-11-01 to 2026-11-02 account 'Visa'", "2026-11-01 to 2026-11-02", "Visa"),
    ],
)
def test_a_reconciliation_is_asked_for_in_plain_words(typed: str, window: str, account: str | None) -> None:
    asked = read(typed)
    assert str(asked.window(TODAY)) == window
    assert asked.account == account
    assert ("--days" in asked.words) == ("from" not in typed or "Old" in typed)


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ("days", "days", "lacks its value"),
        ("days seven", "days", "not 'seven'"),
        ("days 0", "days", "from 1 to 3,660"),
        ("days ٣", "days", "not '٣'"),
        ("dais 7", "'dais'", "does not know 'dais'"),
        ("days 7 days 8", "days", "twice"),
        ("days 7 from 2026-11-01", "days", "exclude each other"),
        ("from yesterday", "from", "'yesterday'"),
        ("to 2026-11-02", "from", "no beginning"),
        ("from 2026-11-02 to 2026-11-01", "from", "before it begins"),
        ("account", "account", "lacks its value"),
        ("\x1b]0;x\x07 7", "\\x1b]0;x\\x07", "does not know"),
    ],
)
def test_a_wrong_argument_is_named_with_the_next_step(typed: str, field: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(typed).window(TODAY)
    assert field in str(raised.value.field)
    assert says in raised.value.message
    assert raised.value.next
    assert "--" not in raised.value.message + raised.value.next
    assert (raised.value.message + str(raised.value.field)).isprintable()


def test_every_command_has_its_line_and_its_examples_are_of_it() -> None:
    known = commands()
    names = "reconcile plan apply undo source tools servers org policy audit export sent resume sessions compact model"
    assert set(f"{names} cost help quit".split()) <= set(known)
    for name, row in known.items():
        assert row.name == name
        assert 10 < len(row.help) < 55
        assert row.help.endswith(".")
        assert len(row.arguments) < 40
        assert all(example == f"/{name}" or example.startswith(f"/{name} ") for example, _ in row.examples)


@pytest.mark.parametrize(
    ("typed", "step"),
    [("recncile", "did you mean /reconcile?"), ("sorce", "did you mean /source?"), ("zzz", "/help lists them all")],
)
def test_an_unknown_command_names_the_nearest(typed: str, step: str) -> None:
    with pytest.raises(UsageError, match=f"there is no command '/{typed}'") as raised:
        command_called(typed)
    assert raised.value.next is not None
    assert raised.value.next.startswith(step)


def test_a_beginning_is_enough_where_only_one_command_has_it() -> None:
    assert command_called("rec").name == "reconcile"
    with pytest.raises(UsageError, match="could be /reconcile, /resume"):
        command_called("re")


def test_a_name_is_found_by_either_end_or_else_the_nearest_is_told() -> None:
    ids = ["20261120-abcd1234", "20261120-wxyz9876"]

    def found(word: str) -> str:
        return one_of(word, ids, what="plan", field="ID", example="/plan all")

    assert found("wxyz9876") == found("20261120-w") == ids[1]
    with pytest.raises(UsageError, match="fits 2 plans") as several:
        found("20261120")
    assert ids[0] in str(several.value.next)
    with pytest.raises(UsageError, match="there is no plan 'abcd1243'"):
        found("abcd1243")
    assert nearest("20261120-abcd1243", ids) == ids[0]


@pytest.mark.parametrize("typed", ["", "-1", "1.5", "٣", "1e3", "99999999999", "0"])
def test_a_count_is_a_whole_number_within_its_bounds(typed: str) -> None:
    with pytest.raises(UsageError, match="N is a whole number from 1 to 50"):
        whole_number(typed, field="N", least=1, most=50, example="/audit 5")


def test_quotes_around_a_name_are_not_of_it() -> None:
    assert [unquoted(text) for text in ('"A B"', "'x'", "O'Brien", '"', "a'")] == ["A B", "x", "O'Brien", '"', "a'"]
