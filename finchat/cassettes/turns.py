"""What a model said in a recorded exchange, whichever API it was said by and in whatever pieces it came."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from finchat.agent.messages import ModelRequest, ToolCall
from finchat.canonical import canonical_json
from finchat.errors import FinchatError


def turn_of(row: Mapping[str, Any]) -> tuple[str, tuple[ToolCall, ...]]:
    """The words and the calls of a model's turn, as far as it came."""
    from finchat.agent.openai.chat import ChatDialect
    from finchat.agent.openai.dialect import Dialect
    from finchat.agent.openai.responses import ResponsesDialect

    dialect: Dialect = ResponsesDialect("", "") if row["path"].endswith("/responses") else ChatDialect("", "")
    reader = dialect.reader(ModelRequest(instructions="", items=()))
    words: list[str] = []
    with suppress(FinchatError, ValueError, TypeError, KeyError, AttributeError):
        if isinstance(row.get("document"), Mapping):
            words += reader.take_document(row["document"])
        for name, data in row.get("events") or []:
            words += reader.take(name or "", data if isinstance(data, str) else canonical_json(data))
    return "".join(words), reader.seen()
