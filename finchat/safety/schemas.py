"""JSON Schemas of what this room keeps and reads: approval, audit line, journal, policy file; and of their commands."""

from __future__ import annotations

from typing import get_args

from finchat.books.plan import Class, Kind
from finchat.json_schema import (
    AMOUNT,
    ANY_OBJECT,
    COUNT,
    CURRENCY,
    DATE,
    EXIT_CODE,
    FLAG,
    INSTANT,
    ORG,
    POSITIVE,
    PUBLIC_KEY,
    SHA256,
    TEXT,
    Schema,
    as_part,
    document,
    list_of,
    map_of,
    nullable,
    object_of,
    one_of,
    published,
)
from finchat.safety import evidence, signatures
from finchat.safety.approval import ApprovedBy
from finchat.safety.audit import AuditEvent
from finchat.safety.journal import State
from finchat.safety.policy import DEFAULT_CHOICES, Ceiling, ToolRule, Verdict
from finchat.safety.profile_protocol import ToolEffect
from finchat.safety.results import WriteOutcome
from finchat.safety.runs import Via

SIGNATURE = document(
    signatures.SCHEMA,
    "One signature under a plan, over the canonical JSON of the rest of it.",
    {
        "plan_id": TEXT,
        "plan_hash": SHA256,
        "org_id": TEXT,
        "server_fingerprint": SHA256,
        "signer": PUBLIC_KEY,
        "signed_at": INSTANT,
        "signature": {**TEXT, "pattern": "^[A-Za-z0-9+/]{86}==$"},
    },
)
SIGNATURES = document(
    signatures.FILE_SCHEMA,
    "The file of a plan's signatures, PLAN.signatures.json.",
    {"plan_id": TEXT, "plan_hash": SHA256, "signatures": list_of(as_part(SIGNATURE))},
)

_EFFECT = one_of(*get_args(ToolEffect))
_VERDICT = one_of(*get_args(Verdict))

APPROVAL = document(
    "finchat.approval/1",
    "An approval as the journal keeps it: the hashes of what one proposal may send.",
    {
        "id": TEXT,
        "plan_id": TEXT,
        "plan_hash": SHA256,
        "proposal_id": TEXT,
        "proposal_sha256": SHA256,
        "server": TEXT,
        "server_fingerprint": SHA256,
        "writes": list_of(
            object_of({"write_id": TEXT, "tool": TEXT, "tool_sha256": SHA256, "arguments_sha256": SHA256})
        ),
        "decided_by": one_of(*get_args(ApprovedBy)),
        "user": TEXT,
        "approved_at": INSTANT,
        "signatures_required": COUNT,
        "signatures": list_of(as_part(SIGNATURE)),
    },
)

