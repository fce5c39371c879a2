"""How many tokens a text is, guessed high: for limits, where the endpoint has not counted yet or never does.

Tokenizers differ by model and cannot be asked offline. All in use cut English words and JSON keys into pieces of about
four characters, numbers into pieces of at most three digits (ids that mix digits and letters into shorter ones), give
most punctuation a piece of its own, and other scripts about one piece a character. The guess is a little above that, so
that what is held to a limit by it is within the limit by the model's own count.
"""

from __future__ import annotations

import json
from math import ceil

from finchat.agent.messages import AssistantText, Item, Reasoning, ToolCall, ToolOutput, ToolSpec, UserText

_DIGITS = dict.fromkeys(map(ord, "0123456789"))
_WORDS = dict.fromkeys(map(ord, " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))
_AROUND_AN_ITEM = 8  # role, id, name and separators


def estimate(text: str) -> int:
    """Tokens of a text."""
    if not text.isascii():
        plain = text.encode("ascii", "ignore").decode("ascii")
        other = (len(text.encode("utf-8", "replace")) - len(plain)) / 2
    else:
        plain, other = text, 0.0
    punctuation = len(plain.translate(_WORDS))
    digits = len(plain) - len(plain.translate(_DIGITS))
    letters = len(plain) - punctuation - digits
    return ceil(letters / 3.6 + digits / 1.5 + punctuation * 0.6 + other)


def estimate_item(item: Item) -> int:
    """Tokens of one item of a conversation."""
    match item:
        case UserText(text) | AssistantText(text):
            found = estimate(text)
        case ToolCall(id, name, arguments):
            found = estimate(id) + estimate(name) + estimate(arguments)
        case ToolOutput(call_id, text):
            found = estimate(call_id) + estimate(text)
        case Reasoning(payload):
            found = estimate(json.dumps(payload, default=str))
    return found + _AROUND_AN_ITEM


def estimate_tool(spec: ToolSpec) -> int:
    """Tokens of a tool's name, description and schema as a request carries them."""
    schema = json.dumps(spec.parameters, ensure_ascii=False, separators=(",", ":"), default=str)
    return estimate(spec.name) + estimate(spec.description) + estimate(schema) + _AROUND_AN_ITEM
