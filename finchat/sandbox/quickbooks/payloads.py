"""What a client sent, read property by property against the table of entities. Faults name what is wrong.

Null is as good as absent, as the vendor's own parser has it; an empty text clears a property on a sparse update.
What the server works out is accepted and not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.entities import Entity, Property
from finchat.sandbox.quickbooks.records import Records
from finchat.sandbox.quickbooks.values import day, instant, number, reference

CLEARED = ""
_LARGEST_INTEGER = 10**9
_ADDRESS = (
    "Line1", "Line2", "Line3", "Line4", "Line5", "City", "Country", "CountryCode", "County", "CountrySubDivisionCode",
    "PostalCode", "PostalCodeSuffix", "Note",
)  # fmt: skip
# Beside those: what addresses had until 2025, taken and not kept.
_ADDRESS_ALSO = ("Id", "Lat", "Long", "Tag", "Default")
_DEEPEST = 12
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(records: Records, entity: Entity, payload: Any, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The writable properties that were sent, references with their names. `kept` is the record as it is, or {}.

    Raises Fault 2010 (unknown, or of another type), 2050, 2170, 2500, 610.
    """
    found: dict[str, Any] = {}
    for name, value in checked_object(payload, entity.name).items():
        if name not in entity.known:
            raise errors.unknown_property(entity.name, name, entity.known_in_order)
        if value is None:
            continue
        if name == "CustomField":
            found[name] = _list(value, name)
        elif (prop := entity.properties.get(name)) is not None and not prop.computed:
            found[name] = read(records, prop, value, kept.get(name))
    return found


def checked_object(payload: Any, name: str) -> dict[str, Any]:
    """A JSON object with text that can be written again. Raises Fault 2010."""
    if not isinstance(payload, dict):
        raise errors.bad_property(name, f"Can not deserialize instance of com.intuit.schema.finance.v3.{name}")
    _well_formed(payload, name, 0)
    return payload


def read(records: Records, prop: Property, value: Any, kept: Any = None) -> Any:
    """One property's value. `kept` is what the record has: a reference that stays may name what is inactive now."""
    if prop.kind == "ref":
        return _reference(records, prop, value, kept)
    if value == CLEARED:
        return CLEARED
    return _READERS[prop.kind](prop, value)


def _text(prop: Property, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise errors.bad_property(prop.name, f"Can not deserialize instance of java.lang.String of {prop.name}")
    text = str(value)
    if len(text) > prop.longest:
        raise errors.too_long(prop.name, prop.longest, len(text))
    return text


def _boolean(prop: Property, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise errors.bad_property(prop.name, f'Can not construct instance of java.lang.Boolean from value "{value}"')


def _integer(prop: Property, value: Any) -> int:
    found = number(value, prop.name)
    if found != found.to_integral_value() or abs(found) > _LARGEST_INTEGER:
        raise errors.bad_property(prop.name, f'Can not construct instance of java.lang.Integer from value "{value}"')
    return int(found)


def _number(prop: Property, value: Any) -> Decimal | int:
    found = number(value, prop.name)
    return int(found) if found == found.to_integral_value() and abs(found) < _LARGEST_INTEGER else found


def _day(prop: Property, value: Any) -> str:
    return day(value, prop.name)


def _time(prop: Property, value: Any) -> str:
    try:
        instant(str(value))
        return str(value)
    except ValueError:
        raise errors.bad_property(
            prop.name, f'Can not construct instance of java.util.Date from value "{value}"'
        ) from None


def _enum(prop: Property, value: Any) -> str:
    if value not in prop.choices:
        raise errors.bad_choice(prop.name, value, prop.choices)
    return str(value)


def _address(prop: Property, value: Any) -> dict[str, Any]:
    found = _object(value, prop.name)
    for name in found:
        if name not in _ADDRESS and name not in _ADDRESS_ALSO:
            raise errors.unknown_property("PhysicalAddress", name, (*_ADDRESS, *_ADDRESS_ALSO))
    lines = {
        name: _text(Property(name, "text", longest=500), v)
        for name, v in found.items()
        if name in _ADDRESS and v not in (None, "")
    }
    kept = {"Id": str(found["Id"])} if found.get("Id") else {}
    return {**kept, **lines}


def _member(name: str, longest: int) -> Callable[[Property, Any], dict[str, Any]]:
    def reads(prop: Property, value: Any) -> dict[str, Any]:
        found = _object(value, prop.name)
        inner = found.get(name)
        return (
            {}
            if inner in (None, "")
            else {name: _text(Property(f"{prop.name}.{name}", "text", longest=longest), inner)}
        )

    return reads


def _code(prop: Property, value: Any) -> Any:
    id = reference(value, prop.name)
    return {"value": id} if id else CLEARED


def _free(prop: Property, value: Any) -> dict[str, Any]:
    return _object(value, prop.name)


def _items(prop: Property, value: Any) -> list[Any]:
    return _list(value, prop.name)


_READERS: Mapping[str, Callable[[Property, Any], Any]] = {
    "text": _text,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "money": _number,
    "date": _day,
    "time": _time,
    "enum": _enum,
    "address": _address,
    "email": _member("Address", 100),
    "phone": _member("FreeFormNumber", 30),
    "web": _member("URI", 1000),
    "memo": _member("value", 1000),
    "code": _code,
    "object": _free,
    "list": _items,
}


def _reference(records: Records, prop: Property, value: Any, kept: Any) -> Any:
    if value == CLEARED:
        return CLEARED
    id = reference(value, prop.name)
    if not id:
        return CLEARED
    target = prop.targets[0]
    if len(prop.targets) > 1:
        target = str(value.get("type") or prop.targets[0]).capitalize()
        if target not in prop.targets:
            raise errors.bad_choice(f"{prop.name}.type", value.get("type"), prop.targets)
    found = named(records, target, id, prop.name, kept)
    return {**found, "type": target} if len(prop.targets) > 1 else found


def named(records: Records, target: str, id: str, name: str, kept: Any = None) -> dict[str, Any]:
    """{"value", "name"} of the record a reference names. Raises Fault 2500: there is none; 610: it is inactive."""
    if (shown := records.named(target, id)) is None:
        raise errors.bad_reference(name)
    stays = isinstance(kept, dict) and kept.get("value") == id
    if not stays and not records.is_active(target, id):
        raise errors.not_found()
    return {"value": id, "name": shown} if shown else {"value": id}


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise errors.bad_property(name, f"Can not deserialize instance of {name}")
    found: dict[str, Any] = without_nulls(value)
    return found


def _list(value: Any, name: str) -> list[Any]:
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise errors.bad_property(name, f"Can not deserialize instance of java.util.List of {name}")
    return [without_nulls(item) for item in value]


def without_nulls(value: Any) -> Any:
    """Plain data without the members that are null."""
    if isinstance(value, dict):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(member) for member in value]
    return value


def _well_formed(value: Any, name: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise errors.bad_property(name, "the request is nested too deep")
    if isinstance(value, str):
        if not value.isascii() and _SURROGATE.search(value):
            raise errors.bad_property(name, "text that is no Unicode")
    elif isinstance(value, dict):
        for key, member in value.items():
            _well_formed(key, name, depth + 1)
            _well_formed(member, str(key)[:100], depth + 1)
    elif isinstance(value, list):
        for member in value:
            _well_formed(member, name, depth + 1)
