"""JSON Schemas of sessions: what `finchat sessions` prints and exports, and the lines of a session's file."""

from __future__ import annotations

from typing import get_args

from finchat.agent.events import CallDecision, CallEffect, CallOutcome, StoppedBy
from finchat.agent.messages import Api
from finchat.agent.sessions.lines import FORMAT
from finchat.app.ask_schemas import FIGURE
from finchat.json_schema import (
    AMOUNT,
    COUNT,
    EXIT_CODE,
    FLAG,
    INSTANT,
    SHA256,
    TEXT,
    TEXTS,
    Schema,
    document,
    list_of,
    nullable,
    object_of,
    one_of,
    published,
)
from finchat.workflows.schemas import STATUS

_API = one_of(*get_args(Api))
_ORGANISATION = object_of({"server": TEXT, "id": TEXT, "name": TEXT})
_USAGE = object_of({"requests": COUNT, "input_tokens": COUNT, "output_tokens": COUNT, "cost": nullable(AMOUNT)})
_ENTRY: dict[str, Schema] = {
    "id": TEXT,
    "title": TEXT,
    "created_at": INSTANT,
    "updated_at": INSTANT,
    "organisation": _ORGANISATION,
    "model": TEXT,
    "api": _API,
    "private": FLAG,
    "turns": COUNT,
    "usage": _USAGE,
    "plans_awaiting": TEXTS,
    "size": COUNT,
}
_CALL: dict[str, Schema] = {
    "id": TEXT,
    "server": TEXT,
    "tool": TEXT,
    "effect": one_of(*get_args(CallEffect)),
    "decision": one_of(*get_args(CallDecision)),
    "outcome": one_of(*get_args(CallOutcome)),
    "rows": nullable(COUNT),
    "evidence_id": nullable(TEXT),
    "error": nullable(TEXT),
}
_FAILURE = nullable(object_of({"code": TEXT, "message": TEXT}))

SESSIONS = document(
    "finchat.sessions/1",
    "`finchat sessions --json`: the sessions, the one used last first.",
    {
        "directory": TEXT,
        "sessions": list_of(object_of(_ENTRY)),
        "unreadable": list_of(object_of({"id": TEXT, "reason": TEXT})),
        "exit_code": EXIT_CODE,
    },
)
SESSION_SEARCH = document(
    "finchat.session_search/1",
    "`finchat sessions search --json`: the sessions that hold the words, and where.",
    {
        "words": TEXT,
        "sessions": list_of(
            object_of({**_ENTRY, "hits": list_of(object_of({"kind": one_of("question", "answer"), "text": TEXT}))})
        ),
        "exit_code": EXIT_CODE,
    },
)
SESSION = document(
    "finchat.session/1",
    "`finchat sessions show --json`: one session, its figures with their sources.",
    {
        "id": TEXT,
        "title": TEXT,
        "created_at": INSTANT,
        "updated_at": INSTANT,
        "organisation": _ORGANISATION,
        "model": TEXT,
        "api": _API,
        "private": FLAG,
        "finchat_version": TEXT,
        "cut_off": FLAG,
        "turns": list_of(
            object_of(
                {
                    "at": INSTANT,
                    "question": TEXT,
                    "answer": TEXT,
                    "complete": FLAG,
                    "stopped_by": nullable(one_of(*get_args(StoppedBy))),
                    "interrupted": FLAG,
                    "failure": _FAILURE,
                    "figures": list_of(FIGURE),
                    "unverified_count": COUNT,
                    "calls": list_of(object_of({**_CALL, "arguments": TEXT})),
                    "plans": TEXTS,
                    "model": TEXT,
                    "api": _API,
                    "usage": _USAGE,
                }
            )
        ),
        "plans": list_of(
            object_of(
                {
                    "id": TEXT,
                    "hash": SHA256,
                    "proposals": COUNT,
                    "writes": COUNT,
                    "status": nullable(STATUS),
                    "awaits": FLAG,
                    "outcomes": TEXTS,
                }
            )
        ),
        "compactions": COUNT,
        "usage": _USAGE,
        "exit_code": EXIT_CODE,
    },
)
SESSION_EXPORT = document(
    "finchat.session_export/1",
    "`finchat sessions export --out FILE --json`: the file that was written.",
    {"id": TEXT, "format": one_of("markdown", "json"), "path": TEXT, "turns": COUNT, "exit_code": EXIT_CODE},
)
SESSIONS_DELETED = document(
    "finchat.sessions_deleted/1",
    "`finchat sessions delete --json`: the sessions that are gone, with their files.",
    {"deleted": list_of(object_of({"id": TEXT, "files": TEXTS})), "exit_code": EXIT_CODE},
)


def _line(kind: str, properties: dict[str, Schema]) -> Schema:
    return object_of({"at": INSTANT, "data": object_of(properties), "type": {"const": kind}})


def _item(kind: str, *names: str) -> Schema:
    return object_of({"type": {"const": kind}, **dict.fromkeys(names, TEXT)})


SESSION_LINE = published(
    "A line of sessions/ID.jsonl",
    "One line of sessions/ID.jsonl: what a session is made of, as it happened.",
    {
        "oneOf": [
            _line(
                "session",
                {
                    "format": {"const": FORMAT},
                    "finchat": TEXT,
                    "id": TEXT,
                    "organisation": _ORGANISATION,
                    "model": TEXT,
                    "api": _API,
                    "private": FLAG,
                    "mark": {"type": "string", "pattern": "^data-[0-9a-f]{16}$"},
                },
            ),
            _line("resumed", {"finchat": TEXT, "model": TEXT, "api": _API, "private": FLAG}),
            _line("title", {"text": TEXT}),
            _line("question", {"text": TEXT}),
            _line("told", {"text": TEXT, "gist": TEXT}),
            _line(
                "model",
                {
                    "items": list_of(
                        {
                            "oneOf": [
                                _item("user", "text"),
                                _item("assistant", "text"),
                                _item("call", "id", "name", "arguments"),
                                _item("output", "call_id", "text"),
                                _item("reasoning", "payload"),
                            ]
                        }
                    )
                },
            ),
            _line(
                "output",
                {"call_id": TEXT, "text": TEXT, "short": TEXT, "evidence_id": nullable(TEXT), "batch": COUNT},
            ),
            _line("batch_end", {}),
            _line("note", {"text": TEXT}),
            _line("put_away", {"places": list_of(COUNT)}),
            _line("summary", {"items": COUNT, "turns": COUNT, "text": TEXT}),
            _line("reasoning_dropped", {}),
            _line("call", {**_CALL, "took_ms": COUNT}),
            _line("proposed", {"plan_id": TEXT, "plan_hash": SHA256, "proposals": COUNT, "writes": COUNT}),
            _line("answer", {"text": TEXT, "figures": list_of(FIGURE), "final": FLAG}),
            _line("decided", {"plan_id": TEXT, "status": STATUS, "left": COUNT, "lines": TEXTS}),
            _line(
                "finished",
                {
                    "complete": FLAG,
                    "stopped_by": nullable(one_of(*get_args(StoppedBy))),
                    "answer": nullable(TEXT),
                    "model": TEXT,
                    "api": _API,
                    "usage": object_of(
                        {
                            "requests": COUNT,
                            "input_tokens": COUNT,
                            "output_tokens": COUNT,
                            "cached_tokens": COUNT,
                            "cost": nullable(AMOUNT),
                        }
                    ),
                    "failure": _FAILURE,
                },
            ),
        ]
    },
)
