"""What every change needs to know of the company while one request runs: accounts, tax, contacts, lock dates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.posting import SystemAccounts
from finchat.sandbox.xero.values import day, guid_or_none, rate_of, text

if TYPE_CHECKING:
    from finchat.sandbox.xero.back_end import XeroBackEnd

Row = Mapping[str, Any]
_CONTROLS = ("DEBTORS", "CREDITORS", "RETAINEDEARNINGS", "BANKTRANSFERS")
_CODES = """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD
MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLL SOS SRD STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VEF VND VUV WST XAF XCD XOF XPF YER ZAR ZMW"""
CURRENCIES = frozenset(_CODES.split())
# The vendor's zone names that a demo company has; any other falls back to UTC.
_ZONES = {
    "NEWZEALANDSTANDARDTIME": "Pacific/Auckland",
    "AUSEASTERNSTANDARDTIME": "Australia/Sydney",
    "GMTSTANDARDTIME": "Europe/London",
    "EASTERNSTANDARDTIME": "America/New_York",
    "PACIFICSTANDARDTIME": "America/Los_Angeles",
    "SINGAPORESTANDARDTIME": "Asia/Singapore",
    "WEUROPESTANDARDTIME": "Europe/Berlin",
}


@dataclass(slots=True)
class Company:
    """The company during one request, inside its transaction."""

    back_end: XeroBackEnd
    organisation: Mapping[str, Any] = field(init=False)
    currency: str = field(init=False)
    system: SystemAccounts = field(init=False)
    stamp: str = field(init=False)

    def __post_init__(self) -> None:
        self.organisation = self.back_end.organisation
        self.currency = self.back_end.base_currency
        self.system = self.back_end.system_accounts()
        self.stamp = self.back_end.stamp()

    def one(self, sql: str, *args: Any) -> Row | None:
        row: Row | None = self.back_end.db.execute(sql, args).fetchone()
        return row

    def run(self, sql: str, *args: Any) -> None:
        """Execute with positional values, or with one mapping of named values."""
        self.back_end.db.execute(sql, args[0] if len(args) == 1 and isinstance(args[0], dict) else args)

    def today(self) -> date:
        zone = _ZONES.get(str(self.organisation.get("Timezone", "")), "UTC")
        return self.back_end.now().astimezone(ZoneInfo(zone)).date()

    def check_unlocked(self, on: date, field_name: str = "Date") -> None:
        """Both lock dates, the day itself included. Raises Refusal."""
        for key, name in (("PeriodLockDate", "period"), ("EndOfYearLockDate", "end of year")):
            if given := self.organisation.get(key):
                locked = day(given, key)
                if on <= locked:
                    when = f"{locked.day} {locked:%B %Y}"
                    raise Refusal(
                        f"The document date cannot be before the {name} lock date, currently set at {when}", field_name
                    )

    def account(self, given: Any, field_name: str) -> Row:
        """An active account by AccountID or Code. Raises Refusal."""
        if isinstance(given, str):
            given = {"Code": given}
        if not isinstance(given, Mapping):
            raise Refusal(f"{field_name} must be specified", field_name)
        row = None
        if given.get("AccountID"):
            row = self.one("SELECT * FROM account WHERE guid = ?", guid_or_none(given["AccountID"]))
        elif isinstance(given.get("Code"), str) and given["Code"]:
            row = self.one("SELECT * FROM account WHERE code = ?", text(given["Code"], f"{field_name}.Code", 50))
        if row is None:
            wanted = str(given.get("AccountID") or given.get("Code") or "")[:60]
            raise Refusal(
                f"Account could not be found: {field_name} '{wanted}' is not a valid account of this organisation",
                field_name,
            )
        if row["status"] != "ACTIVE":
            raise Refusal(f"Account '{row['code'] or row['name']}' is archived and cannot be used", field_name)
        return row

    def line_account(self, code: str, field_name: str) -> Row:
        """The account a line is coded to. Raises Refusal in the vendor's words."""
        row = self.one("SELECT * FROM account WHERE code = ? AND status = 'ACTIVE'", code)
        if row is None:
            raise Refusal(f"Account code '{code}' is not a valid code for this document. (AccountCode)", field_name)
        if row["type"] == "BANK" or row["system"] in _CONTROLS:
            raise Refusal(f"Account code '{code}' is not a valid code for this document. (AccountCode)", field_name)
        return row

    def tax_rate(self, tax_type: str, field_name: str) -> Decimal:
        """The percentage of a tax type. Raises Refusal."""
        if tax_type == "NONE":
            return Decimal(0)
        row = self.one("SELECT rate, status FROM tax_rate WHERE tax_type = ?", tax_type)
        if row is None or row["status"] not in ("ACTIVE", ""):
            raise Refusal(
                f"The TaxType code '{tax_type}' does not exist or cannot be used for this type of transaction.",
                field_name,
            )
        return Decimal(row["rate"])

    def contact(self, given: Any) -> str:
        """A contact's GUID by ContactID, ContactNumber or Name; a new Name makes a new contact. Raises Refusal."""
        if not isinstance(given, Mapping):
            raise Refusal("A Contact must be specified for this type of transaction", "Contact")
        row = None
        if given.get("ContactID"):
            row = self.one("SELECT * FROM contact WHERE guid = ?", guid_or_none(given["ContactID"]))
            if row is None:
                raise Refusal("The Contact could not be found", "Contact.ContactID")
        elif given.get("ContactNumber"):
            number = text(given["ContactNumber"], "Contact.ContactNumber", 50)
            row = self.one("SELECT * FROM contact WHERE number = ?", number)
        if row is None and given.get("Name"):
            name = text(given["Name"], "Contact.Name", 255).strip()
            row = self.one("SELECT * FROM contact WHERE lower(name) = lower(?) AND status = 'ACTIVE'", name)
            if row is None and name:
                return self.new_contact(name)
        if row is None:
            raise Refusal(
                "The Contact must contain at least 1 of the following elements to identify the contact:"
                " Name, ContactID, ContactNumber",
                "Contact",
            )
        if row["status"] != "ACTIVE":
            raise Refusal("The Contact is archived and cannot be used for new transactions", "Contact")
        return str(row["guid"])

    def new_contact(self, name: str) -> str:
        identity = str(uuid4())
        self.new_contact_row(identity, name)
        return identity

    def new_contact_row(self, identity: str, name: str) -> None:
        self.run(
            "INSERT INTO contact(guid, name, status, is_supplier, is_customer, updated, body)"
            " VALUES(?, ?, 'ACTIVE', 0, 0, ?, '{}')",
            identity,
            name,
            self.stamp,
        )

    def currency_and_rate(self, code: Any, rate: Any) -> tuple[str, Decimal]:
        """A document's currency and its rate (foreign units for one base unit). Raises Refusal.

        The vendor takes a missing rate from a rate service; here it is the rate of the company's latest document in
        that currency, and without one the rate must be given.
        """
        currency = text(code, "CurrencyCode", 3) or self.currency
        if currency not in CURRENCIES:
            raise Refusal(f"Organisation is not subscribed to currency {currency!r} (CurrencyCode)", "CurrencyCode")
        if currency == self.currency:
            return currency, Decimal(1)
        if rate is not None:
            return currency, rate_of(rate)
        row = self.one(
            "SELECT rate FROM document WHERE currency = ? AND rate <> '1' ORDER BY date DESC, seq DESC LIMIT 1",
            currency,
        )
        if row is None:
            raise Refusal(f"CurrencyRate must be given: no rate is known for {currency}", "CurrencyRate")
        return currency, Decimal(row["rate"])


def json_text(value: Any) -> str:
    """Compact JSON for a stored body; decimals as their digits in text."""
    return json.dumps(value, default=lambda d: format(d, "f"), separators=(",", ":"))