_LINE = object_of(
    {
        "seq": {**COUNT, "minimum": 1},
        "at": INSTANT,
        "prev": SHA256,
        "hash": SHA256,
        "run_id": TEXT,
        "session_id": nullable(TEXT),
        "actor": object_of({"user": TEXT, "via": one_of(*get_args(Via))}),
        "event": one_of(*get_args(AuditEvent)),
        "server": nullable(TEXT),
        "org": nullable(ORG),
        "tool": nullable(TEXT),
        "call_id": nullable(TEXT),
        "effect": nullable(_EFFECT),
        "decision": nullable(_VERDICT),
        "decided_by": nullable(TEXT),
        "plan_id": nullable(TEXT),
        "write_id": nullable(TEXT),
        "approval_id": nullable(TEXT),
        "arguments_sha256": nullable(SHA256),
        "idempotency_key": nullable(TEXT),
        "outcome": nullable(one_of(*get_args(WriteOutcome))),
        "ledger_id": nullable(TEXT),
        "amount": nullable(AMOUNT),
        "currency": nullable(CURRENCY),
        "text": TEXT,
    },
    optional={"approval_sha256": nullable(SHA256)},  # older lines do not have it
)
AUDIT_LINE = published("A line of audit.jsonl", "One line of audit.jsonl, chained to the one before.", _LINE)
AUDIT = document(
    "finchat.audit/1",
    "`finchat audit show --json`: the last lines of the audit log.",
    {"lines": list_of(_LINE), "exit_code": EXIT_CODE},
)
AUDIT_VERIFY = document(
    "finchat.audit_verify/1",
    "`finchat audit verify --json`: whether the chain holds, and the first bad line.",
    {
        "ok": FLAG,
        "records": COUNT,
        "line": nullable(COUNT),
        "text": TEXT,
        "last_hash": SHA256,
        "evidence": object_of(
            {
                "ok": FLAG,
                "packs": COUNT,
                "signatures": COUNT,
                "problems": list_of(TEXT),
                "notes": list_of(TEXT),
                "text": TEXT,
            }
        ),
        "exit_code": EXIT_CODE,
    },
)
JOURNAL = document(
    "finchat.journal/1",
    "`finchat journal show|resolve --json`: writes and what became of them.",
    {
        "writes": list_of(
            object_of(
                {
                    "write": TEXT,
                    "plan_id": TEXT,
                    "proposal_id": TEXT,
                    "write_id": TEXT,
                    "state": one_of(*get_args(State)),
                    "server": TEXT,
                    "org": object_of({"id": TEXT, "name": TEXT}),
                    "tool": TEXT,
                    "amount": AMOUNT,
                    "currency": CURRENCY,
                    "approval_id": TEXT,
                    "decided_by": TEXT,
                    "arguments_sha256": SHA256,
                    "idempotency_key": nullable(TEXT),
                    "sent_at": nullable(INSTANT),
                    "ended_at": nullable(INSTANT),
                    "read_back_at": nullable(INSTANT),
                    "ledger_id": nullable(TEXT),
                    "reverses": nullable(TEXT),
                    "undone_by": nullable(TEXT),
                    "error": nullable(object_of({"code": TEXT, "message": nullable(TEXT)})),
                }
            )
        ),
        "exit_code": EXIT_CODE,
    },
)

