"""What was said so far, as the next request carries it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from finchat.agent.fencing import Fence
from finchat.agent.messages import AssistantText, Item, ToolOutput, UserText
from finchat.agent.tokens import estimate_item

_PLAIN_ID = re.compile(r"[!-~]{1,200}")


@dataclass(slots=True)
class _Long:
    """A tool's output that can be taken out: where it stands, and the short words for it."""

    index: int
    short: str
    batch: int


class Conversation:
    """The items of one conversation, append-only but for `compact`. One fence for all of it.

    Adding costs the same however long it is; `tokens` is kept along.
    """

    def __init__(self) -> None:
        self.fence = Fence()
        self.questions: list[str] = []
        self.tokens = 0  # estimated, of all items
        self._items: list[Item] = []
        self._long: list[_Long] = []
        self._batch = 0
        self._call_ids: set[str] = set()

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items)

    def ask(self, question: str) -> None:
        """What the person wants to know."""
        self.questions.append(question)
        self.tell(question)

    def tell(self, text: str) -> None:
        """What finchat tells the model in the person's place."""
        self._add(UserText(_sendable(text)))

    def said(self, items: Iterable[Item]) -> None:
        """What the model's turn held, in its order."""
        for item in items:
            self._add(AssistantText(_sendable(item.text)) if isinstance(item, AssistantText) else item)

    def output(self, call_id: str, text: str, *, short: str = "") -> None:
        """The answer to a call. `short` says the same in a line, for when the whole has to go."""
        self._add(ToolOutput(call_id, text))
        if short and len(short) < len(text):
            self._long.append(_Long(len(self._items) - 1, short, self._batch))

    def end_batch(self) -> None:
        """The calls of one turn are all answered."""
        self._batch += 1

    def id_for(self, wanted: str) -> str:
        """The id that a call has in this conversation: its own, unless that is empty, odd or taken; then a new one."""
        id, number = wanted, len(self._call_ids)
        while not _PLAIN_ID.fullmatch(id) or id in self._call_ids:
            number += 1
            id = f"call_{number}"
        self._call_ids.add(id)
        return id

    def compact(self) -> bool:
        """Put older outputs of tools away, each for its short words; False when there is nothing left to put away.

        What the newest calls gave stays, unless there is nothing else. Evidence holds the whole of everything.
        """
        old = [one for one in self._long if one.batch < self._batch - 1] or self._long
        if not old:
            return False
        for one in old:
            item = self._items[one.index]
            assert isinstance(item, ToolOutput)
            shorter = replace(item, text=one.short)
            self.tokens += estimate_item(shorter) - estimate_item(item)
            self._items[one.index] = shorter
        gone = {one.index for one in old}
        self._long = [one for one in self._long if one.index not in gone]
        return True

    def _add(self, item: Item) -> None:
        self._items.append(item)
        self.tokens += estimate_item(item)


def _sendable(text: str) -> str:
    """Text that JSON over UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
