"""The query language as clients write it, and what it refuses in the vendor's words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.dialects.quickbooks_query import Fields, QueryError, check, parse
from finchat.sandbox.quickbooks.entities import ENTITIES, FIELDS
from tests.sandbox.quickbooks.books import AMY, Books, ref, sold


def told(text: str) -> tuple[str, str, int]:
    with pytest.raises(QueryError) as caught:
        check(parse(text), FIELDS)
    return caught.value.code, caught.value.detail, caught.value.position


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM Customer WHERE DisplayName = 'Amy\\'s Bird Sanctuary'",
        "select * from customer where displayname = 'AMY\\'S bird sanctuary' startposition 1 maxresults 5",
        "SELECT * FROM Customer WHERE Id IN ('1') AND Active IN ( true, false ) MAXRESULTS 2 STARTPOSITION 1",
        "Select * From Customer Where GivenName Like '%' And Balance >= '0' OrderBy DisplayName Desc MaxResults 1",
        "SELECT * FROM Customer WHERE DisplayName LIKE 'amy%' ORDER BY Id ASC",
        "select * from Customer where MetaData.LastUpdatedTime > '2026-11-20T09:59:59-08:00' and Id < 2;",
        "SELECT * FROM Customer WHERE CompanyName = 'x' OR".replace("CompanyName = 'x' OR", "Job = false AND Id = '1'"),
        "\n select *\tfrom Customer\nwhere DisplayName like '%\\'s bird_sanctuary' ".replace("_", " "),
    ],
)
def test_every_spelling_finds_the_customer(books: Books, text: str) -> None:
    books.post("Customer", {"Id": AMY, "SyncToken": "0", "sparse": True, "GivenName": "Amy"})
    assert [found["Id"] for found in books.query(text)][:1] == [AMY]


def test_a_page_says_where_it_starts_and_how_long_it_is(books: Books) -> None:
    for amount in range(1, 8):
        books.invoice(amount)
    answer = books.call("GET", "query", query="select * from Invoice startposition 3 maxresults 2")[1]["QueryResponse"]
    assert [found["TotalAmt"] for found in answer["Invoice"]] == [3, 4], "the oldest first"
    assert (answer["startPosition"], answer["maxResults"]) == (3, 2)
    assert books.call("GET", "query", query="select * from Invoice startposition 8")[1]["QueryResponse"] == {}
    counted = books.call("POST", "query", None, query="SELECT COUNT(*) FROM Invoice WHERE TotalAmt > '2.999'")[1]
    assert counted["QueryResponse"] == {"totalCount": 5}
    assert [f["TotalAmt"] for f in books.query("select * from Invoice orderby TotalAmt desc maxresults 2")] == [7, 6]


def test_lists_come_by_name_and_without_the_inactive(books: Books) -> None:
    names = [found["FullyQualifiedName"] for found in books.query("select * from Customer")]
    assert names == sorted(names)
    assert [found["Id"] for found in books.query("select * from TaxCode")] == ["TAX", "NON", "2"]
    assert books.query("SELECT *, Sku FROM Item MAXRESULTS 1")[0]["Name"] == "Pump"


def test_a_query_may_be_posted_as_it_is_or_as_a_form(books: Books) -> None:
    from finchat.sandbox.quickbooks.service import Call

    for kind, body in (
        ("application/text", b"select count(*) from Item"),
        ("application/x-www-form-urlencoded", b"query=select+count(*)+from+Item"),
    ):
        answer = books.service.answer(Call("POST", ("query",), {}, body, kind))
        assert (answer.status, b'"totalCount":2' in answer.content) == (200, True)


NOT_VALID = {
    "SELECT * FROM Custmoer": ("invalid context declaration: Custmoer", 14),
    "select * from Bill where DepartmentRef = '1'": ("property 'DepartmentRef' is not queryable", 25),
    "select * from Invoice where AccountRef = '1'": ("Property AccountRef not found for Entity Invoice", 28),
    "select * from Invoice where Line.Amount > '1'": ("property 'Line.Amount' is not queryable", 28),
    "select * from Invoice orderby PrivateNote": ("property 'PrivateNote' is not queryable", 30),
    "select * from Invoice startposition 0": ("value 0 is too small. Min allowed value is 1", 36),
    "select * from Invoice maxresults 1500": ("value 1500 is too large. Max allowed value is 1000", 33),
    "select * from Invoice where Balance > 'much'": ("value 'much' is not valid for property 'Balance'", 38),
    "select * from Invoice where TxnDate > 'May'": ("value 'May' is not valid for property 'TxnDate'", 38),
}
NOT_PARSED = {
    "": ('Encountered "<EOF>" at line 0, column 0.', 0),
    "select Id from Invoice": ('Encountered " Id " at line 1, column 8.', 7),
    "select * from Vendor where DisplayName = 'Cutlery 'R Us'": ('Encountered " R " at line 1, column 52.', 51),
    "select * from Invoice where Id = '1' or Id = '2'": ('Encountered " or " at line 1, column 38.', 37),
    "select * from Invoice group by Id": ('Encountered " group " at line 1, column 23.', 22),
    "select * from Invoice\njoin Bill": ('Encountered " join " at line 2, column 1.', 22),
    "select * from Item where Name = %": (
        'Invalid content. Lexical error at line 1, column 33.  Encountered: "%" (37), after : ""',
        32,
    ),
    "select * from Invoice maxresults 1 maxresults 2": ("most is given twice", 46),
}


@pytest.mark.parametrize("text", NOT_VALID)
def test_a_query_that_is_not_valid_is_told_where(text: str) -> None:
    detail, position = NOT_VALID[text]
    assert told(text) == ("4001", f"QueryValidationError: {detail}", position)


@pytest.mark.parametrize("text", NOT_PARSED)
def test_a_text_that_is_no_query_is_told_where(text: str) -> None:
    detail, position = NOT_PARSED[text]
    assert told(text) == ("4000", f"QueryParserError: {detail}", position)


def test_a_refused_query_is_a_fault(books: Books) -> None:
    status, found = books.call("GET", "query", query="SELECT * FROM Custmoer")
    problem = {
        "Message": "Invalid query",
        "Detail": "QueryValidationError: invalid context declaration: Custmoer",
        "code": "4001",
    }
    assert (status, found["Fault"]) == (400, {"Error": [problem], "type": "ValidationFault"})
    assert books.call("GET", "query", query="")[1]["Fault"]["Error"][0]["code"] == "4000"
    status, found = books.call("GET", "query")
    assert (status, found["Fault"]["type"]) == (200, "SystemFault"), "as the vendor's, when there is no query at all"


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_queryable_field_can_be_asked_for_and_sorted_by(books: Books, entity: str) -> None:
    values = {"number": "'1'", "boolean": "true", "date": "'2026-01-01'", "time": "'2026-01-01T00:00:00Z'"}
    for name, kind in FIELDS[entity].queryable.items():
        value = values.get(kind, "'1'")
        order = "" if name.startswith("AttachableRef") else f" orderby {name}"
        status, found = books.call("GET", "query", query=f"select * from {entity} where {name} = {value}{order}")
        assert status == 200, found


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    for whole in (text, f"select * from Invoice where {text}"):
        found: QueryError | None = None
        try:
            check(parse(whole), FIELDS)
        except QueryError as error:
            found = error
        assert found is None or (0 <= found.position <= len(whole) and found.code in ("4000", "4001"))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_any_value_can_be_quoted(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    found = check(parse(f"select * from E where Name = '{quoted}'"), {"E": Fields({"Name": "text"})})
    assert found.conditions[0].found == (value,)


def test_a_percent_alone_is_a_wildcard(books: Books) -> None:
    for name in ("100% Pure", "A_B", "AxB"):
        books.post("Customer", {"DisplayName": name})
    assert [c["DisplayName"] for c in books.query("select * from Customer where DisplayName like 'a_b'")] == ["A_B"]
    assert [c["DisplayName"] for c in books.query("select * from Customer where DisplayName like '%ure'")] == [
        "100% Pure"
    ]


def test_money_is_compared_to_the_cent(books: Books) -> None:
    books.post("Invoice", {"CustomerRef": ref(AMY), "Line": [sold("0.29")]})
    for condition, count in (
        ("= '0.29'", 1),
        ("> '0.285'", 1),
        ("> '0.29'", 0),
        ("in ('0.29', '7')", 1),
        ("< '0.3'", 1),
    ):
        assert len(books.query(f"select * from Invoice where TotalAmt {condition}")) == count, condition
