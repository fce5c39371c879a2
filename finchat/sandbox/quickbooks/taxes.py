"""The tax of a document: from its lines' codes, by rate; or the total that was sent, when no code says a rate.

Each rate is worked out on all it applies to and then rounded, as the vendor does and shows (NetAmountTaxable).
In the United States a line is TAX or NON, and TxnTaxDetail.TxnTaxCodeRef says which code TAX stands for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.accounts import Accounts
from finchat.sandbox.quickbooks.lines import Part
from finchat.sandbox.quickbooks.records import Records
from finchat.sandbox.quickbooks.values import amount, minor, reference, round_minor

Side = Literal["Sales", "Purchase"]
_NONE = ("NON", "")


@dataclass(frozen=True, slots=True)
class Tax:
    """The total, TxnTaxDetail as it is kept, and what goes to which account (document hundredths)."""

    total: int
    body: dict[str, Any]
    parts: Sequence[tuple[str, int]]


def work_out(
    records: Records,
    accounts: Accounts,
    given: Mapping[str, Any],
    parts: Sequence[Part],
    *,
    side: Side,
    after_discount: bool = True,
    free: bool = False,
) -> Tax:
    """The tax of the parts. `given` is the TxnTaxDetail that was sent; `free`: GlobalTaxCalculation NotApplicable.

    Raises Fault 2500 for a code that is not there.
    """
    code = reference(given["TxnTaxCodeRef"], "TxnTaxCodeRef") if given.get("TxnTaxCodeRef") else ""
    if code and records.get("TaxCode", code) is None:
        raise errors.bad_reference("TxnTaxCodeRef")
    named = {"TxnTaxCodeRef": {"value": code}} if code else {}
    if free:
        return Tax(0, {**named, "TotalTax": 0}, ())
    discount = -sum(part.net for part in parts if part.what == "discount") if after_discount else 0
    whole = sum(part.net for part in parts if part.what == "line")
    taxable: dict[str, int] = {}
    for part in parts:
        own = code if part.tax_code == "TAX" else part.tax_code
        if part.what == "line" and own not in _NONE:
            for rate in _rates(records, own, side):
                taxable[rate] = taxable.get(rate, 0) + part.net
    if not taxable:
        return _as_sent(accounts, given, named, parts)
    total, lines, where = 0, [], []
    for rate, net in taxable.items():
        # A discount before tax lowers what is taxed by the share of it that is.
        base = net - (round_minor(Decimal(discount) * net / whole / 100) if discount and whole else 0)
        percent, agency = _rate(records, rate)
        tax = round_minor(Decimal(base).scaleb(-2) * percent / 100)
        total += tax
        where.append((accounts.tax_payable(agency), tax))
        lines.append(
            {
                "Amount": amount(tax),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": {
                    "TaxRateRef": {"value": rate},
                    "PercentBased": True,
                    "TaxPercent": percent,
                    "NetAmountTaxable": amount(base),
                },
            }
        )
    return Tax(total, {**named, "TotalTax": amount(total), "TaxLine": lines}, where)


def _as_sent(accounts: Accounts, given: Mapping[str, Any], named: Mapping[str, Any], parts: Sequence[Part]) -> Tax:
    """No code gives a rate: the total that was sent stands, on a document with something taxable."""
    could = any(part.tax_code not in _NONE for part in parts)
    total = minor(given["TotalTax"], "TotalTax") if could and given.get("TotalTax") is not None else 0
    if total < 0:
        raise errors.business("Tax can't be negative.", "TxnTaxDetail")
    return Tax(total, {**named, "TotalTax": amount(total)}, [(accounts.tax_payable(""), total)] if total else ())


def _rates(records: Records, code: str, side: Side) -> list[str]:
    found = records.get("TaxCode", code)
    listed = found.body.get(f"{side}TaxRateList", {}).get("TaxRateDetail", []) if found else []
    return [str(detail["TaxRateRef"]["value"]) for detail in listed]


def _rate(records: Records, id: str) -> tuple[Decimal, str]:
    """(percent, the agency's name) of a rate. Raises Fault 2500."""
    if (found := records.get("TaxRate", id)) is None:
        raise errors.bad_reference("TaxRateRef")
    agency = found.body.get("AgencyRef", {}).get("value", "")
    return Decimal(str(found.body.get("RateValue", 0))), records.named("TaxAgency", agency) or ""
