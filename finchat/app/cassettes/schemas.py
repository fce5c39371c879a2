"""JSON Schemas of what the commands about cassettes print."""

from __future__ import annotations

from finchat.json_schema import COUNT, EXIT_CODE, FLAG, TEXT, TEXTS, document, nullable, object_of

PROBLEM = object_of({"code": TEXT, "message": TEXT, "field": nullable(TEXT)})

REPLAY = document(
    "finchat.replay/1",
    "`finchat replay FILE --json`: whether a recording runs as recorded.",
    {
        "file": TEXT,
        "title": TEXT,
        "command": TEXTS,
        "same": FLAG,
        "problem": nullable(PROBLEM),
        "recorded_exit_code": EXIT_CODE,
        "exchanges": object_of({"mcp": COUNT, "model": COUNT, "human": COUNT}),
        "stdout": TEXT,
        "stderr": TEXT,
        "exit_code": EXIT_CODE,
    },
)
