"""What an update sends: the whole record as it is, with exactly the changes its caller named.

QuickBooks sets to null what a full update leaves out, and replaces all lines by the lines it is given. Here a record
is merged from what QuickBooks holds: a field is emptied only by `clear`, a line is dropped only by `remove`. The pure
half of an update; reading the record and comparing its SyncToken come before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finchat.servers.failure import invalid_argument
from finchat.servers.quickbooks.entities.entity import Entity
from finchat.servers.quickbooks.table import CLEAR_FIELDS, REMOVE_LINES

Record = Mapping[str, Any]
# What QuickBooks keeps for itself, of any entity.
_ITS_OWN = ("MetaData", "domain", "sparse", "status", "time")
_MASKED = re.compile(r"(?i)[x*][x*\- ]{2,}.*")
# What could charge a card or send money is never sent, whatever the record says.
_CHARGES = ("ProcessPayment", "ProcessBillPayment")
_SUBTOTAL = "SubTotalLineDetail"
_WORDS = ("Description", "LineNum")
# A transaction has one discount at most, and QuickBooks gives its line no Id.
_SINGLE = ("DiscountLineDetail",)


def merged(
    entity: Entity,
    current: Record,
    changes: Record,
    *,
    remove: Sequence[str] = (),
    clear: Sequence[str] = (),
) -> dict[str, Any]:
    """The body of the update of `current` (as QuickBooks answered it, amounts exact) by `changes`.

    A sparse update, whose left-out fields QuickBooks leaves alone; a full one, which alone can empty fields, only for
    `clear` and for the last line. Raises Failure invalid_argument for changes that contradict each other or the record.
    """
    if both := sorted(set(clear) & set(changes)):
        raise invalid_argument(
            f"{both[0]} is given and cleared at once", field=CLEAR_FIELDS, next=f"give {both[0]} or clear it"
        )
    left_out = {*_ITS_OWN, *_CHARGES, *entity.computed, *clear}
    settable = {field.name for field in entity.writable}
    # What QuickBooks does not show whole, or what charged a card, stays as it is only when it is not sent at all.
    withheld = [
        name
        for name, value in current.items()
        if name not in changes
        and name not in left_out
        and (_is_masked(name, value) or (name == "CreditCardPayment" and value is not None and name not in settable))
    ]
    body = {name: value for name, value in current.items() if name not in left_out and name not in withheld}
    for name, value in changes.items():
        if name != "Line":
            body[name] = combined(body.get(name), value)
    full = bool(clear)
    if entity.has_lines:
        before = _kept_lines(current)
        body["Line"] = merged_lines(before, changes.get("Line", ()), remove)
        full = full or (bool(before) and not body["Line"])
        if _without_words(body["Line"]) != _without_words(before):
            _let_tax_follow(body, changes)
        if not body["Line"] and any(field.kind == "lines" and field.required for field in entity.fields):
            raise invalid_argument(
                "no line would be left", field=REMOVE_LINES, next=f"delete or void the {entity.what} instead"
            )
    if full and withheld:
        raise invalid_argument(
            f"emptying a field sends all of the record again, and {withheld[0]} is not shown whole",
            field=CLEAR_FIELDS,
            next=f"give {withheld[0]} too" if withheld[0] in settable else "change it in QuickBooks itself",
        )
    return {**body, "Id": current["Id"], "SyncToken": current["SyncToken"], "sparse": not full}


def merged_lines(before: Sequence[Record], given: Sequence[Record], remove: Sequence[str]) -> list[dict[str, Any]]:
    """The lines of a record after a change: all of `before` but `remove`, those named changed, the new ones last.

    A line is known by its Id; one that only links a document, by that document. Raises Failure for a line that is not
    there, or named twice.
    """
    result: list[dict[str, Any] | None] = [dict(line) for line in before]
    touched: set[int] = set()
    added: list[dict[str, Any]] = []
    for position, name in enumerate(remove):
        where = f"{REMOVE_LINES}.{position}"
        index = _removed(before, name, where)
        if index in touched:
            raise invalid_argument(f"line {name} is named twice", field=where, next="name each line once")
        touched.add(index)
        result[index] = None
    for position, line in enumerate(given):
        where = f"Line.{position}"
        index_or_new = _position_of(before, line, where)
        if index_or_new is None:
            added.append(dict(line))
            continue
        if index_or_new in touched:
            raise invalid_argument(
                f"line {line_name(before[index_or_new])} is named twice", field=where, next="name each line once"
            )
        touched.add(index_or_new)
        result[index_or_new] = _changed_line(before[index_or_new], line, where)
    return [*(line for line in result if line is not None), *added]


def combined(old: Any, new: Any) -> Any:
    """`old` changed by what `new` names, at every depth. A reference is one value: it is replaced whole."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if "value" in new:
            # The name beside an Id is QuickBooks' own: kept only where the Id stays.
            return dict(old) if str(old.get("value")) == str(new["value"]) else dict(new)
        return {**old, **{name: combined(old.get(name), value) for name, value in new.items()}}
    if _objects(old) and _objects(new):
        return _combined_lists(old, new)
    return new


