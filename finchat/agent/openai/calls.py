"""The calls of a Chat Completions turn, put together from their pieces.

Servers differ: most number the calls by index and send id and name once; some put every call at index 0 and tell them
apart by id alone, some repeat id and name with every piece, some send the name in pieces, some send neither index nor
id. A call is known by (index, id). What cannot be told apart becomes a name that was never offered or arguments that
are no JSON, and is refused as such; nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from finchat.agent.messages import ToolCall
from finchat.agent.openai.wire import MAX_CHARACTERS, as_mapping, as_text, broken

MAX_CALLS = 128
_MAX_ID = 512
_MAX_NAME = 1024


class _Call:
    __slots__ = ("arguments", "id", "index", "name")

    def __init__(self, index: int | None, id: str) -> None:
        self.index = index
        self.id = id
        self.name = ""
        self.arguments: list[str] = []


class CallParts:
    """Collects pieces of calls; pieces are kept in lists, so that any number of them costs linear time."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_key: dict[tuple[int | None, str], _Call] = {}
        self._latest: dict[int | None, _Call] = {}  # by index
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def take(self, piece: Any, *, index: int | None = None) -> None:
        """One element of `tool_calls`, of a delta or of a whole message (then at `index`). Raises TurnBroken when it
        has not the API's shape or there is too much of it."""
        piece = as_mapping(piece, "a tool call")
        if piece.get("type") not in {None, "", "function"}:
            raise broken("malformed", "a call is of another type than function")
        function = as_mapping(piece.get("function") or {}, "a function")
        if index is None:
            index = piece.get("index")
            if index is not None and (not isinstance(index, int) or isinstance(index, bool)):
                raise broken("malformed", "the index of a call is no number")
        self.add(index, as_text(piece.get("id")), as_text(function.get("name")), as_text(function.get("arguments")))

    def add(self, index: int | None, id: str, name: str, arguments: str) -> None:
        """A piece: absent parts are empty."""
        call = self._of(index, id, name)
        self._size += len(name) + len(arguments)
        if self._size > MAX_CHARACTERS:
            raise broken("too_large")
        if name and not self._is_repeat(call, id, name, arguments):
            call.name += name
            if len(call.name) > _MAX_NAME:
                raise broken("malformed", "the name of a call is longer than any tool's")
        if arguments:
            call.arguments.append(arguments)

    def calls(self, own_id: Callable[[int], str]) -> tuple[ToolCall, ...]:
        """The calls by index, then as they began. `own_id(position)` names a call that came without an id."""
        ordered = sorted(self._calls, key=lambda call: (call.index is None, call.index or 0))
        return tuple(
            ToolCall(call.id or own_id(position), call.name, "".join(call.arguments))
            for position, call in enumerate(ordered)
        )

    def _of(self, index: int | None, id: str, name: str) -> _Call:
        """The call that a piece belongs to, begun if it is new."""
        latest = self._latest.get(index)
        if id:
            found = self._by_key.get((index, id))
            if found is None and latest is not None and not latest.id and not latest.arguments and not name:
                latest.id = id  # the id came after the name
                found = self._by_key[index, id] = latest
        elif index is None:
            # Without index and id a name begins a call: such servers send each call in one piece.
            found = None if name else (self._calls[-1] if self._calls else None)
        else:
            begun = latest is not None and latest.arguments and name and name != latest.name
            found = None if begun else latest
        if found is None:
            found = self._begin(index, id)
        self._latest[index] = found
        return found

    def _begin(self, index: int | None, id: str) -> _Call:
        if len(self._calls) >= MAX_CALLS:
            raise broken("too_large")
        if len(id) > _MAX_ID:
            raise broken("malformed", "the id of a call is longer than any")
        call = _Call(index, id)
        self._calls.append(call)
        if id:
            self._by_key[index, id] = call
        return call

    @staticmethod
    def _is_repeat(call: _Call, id: str, name: str, arguments: str) -> bool:
        """Whether a name is the call's own once more, not its next piece: it comes with the id again, or with
        arguments."""
        return name == call.name and bool(id or arguments or call.arguments)
