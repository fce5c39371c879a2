from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.dialects.quickbooks_query import parse
from finchat.servers.failure import Failure
from finchat.servers.quickbooks.entities import ENTITIES
from finchat.servers.quickbooks.queries import checked, corrected, text_of

INVOICE = ENTITIES["Invoice"]


def refused(entity: str, text: str) -> Failure:
    with pytest.raises(Failure) as error:
        checked(ENTITIES[entity], text)
    assert (error.value.code, error.value.field, error.value.outcome) == ("invalid_argument", "query", "not_sent")
    return error.value


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (
            "SELECT Id FROM Invoice WHERE DueDate < 2026-11-01 AND Balance != 0 ORDER BY DueDate DESC LIMIT 5",
            "SELECT * FROM Invoice WHERE DueDate < '2026-11-01' ORDERBY DueDate DESC MAXRESULTS 5",
        ),
        (
            "select * from Invoice where CustomerRef = '1' OR CustomerRef = '2'",
            "SELECT * FROM Invoice WHERE CustomerRef IN ('1', '2')",
        ),
        (
            'select * from Invoice where CustomerRef.value == "12"',
            "SELECT * FROM Invoice WHERE CustomerRef = '12'",
        ),
        (
            "select count(*) from Invoice where due_date < '2026-11-01' offset 10",
            "SELECT COUNT(*) FROM Invoice WHERE DueDate < '2026-11-01' STARTPOSITION 11",
        ),
        ("select * from Invoices", "SELECT * FROM Invoice"),
        ("SELECT * FROM Invoice WHERE Line.Amount > '5'", INVOICE.examples[0]),
        ("SELECT * FROM Invoice WHERE Status = 'OPEN' OR Balance > '5'", "SELECT * FROM Invoice WHERE Balance > '5'"),
        ("SELECT * FROM Invoice WHERE Balance > 'much'", INVOICE.examples[0]),
    ],
)
def test_a_wrong_query_is_answered_with_the_fields_and_a_right_one(wrong: str, right: str) -> None:
    failure = refused("Invoice", wrong)
    assert failure.next == f"write it like {right}"
    if "Invoices" not in wrong:
        assert "DueDate" in failure.message
        assert "TotalAmt" in failure.message
    checked(INVOICE, right)


def test_a_field_that_cannot_be_asked_for_is_told_in_quickbooks_words() -> None:
    assert (
        "property 'PrivateNote' is not queryable"
        in refused("Invoice", "SELECT * FROM Invoice WHERE PrivateNote = 'x'").message
    )
    assert (
        "Property Nonsense not found for Entity Invoice"
        in refused("Invoice", "SELECT * FROM Invoice WHERE Nonsense = 'x'").message
    )


def test_a_query_of_another_entity_names_its_tool() -> None:
    assert refused("Invoice", "SELECT * FROM bill").next == "use list_all_quick_books_bills"


def test_text_is_kept_to_the_letter() -> None:
    query, most = checked(ENTITIES["Customer"], r"select * from customer where displayname = 'Amy\'s \\ Maxresults 5'")
    assert most is None
    sent = text_of(query, start=1, most=1000)
    assert sent == (
        r"SELECT * FROM Customer WHERE DisplayName = 'Amy\'s \\ Maxresults 5' STARTPOSITION 1 MAXRESULTS 1000"
    )
    assert parse(sent).conditions[0].values[0].text == r"Amy's \ Maxresults 5"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_no_value_becomes_part_of_the_query(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    query, _ = checked(ENTITIES["Customer"], f"SELECT * FROM Customer WHERE DisplayName = '{escaped}'")
    again = parse(text_of(query, start=3, most=9))
    assert [value.text for value in again.conditions[0].values] == [value]
    assert (len(again.conditions), again.start, again.most) == (1, 3, 9)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "select",
                "*",
                "from",
                "Invoice",
                "where",
                "Balance",
                "=",
                "'1'",
                "or",
                "and",
                "(",
                ")",
                "limit",
                "5",
                "x.y",
            ]
        )
        | st.text(max_size=4),
        max_size=14,
    ).map(" ".join)
)
def test_what_is_offered_is_always_a_right_query_of_the_entity(text: str) -> None:
    checked(INVOICE, corrected(INVOICE, text))