_APPROVAL_PART = as_part(APPROVAL)
# An approval of an older version knows of no signatures.
_ANY_APPROVAL: Schema = {
    **_APPROVAL_PART,
    "required": [key for key in _APPROVAL_PART["required"] if not key.startswith("signatures")],
}
EVIDENCE = document(
    evidence.SCHEMA,
    "The evidence pack of one write, evidence/PLAN/PROPOSAL-WRITE.json.",
    {
        "write": TEXT,
        "org": ORG,
        "server_fingerprint": SHA256,
        "plan": object_of({"id": TEXT, "hash": SHA256, "made_here": FLAG}),
        "signed_as": nullable(object_of({"plan_hash": SHA256, "classes": map_of(one_of(*get_args(Class)))})),
        "proposal_id": TEXT,
        "proposal_sha256": SHA256,
        "write_id": TEXT,
        "payload": {**ANY_OBJECT, "description": "The write, as finchat.plan/1 has it."},
        "references": map_of(nullable(TEXT)),
        "approvals": {**list_of(_ANY_APPROVAL), "minItems": 1},
        "idempotency_key": nullable(TEXT),
        "decided_by": one_of(*get_args(ApprovedBy)),
        "instants": object_of(
            {
                "planned_at": INSTANT,
                "approved_at": INSTANT,
                "sent_at": INSTANT,
                "ended_at": nullable(INSTANT),
                "read_back_at": nullable(INSTANT),
            }
        ),
        "outcome": one_of(*get_args(WriteOutcome)),
        "ledger_id": nullable(TEXT),
        "due_before": nullable(AMOUNT),
        "due_after": nullable(AMOUNT),
        "error": nullable(object_of({"code": TEXT, "message": TEXT})),
        "read_back": nullable(object_of({"at": INSTANT, "outcome": one_of(*get_args(WriteOutcome)), "text": TEXT})),
        "audit": {**list_of(_LINE), "minItems": 1},
        "masked": list_of(TEXT),
    },
)
EVIDENCE_LIST = document(
    "finchat.evidence_list/1",
    "`finchat audit evidence --json`: the evidence packs of what was written.",
    {
        "directory": TEXT,
        "packs": list_of(
            object_of(
                {
                    "write": TEXT,
                    "path": TEXT,
                    "outcome": one_of(*get_args(WriteOutcome)),
                    "ledger_id": nullable(TEXT),
                    "signers": COUNT,
                    "written": FLAG,
                }
            )
        ),
        "warnings": list_of(TEXT),
        "exit_code": EXIT_CODE,
    },
)
KEYS = document(
    "finchat.keys/1",
    "`finchat key make|show --json`: signing keys, their public halves only.",
    {
        "keys": list_of(
            object_of({"name": TEXT, "public_key": PUBLIC_KEY, "path": TEXT, "encrypted": FLAG, "policy_line": TEXT})
        ),
        "exit_code": EXIT_CODE,
    },
)
STANDING = object_of(
    {
        "required": COUNT,
        "missing": COUNT,
        "signers": list_of(TEXT),
        "entries": list_of(
            object_of(
                {
                    "status": one_of(*get_args(signatures.Status)),
                    "name": nullable(TEXT),
                    "signer": TEXT,
                    "signed_at": TEXT,
                    "reason": TEXT,
                }
            )
        ),
    }
)
_SIGNER_NAMES = {"pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}
_SIGNERS: Schema = {**map_of(PUBLIC_KEY), "propertyNames": _SIGNER_NAMES, "minProperties": 1}
_SIGNED: dict[str, Schema] = {"required": {**COUNT, "minimum": 1}, "signers": _SIGNERS}
_KINDS: Schema = {**list_of(one_of(*get_args(Kind))), "minItems": 1}
SIGNATURE_RULES = object_of({**_SIGNED, "above": nullable(POSITIVE), "kinds": nullable(_KINDS)})
_DEFAULTS = {name: one_of(*choices) for name, choices in DEFAULT_CHOICES.items()}
_RESOURCES: Schema = {**map_of(one_of(*get_args(Ceiling))), "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"}}
_TOOLS: Schema = {**map_of(one_of(*get_args(ToolRule))), "propertyNames": {"minLength": 1}}
_LIMITS: dict[str, Schema] = {
    "kinds": _KINDS,
    "max_amount": POSITIVE,
    "max_total_per_day": POSITIVE,
    "expires": DATE,
}
POLICY = published(
    "policy.toml",
    "policy.toml as data; `expires`, a TOML date without quotes, as text.",
    object_of(
        {"version": {"type": "integer", "const": 1}},
        optional={
            "defaults": object_of({}, optional=_DEFAULTS),
            "servers": {
                **map_of(object_of({}, optional={"resources": _RESOURCES, "tools": _TOOLS})),
                "propertyNames": {"pattern": r"^(\*|[A-Za-z0-9_-]{1,32})$"},
            },
            "unattended": object_of(_LIMITS, optional={"known_counterparties_only": FLAG}),
            "signatures": object_of(_SIGNED, optional={"above": POSITIVE, "kinds": _KINDS}),
        },
    ),
)
POLICY_SHOW = document(
    "finchat.policy/1",
    "`finchat policy show --json`: the rules in force, defaults filled in.",
    {
        "source": nullable(TEXT),
        "defaults": object_of(_DEFAULTS),
        "servers": map_of(object_of({"resources": _RESOURCES, "tools": _TOOLS})),
        "unattended": nullable(object_of({**_LIMITS, "known_counterparties_only": FLAG})),
        "signatures": nullable(SIGNATURE_RULES),
        "warnings": list_of(TEXT),
        "exit_code": EXIT_CODE,
    },
)
POLICY_TEST = document(
    "finchat.policy_test/1",
    "`finchat policy test --json`: the verdict on a tool and every rule that matches.",
    {
        "server": TEXT,
        "tool": TEXT,
        "resource": nullable(TEXT),
        "profile_effect": nullable(_EFFECT),
        "effect": _EFFECT,
        "effect_rule": TEXT,
        "matches": list_of(object_of({"rule": TEXT, "verdict": _VERDICT, "reason": TEXT})),
        "decision": _VERDICT,
        "decided_by": TEXT,
        "reason": TEXT,
        "signatures": nullable(SIGNATURE_RULES),
        "warnings": list_of(TEXT),
        "exit_code": EXIT_CODE,
    },
)
