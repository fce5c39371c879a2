"""Line items as stored: amounts in hundredths, everything else as the vendor shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from finchat.sandbox.xero import tracking
from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.posting import LinePosting
from finchat.sandbox.xero.values import LARGEST, amount, guid, guid_or_none, minor, number, round_minor, text

if TYPE_CHECKING:
    from finchat.sandbox.xero.company import Company

_MOST_LINES = 500


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


_QUANTITY_LIMIT = Decimal(10) ** 9


def new_lines(
    company: Company,
    given: Any,
    *,
    line_amount_types: str,
    strict: bool,
    coded: bool,
    unit_places: int,
    kept: Mapping[str, Mapping[str, Any]],
    standing: bool = False,
) -> list[dict[str, Any]]:
    """Lines of a request in stored form, tax computed per line and rounded half up.

    `strict` asks what an approved document needs; `coded` whether lines name accounts; `kept` are the document's
    present lines by LineItemID: a listed one is updated, one that is not listed is gone. `standing`: nothing but lines
    changes, so one that is listed by its id alone stays exactly as it is. Raises Refusal.
    """
    if not isinstance(given, list):
        raise Refusal("LineItems must be a list", "LineItems")
    if len(given) > _MOST_LINES:
        raise Refusal(f"LineItems may hold at most {_MOST_LINES} lines", "LineItems")
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    for position, line in enumerate(given):
        where = f"LineItems[{position}]"
        if not isinstance(line, Mapping):
            raise Refusal(f"{where} must be an object", where)
        merged: Mapping[str, Any] = line
        tracked: list[dict[str, str]] | None = None
        if line.get("LineItemID"):
            identity = guid(line["LineItemID"], f"{where}.LineItemID")
            if identity not in kept:
                raise Refusal(f"LineItemID {identity} is not a line of this document", f"{where}.LineItemID")
            if identity in seen:
                raise Refusal(f"LineItemID {identity} is listed twice", f"{where}.LineItemID")
            seen.add(identity)
            if standing and {name for name, value in line.items() if value is not None} == {"LineItemID"}:
                found.append(dict(kept[identity]))
                continue
            merged = _merged(kept[identity], line)
            if line.get("Tracking") is None:
                # What a line carries already stays as it is, archived since or not.
                tracked = list(kept[identity].get("Tracking") or ())
        if tracked is None:
            tracked = tracking.resolved(company, line.get("Tracking"), f"{where}.Tracking")
        made = _new_line(
            company,
            merged,
            where,
            line_amount_types=line_amount_types,
            strict=strict,
            coded=coded,
            unit_places=unit_places,
        )
        found.append({**made, "Tracking": tracked} if tracked else made)
    return found


def _merged(stored: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """An updated line: what is not sent stays, but amounts follow from what is."""
    base = {k: v for k, v in stored.items() if k not in ("LineAmount", "TaxAmount", "Inclusive")}
    if "UnitAmount" not in base and "UnitAmount" not in line and "LineAmount" not in line:
        base["LineAmount"] = Decimal(stored["LineAmount"]).scaleb(-2)
    return {**base, **{k: v for k, v in line.items() if v is not None}}


def _new_line(
    company: Company,
    line: Mapping[str, Any],
    where: str,
    *,
    line_amount_types: str,
    strict: bool,
    coded: bool,
    unit_places: int,
) -> dict[str, Any]:
    stored: dict[str, Any] = {"LineItemID": guid_or_none(line.get("LineItemID")) or str(uuid4())}
    description = text(line.get("Description"), f"{where}.Description", 4000)
    if description:
        stored["Description"] = description
    elif strict and not line.get("ItemCode"):
        raise Refusal("Description must be specified: a line of an approved document needs one", f"{where}.Description")
    for key, longest in (("ItemCode", 30), ("TaxType", 50)):
        if value := text(line.get(key), f"{where}.{key}", longest):
            stored[key] = value
    account = None
    if code := text(line.get("AccountCode"), f"{where}.AccountCode", 50):
        if coded:
            account = company.line_account(code, f"{where}.AccountCode")
        stored["AccountCode"] = code
    elif line.get("AccountID") and coded:
        account = company.account({"AccountID": line["AccountID"]}, f"{where}.AccountID")
        if account["code"] is None:
            raise Refusal("a line's account needs a code", f"{where}.AccountID")
        company.line_account(account["code"], f"{where}.AccountID")
        stored["AccountCode"] = account["code"]
    elif strict and coded:
        raise Refusal("Account code must be specified (AccountCode)", f"{where}.AccountCode")
    stored["LineAmount"] = _line_amount(line, stored, where, unit_places)
    stored["TaxAmount"] = _line_tax(company, line, stored, where, line_amount_types=line_amount_types, account=account)
    stored["Inclusive"] = line_amount_types == "Inclusive"
    return stored


def _line_amount(line: Mapping[str, Any], stored: dict[str, Any], where: str, unit_places: int) -> int:
    quantity = number(line["Quantity"], f"{where}.Quantity") if line.get("Quantity") is not None else Decimal(1)
    if abs(quantity) > _QUANTITY_LIMIT:
        raise Refusal(f"{where}.Quantity is out of range", f"{where}.Quantity")
    quantity = quantity.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    stored["Quantity"] = format(quantity, "f")
    sent = line.get("LineAmount")
    if line.get("UnitAmount") is None:
        if sent is None:
            raise Refusal(f"{where}.UnitAmount must be specified", f"{where}.UnitAmount")
        total = minor(sent, f"{where}.LineAmount")
        if quantity:
            unit = (Decimal(total).scaleb(-2) / quantity).quantize(Decimal("0.0001"), ROUND_HALF_UP)
            stored["UnitAmount"] = format(unit, "f")
        return total
    places = Decimal(1).scaleb(-unit_places)
    unit = number(line["UnitAmount"], f"{where}.UnitAmount").quantize(places, ROUND_HALF_UP)
    stored["UnitAmount"] = format(unit, "f")
    gross = quantity * unit
    if line.get("DiscountRate") is not None:
        discount = number(line["DiscountRate"], f"{where}.DiscountRate")
        if not 0 <= discount <= 100:
            raise Refusal("DiscountRate must be between 0 and 100", f"{where}.DiscountRate")
        stored["DiscountRate"] = format(discount, "f")
        gross = gross * (100 - discount) / 100
    elif line.get("DiscountAmount") is not None:
        discount = number(line["DiscountAmount"], f"{where}.DiscountAmount")
        stored["DiscountAmount"] = format(discount, "f")
        gross -= discount
    if abs(gross) >= LARGEST:
        raise Refusal(f"{where}.LineAmount is out of range", f"{where}.LineAmount")
    expected = round_minor(gross)
    if sent is not None and round_minor(number(sent, f"{where}.LineAmount")) != expected:
        was = format(number(sent, "LineAmount").quantize(Decimal("0.01"), ROUND_HALF_UP), "f")
        raise Refusal(
            f"The line total {was} does not match the expected line total {amount(expected)}", f"{where}.LineAmount"
        )
    return expected


def _line_tax(
    company: Company,
    line: Mapping[str, Any],
    stored: dict[str, Any],
    where: str,
    *,
    line_amount_types: str,
    account: Mapping[str, Any] | None,
) -> int:
    if line_amount_types == "NoTax":
        stored.pop("TaxType", None)
        return 0
    if "TaxType" not in stored and account is not None:
        stored["TaxType"] = account["tax_type"]
    rate = company.tax_rate(stored.get("TaxType", "NONE"), f"{where}.TaxType")
    total = Decimal(stored["LineAmount"])
    if line.get("TaxAmount") is not None:
        given = round_minor(number(line["TaxAmount"], f"{where}.TaxAmount"))
        if abs(given) > abs(stored["LineAmount"]) or given * stored["LineAmount"] < 0 or (given and not rate):
            raise Refusal(f"{where}.TaxAmount is not valid for the line and its TaxType", f"{where}.TaxAmount")
        return given
    tax = total * rate / (100 + rate) if line_amount_types == "Inclusive" else total * rate / 100
    return round_minor(tax.scaleb(-2))


def totals(lines: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    """(SubTotal, TotalTax, Total) in hundredths: tax summed over lines already rounded."""
    tax = sum(line["TaxAmount"] for line in lines)
    net = sum(line["LineAmount"] - (line["TaxAmount"] if line["Inclusive"] else 0) for line in lines)
    return net, tax, net + tax


def line_postings(company: Company, lines: Sequence[Mapping[str, Any]]) -> list[LinePosting]:
    """Stored lines with their accounts' GUIDs, ready to post."""
    found: list[LinePosting] = []
    for line in lines:
        tax = line["TaxAmount"]
        net = line["LineAmount"] - (tax if line["Inclusive"] else 0)
        row = company.one(
            "SELECT guid FROM account WHERE guid = ? OR code = ?", line.get("AccountID"), line.get("AccountCode")
        )
        if row is None:
            raise Refusal("Account code must be specified (AccountCode)", "LineItems.AccountCode")
        found.append(LinePosting(row["guid"], net, tax))
    return found
