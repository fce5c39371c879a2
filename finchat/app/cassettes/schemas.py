"""JSON Schemas of what the commands about cassettes print."""

from __future__ import annotations

from finchat.json_schema import COUNT, EXIT_CODE, FLAG, TEXT, TEXTS, document, list_of, nullable, object_of, one_of

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

DIFFERENCE = object_of({"place": TEXT, "before": nullable(TEXT), "after": nullable(TEXT)})
LINT = document(
    "finchat.cassette_lint/1",
    "`finchat cassette lint --json`: what is wrong with cassettes, by line.",
    {
        "files": list_of(
            object_of(
                {
                    "file": TEXT,
                    "problems": list_of(
                        object_of(
                            {
                                "line": COUNT,
                                "severity": one_of("error", "warning"),
                                "check": one_of("file", "secret", "replay"),
                                "text": TEXT,
                            }
                        )
                    ),
                }
            )
        ),
        "exit_code": EXIT_CODE,
    },
)
SHOW = document(
    "finchat.cassette/1",
    "`finchat cassette show --json`: what a cassette is of, its run or its rows.",
    {
        "file": TEXT,
        "title": TEXT,
        "command": TEXTS,
        "facts": list_of(object_of({"name": TEXT, "value": TEXT})),
        "steps": nullable(
            list_of(
                object_of(
                    {
                        "n": nullable(COUNT),
                        "at_ms": nullable(COUNT),
                        "kind": one_of(
                            "question", "opened", "local", "model", "read", "write", "call", "person", "fault", "end"
                        ),
                        "text": TEXT,
                        "detail": nullable(TEXT),
                    }
                )
            )
        ),
        "rows": nullable(
            list_of(object_of({"n": COUNT, "kind": TEXT, "at_ms": nullable(COUNT), "bytes": COUNT, "text": TEXT}))
        ),
        "exit_code": EXIT_CODE,
    },
)
DIFF = document(
    "finchat.cassette_diff/1",
    "`finchat cassette diff --json`: how two cassettes differ.",
    {
        "a": TEXT,
        "b": TEXT,
        "same": FLAG,
        "header": list_of(DIFFERENCE),
        "prompts": TEXTS,
        "catalogues": TEXTS,
        "rows": list_of(
            object_of(
                {
                    "what": TEXT,
                    "a": nullable(COUNT),
                    "b": nullable(COUNT),
                    "count": COUNT,
                    "differences": list_of(DIFFERENCE),
                }
            )
        ),
        "same_rows": COUNT,
        "exit_code": EXIT_CODE,
    },
)
VERIFY = document(
    "finchat.cassette_verify/1",
    "`finchat cassette verify --json`: seal, replay, and the world since.",
    {
        "file": TEXT,
        "rows": COUNT,
        "same": FLAG,
        "problem": nullable(PROBLEM),
        "live": nullable(
            object_of(
                {
                    "organisation": TEXT,
                    "recorded": TEXT,
                    "counts": object_of({"same": COUNT, "changed": COUNT, "failed": COUNT, "not_asked": COUNT}),
                    "writes": COUNT,
                    "reads": list_of(
                        object_of(
                            {
                                "row": COUNT,
                                "server": TEXT,
                                "tool": TEXT,
                                "arguments": TEXT,
                                "status": one_of("same", "changed", "failed", "not_asked"),
                                "why": nullable(TEXT),
                                "own_write_after": FLAG,
                                "changes": list_of(
                                    object_of(
                                        {
                                            "id": TEXT,
                                            "name": TEXT,
                                            "change": one_of("added", "gone", "changed"),
                                            "fields": list_of(DIFFERENCE),
                                        }
                                    )
                                ),
                                "values": list_of(DIFFERENCE),
                            }
                        )
                    ),
                }
            )
        ),
        "exit_code": EXIT_CODE,
    },
)
MADE = document(
    "finchat.cassette_made/1",
    "`finchat cassette trim|fault|anonymise --json`: what was made of a cassette.",
    {
        "what": one_of("trim", "fault", "anonymise"),
        "file": TEXT,
        "out": TEXT,
        "bytes_before": COUNT,
        "bytes_after": COUNT,
        "rows_before": COUNT,
        "rows_after": COUNT,
        "recorded_exit_code": EXIT_CODE,
        "done": TEXTS,
        "exit_code": EXIT_CODE,
    },
)
