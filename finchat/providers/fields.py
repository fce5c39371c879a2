"""Reading single values out of a tool's answer. Every failure names the record and the field."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from finchat.errors import FinchatError

_MS_DATE = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/\Z", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_MOST_DIGITS = 40  # on either side of the point: "1E+999999999" is a number too, and its digits fill the memory
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class UnreadableRecord(FinchatError):
    """A record of the ledger that finchat cannot understand; `field` is the value that is missing or odd."""

    code = "unreadable_record"


def _known_as(data: Mapping[str, Any]) -> str:
    """What a person may know the record by: its number and its contact's name, as far as there are any."""
    names = [data.get(key) for key in ("InvoiceNumber", "CreditNoteNumber", "DocNumber")]
    for key, name in (("Contact", "Name"), ("CustomerRef", "name"), ("VendorRef", "name")):
        contact = data.get(key)
        names.append(contact.get(name) if isinstance(contact, Mapping) else None)
    found = [name for name in names if isinstance(name, str) and name]
    return f" ({', '.join(found)})" if found else ""


class Record:
    """One record with its name for error messages ("Xero invoice 2297… (INV-7, Acme Ltd)")."""

    __slots__ = ("data", "what")

    def __init__(self, data: Any, kind: str, id_field: str) -> None:
        if not isinstance(data, Mapping):
            raise UnreadableRecord(f"{kind}: the server sent {type(data).__name__} where a record belongs", field=kind)
        self.data: Mapping[str, Any] = data
        self.what = f"{kind} {data.get(id_field) or '(without an id)'}{_known_as(data)}"

    def text(self, field: str, default: str | None = None) -> str:
        """A string; "" and null count as missing."""
        value = self.data.get(field)
        if value is None or value == "":
            return self._missing(field) if default is None else default
        if not isinstance(value, str):
            raise self._odd(field, value, "text")
        return value

    def currency(self, field: str, default: str | None = None) -> str:
        """An ISO 4217 code. It stands beside every amount, on approval cards too, so nothing else passes for one."""
        value = self.text(field, default)
        if not _CURRENCY.fullmatch(value):
            raise self._odd(field, value, "a currency code")
        return value

    def decimal(self, field: str, default: Decimal | None = None) -> Decimal:
        value = self.data.get(field)
        if value is None or value == "":
            return self._missing(field) if default is None else default
        return self._decimal(field, value)

    def optional_decimal(self, field: str) -> Decimal | None:
        value = self.data.get(field)
        return None if value is None or value == "" else self._decimal(field, value)

    def date(self, field: str) -> dt.date:
        return self.optional_date(field) or self._missing(field)

    def optional_date(self, field: str) -> dt.date | None:
        """A calendar date from ISO text (a time of day is cut off) or the vendor's /Date(ms)/, which is UTC."""
        value = self.data.get(field)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            if match := _MS_DATE.match(value):
                return (_EPOCH + dt.timedelta(milliseconds=int(match[1]))).date()
            try:
                return dt.date.fromisoformat(value[:10])
            except ValueError:
                pass
        raise self._odd(field, value, "a date")

    def flag(self, field: str, default: bool = False) -> bool:
        value = self.data.get(field, default)
        if not isinstance(value, bool):
            raise self._odd(field, value, "true or false")
        return value

    def child(self, field: str, id_field: str) -> Record:
        """A nested record; an absent one is an empty record, so that its required fields report themselves."""
        value = self.data.get(field)
        if value is None:
            value = {}
        nested = Record(value, f"{self.what}, {field}", id_field)
        nested.what = f"{self.what}, {field}"
        return nested

    def children(self, field: str, id_field: str) -> list[Record]:
        value = self.data.get(field)
        if value is None:
            return []
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self._odd(field, value, "a list")
        return [Record(item, f"{self.what}, {field}", id_field) for item in value]

    def choice(self, field: str, table: Mapping[str, str]) -> str:
        """The table's word for an enum value. An unknown value names the record, the value and the known ones."""
        value = self.text(field)
        if value not in table:
            raise UnreadableRecord(
                f"{self.what}: {field} is {value!r}, which finchat does not know (it knows {', '.join(table)})",
                field=field,
                next="look at this record in the ledger; finchat leaves it alone",
            )
        return table[value]

    def _decimal(self, field: str, value: Any) -> Decimal:
        # A server that sends JSON numbers gives floats; their shortest spelling is the number as it was sent.
        spelling = repr(value) if isinstance(value, float) else value
        if isinstance(spelling, str | int | Decimal) and not isinstance(value, bool):
            try:
                number = Decimal(spelling)
            except InvalidOperation:
                number = Decimal("NaN")
            exponent = number.as_tuple().exponent  # a letter for what is not finite
            if isinstance(exponent, int) and exponent >= -_MOST_DIGITS and number.adjusted() < _MOST_DIGITS:
                return number
        raise self._odd(field, value, "a number")

    def _missing(self, field: str) -> Any:
        raise UnreadableRecord(f"{self.what}: {field} is missing", field=field)

    def _odd(self, field: str, value: Any, wanted: str) -> UnreadableRecord:
        return UnreadableRecord(f"{self.what}: {field} is {value!r}, not {wanted}", field=field)
