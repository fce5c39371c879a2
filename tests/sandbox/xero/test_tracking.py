"""Tracking categories: listed, checked on every kind of line, kept with their ids and names."""

from __future__ import annotations

from typing import Any

import pytest

from finchat.clock import Clock
from finchat.sandbox.xero.back_end import XeroBackEnd
from tests.sandbox.xero.company import CUSTOMER, NOW, Client, collections, invoice, line

REGION, STAFF, OLD = (f"00000000-0000-4000-8000-00000000f00{n}" for n in (1, 2, 3))
NORTH, SOUTH, WEST = (f"00000000-0000-4000-8000-00000000f01{n}" for n in (1, 2, 3))
TRACKED = {"Name": "Region", "Option": "South", "TrackingCategoryID": REGION, "TrackingOptionID": SOUTH}


def category(identity: str, name: str, *options: tuple[str, str, str], status: str = "ACTIVE") -> dict[str, Any]:
    listed = [{"TrackingOptionID": id, "Name": option, "Status": state} for id, option, state in options]
    return {"TrackingCategoryID": identity, "Name": name, "Status": status, "Options": listed}


@pytest.fixture
def client() -> Client:
    back = XeroBackEnd(":memory:", Clock(NOW))
    regions = category(
        REGION, "Region", (NORTH, "North", "ACTIVE"), (SOUTH, "South", "ACTIVE"), (WEST, "West", "ARCHIVED")
    )
    back.load({**collections(), "TrackingCategories": [regions, category(OLD, "Old", status="ARCHIVED")]})
    return Client(back)


def tracked(*given: dict[str, Any]) -> dict[str, Any]:
    return {**line("100.00"), "Tracking": list(given)}


async def test_categories_are_listed_with_their_options_and_archived_ones_only_when_asked_for(client: Client) -> None:
    (region,) = (await client.send("GET", "TrackingCategories")).json()["TrackingCategories"]
    assert (region["Name"], [option["Name"] for option in region["Options"]]) == ("Region", ["North", "South"])
    every = await client.send("GET", "TrackingCategories", params={"includeArchived": "true", "order": "Name ASC"})
    names = {found["Name"]: len(found["Options"]) for found in every.json()["TrackingCategories"]}
    assert names == {"Old": 0, "Region": 3}
    some = await client.send("GET", "TrackingCategories", params={"where": 'Status=="ACTIVE" AND Name=="Regions"'})
    assert some.json()["TrackingCategories"] == []
    assert (await client.done("GET", f"TrackingCategories/{REGION}"))["TrackingCategoryID"] == REGION


@pytest.mark.parametrize(
    "given",
    [
        {"Name": "Region", "Option": "South"},
        {"Name": "region ", "Option": "SOUTH"},
        {"TrackingCategoryID": REGION, "TrackingOptionID": SOUTH},
        {"TrackingCategoryID": REGION.upper(), "Option": "South"},
    ],
)
@pytest.mark.parametrize("resource", ["Invoices", "CreditNotes", "BankTransactions"])
async def test_a_line_of_every_kind_keeps_its_tracking_with_ids_and_names(
    client: Client, resource: str, given: dict[str, Any]
) -> None:
    body = invoice(LineItems=[tracked(given)])
    if resource == "CreditNotes":
        body["Type"] = "ACCRECCREDIT"
    elif resource == "BankTransactions":
        body |= {"Type": "RECEIVE", "BankAccount": {"Code": "090"}}
    made = await client.done("PUT", resource, body)
    key = {"Invoices": "InvoiceID", "CreditNotes": "CreditNoteID", "BankTransactions": "BankTransactionID"}[resource]
    assert (await client.done("GET", f"{resource}/{made[key]}"))["LineItems"][0]["Tracking"] == [TRACKED]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"Name": "Regio", "Option": "South"}], "'Regio' could not be found. Valid categories are: Region."),
        ([{"Name": "Region", "Option": "West"}], "'West' could not be found in the tracking category 'Region'"),
        ([{"Name": "Region"}], "Valid options are: North, South."),
        ([{"Name": "Old", "Option": "x"}], "Valid categories are: Region."),
        ([{"TrackingCategoryID": STAFF, "Option": "x"}], "Valid categories are: Region."),
        ([{"Name": "Region", "Option": "North"}, {"Name": "Region", "Option": "South"}], "category twice"),
        ([{"Name": "Region", "Option": "North"}] * 3, "at most 2"),
        ("South", "must be a list"),
    ],
)
async def test_an_unknown_category_or_option_is_refused_with_the_valid_names(
    client: Client, given: Any, message: str
) -> None:
    told, field = await client.refused("PUT", "Invoices", invoice(LineItems=[{**line("1.00"), "Tracking": given}]))
    assert message in told
    assert field == "LineItems[0].Tracking"
    assert client.back.counts().get("Invoices", 0) == 0


async def test_an_update_keeps_a_lines_tracking_unless_it_names_other(client: Client) -> None:
    made = await client.done("PUT", "Invoices", invoice(LineItems=[tracked({"Name": "Region", "Option": "South"})]))
    path, key = f"Invoices/{made['InvoiceID']}", {"LineItemID": made["LineItems"][0]["LineItemID"]}
    # Its option is archived meanwhile: the line stays as it is.
    client.back.db.execute("UPDATE other SET body = replace(body, 'South', 'Gone')")
    kept = await client.done("POST", path, {"LineItems": [{**key, "UnitAmount": "60.00"}]})
    assert (kept["LineItems"][0]["LineAmount"], kept["LineItems"][0]["Tracking"]) == (60, [TRACKED])
    moved = await client.done(
        "POST", path, {"LineItems": [{**key, "Tracking": [{"Name": "Region", "Option": "North"}]}]}
    )
    assert moved["LineItems"][0]["Tracking"][0]["Option"] == "North"
    cleared = await client.done("POST", path, {"LineItems": [{**key, "Tracking": []}]})
    assert cleared["LineItems"][0]["Tracking"] == []


async def test_tracking_moves_no_account(client: Client) -> None:
    body = invoice(Contact={"ContactID": CUSTOMER}, LineItems=[tracked({"Name": "Region", "Option": "North"})])
    made = await client.done("PUT", "Invoices", body)
    assert client.postings(made["InvoiceID"]) == {"DEBTORS": 11500, "200": -10000, "GST": -1500}
