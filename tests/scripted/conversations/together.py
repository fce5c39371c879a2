"""Several conversations in one run: each script sees its own question and its own answers only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from finchat.agent.messages import Item, Reasoning, ToolCall, ToolOutput, UserText
from tests.scripted.conversations.reading import question_of
from tests.scripted.server import Say, Script, Seen


def together(scripts: Mapping[str, Script]) -> Script:
    """One script that answers a question of several lines, "title: question", each line by the script in
    its place.

    Their calls go out side by side, and their words stand under headings. The id of a call tells whose it is.
    """

    def script(seen: Seen) -> Say:
        asked = [line.split(": ", 1)[1] for line in question_of(seen).splitlines()]
        calls: list[tuple[str, Mapping[str, Any] | str]] = []
        ids: list[str] = []
        texts: list[str] = []
        for place, (title, one) in enumerate(scripts.items()):
            said = one(_own(seen, asked[place], f"s{place}-"))
            assert isinstance(said, Say)
            ids += [f"s{place}-{seen.turn}-{number}" for number in range(len(said.calls))]
            calls += said.calls
            texts.append(f"## {title}\n\n{said.text}")
        return Say(calls=calls, ids=ids) if calls else Say("\n\n".join(texts))

    return script


def _own(seen: Seen, question: str, prefix: str) -> Seen:
    """What one conversation would see of it."""
    items: list[Item] = []
    for item in seen.items:
        if isinstance(item, UserText) and not items:
            items.append(UserText(question))
        elif isinstance(item, ToolCall | ToolOutput):
            id = item.id if isinstance(item, ToolCall) else item.call_id
            if id.startswith(prefix):
                items.append(item)
        elif not isinstance(item, Reasoning):
            items.append(item)
    return replace(seen, items=tuple(items))
