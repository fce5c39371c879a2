"""Line items as stored: amounts in hundredths, everything else as the vendor shows it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from finchat.sandbox.xero.values import minor, number


def stored_line(given: Mapping[str, Any], line_amount_types: str, where: str) -> dict[str, Any]:
    """A recorded line in stored form. Raises Refusal naming the field."""
    line: dict[str, Any] = {
        key: given[key]
        for key in ("LineItemID", "Description", "ItemCode", "AccountCode", "AccountID", "TaxType", "Tracking")
        if given.get(key)
    }
    for key in ("Quantity", "UnitAmount", "DiscountRate", "DiscountAmount"):
        if given.get(key) is not None:
            line[key] = format(number(given[key], f"{where}.{key}"), "f")
    line["LineAmount"] = minor(given.get("LineAmount", Decimal(0)), f"{where}.LineAmount")
    line["TaxAmount"] = 0
    if line_amount_types != "NoTax":
        line["TaxAmount"] = minor(given.get("TaxAmount", Decimal(0)), f"{where}.TaxAmount")
    line["Inclusive"] = line_amount_types == "Inclusive"
    return line
