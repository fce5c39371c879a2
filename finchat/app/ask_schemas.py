"""JSON Schemas of `finchat ask`: its document, and the lines of `--events`."""

from __future__ import annotations

from typing import get_args

from finchat.agent.events import CallDecision, CallEffect, CallOutcome, StoppedBy
from finchat.agent.facts import Unit
from finchat.agent.messages import Api, Broken
from finchat.json_schema import (
    AMOUNT,
    ANY_OBJECT,
    COUNT,
    EXIT_CODE,
    FLAG,
    SHA256,
    TEXT,
    Schema,
    as_part,
    document,
    list_of,
    nullable,
    object_of,
    one_of,
    published,
)
from finchat.workflows.schemas import BEFORE_AND_AFTER, OUTCOME, PROPOSAL, STATUS

FIGURE = object_of(
    {
        "text": TEXT,
        "start": COUNT,
        "end": COUNT,
        "value": TEXT,
        "unit": one_of(*get_args(Unit)),
        "verified": FLAG,
        "sources": list_of(object_of({"evidence_id": TEXT, "path": TEXT, "derivation": TEXT})),
        "why": TEXT,
    }
)
CALL = {
    "id": TEXT,
    "server": TEXT,
    "tool": TEXT,
    "arguments": {"anyOf": [ANY_OBJECT, TEXT]},
    "effect": one_of(*get_args(CallEffect)),
    "decision": one_of(*get_args(CallDecision)),
    "outcome": one_of(*get_args(CallOutcome)),
    "rows": nullable(COUNT),
    "evidence_id": nullable(TEXT),
    "error": nullable(TEXT),
}
_PLAN = {"id": TEXT, "path": nullable(TEXT), "hash": SHA256, "status": STATUS}
_RUN = {
    "answer": TEXT,
    "complete": FLAG,
    "stopped_by": nullable(one_of(*get_args(StoppedBy))),
    "figures": list_of(FIGURE),
    "unverified_count": COUNT,
    "calls": list_of(object_of(CALL)),
    "plan": nullable(object_of(_PLAN)),
    "outcomes": list_of(OUTCOME),
    "plans": list_of(
        object_of(
            {**_PLAN, "proposals": list_of(PROPOSAL), "outcomes": list_of(OUTCOME), "balances": BEFORE_AND_AFTER}
        )
    ),
    "usage": object_of(
        {"requests": COUNT, "input_tokens": COUNT, "output_tokens": COUNT, "cost": nullable(AMOUNT)}
    ),
    "model": TEXT,
    "api": one_of(*get_args(Api)),
    "session_id": TEXT,
    "exit_code": EXIT_CODE,
}  # fmt: skip

ASK = document("finchat.ask/1", "`finchat ask --json`: the answer, its figures, calls, plans and usage.", _RUN)


def _line(event: str, properties: dict[str, Schema]) -> Schema:
    return object_of({"event": {"const": event}, **properties})


EVENTS = published(
    "finchat ask --events",
    "One line of `finchat ask --events`; the last line is the finchat.ask/1 document.",
    {
        "oneOf": [
            _line("model_asked", {"turn": COUNT, "tools": COUNT, "estimated_tokens": COUNT}),
            _line("text", {"text": TEXT}),
            _line("model_waiting", {"seconds": AMOUNT, "reason": TEXT, "attempt": COUNT}),
            _line("turn_void", {"why": one_of(*get_args(Broken)), "text": TEXT, "retried": FLAG}),
            _line(
                "call_started",
                {
                    "id": TEXT,
                    "server": TEXT,
                    "tool": TEXT,
                    "arguments": ANY_OBJECT,
                    "effect": one_of(*get_args(CallEffect)),
                },
            ),
            _line("call", CALL),
            _line("proposed", {"plan_id": TEXT, "plan_hash": SHA256, "proposals": list_of(PROPOSAL)}),
            _line("answer_checked", {"text": TEXT, "figures": list_of(FIGURE), "final": FLAG}),
            _line("reading", {"server": TEXT, "what": TEXT, "rows": COUNT, "done": FLAG}),
            _line("waiting", {"server": TEXT, "seconds": AMOUNT, "reason": TEXT}),
            _line("working", {"what": TEXT}),
            _line(
                "writing",
                {
                    "proposal_id": TEXT,
                    "write_id": TEXT,
                    "text": TEXT,
                    "outcome": one_of("sending", "committed", "failed", "unknown", "not_sent"),
                },
            ),
            _line(
                "recovered",
                {"write_id": TEXT, "outcome": one_of("committed", "failed", "unknown", "not_sent"), "text": TEXT},
            ),
            _line("notice", {"text": TEXT, "severity": one_of("info", "warning")}),
            as_part(ASK),
        ]
    },
)
