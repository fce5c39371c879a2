"""JSON Schemas of what the workflows print and read: the plan, reconcile and apply documents, feed and rate files."""

from __future__ import annotations

from typing import get_args

from finchat.books.plan import AskKind, Class, Control, Kind
from finchat.books.schemas import FINDING_CODES
from finchat.json_schema import (
    AMOUNT,
    ANY_OBJECT,
    BALANCES,
    COUNT,
    CURRENCY,
    DATE,
    EXIT_CODE,
    FLAG,
    INSTANT,
    ORG,
    POSITIVE,
    RATIO,
    SHA256,
    TEXT,
    TEXTS,
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
from finchat.safety.results import WriteDecision, WriteOutcome
from finchat.safety.schemas import STANDING
from finchat.workflows.execute import PlanStatus
from finchat.workflows.proposals import LineStatus
from finchat.workflows.review.states import State

_EVIDENCE = object_of({"kind": TEXT, "text": TEXT, "record": object_of({"type": TEXT, "id": TEXT})})
_RIVAL = object_of({"documents": TEXTS, "text": TEXT, "why_lost": TEXT})
CODING = object_of({"account_id": TEXT, "tax_type": TEXT, "tracking": list_of(list_of(TEXT))})
_ASK = object_of(
    {
        "id": TEXT, "kind": one_of(*get_args(AskKind)), "amount": AMOUNT, "currency": CURRENCY, "contact_id": TEXT,
        "contact": TEXT, "text": TEXT, "required": FLAG,
        "choices": list_of(object_of({"coding": CODING, "text": TEXT})),
        "answered": nullable(object_of({"coding": CODING, "writes": TEXTS})),
    }
)  # fmt: skip
_LINK = object_of(
    {
        "id": TEXT, "document_id": TEXT, "type": TEXT, "number": TEXT, "contact_id": TEXT, "contact": TEXT,
        "amount": AMOUNT, "currency": CURRENCY, "bank_amount": nullable(AMOUNT), "bank_currency": nullable(CURRENCY),
        "rate": nullable(AMOUNT), "rate_source": nullable(one_of("document", "organisation", "file", "bank_line")),
        "credit": nullable(object_of({"id": TEXT, "text": TEXT})), "coding": nullable(CODING),
    }
)  # fmt: skip
_WRITE = object_of(
    {
        "id": TEXT,
        "operation": TEXT,
        "resource": TEXT,
        "tool": TEXT,
        "tool_sha256": SHA256,
        "arguments": ANY_OBJECT,
        "arguments_sha256": SHA256,
        "link_ids": TEXTS,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "preconditions": list_of(object_of({"type": TEXT, "id": TEXT, "field": TEXT, "expected": TEXT})),
        "effects": list_of(
            object_of(
                {
                    "account_id": TEXT,
                    "control": one_of(*get_args(Control)),
                    "amount": AMOUNT,
                    "currency": CURRENCY,
                    "base_amount": AMOUNT,
                }
            )
        ),
        "verify": nullable(ANY_OBJECT),
        "depends_on": TEXTS,
        "if_dependency_fails": one_of("skip", "continue"),
        "reverses": TEXT,
    }
)
_PLAN_LINE = object_of(
    {
        "id": TEXT, "date": DATE, "direction": one_of("receive", "spend"), "amount": AMOUNT, "currency": CURRENCY,
        "account_id": TEXT, "payee": TEXT, "narration": TEXT, "reference": TEXT, "fingerprints": TEXTS,
    }
)  # fmt: skip
PROPOSAL = object_of(
    {
        "id": TEXT,
        "line_id": TEXT,
        "line": nullable(_PLAN_LINE),
        "kind": one_of(*get_args(Kind)),
        "class": one_of(*get_args(Class)),
        "confidence": RATIO,
        "evidence": list_of(_EVIDENCE),
        "rival": nullable(_RIVAL),
        "links": list_of(_LINK),
        "writes": list_of(_WRITE),
        "asks": list_of(_ASK),
    }
)

PLAN = document(
    "finchat.plan/1",
    "A plan as it is saved, shown, approved and applied, bound by its hash.",
    {
        "id": TEXT,
        "created_at": INSTANT,
        "as_of": DATE,
        "org": ORG,
        "server_fingerprint": SHA256,
        "command": TEXTS,
        "proposals": list_of(PROPOSAL),
        "expected": BALANCES,
        "accounts": list_of(object_of({"id": TEXT, "name": TEXT})),
        "hash": SHA256,
    },
)

_LINE = object_of(
    {
        "id": TEXT,
        "source": one_of("ledger", "feed", "statement"),
        "source_id": TEXT,
        "account_id": TEXT,
        "date": DATE,
        "direction": one_of("receive", "spend"),
        "amount": AMOUNT,
        "currency": CURRENCY,
        "payee": TEXT,
        "narration": TEXT,
        "reference": TEXT,
        "status": one_of(*get_args(LineStatus)),
        "proposal_ids": TEXTS,
        "reason": TEXT,
    }
)
_FINDING = object_of(
    {
        "code": {"enum": [word["const"] for word in FINDING_CODES["oneOf"]]},
        "severity": one_of("info", "warning", "error"),
        "line_id": nullable(TEXT),
        "documents": TEXTS,
        "amount": nullable(AMOUNT),
        "currency": nullable(CURRENCY),
        "text": TEXT,
        "next": TEXT,
    }
)
OUTCOME = object_of(
    {
        "proposal_id": TEXT,
        "write_id": TEXT,
        "decision": one_of(*get_args(WriteDecision)),
        "outcome": nullable(one_of(*get_args(WriteOutcome))),
        "ledger_id": nullable(TEXT),
        "due_before": nullable(AMOUNT),
        "due_after": nullable(AMOUNT),
        "error": nullable(object_of({"code": TEXT, "message": TEXT, "field": nullable(TEXT), "next": nullable(TEXT)})),
    }
)
STATUS = one_of(*get_args(PlanStatus))
BEFORE_AND_AFTER = object_of({"before": BALANCES, "expected": BALANCES, "after": nullable(BALANCES)})
_API = object_of({"calls": COUNT, "waited_s": AMOUNT})

_MOVED = {
    "ledger_id": TEXT,
    "kind": one_of("payment", "batch_payment", "receive_money", "spend_money", "transfer"),
    "date": DATE,
    "direction": one_of("receive", "spend"),
    "amount": AMOUNT,
    "text": TEXT,
}
_OUTSTANDING = list_of(object_of({**_MOVED, "age_days": COUNT}))
BANK_RECONCILIATION = object_of(
    {
        "account": object_of({"id": TEXT, "code": TEXT, "name": TEXT}),
        "currency": CURRENCY,
        "since": DATE,
        "as_of": DATE,
        "statement_closing_balance": nullable(AMOUNT),
        "outstanding_receipts": _OUTSTANDING,
        "outstanding_payments": _OUTSTANDING,
        "adjusted_bank_balance": nullable(AMOUNT),
        "book_balance": nullable(AMOUNT),
        "not_in_books": list_of(
            object_of(
                {
                    "line_id": TEXT,
                    "date": DATE,
                    "direction": one_of("receive", "spend"),
                    "amount": AMOUNT,
                    "text": TEXT,
                    "why": TEXT,
                }
            )
        ),
        "adjusted_book_balance": nullable(AMOUNT),
        "difference": nullable(AMOUNT),
        "explained": FLAG,
        "explanations": list_of(
            object_of({"text": TEXT, "amount": nullable(AMOUNT), "entries": list_of(object_of(_MOVED))})
        ),
    }
)

RECONCILE = document(
    "finchat.reconcile/1",
    "`finchat reconcile --json`: lines, proposals, findings, outcomes and balances.",
    {
        "org": ORG,
        "window": object_of({"from": DATE, "to": DATE, "timezone": TEXT}),
        "lines": list_of(_LINE),
        "proposals": list_of(PROPOSAL),
        "findings": list_of(_FINDING),
        "plan": object_of({"id": nullable(TEXT), "path": nullable(TEXT), "hash": nullable(SHA256), "status": STATUS}),
        "outcomes": list_of(OUTCOME),
        "balances": BEFORE_AND_AFTER,
        "bank_reconciliation": nullable(BANK_RECONCILIATION),
        "bank_reconciliations": list_of(BANK_RECONCILIATION),
        "api": _API,
        "exit_code": EXIT_CODE,
    },
)
APPLY = document(
    "finchat.apply/1",
    "`finchat apply --json`: what became of a saved plan.",
    {
        "org": ORG,
        "plan": object_of({"id": TEXT, "path": TEXT, "hash": SHA256, "status": STATUS}),
        "proposals": list_of(PROPOSAL),
        "outcomes": list_of(OUTCOME),
        "balances": BEFORE_AND_AFTER,
        "api": _API,
        "exit_code": EXIT_CODE,
    },
)
UNDO = document(
    "finchat.undo/1",
    "`finchat undo --json`: the plan that takes another back, and what became of it.",
    {
        "org": ORG,
        "undoes": TEXT,
        "plan": object_of({"id": nullable(TEXT), "path": nullable(TEXT), "hash": nullable(SHA256), "status": STATUS}),
        "proposals": list_of(PROPOSAL),
        "findings": list_of(_FINDING),
        "outcomes": list_of(OUTCOME),
        "balances": BEFORE_AND_AFTER,
        "api": _API,
        "exit_code": EXIT_CODE,
    },
)

PLAN_SHOW = document(
    "finchat.plan_show/1",
    "`finchat plan show --json`: a saved plan, what became of it, its signatures.",
    {
        "plan": as_part(PLAN),
        "path": TEXT,
        "foreign": FLAG,
        "status": STATUS,
        "outcomes": list_of(OUTCOME),
        "signatures": STANDING,
        "exit_code": EXIT_CODE,
    },
)
PLANS = document(
    "finchat.plans/1",
    "`finchat plan list --json`: the plans saved in this home, the newest first.",
    {
        "plans": list_of(
            object_of(
                {
                    "id": TEXT,
                    "path": TEXT,
                    "created_at": INSTANT,
                    "as_of": DATE,
                    "org": ORG,
                    "proposals": COUNT,
                    "writes": COUNT,
                    "status": STATUS,
                    "signatures": STANDING,
                }
            )
        ),
        "unreadable": list_of(object_of({"path": TEXT, "reason": TEXT})),
        "exit_code": EXIT_CODE,
    },
)
PLAN_CODE = document(
    "finchat.plan_code/1",
    "`finchat plan code --json`: the plan that an answer to a question made.",
    {"plan": as_part(PLAN), "path": TEXT, "made_from": TEXT, "proposal_id": TEXT, "exit_code": EXIT_CODE},
)
REVIEW = document(
    "finchat.review/1",
    "`finchat review --json`: how far the review is, and the command that goes on.",
    {
        "plan": object_of({"id": TEXT, "path": TEXT}),
        "org": ORG,
        "decided": COUNT,
        "total": COUNT,
        "amounts": list_of(object_of({"currency": TEXT, "decided": AMOUNT, "total": AMOUNT})),
        "states": object_of(dict.fromkeys(get_args(State), COUNT)),
        "approved_not_written": TEXTS,
        "next": nullable(TEXT),
        "exit_code": EXIT_CODE,
    },
)

# What banks and people write: more keys than these are ignored, and null is as good as absent.
_MAY_BE_TEXT = {"type": ["string", "null"]}
_FEED_LINES = list_of(
    {
        "type": "object",
        "properties": {
            "id": _MAY_BE_TEXT,
            "date": DATE,
            "type": one_of("RECEIVE", "SPEND"),
            "amount": {"anyOf": [POSITIVE, {"type": "number", "exclusiveMinimum": 0}]},
            "currency": _MAY_BE_TEXT,
            "payee": _MAY_BE_TEXT,
            "narration": _MAY_BE_TEXT,
            "reference": _MAY_BE_TEXT,
            "counterparty_account": _MAY_BE_TEXT,
            "fitid": _MAY_BE_TEXT,
        },
        "required": ["date", "type", "amount"],
    }
)
BANK_FEED = published(
    "The neutral bank feed",
    "The file a connection names as its `bank_feed`: bank lines, amounts above zero.",
    {
        "anyOf": [
            _FEED_LINES,
            {
                "type": "object",
                "properties": {
                    "account_code": _MAY_BE_TEXT,
                    "account_id": _MAY_BE_TEXT,
                    "currency": _MAY_BE_TEXT,
                    "lines": _FEED_LINES,
                },
                "required": ["lines"],
            },
        ]
    },
)
RATES: Schema = published(
    "Exchange rates",
    "The file of `--rates`: base units for one of the currency, by date and currency.",
    {
        **map_of(map_of({"anyOf": [POSITIVE, {"type": "number", "exclusiveMinimum": 0}]})),
        "propertyNames": DATE,
    },
)
