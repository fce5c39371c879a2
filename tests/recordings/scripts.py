"""What the scripted models of the recordings say. The conversations themselves are in tests/scripted/conversations;
here they are put together to sessions, and here are the models that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from finchat.agent.messages import UserText
from tests.scripted.conversations.reading import answer_of
from tests.scripted.server import Raw, Say, Script, Seen, stream_of, streamed


def session(turns: Mapping[str, Script]) -> Script:
    """One script for a whole chat: each question, known by words in it, is answered by its own script, which sees the
    conversation from that question on."""

    def script(seen: Seen) -> Say | Raw:
        for start in range(len(seen.items) - 1, -1, -1):
            item = seen.items[start]
            if isinstance(item, UserText) and "\n" not in item.text.strip():
                for words, one in turns.items():
                    if words in item.text:
                        return one(replace(seen, items=seen.items[start:]))
        raise AssertionError(f"nobody answers: {seen.question}")

    return script


def says(*words: str) -> Script:
    """Words alone."""
    return lambda _seen: Say("".join(words))


def calls(*asked: tuple[str, Mapping[str, Any]], then: Callable[[Seen], str]) -> Script:
    """Calls, and words made of what they answered."""

    def script(seen: Seen) -> Say:
        if answer_of(seen, asked[-1][0]) is None:
            return Say(calls=list(asked))
        return Say(then(seen))

    return script


def stuck_after(words: str, go_on: threading.Event) -> Script:
    """The beginning of an answer, and then nothing until somebody has had enough."""

    def script(seen: Seen) -> Raw:
        raw = streamed(seen, stream_of(seen, Say(words, piece=40)))
        cut = len(raw.parts) * 2 // 3
        return Raw(headers=raw.headers, parts=[*raw.parts[:cut], go_on], end="silent")

    return script