def line_name(line: Record) -> str:
    """What a line is called in `remove_lines` and in messages."""
    if line.get("Id") is not None:
        return str(line["Id"])
    if (linked := _link(line)) is not None:
        return f"{linked[0]}:{linked[1]}"
    return str(line.get("DetailType", "without an Id"))


def differences(before: Record, after: Record) -> list[str]:
    """What differs between two versions of a record, a short text for each; nothing QuickBooks keeps for itself."""
    return list(_differences(before, after, ""))


def _differences(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            if not path and name in (*_ITS_OWN, "SyncToken"):
                continue
            where = f"{path}.{name}" if path else name
            if name not in after:
                yield f"{where} {_shown(before[name])} is gone"
            elif name not in before:
                yield f"{where} is now {_shown(after[name])}"
            else:
                yield from _differences(before[name], after[name], where)
    elif _objects(before) and _objects(after) and (before or after):
        yield from _list_differences(before, after, path)
    elif before != after:
        yield f"{path} {_shown(before)} is now {_shown(after)}"


def _list_differences(before: Sequence[Record], after: Sequence[Record], path: str) -> Iterator[str]:
    old, new = _named(before), _named(after)
    for name in dict.fromkeys((*old, *new)):
        where = f"{path} {name}"
        if name not in new:
            yield f"{where} ({_shown(old[name])}) is gone"
        elif name not in old:
            yield f"{where} ({_shown(new[name])}) is new"
        else:
            yield from _differences(old[name], new[name], where)


def _named(items: Sequence[Record]) -> dict[str, Record]:
    result: dict[str, Record] = {}
    for item in items:
        identity = _identity(item)
        name = line_name(item) if identity is None or identity[0] == "Id" else " ".join(identity[1:])
        while name in result:
            name += "'"
        result[name] = item
    return result


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        if "value" in value:
            return f"{value.get('name', value['value'])}"
        parts = (f"{name} {_shown(inner)}" for name, inner in value.items() if name not in ("Id", "DetailType"))
        return ", ".join(parts)[:120]
    if isinstance(value, list | tuple):
        return f"{len(value)} of them"
    return str(value)[:60]


def _kept_lines(current: Record) -> list[Record]:
    """The lines but QuickBooks' own running total, which it works out again."""
    lines: Sequence[Record] = current.get("Line") or ()
    return [line for line in lines if line.get("DetailType") != _SUBTOTAL or line.get("Id") is not None]


def _removed(before: Sequence[Record], name: str, where: str) -> int:
    for index, line in enumerate(before):
        linked = _link(line)
        if str(line.get("Id")) == name or (linked is not None and f"{linked[0]}:{linked[1]}" == name):
            return index
    raise _no_line(before, name, where)


def _position_of(before: Sequence[Record], line: Record, where: str) -> int | None:
    """Which existing line is meant; None for a new one."""
    if (name := line.get("Id")) is not None:
        for index, old in enumerate(before):
            if str(old.get("Id")) == str(name):
                return index
        raise _no_line(before, str(name), f"{where}.Id")
    linked = _link(line)
    for index, old in enumerate(before):
        if linked is not None and _detail(line) is None and _link(old) == linked:
            return index
        if _detail(line) in _SINGLE and _detail(old) == _detail(line):
            return index
    return None


def _no_line(before: Sequence[Record], name: str, where: str) -> Exception:
    known = ", ".join(line_name(line) for line in before) or "none"
    return invalid_argument(
        f"the record has no line {name}", field=where, next=f"its lines are: {known}; a new line has no Id"
    )


def _changed_line(old: Record, new: Record, where: str) -> dict[str, Any]:
    kind = new.get("DetailType", old.get("DetailType"))
    if kind == old.get("DetailType"):
        return dict(combined(old, new))
    # Another kind of line: what the old kind said means nothing in the new one.
    if kind not in new and kind != "DescriptionOnly":
        raise invalid_argument(
            f"the line becomes a {kind} and does not say its {kind}", field=where, next=f"give {kind}"
        )
    kept = {name: value for name, value in old.items() if name != old.get("DetailType")}
    return dict(combined(kept, new))


def _without_words(lines: Sequence[Record]) -> list[Record]:
    """Lines as far as tax may depend on them."""
    return [{name: value for name, value in line.items() if name not in _WORDS} for line in lines]


def _let_tax_follow(body: dict[str, Any], changes: Record) -> None:
    """After a change of lines, tax that QuickBooks works out is left to it; tax a person typed in stays."""
    detail = body.get("TxnTaxDetail")
    if "TxnTaxDetail" in changes or not isinstance(detail, Mapping):
        return
    coded = any(_tax_code(line) not in (None, "NON") for line in body["Line"])
    if "TxnTaxCodeRef" in detail or coded:
        body["TxnTaxDetail"] = {name: value for name, value in detail.items() if name == "TxnTaxCodeRef"}
        if not body["TxnTaxDetail"]:
            del body["TxnTaxDetail"]


def _tax_code(line: Record) -> str | None:
    detail = line.get(str(line.get("DetailType")))
    code = detail.get("TaxCodeRef") if isinstance(detail, Mapping) else None
    return None if code is None else str(code.get("value"))


def _combined_lists(old: Sequence[Record], new: Sequence[Record]) -> list[dict[str, Any]]:
    """Records in a list that have an identity are merged by it; others are added unless they are there."""
    result = [dict(item) for item in old]
    for item in new:
        alike = [at for at, known in enumerate(result) if _is_same(known, item)]
        found = alike[0] if alike else None
        if found is not None:
            result[found] = combined(result[found], item)
        elif dict(item) not in result:
            result.append(dict(item))
    return result


def _is_same(old: Record, new: Record) -> bool:
    """Whether two records in a list are one: of a linked transaction, without its line where only one names that."""
    one, other = _identity(old), _identity(new)
    if one is None or other is None:
        return False
    return one == other or (one[0] == "TxnId" and one[:3] == other[:3] and "" in (one[3], other[3]))


def _identity(item: Record) -> tuple[str, ...] | None:
    for name in ("Id", "DefinitionId"):
        if item.get(name) is not None:
            return (name, str(item[name]))
    if item.get("TxnId") is not None:
        return ("TxnId", str(item.get("TxnType")), str(item["TxnId"]), str(item.get("TxnLineId", "")))
    if isinstance(entity := item.get("EntityRef"), Mapping):
        return ("EntityRef", str(entity.get("type")), str(entity.get("value")))
    if isinstance(detail := item.get("TaxLineDetail"), Mapping) and isinstance(
        rate := detail.get("TaxRateRef"), Mapping
    ):
        return ("TaxRateRef", str(rate.get("value")))
    linked = _link(item)
    return None if linked is None else ("LinkedTxn", *linked)


def _link(line: Record) -> tuple[str, str] | None:
    linked = line.get("LinkedTxn")
    if isinstance(linked, list | tuple) and len(linked) == 1:
        return str(linked[0].get("TxnType")), str(linked[0].get("TxnId"))
    return None


def _detail(line: Record) -> Any:
    return line.get("DetailType")


def _objects(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value)


def _is_masked(name: str, value: Any) -> bool:
    return isinstance(value, str) and ("Tax" in name or name == "SSN") and _MASKED.fullmatch(value) is not None
