"""Reading and writing the vendor's scalars: amounts, rates, dates, instants, identifiers.

Amounts are kept in hundredths of the document's currency: the vendor carries two decimals for every currency.
Dates are stored as "2026-11-14T00:00:00" and instants (UTC) as "2026-11-14T03:02:01.123", so that text order is time
order and a `where` on either is a plain comparison.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from uuid import UUID

from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.json_text import Raw

_MS_DATE = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/\Z", re.ASCII)
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?\Z", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,13}(\.\d{1,10})?([eE][+-]?\d{1,2})?\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CENT = Decimal("0.01")
LARGEST = Decimal(10) ** 12


def number(value: Any, field: str) -> Decimal:
    """A finite decimal below 10^12 from a JSON number or its text. Raises Refusal naming the field."""
    text = str(value) if isinstance(value, int | Decimal | str) and not isinstance(value, bool) else ""
    try:
        found = Decimal(text) if _NUMBER.match(text) else None
    except InvalidOperation:
        found = None
    if found is None or abs(found) >= LARGEST:
        raise Refusal(f"{field} is not a valid number", field)
    return found


def round_minor(amount: Decimal) -> int:
    """Hundredths, half up (away from zero at the half), as the vendor rounds each line's tax."""
    return int(amount.quantize(_CENT, ROUND_HALF_UP).scaleb(2))


def minor(value: Any, field: str) -> int:
    """Hundredths of an amount given to two decimals at most. Raises Refusal naming the field."""
    scaled = number(value, field).scaleb(2)
    if scaled != scaled.to_integral_value():
        raise Refusal(f"{field} must have no more than two decimal places", field)
    return int(scaled)


def amount(value: int) -> Raw:
    """Two-decimal digits of hundredths: -5 is -0.05."""
    sign, rest = ("-", -value) if value < 0 else ("", value)
    return Raw(f"{sign}{rest // 100}.{rest % 100:02d}")


def to_base(value: int, rate: Decimal) -> int:
    """Base hundredths of document hundredths; the rate is foreign units for one unit of base currency."""
    if rate == 1:
        return value
    return int((Decimal(value) / rate).quantize(Decimal(1), ROUND_HALF_UP))


def rate_of(value: Any, field: str = "CurrencyRate") -> Decimal:
    """A positive exchange rate, kept to ten decimals. Raises Refusal."""
    rate = number(value, field).quantize(Decimal("0.0000000001"), ROUND_HALF_UP).normalize()
    if not Decimal("0.000001") <= rate <= 1_000_000:
        raise Refusal(f"{field} must be greater than zero", field)
    return rate


def rate_text(rate: Decimal | str) -> Raw:
    """A rate's digits with six decimals at least, as recorded answers show it."""
    found = Decimal(rate)
    return Raw(format(found, ".6f") if found == found.quantize(Decimal("0.000001")) else format(found, "f"))


def day(value: Any, field: str) -> date:
    """A calendar date from YYYY-MM-DD, an ISO date-time (its date part) or /Date(ms)/ (UTC). Raises Refusal."""
    found: date | None = None
    if isinstance(value, str):
        try:
            if ms := _MS_DATE.match(value):
                found = (_EPOCH + timedelta(milliseconds=int(ms[1]))).date()
            elif iso := _ISO.match(value):
                found = date.fromisoformat(iso[1])
        except (ValueError, OverflowError):
            found = None
    if found is None or not 1900 <= found.year <= 2200:
        raise Refusal(f"{field} is not a valid date", field)
    return found


def instant(value: Any, field: str) -> datetime:
    """An aware UTC instant from ISO (a missing zone means UTC) or /Date(ms)/. Raises Refusal."""
    if isinstance(value, str):
        try:
            if ms := _MS_DATE.match(value):
                return _EPOCH + timedelta(milliseconds=int(ms[1]))
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            pass
    raise Refusal(f"{field} is not a valid date and time", field)


def stored_day(value: date) -> str:
    return f"{value.isoformat()}T00:00:00"


def stored_instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}"


@lru_cache(maxsize=4096)
def ms_date(stored: str) -> Raw:
    """The vendor's date with a zero offset, of a stored date or instant."""
    return Raw(f'"\\/Date({_milliseconds(stored)}+0000)\\/"')


def ms_instant(value: datetime) -> Raw:
    """The envelope's DateTimeUTC, which has no offset."""
    return Raw(f'"\\/Date({int(value.timestamp() * 1000)})\\/"')


def _milliseconds(stored: str) -> int:
    days = date.fromisoformat(stored[:10]).toordinal() - 719163
    clock = int(stored[11:13]) * 3600 + int(stored[14:16]) * 60 + int(stored[17:19])
    return days * 86_400_000 + clock * 1000 + int((stored[20:23] or "0").ljust(3, "0"))


def guid(value: Any, field: str) -> str:
    """A lower-case GUID. Raises Refusal."""
    found = guid_or_none(value)
    if found is None:
        raise Refusal(f"{field} is not a valid identifier", field)
    return found


def guid_or_none(value: Any) -> str | None:
    """A lower-case GUID, or None when the value is not one."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        return str(UUID(value))
    except ValueError:
        return None


def text(value: Any, field: str, longest: int) -> str:
    """A string no longer than `longest`, or "" for null. Raises Refusal."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(f"{field} is not valid text", field)
    if len(value) > longest:
        raise Refusal(f"The field {field} exceeds the maximum length of {longest}", field)
    if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise Refusal(f"{field} holds characters that are not valid", field)
    return value


def boolean(value: Any, field: str) -> bool:
    """A JSON boolean or its text. Raises Refusal."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise Refusal(f"{field} must be true or false", field)
