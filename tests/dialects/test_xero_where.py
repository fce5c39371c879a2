"""The filter language: what it means in SQL, and what it says when it is wrong."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.dialects.xero_order import compile_order
from finchat.dialects.xero_where import LONGEST, Field, WhereCompiler, WhereError

FIELDS = {
    "Status": Field("status", "String"),
    "Type": Field("type", "String"),
    "Date": Field("date", "DateTime", nullable=True),
    "AmountDue": Field("due", "Decimal"),
    "Contact.ContactID": Field("contact_id", "Guid"),
    "Contact.Name": Field("contact", "String"),
    "EmailAddress": Field("email", "String", nullable=True),
    "IsReconciled": Field("reconciled", "Boolean", nullable=True),
}
COMPILER = WhereCompiler("Invoice", FIELDS)
GUID = "43ba9d5a-0000-4000-8000-0123456789ab"


@pytest.fixture(scope="module")
def rows() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.create_function("lower", 1, lambda value: value.lower() if isinstance(value, str) else value)
    db.execute(
        "CREATE TABLE r(id INTEGER PRIMARY KEY, status, type, date, due, contact_id, contact, email, reconciled)"
    )
    db.executemany(
        "INSERT INTO r VALUES(?,?,?,?,?,?,?,?,?)",
        [
            (1, "AUTHORISED", "ACCREC", "2026-10-01T00:00:00", 10050, GUID, "MÜLLER & Söhne", None, 1),
            (2, "PAID", "ACCREC", "2026-11-14T00:00:00", 0, "x", "O'Neil", "boom@x.nz", 0),
            (3, "DRAFT", "ACCPAY", "2026-09-30T00:00:00", 1, "y", "100% Pure_", "a@boom.nz", 0),
        ],
    )
    return db


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Status=="AUTHORISED" AND Type=="ACCREC" AND Date>=DateTime(2026, 10, 01) AND AmountDue>0', [1]),
        ('Status="PAID" or Status="DRAFT"', [2, 3]),
        ('(Status="PAID" || Status="DRAFT") && AmountDue != 0', [3]),
        ('EmailAddress!=null && EmailAddress.StartsWith("boom")', [2]),
        ("EmailAddress==null", [1]),
        ('EmailAddress.EndsWith("boom.nz")', [3]),
        ('Contact.Name.ToLower().Contains("o\'neil")', [2]),
        ('Contact.Name.ToLower().Contains("müller")', [1]),
        ('Contact.Name.Contains("%")', [3]),
        (f'Contact.ContactID==Guid("{GUID.upper()}")', [1]),
        (f'GUID("{GUID}") != Contact.ContactID', [2, 3]),
        ("IsReconciled", [1]),
        ("IsReconciled==false", [2, 3]),
        ("100.50 <= AmountDue", [1]),
        ("AmountDue > 0.005", [1, 3]),
        ("Date < DateTime(2026,10,1,0,0,1)", [1, 3]),
        ('Date == DateTime.Parse("2026-11-14")', [2]),
        ('status=="PAID"', [2]),
        ('Status=="paid"', []),
        ("true", [1, 2, 3]),
        ('Status==""', []),
    ],
)
def test_a_filter_selects_what_it_says(rows: sqlite3.Connection, text: str, expected: list[int]) -> None:
    sql, args = COMPILER.compile(text)
    assert [row[0] for row in rows.execute(f"SELECT id FROM r WHERE {sql} ORDER BY id", args)] == expected


@pytest.mark.parametrize(
    ("text", "message", "position", "field"),
    [
        (
            'Contact.ContactID=="43ba"',
            "Operator '==' incompatible with operand types 'Guid' and 'String'",
            0,
            "Contact.ContactID",
        ),
        (
            'IsReconciled=="true"',
            "Operator '==' incompatible with operand types 'Boolean?' and 'String'",
            0,
            "IsReconciled",
        ),
        ('Date>"2026-01-01"', "Operator '>' incompatible with operand types 'DateTime?' and 'String'", 0, "Date"),
        ('aed3707a=="x"', "No property or field 'aed3707a' exists in type 'Invoice'", 0, "aed3707a"),
        ('Contact.Nope=="x"', "No property or field 'Nope' exists in type 'Invoice'", 8, "Contact.Nope"),
        ('Status=="A" AND', "Syntax error at position 15", 15, ""),
        ('Status=="x"; DROP TABLE r', "Syntax error at position 11", 11, ""),
        ("Status", "Expression of type 'Boolean' expected, not 'String'", 0, "Status"),
        ('Date.Contains("x")', "No applicable method 'Contains' exists in type 'DateTime?'", 5, "Date"),
        (
            "Date>DateTime(2026,13,1)",
            "Year, Month, and Day parameters describe an un-representable DateTime.",
            5,
            "DateTime",
        ),
        ("", "Syntax error at position 0", 0, ""),
    ],
)
def test_an_error_names_the_place_and_the_field(text: str, message: str, position: int, field: str) -> None:
    with pytest.raises(WhereError) as caught:
        COMPILER.compile(text)
    assert (caught.value.message, caught.value.position, caught.value.field) == (message, position, field)


def test_a_value_never_reaches_the_sql_text() -> None:
    sql, args = COMPILER.compile('Status=="\' OR 1=1 --"')
    assert sql == "status = ?"
    assert args == ("' OR 1=1 --",)


def test_long_and_deep_filters_are_refused() -> None:
    with pytest.raises(WhereError, match="longer than"):
        COMPILER.compile("true OR " * LONGEST)
    deep = "(true AND " * 60 + "true" + ")" * 60
    with pytest.raises(WhereError, match="nested"):
        COMPILER.compile(deep)


WORDS = """Status Date AmountDue == != > ( ) "x" 1.5 99999999999999999999 null true AND && or . , Contains Guid
DateTime ToLower() Contact.Name ' \x00 é !"""
PIECES = st.sampled_from(WORDS.split())


@given(st.lists(PIECES, max_size=14).map(" ".join))
def test_any_text_is_a_filter_or_a_refusal(rows: sqlite3.Connection, text: str) -> None:
    try:
        sql, args = COMPILER.compile(text)
    except WhereError as error:
        refused = error
    else:
        rows.execute(f"SELECT id FROM r WHERE {sql}", args).fetchall()
        return
    assert 0 <= refused.position <= len(text)


def test_an_order_becomes_columns() -> None:
    assert compile_order("Invoice", "Date DESC, contact.name", FIELDS) == "date DESC, contact ASC"


@pytest.mark.parametrize(("text", "field"), [("Nope ASC", "Nope"), ("Date; DROP TABLE r", ""), ("Date SIDEWAYS", "")])
def test_a_wrong_order_is_refused(text: str, field: str) -> None:
    with pytest.raises(WhereError) as caught:
        compile_order("Invoice", text, FIELDS)
    assert caught.value.field == field
