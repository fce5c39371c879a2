"""JSON Schemas (2020-12) of the documents these workflows print: `finchat.plan/1` and `finchat.reconcile/1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_AMOUNT: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
_DATE: Schema = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_INSTANT: Schema = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z$"}
_CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_RATIO: Schema = {"type": "string", "pattern": r"^(0(\.[0-9]+)?|1(\.0+)?)$"}
_ANY_OBJECT: Schema = {"type": "object"}


def _null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(properties: Mapping[str, Schema]) -> Schema:
    """All keys are always present, and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _enum(values: str) -> Schema:
    return {"enum": values.split("|")}


_TEXTS = _list(_TEXT)
_ORG = _object(
    {"server": _TEXT, "id": _TEXT, "name": _TEXT, "base_currency": _CURRENCY, "timezone": _TEXT,
     "sandbox": {"type": "boolean"}}
)  # fmt: skip
_BALANCES = _object(
    {
        "bank": _list(_object({"account_id": _TEXT, "amount": _AMOUNT, "currency": _CURRENCY})),
        "receivables": _null(_AMOUNT),
        "payables": _null(_AMOUNT),
        "currency": _CURRENCY,
        "trial_balance_difference": _null(_AMOUNT),
        "why_missing": _null(_TEXT),
    }
)
_EVIDENCE = _object({"kind": _TEXT, "text": _TEXT, "record": _object({"type": _TEXT, "id": _TEXT})})
_RIVAL = _object({"documents": _TEXTS, "text": _TEXT, "why_lost": _TEXT})
_LINK = _object(
    {
        "id": _TEXT, "document_id": _TEXT, "type": _TEXT, "number": _TEXT, "contact_id": _TEXT, "contact": _TEXT,
        "amount": _AMOUNT, "currency": _CURRENCY, "bank_amount": _null(_AMOUNT), "bank_currency": _null(_CURRENCY),
        "rate": _null(_AMOUNT), "rate_source": _null(_enum("document|organisation|file|bank_line")),
    }
)  # fmt: skip
_WRITE = _object(
    {
        "id": _TEXT,
        "operation": _TEXT,
        "resource": _TEXT,
        "tool": _TEXT,
        "tool_sha256": _SHA256,
        "arguments": _ANY_OBJECT,
        "arguments_sha256": _SHA256,
        "link_ids": _TEXTS,
        "amount": _AMOUNT,
        "currency": _CURRENCY,
        "preconditions": _list(_object({"type": _TEXT, "id": _TEXT, "field": _TEXT, "expected": _TEXT})),
        "effects": _list(
            _object(
                {
                    "account_id": _TEXT,
                    "control": _enum("bank|receivables|payables|tax|gain_loss|clearing|other"),
                    "amount": _AMOUNT,
                    "currency": _CURRENCY,
                    "base_amount": _AMOUNT,
                }
            )
        ),
        "verify": _null(_ANY_OBJECT),
        "depends_on": _TEXTS,
        "if_dependency_fails": _enum("skip|continue"),
    }
)
_PROPOSAL = _object(
    {
        "id": _TEXT,
        "line_id": _TEXT,
        "kind": _enum(
            "payment|allocation|overpayment|prepayment|refund|spend_money|receive_money|deposit|apply_payment|transfer"
            "|create|update|delete|void"
        ),
        "class": _enum("certain|review"),
        "confidence": _RATIO,
        "evidence": _list(_EVIDENCE),
        "rival": _null(_RIVAL),
        "links": _list(_LINK),
        "writes": {**_list(_WRITE), "minItems": 1},
    }
)

PLAN: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "finchat.plan/1",
    **_object(
        {
            "schema": {"const": "finchat.plan/1"},
            "id": _TEXT,
            "created_at": _INSTANT,
            "as_of": _DATE,
            "org": _ORG,
            "server_fingerprint": _SHA256,
            "command": _TEXTS,
            "proposals": _list(_PROPOSAL),
            "expected": _BALANCES,
            "hash": _SHA256,
        }
    ),
}

_LINE = _object(
    {
        "id": _TEXT,
        "source": _enum("ledger|feed|statement"),
        "source_id": _TEXT,
        "account_id": _TEXT,
        "date": _DATE,
        "direction": _enum("receive|spend"),
        "amount": _AMOUNT,
        "currency": _CURRENCY,
        "payee": _TEXT,
        "narration": _TEXT,
        "reference": _TEXT,
        "status": _enum("proposed|review|already_settled|reported|unmatched"),
        "proposal_ids": _TEXTS,
        "reason": _TEXT,
    }
)
_FINDING = _object(
    {
        "code": _TEXT,
        "severity": _enum("info|warning|error"),
        "line_id": _null(_TEXT),
        "documents": _TEXTS,
        "amount": _null(_AMOUNT),
        "currency": _null(_CURRENCY),
        "text": _TEXT,
        "next": _TEXT,
    }
)
_OUTCOME = _object(
    {
        "proposal_id": _TEXT,
        "write_id": _TEXT,
        "decision": _enum("pending|approved|skipped|refused|void"),
        "outcome": _null(_enum("committed|failed|unknown|not_sent")),
        "ledger_id": _null(_TEXT),
        "due_before": _null(_AMOUNT),
        "due_after": _null(_AMOUNT),
        "error": _null(_object({"code": _TEXT, "message": _TEXT, "field": _null(_TEXT), "next": _null(_TEXT)})),
    }
)
_ZONED_WINDOW = _object({"from": _DATE, "to": _DATE, "timezone": _TEXT})

RECONCILE: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "finchat.reconcile/1",
    **_object(
        {
            "schema": {"const": "finchat.reconcile/1"},
            "org": _ORG,
            "window": _ZONED_WINDOW,
            "lines": _list(_LINE),
            "proposals": _list(_PROPOSAL),
            "findings": _list(_FINDING),
            "plan": _object(
                {
                    "id": _null(_TEXT),
                    "path": _null(_TEXT),
                    "hash": _null(_SHA256),
                    "status": _enum("none|awaiting|applied|partial|failed|unknown|void"),
                }
            ),
            "outcomes": _list(_OUTCOME),
            "balances": _object({"before": _BALANCES, "expected": _BALANCES, "after": _null(_BALANCES)}),
            "api": _object({"calls": {"type": "integer", "minimum": 0}, "waited_s": _AMOUNT}),
            "exit_code": {"type": "integer"},
        }
    ),
}

SCHEMAS: Mapping[str, Schema] = {"finchat.plan/1": PLAN, "finchat.reconcile/1": RECONCILE}
