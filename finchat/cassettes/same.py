"""Repeated parts of a recording stand in its file once.

A value of more than LEAST characters of canonical JSON that stood in an earlier mcp or model row, or in an earlier
member of the same row, is written as `{"$same":[n,"/json/pointer"]}`; a list that begins like an earlier one as
`{"$same":[n,"/json/pointer",k],"then":[…]}`: the first k items of that list, then these. So the history of a
conversation, which each request sends again, and its tools cost a line what is new in them, and an answer that repeats
its request nothing. Pointers go into row n as it is read, whole.

Three more forms make room for all data: `{"$same":{…}}` is an object that has the key "$same" itself,
`{"$same":"…"}` is text that is not Unicode (halves of surrogate pairs written \\ud83d, the backslash twice), and
`{"$same":true,"members":[[key,value],…]}` an object with such a key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from finchat.cassettes.content import ESCAPE, carried, carried_object, content, text_of

LEAST = 300
SHARING = ("mcp", "model")
LARGEST = (
    256 * 1024 * 1024
)  # characters of all rows with their repeated parts: an eighth of a line can repeat all before
_KEPT_LISTS = 4  # earlier lists of one place that a new one is compared with: requests of several conversations mix

Place = tuple["Place", "str | int"] | None  # a JSON pointer, from its end


class BadReference(ValueError):
    """A `$same` that names nothing, in words."""


class Interning:
    """Writes rows, in their order, without what stood before."""

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[int, str]] = {}
        self._lists: dict[tuple[str, str], list[tuple[int, list[bytes]]]] = {}
        self._new: dict[bytes, tuple[int, str]] = {}
        self._new_lists: list[tuple[tuple[str, str], tuple[int, list[bytes]]]] = []
        self._n = 0
        self._kind = ""

    def row(self, n: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """Row `n` as it is written. Raises TypeError or ValueError for what is no JSON data."""
        if row["kind"] not in SHARING:
            return {name: carried(value) for name, value in row.items()}
        self._n, self._kind, self._new_lists = n, row["kind"], []
        written = {}
        for name, value in sorted(row.items()):  # as they stand in the line: an answer may repeat its own request
            self._new = {}
            written[name] = self._value(value, (None, name))
            for digest, where in self._new.items():
                self._seen.setdefault(digest, where)
        for key, found in self._new_lists:
            self._lists[key] = [found, *self._lists.get(key, ())][:_KEPT_LISTS]
        return written

    def _value(self, value: Any, place: Place) -> Any:
        text = _long(value)
        if text is None:
            return carried(value)
        digest = _digest(text)
        known = self._seen.get(digest)
        if known is not None:
            return {ESCAPE: list(known)}
        self._new.setdefault(digest, (self._n, pointer(place)))
        if isinstance(value, str):
            return carried(value)
        if isinstance(value, Mapping):
            return carried_object(value, {key: self._value(item, (place, key)) for key, item in value.items()})
        return self._list(value, place)

    def _list(self, value: Sequence[Any], place: Place) -> Any:
        where = pointer(place)
        texts = [content(item) for item in value]
        digests = [_digest(text) for text in texts]
        n, most = 0, 0
        for earlier, others in self._lists.get((self._kind, where), ()):
            common = _common(digests, others)
            if common > most:
                n, most = earlier, common
        if sum(len(text) for text in texts[:most]) <= LEAST:
            most = 0
        self._new_lists.append(((self._kind, where), (self._n, digests)))
        items = [self._value(item, (place, index)) for index, item in enumerate(value) if index >= most]
        return {ESCAPE: [n, where, most], "then": items} if most else items


class Expanding:
    """Reads rows, in their order, back to what they were. Rows share the values that they repeat."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._rows: dict[int, Mapping[str, Any]] = {}
        self._begun: Mapping[str, Any] = {}  # the members of the row that is read, as far as it was read
        self._sizes: dict[int, int] = {}  # of containers, which the rows keep alive, by their id
        self._left = largest

    def row(self, n: int, row: Mapping[str, Any], text: str) -> Mapping[str, Any]:
        """Row `n`, read from `text`. Raises BadReference for a `$same` that names nothing."""
        self._spend(len(text))
        if f'"{ESCAPE}"' not in text:
            whole = dict(row)
        else:
            self._begun = whole = {}
            for name, value in row.items():
                whole[name] = self._value(value, n)
        if row.get("kind") in SHARING:
            self._rows[n] = whole
        return whole

    def _value(self, value: Any, n: int) -> Any:
        if isinstance(value, list):
            return [item if type(item) is str else self._value(item, n) for item in value]
        if not isinstance(value, dict):
            return value
        if ESCAPE not in value:
            return {key: item if type(item) is str else self._value(item, n) for key, item in value.items()}
        return self._meant(value, n)

    def _meant(self, value: dict[str, Any], n: int) -> Any:
        """What an object with the key ESCAPE stands for."""
        found: Any = None
        match value:
            case {"$same": str(escaped), **rest} if not rest:
                found = text_of(escaped)
            case {"$same": dict(own), **rest} if not rest:
                found = {key: self._value(item, n) for key, item in own.items()}
            case {"$same": True, "members": list(members), **rest} if not rest:
                found = dict(self._member(member, n) for member in members)
            case {"$same": [int(row), str(where)], **rest} if not rest:
                found = self._found(row, where, n)
            case {"$same": [int(row), str(where), int(count)], "then": list(then), **rest} if not rest:
                before = self._found(row, where, n)
                if not isinstance(before, list) or not 0 <= count <= len(before):
                    raise BadReference(f"row {row} has no list of {count} items at {where}")
                found = [*before[:count], *(self._value(item, n) for item in then)]
            case _:
                raise BadReference('an object with the key "$same" is none of those that finchat writes')
        return found

    def _member(self, member: Any, n: int) -> tuple[str, Any]:
        match member:
            case [key, value] if isinstance(name := self._value(key, n), str):
                return name, self._value(value, n)
        raise BadReference('the "members" of an object are not keys and values')

    def _found(self, row: int, where: str, n: int) -> Any:
        path = steps(where)
        found: Any = self._rows.get(row)
        if row == n and path[:1] and path[0] in self._begun:
            found = self._begun
        if found is None:
            raise BadReference(f'"$same" names row {row}, which is no mcp or model row before this one')
        for step in path:
            if isinstance(found, Mapping) and step in found:
                found = found[step]
            elif isinstance(found, list) and step.isascii() and step.isdigit() and int(step) < len(found):
                found = found[int(step)]
            else:
                raise BadReference(f"row {row} has nothing at {where}")
        self._spend(self._size(found))
        return found

    def _spend(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise BadReference("with its repeated parts the recording is larger than finchat reads")

    def _size(self, value: Any) -> int:
        if isinstance(value, str):
            return len(value) + 2
        if not isinstance(value, dict | list):
            return 8
        known = self._sizes.get(id(value))
        if known is None:
            items = value if isinstance(value, list) else [*value, *value.values()]
            known = self._sizes[id(value)] = 2 + sum(self._size(item) + 1 for item in items)
        return known


def pointer(place: Place) -> str:
    """A JSON pointer (RFC 6901)."""
    parts: list[str] = []
    while place is not None:
        place, step = place
        parts.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in reversed(parts))


def steps(where: str) -> list[str]:
    """The keys and indices that a JSON pointer names, as text. Raises BadReference for text that is none."""
    if where and not where.startswith("/"):
        raise BadReference(f"{where!r} is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in where.split("/")[1:]]


def _long(value: Any) -> str | None:
    """The canonical text of a value that is long enough to stand once, else None."""
    if isinstance(value, str):
        if len(value) <= LEAST // 6:  # not too long even when each of its characters is escaped
            return None
    elif not isinstance(value, Mapping | list | tuple):
        return None
    text = content(value)
    return text if len(text) > LEAST else None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8")).digest()


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """How many items at the beginning of two lists are the same."""
    for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return index
    return min(len(one), len(other))
