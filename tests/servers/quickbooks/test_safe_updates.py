"""No update nulls a field or drops a line that its caller did not name."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.servers.failure import Failure
from finchat.servers.quickbooks.entities import ENTITIES
from finchat.servers.quickbooks.safe_updates import combined, differences, merged, merged_lines

INVOICE = ENTITIES["Invoice"]
Record = dict[str, Any]


def sales_line(id: str, amount: str, **detail: Any) -> Record:
    inside = {"ItemRef": {"value": "1", "name": "Services"}, "TaxCodeRef": {"value": "NON"}, **detail}
    return {
        "Id": id,
        "LineNum": int(id),
        "Amount": Decimal(amount),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": inside,
    }


def invoice(**more: Any) -> Record:
    return {
        "Id": "130",
        "SyncToken": "4",
        "domain": "QBO",
        "sparse": False,
        "MetaData": {"CreateTime": "2026-11-01T05:58:07-08:00"},
        "CustomField": [{"DefinitionId": "1", "Name": "Crew #", "Type": "StringType"}],
        "DocNumber": "1041",
        "TxnDate": "2026-11-01",
        "DueDate": "2026-12-01",
        "CustomerRef": {"value": "1", "name": "Amy's Bird Sanctuary"},
        "CustomerMemo": {"value": "Thank you"},
        "BillAddr": {"Id": "2", "Line1": "4581 Finch St.", "City": "Bayshore"},
        "Line": [
            sales_line("1", "100.00"),
            sales_line("2", "50.00", Qty=Decimal(2), UnitPrice=Decimal(25)),
            {"Amount": Decimal("150.00"), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
        ],
        "TxnTaxDetail": {"TotalTax": 0},
        "TotalAmt": Decimal("150.00"),
        "Balance": Decimal("150.00"),
        **more,
    }


def quickbooks(current: Mapping[str, Any], body: Mapping[str, Any]) -> Record:
    """What QuickBooks keeps: a full update sets to null what it was not sent, a sparse one leaves it alone."""
    computed = {name: current[name] for name in ("TotalAmt", "Balance", "MetaData", "domain") if name in current}
    kept = dict(current) if body["sparse"] else computed
    after = {**kept, **deepcopy(dict(body)), "SyncToken": str(int(current["SyncToken"]) + 1)}
    used = [int(line["Id"]) for record in (current, after) for line in record.get("Line", []) if "Id" in line]
    for line in after.get("Line", []):
        if "Id" not in line:
            used.append(max(used, default=0) + 1)
            line["Id"] = str(used[-1])
    return after


TEXTS = st.text("abcXYZ 'é", min_size=1, max_size=8)
REFS = st.sampled_from("123").map(lambda id: {"value": id})
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "DocNumber": TEXTS,
        "DueDate": st.sampled_from(["2026-12-05", "2027-01-01"]),
        "CustomerMemo": TEXTS.map(lambda text: {"value": text}),
        "PrivateNote": TEXTS,
        "SalesTermRef": REFS,
        "BillAddr": st.fixed_dictionaries({}, optional={"City": TEXTS, "Line2": TEXTS}),
        "ClassRef": REFS,
    },
)


@st.composite
def updates(draw: st.DrawFn) -> tuple[Record, list[str], list[int], dict[int, str], list[str]]:
    """Fields to change, fields to clear, positions of lines to drop, of lines to describe anew, and lines to add."""
    changes = draw(CHANGES)
    clear = draw(st.lists(st.sampled_from(["PrivateNote", "CustomerMemo", "DueDate", "ShipAddr"]), unique=True))
    drop = draw(st.lists(st.integers(0, 6), max_size=2, unique=True))
    change = draw(st.dictionaries(st.integers(0, 6), TEXTS, max_size=2))
    add = draw(st.lists(st.sampled_from(["10.00", "0.05"]), max_size=2))
    return changes, [name for name in clear if name not in changes], drop, change, add


@settings(max_examples=40, deadline=None)
@given(st.lists(updates(), max_size=4))
def test_no_sequence_of_updates_loses_what_was_not_named(
    sequence: list[tuple[Record, list[str], list[int], dict[int, str], list[str]]],
) -> None:
    current = quickbooks(invoice(), {"sparse": True})
    current["Line"] = [line for line in current["Line"] if line["DetailType"] != "SubTotalLineDetail"]
    for changes, clear, drop, change, add in sequence:
        ids = [line["Id"] for line in current["Line"]]
        removed = [ids[at] for at in drop if at < len(ids)][: len(ids) - 1]
        changed = {ids[at]: text for at, text in change.items() if at < len(ids) and ids[at] not in removed}
        lines = [{"Id": id, "Description": text} for id, text in changed.items()]
        lines += [{k: v for k, v in sales_line("1", amount).items() if k not in ("Id", "LineNum")} for amount in add]
        body = merged(INVOICE, current, {**changes, "Line": lines}, remove=removed, clear=clear)
        after = quickbooks(current, body)
        assert set(current) - set(after) <= set(clear)
        for name, value in current.items():
            if name not in {*changes, *clear, "Line", "SyncToken", "TxnTaxDetail"} and name != "sparse":
                assert after[name] == value, name
        for name in changes:
            assert after[name] == combined(current.get(name), changes[name])
        before_lines, after_lines = ({line["Id"]: line for line in record["Line"]} for record in (current, after))
        assert set(before_lines) - set(after_lines) == set(removed)
        assert len(after_lines) == len(before_lines) - len(removed) + len(add)
        for id, line in before_lines.items():
            if id not in removed:
                assert after_lines[id] == {**line, **({"Description": changed[id]} if id in changed else {})}
        current = after


def test_the_whole_record_is_sent_with_the_one_change() -> None:
    body = merged(INVOICE, invoice(), {"DueDate": "2026-12-31"})
    left_out = {"TotalAmt", "Balance", "MetaData", "domain"}
    assert set(body) == set(invoice()) - left_out
    assert (body["Id"], body["SyncToken"], body["sparse"]) == ("130", "4", True)
    assert body["DueDate"] == "2026-12-31"
    assert body["CustomField"] == invoice()["CustomField"]
    assert [line["Id"] for line in body["Line"]] == ["1", "2"]


def test_a_changed_reference_does_not_keep_the_old_name() -> None:
    assert merged(INVOICE, invoice(), {"CustomerRef": {"value": "7"}})["CustomerRef"] == {"value": "7"}
    kept = merged(INVOICE, invoice(), {"CustomerRef": {"value": "1"}})["CustomerRef"]
    assert kept == invoice()["CustomerRef"]


def test_an_address_keeps_what_was_not_named() -> None:
    body = merged(INVOICE, invoice(), {"BillAddr": {"City": "Fremont"}})
    assert body["BillAddr"] == {"Id": "2", "Line1": "4581 Finch St.", "City": "Fremont"}


def test_clearing_sends_the_whole_record_as_a_full_update() -> None:
    body = merged(INVOICE, invoice(PrivateNote="old"), {}, clear=["PrivateNote"])
    assert "PrivateNote" not in body
    assert body["sparse"] is False
    with pytest.raises(Failure, match="given and cleared") as error:
        merged(INVOICE, invoice(), {"PrivateNote": "x"}, clear=["PrivateNote"])
    assert error.value.field == "clear_fields"


def test_tax_that_quickbooks_works_out_is_left_to_it_when_the_lines_change() -> None:
    coded = invoice(TxnTaxDetail={"TxnTaxCodeRef": {"value": "2"}, "TotalTax": Decimal("8.00"), "TaxLine": [{}]})
    added = {"Amount": Decimal(5), "DetailType": "DescriptionOnly"}
    assert merged(INVOICE, coded, {"Line": [added]})["TxnTaxDetail"] == {"TxnTaxCodeRef": {"value": "2"}}
    assert merged(INVOICE, coded, {"DocNumber": "7"})["TxnTaxDetail"] == coded["TxnTaxDetail"]
    typed = invoice(TxnTaxDetail={"TotalTax": Decimal("8.00")})
    assert merged(INVOICE, typed, {"Line": [added]})["TxnTaxDetail"] == {"TotalTax": Decimal("8.00")}


@pytest.mark.parametrize(
    ("given", "remove", "message"),
    [
        ([{"Id": "9", "Amount": "1.00"}], [], "no line 9"),
        ([], ["9"], "no line 9"),
        ([{"Id": "1"}, {"Id": "1"}], [], "named twice"),
        ([{"Id": "1"}], ["1"], "named twice"),
        ([], ["1", "1"], "named twice"),
    ],
)
def test_a_line_that_is_not_there_or_named_twice_is_refused(
    given: list[Record], remove: list[str], message: str
) -> None:
    with pytest.raises(Failure, match=message) as error:
        merged_lines([sales_line("1", "1.00"), sales_line("2", "2.00")], given, remove)
    assert error.value.field is not None
    assert error.value.outcome == "not_sent"


def test_the_last_line_of_an_invoice_is_not_dropped() -> None:
    with pytest.raises(Failure, match="no line would be left"):
        merged(INVOICE, invoice(), {}, remove=["1", "2"])


def test_a_payments_lines_are_known_by_the_document_they_pay() -> None:
    def pays(id: str, amount: str) -> Record:
        return {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": id, "TxnType": "Invoice"}]}

    payment = {
        "Id": "5",
        "SyncToken": "0",
        "CustomerRef": {"value": "1"},
        "TotalAmt": Decimal(100),
        "UnappliedAmt": Decimal(40),
        "ProcessPayment": False,
        "CreditCardPayment": {"CreditChargeInfo": {"ProcessPayment": True}},
        "Line": [{**pays("10", "60.00"), "LineEx": {"any": []}}],
    }
    entity = ENTITIES["Payment"]
    applied = merged(entity, payment, {"Line": [pays("11", "40.00")]})
    assert [line["LinkedTxn"][0]["TxnId"] for line in applied["Line"]] == ["10", "11"]
    assert not {"UnappliedAmt", "ProcessPayment", "CreditCardPayment"} & set(applied)
    again = merged(entity, payment, {"Line": [pays("10", "55.00")]})
    assert [(line["Amount"], "LineEx" in line) for line in again["Line"]] == [(Decimal("55.00"), True)]
    freed = merged(entity, payment | {"CreditCardPayment": None}, {}, remove=["Invoice:10"])
    assert (freed["Line"], freed["sparse"]) == ([], False)


def test_a_link_stays_one_link_where_its_line_is_not_said_again() -> None:
    link = {"TxnId": "77", "TxnType": "JournalEntry", "TxnLineId": "0"}
    before = [{"Amount": Decimal(40), "LinkedTxn": [link]}]
    given = [{"Amount": Decimal(40), "LinkedTxn": [{"TxnId": "77", "TxnType": "JournalEntry"}]}]
    assert merged_lines(before, given, ()) == before


def test_tax_that_a_person_typed_over_stays_when_only_words_of_a_line_change() -> None:
    typed = {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": Decimal("12.00")}
    body = merged(INVOICE, invoice(TxnTaxDetail=typed), {"Line": [{"Id": "1", "Description": "Nest boxes"}]})
    assert body["TxnTaxDetail"] == typed


def test_what_is_shown_masked_is_never_sent_back() -> None:
    vendor = {"Id": "3", "SyncToken": "1", "DisplayName": "Mast", "TaxIdentifier": "XXXXXXX1234", "Notes": "n"}
    entity = ENTITIES["Vendor"]
    assert "TaxIdentifier" not in merged(entity, vendor, {"GivenName": "Ann"})
    with pytest.raises(Failure, match="TaxIdentifier is not shown whole"):
        merged(entity, vendor, {}, clear=["AcctNum"])
    body = merged(entity, vendor, {"TaxIdentifier": "12-3456789"}, clear=["AcctNum"])
    assert body["TaxIdentifier"] == "12-3456789"


def test_another_kind_of_line_keeps_nothing_of_the_old_kind() -> None:
    old = sales_line("1", "100.00")
    with pytest.raises(Failure, match="does not say its DiscountLineDetail"):
        merged_lines([old], [{"Id": "1", "DetailType": "DiscountLineDetail"}], [])
    (line,) = merged_lines([old], [{"Id": "1", "DetailType": "DescriptionOnly", "Description": "x"}], [])
    assert "SalesItemLineDetail" not in line


def test_a_difference_names_field_and_line() -> None:
    before = invoice()
    after = invoice(SyncToken="5", DocNumber="1042", Balance=Decimal("90.00"), ShipDate="2026-11-03")
    after["Line"] = [sales_line("1", "40.00"), sales_line("3", "5.00")]
    told = "; ".join(differences(before, after))
    for part in (
        "DocNumber 1041 is now 1042",
        "Balance 150.00 is now 90.00",
        "ShipDate is now 2026-11-03",
        "Line 1.Amount 100.00 is now 40.00",
        "Line 2 (",
        "Line 3 (",
    ):
        assert part in told
    assert "SyncToken" not in told
    assert differences(before, invoice()) == []
