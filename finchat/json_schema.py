"""The words that the published JSON Schemas (2020-12) are written in, and the objects that several documents share.

Every document finchat prints has all its keys, always, and no other; what people and banks write may hold more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finchat.errors import ExitCode

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
AMOUNT: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
POSITIVE: Schema = {"type": "string", "pattern": r"^(?=.*[1-9])[0-9]{1,15}(\.[0-9]{1,10})?$"}
RATIO: Schema = {"type": "string", "pattern": r"^(0(\.[0-9]+)?|1(\.0+)?)$"}
DATE: Schema = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
INSTANT: Schema = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z$"}
CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
PUBLIC_KEY: Schema = {"type": "string", "pattern": "^ed25519:[A-Za-z0-9+/]{43}=$"}
ANY_OBJECT: Schema = {"type": "object"}
EXIT_CODE: Schema = {"enum": [int(code) for code in ExitCode]}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def map_of(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def object_of(properties: Mapping[str, Schema], *, optional: Mapping[str, Schema] | None = None) -> Schema:
    """All of `properties` are present, those of `optional` may be, and nothing else."""
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }


def one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def words(meanings: Mapping[str, str]) -> Schema:
    """One of these words, each with what it means."""
    return {"oneOf": [{"const": word, "description": meaning} for word, meaning in meanings.items()]}


def published(title: str, description: str, schema: Schema) -> Schema:
    """A schema that stands by itself. `description` is the sentence that `finchat schema` lists it with."""
    return {"$schema": DIALECT, "title": title, "description": description, **schema}


def document(name: str, description: str, properties: Mapping[str, Schema]) -> Schema:
    """The schema of a document that calls itself `name` (such as finchat.plan/1)."""
    return published(name, description, object_of({"schema": {"const": name}, **properties}))


def as_part(schema: Schema) -> Schema:
    """A published schema as a part of another one."""
    return {key: value for key, value in schema.items() if key not in {"$schema", "title", "description"}}


# `org` and `bal` of the machine contract.
ORG = object_of(
    {"server": TEXT, "id": TEXT, "name": TEXT, "base_currency": CURRENCY, "timezone": TEXT, "sandbox": FLAG}
)
BALANCES = object_of(
    {
        "bank": list_of(object_of({"account_id": TEXT, "amount": AMOUNT, "currency": CURRENCY})),
        "receivables": nullable(AMOUNT),
        "payables": nullable(AMOUNT),
        "other": list_of(
            object_of(
                {
                    "account_id": TEXT,
                    "control": {"enum": ["tax", "gain_loss", "clearing"]},
                    "amount": AMOUNT,
                    "currency": CURRENCY,
                }
            )
        ),
        "currency": CURRENCY,
        "trial_balance_difference": nullable(AMOUNT),
        "why_missing": nullable(TEXT),
    }
)
