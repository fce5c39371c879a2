"""The key taken out of what an endpoint answers: it knows the key, and an answer is shown, kept and printed as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from finchat.agent.messages import AssistantText, Item, ToolCall
from finchat.text.redact import redact


class KeyMask:
    """Masks one key, also where it comes in pieces."""

    def __init__(self, key: str | None) -> None:
        self._keys = [key] if key else []
        self._held = ""

    def piece(self, text: str) -> str:
        """What can be shown of a text so far; what may be the beginning of the key is held back."""
        text = self._whole(self._held + text)
        keep = max((n for key in self._keys for n in range(1, len(key)) if text.endswith(key[:n])), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """What was held back, once the text has ended."""
        rest, self._held = self._held, ""
        return rest

    def items(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """Words and calls without the key; a call that carried it is no call of any tool's any more."""
        return tuple(self._masked(item) for item in items)

    def calls(self, calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
        return tuple(self._call(call) for call in calls)

    def _masked(self, item: Item) -> Item:
        if isinstance(item, AssistantText):
            return AssistantText(self._whole(item.text))
        return self._call(item) if isinstance(item, ToolCall) else item

    def _call(self, call: ToolCall) -> ToolCall:
        return replace(
            call, id=self._whole(call.id), name=self._whole(call.name), arguments=self._whole(call.arguments)
        )

    def _whole(self, text: str) -> str:
        if not any(key in text for key in self._keys):
            return text
        return redact(text, self._keys)
