"""`finchat schema`: the JSON Schemas of what finchat prints and reads, each kept in the room that makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from finchat import settings
from finchat.app.ask_schemas import ASK, EVENTS
from finchat.app.cassettes import schemas as cassettes
from finchat.app.invocation import Invocation
from finchat.app.session_schemas import (
    SESSION,
    SESSION_EXPORT,
    SESSION_LINE,
    SESSION_SEARCH,
    SESSIONS,
    SESSIONS_DELETED,
)
from finchat.books import schemas as books
from finchat.error_codes import CODES
from finchat.errors import ExitCode, UsageError
from finchat.json_schema import (
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
    words,
)
from finchat.safety import schemas as safety
from finchat.sandbox import schemas as sandbox
from finchat.ui import schemas as ui
from finchat.workflows import memory_schema
from finchat.workflows import schemas as workflows

SERVERS = document(
    "finchat.servers/1",
    "`finchat servers --json`: the configured servers, without their secrets.",
    {
        "servers": list_of(
            object_of(
                {
                    "name": TEXT,
                    "profile": nullable(one_of(*settings.PROFILES)),
                    "where": TEXT,
                    "organisation": nullable(TEXT),
                    "sandbox": FLAG,
                    "clearing_accounts": TEXTS,
                    "bank_feed": nullable(TEXT),
                    "pinned_tools": nullable(COUNT),
                    "quarantined_tools": COUNT,
                }
            )
        ),
        "exit_code": EXIT_CODE,
    },
)
SERVER_CHANGES = document(
    "finchat.server_changes/1",
    "`finchat servers changes --json`: tools that are not as they were first seen.",
    {
        "servers": list_of(
            object_of(
                {
                    "name": TEXT,
                    "own": FLAG,
                    "first_seen": nullable(INSTANT),
                    "pinned_tools": nullable(COUNT),
                    "changes": list_of(
                        object_of(
                            {
                                "tool": TEXT,
                                "kind": one_of("changed", "new", "gone"),
                                "seen_at": INSTANT,
                                "old_sha256": nullable(SHA256),
                                "new_sha256": nullable(SHA256),
                                "old_description": nullable(TEXT),
                                "new_description": nullable(TEXT),
                                "values": list_of(
                                    object_of({"path": TEXT, "old": nullable(TEXT), "new": nullable(TEXT)})
                                ),
                            }
                        )
                    ),
                }
            )
        ),
        "exit_code": EXIT_CODE,
    },
)
SENT_LINE = published(
    "A line of sessions/ID.sent.jsonl",
    "One line of sessions/ID.sent.jsonl: what a request to the model sent anew.",
    object_of(
        {
            "number": COUNT,
            "at": INSTANT,
            "destination": TEXT,
            "model": TEXT,
            "api": one_of("responses", "chat"),
            "bytes": COUNT,
            "tokens": COUNT,
            "parts": COUNT,
            "again": COUNT,
            "new": list_of(
                object_of(
                    {
                        "kind": one_of("instructions", "tool", "user", "assistant", "reasoning", "call", "output"),
                        "label": TEXT,
                        "text": TEXT,
                        "bytes": COUNT,
                        "tokens": COUNT,
                    }
                )
            ),
        }
    ),
)
VERIFIER = document(
    "finchat.verifier/1",
    "`finchat audit verifier --json`: the source of the checker.",
    {"source": TEXT, "exit_code": EXIT_CODE},
)
SCHEMAS = document(
    "finchat.schemas/1",
    "`finchat schema --json`: the names, and what each is the schema of.",
    {"schemas": list_of(object_of({"name": TEXT, "title": TEXT, "text": TEXT})), "exit_code": EXIT_CODE},
)

PUBLISHED: Mapping[str, Schema] = {
    "ask": ASK,
    "events": EVENTS,
    "sent-line": SENT_LINE,
    "sessions": SESSIONS,
    "session": SESSION,
    "session-line": SESSION_LINE,
    "session-search": SESSION_SEARCH,
    "session-export": SESSION_EXPORT,
    "sessions-deleted": SESSIONS_DELETED,
    "reconcile": workflows.RECONCILE,
    "apply": workflows.APPLY,
    "undo": workflows.UNDO,
    "plan": workflows.PLAN,
    "plan-show": workflows.PLAN_SHOW,
    "plans": workflows.PLANS,
    "plan-code": workflows.PLAN_CODE,
    "review": workflows.REVIEW,
    "case-proposals": books.CASE_PROPOSALS,
    "finding-codes": books.FINDING_CODES,
    "error": ui.ERROR,
    "error-codes": published("Error codes", "The codes of finchat's errors, with what each means.", words(CODES)),
    "approval": safety.APPROVAL,
    "signature": safety.SIGNATURE,
    "signatures": safety.SIGNATURES,
    "evidence": safety.EVIDENCE,
    "evidence-list": safety.EVIDENCE_LIST,
    "keys": safety.KEYS,
    "journal": safety.JOURNAL,
    "audit": safety.AUDIT,
    "audit-line": safety.AUDIT_LINE,
    "audit-verify": safety.AUDIT_VERIFY,
    "audit-verifier": VERIFIER,
    "memory": memory_schema.MEMORY,
    "policy": safety.POLICY,
    "policy-show": safety.POLICY_SHOW,
    "policy-test": safety.POLICY_TEST,
    "servers": SERVERS,
    "server-changes": SERVER_CHANGES,
    "settings": published(
        "finchat.toml", "finchat.toml as data: the configured servers.", settings.file_schema("servers")
    ),
    "mcp-config": published(
        "--mcp-config",
        "The file of `--mcp-config`: the common JSON, with finchat's own keys.",
        settings.file_schema("mcpServers"),
    ),
    "bank-feed": workflows.BANK_FEED,
    "rates": workflows.RATES,
    "sandbox": sandbox.STATUS,
    "statement-file": sandbox.STATEMENT_FILE,
    "replay": cassettes.REPLAY,
    "cassette": cassettes.SHOW,
    "cassette-lint": cassettes.LINT,
    "cassette-diff": cassettes.DIFF,
    "cassette-verify": cassettes.VERIFY,
    "cassette-made": cassettes.MADE,
    "schemas": SCHEMAS,
}


def schema(call: Invocation, name: str | None) -> int:
    """Print one schema, or the names of all. Raises UsageError that lists them for a name that is none."""
    if name is None:
        return _names(call)
    found = PUBLISHED.get(name.replace("_", "-"))
    if found is None:
        raise UsageError(f"there is no schema {name!r}", field="NAME", next=f"the names are: {', '.join(PUBLISHED)}")
    call.sink.raw(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    return ExitCode.DONE


def _names(call: Invocation) -> int:
    if call.json:
        entries = [{"name": n, "title": s["title"], "text": s["description"]} for n, s in PUBLISHED.items()]
        call.sink.document({"schema": "finchat.schemas/1", "schemas": entries, "exit_code": 0})
    else:
        from finchat.ui.records import schemas_view

        call.sink.data(schemas_view({name: found["description"] for name, found in PUBLISHED.items()}))
    return ExitCode.DONE
