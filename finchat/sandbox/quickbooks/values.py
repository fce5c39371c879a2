"""Reading and writing the vendor's scalars: amounts, dates, instants with their zone's offset, references.

Instants are stored in UTC as "2026-11-14T03:02:01.123", so that text order is time order, and shown in the zone of the
vendor's own computers. Amounts are integers in hundredths; a JSON amount is a number with no more digits than it needs.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from finchat.sandbox.quickbooks.errors import bad_property

VENDOR_ZONE = "America/Los_Angeles"
_NUMBER = re.compile(r"-?\d{1,13}(\.\d{1,12})?([eE][+-]?\d{1,2})?\Z", re.ASCII)
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})([T ].{0,40})?\Z", re.ASCII)
_CENT = Decimal("0.01")
LARGEST = Decimal("99999999999.99")


def number(value: Any, name: str) -> Decimal:
    """A finite decimal up to eleven digits before the point, from a JSON number or its text. Raises Fault 2010."""
    text = str(value) if isinstance(value, int | Decimal | str) and not isinstance(value, bool) else ""
    found = Decimal(text) if _NUMBER.match(text) else None
    if found is None or abs(found) > LARGEST:
        raise bad_property(name, f'Can not construct instance of java.math.BigDecimal from value "{value}" of {name}')
    return found


def minor(value: Any, name: str) -> int:
    """Hundredths, half up, as the vendor rounds what is finer than a cent. Raises Fault 2010."""
    return round_minor(number(value, name))


def round_minor(amount: Decimal) -> int:
    return int(amount.quantize(_CENT, ROUND_HALF_UP).scaleb(2))


def amount(value: int) -> Decimal | int:
    """Hundredths as the vendor writes them: 0, 100.0, 337.5, 28.08."""
    if value == 0:
        return 0
    found = Decimal(value).scaleb(-2)
    return found.quantize(Decimal("0.1")) if value % 10 == 0 else found.quantize(_CENT)


def to_home(value: int, rate: Decimal) -> int:
    """Home hundredths of document hundredths; the rate is home units for one unit of the document's currency."""
    if rate == 1:
        return value
    return int((Decimal(value) * rate).quantize(Decimal(1), ROUND_HALF_UP))


def day(value: Any, name: str) -> str:
    """A calendar date as YYYY-MM-DD, from one or from an instant's date part. Raises Fault 2010."""
    match = _DAY.match(value) if isinstance(value, str) else None
    try:
        if match is not None and 1900 <= date.fromisoformat(match[1]).year <= 2200:
            return match[1]
    except ValueError:
        pass
    raise bad_property(name, f'Can not construct instance of java.util.Date from value "{value}" of {name}')


def instant(text: str) -> datetime:
    """An aware UTC instant from ISO; without a zone it is the vendor's own time. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=ZoneInfo(VENDOR_ZONE)).astimezone(UTC)


def stored_instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}"


def shown_instant(stored: str) -> str:
    """A stored instant as MetaData shows it: whole seconds, the zone's offset with a colon."""
    return _shown(datetime.fromisoformat(stored).replace(tzinfo=UTC)).isoformat(timespec="seconds")


def shown_time(value: datetime) -> str:
    """The envelope's `time`, with milliseconds."""
    return _shown(value).isoformat(timespec="milliseconds")


def _shown(value: datetime) -> datetime:
    return value.astimezone(ZoneInfo(VENDOR_ZONE))


def dig(value: Any, *path: str) -> Any:
    """What is at the end of a path through objects, or None where one of them is not there or no object."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def items(value: Any) -> list[dict[str, Any]]:
    """The objects in what should be a list of them."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def reference(value: Any, name: str) -> str:
    """The id a reference names, from {"value": …} (text or a whole number). Raises Fault 2010."""
    given = value.get("value") if isinstance(value, dict) else None
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str) or len(given) > 100:
        raise bad_property(
            name, f"Can not deserialize instance of com.intuit.schema.finance.v3.ReferenceType of {name}"
        )
    return given.strip()
