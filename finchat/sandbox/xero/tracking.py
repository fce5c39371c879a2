"""Tracking: the categories beside an account that a line, or one side of a transfer, is coded to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.values import guid_or_none, text

if TYPE_CHECKING:
    from finchat.sandbox.xero.company import Company

# The vendor lets an organisation have two active categories.
_MOST = 2
_LONGEST_NAME = 100


def resolved(company: Company, given: Any, field: str) -> list[dict[str, str]]:
    """Tracking as stored and shown: both ids and both names of each category.

    A category and its option are named by id or by name; names are matched without case. Archived ones are refused.
    Raises Refusal with the valid names.
    """
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(item, Mapping) for item in given):
        raise Refusal(f"{field} must be a list of objects", field)
    if len(given) > _MOST:
        raise Refusal(f"{field} may hold at most {_MOST} tracking categories", field)
    categories = [category for category in _categories(company) if _active(category)]
    found = [_one(item, categories, field) for item in given]
    if len({one["TrackingCategoryID"] for one in found}) != len(found):
        raise Refusal(f"{field} names the same tracking category twice", field)
    return found


def _categories(company: Company) -> list[dict[str, Any]]:
    rows = company.back_end.db.execute("SELECT body FROM other WHERE resource = 'TrackingCategories' ORDER BY seq")
    return [json.loads(row[0]) for row in rows]


def _active(record: Mapping[str, Any]) -> bool:
    return bool(record.get("Status", "ACTIVE") == "ACTIVE")


def _one(given: Mapping[str, Any], categories: list[dict[str, Any]], field: str) -> dict[str, str]:
    category = _named(given, "TrackingCategoryID", "Name", categories, field)
    if category is None:
        wanted = text(given.get("Name") or given.get("TrackingCategoryID"), f"{field}.Name", 255)
        raise Refusal(
            f"The tracking category '{wanted}' could not be found. Valid categories are: {_names(categories)}.", field
        )
    options = [option for option in category.get("Options") or () if _active(option)]
    option = _named(
        {"TrackingOptionID": given.get("TrackingOptionID"), "Name": given.get("Option")},
        "TrackingOptionID",
        "Name",
        options,
        field,
    )
    if option is None:
        wanted = text(given.get("Option") or given.get("TrackingOptionID"), f"{field}.Option", 255)
        raise Refusal(
            f"The tracking option '{wanted}' could not be found in the tracking category '{category['Name']}'."
            f" Valid options are: {_names(options)}.",
            field,
        )
    return {
        "Name": category["Name"],
        "Option": option["Name"],
        "TrackingCategoryID": category["TrackingCategoryID"],
        "TrackingOptionID": option["TrackingOptionID"],
    }


def _named(
    given: Mapping[str, Any], id_field: str, name_field: str, records: list[dict[str, Any]], field: str
) -> dict[str, Any] | None:
    if given.get(id_field):
        wanted = guid_or_none(given[id_field])
        return next((record for record in records if wanted and record[id_field] == wanted), None)
    name = text(given.get(name_field), f"{field}.{name_field}", _LONGEST_NAME).strip().lower()
    return next((record for record in records if name and record["Name"].lower() == name), None)


def _names(records: list[dict[str, Any]]) -> str:
    return ", ".join(str(record["Name"]) for record in records) or "none"
