"""The JSON Schema of what `finchat memory` prints."""

from __future__ import annotations

from typing import get_args

from finchat.books.learning import FactKind
from finchat.json_schema import (
    COUNT,
    DATE,
    EXIT_CODE,
    FLAG,
    TEXT,
    Schema,
    document,
    list_of,
    nullable,
    object_of,
    one_of,
)

_CODING = object_of(
    {
        "account_id": TEXT,
        "tax_type": TEXT,
        "tracking": list_of(object_of({"name": TEXT, "option": TEXT})),
        "text": TEXT,
    }
)
MEMORY: Schema = document(
    "finchat.memory/1",
    "`finchat memory --json`: what decisions taught, and until when it is used.",
    {
        "as_of": DATE,
        "half_life_days": COUNT,
        "facts": list_of(
            object_of(
                {
                    "id": TEXT,
                    "org": object_of({"id": TEXT, "name": TEXT}),
                    "kind": one_of(*get_args(FactKind)),
                    "text": TEXT,
                    "seen": TEXT,
                    "contact": object_of({"id": TEXT, "name": TEXT}),
                    "rest": nullable(one_of("fee", "discount", "withholding", "rounding")),
                    "direction": one_of("receive", "spend"),
                    "coding": nullable(_CODING),
                    "confirmed": COUNT,
                    "contradicted": COUNT,
                    "said": FLAG,
                    "used": FLAG,
                    "last": DATE,
                    "fades": nullable(DATE),
                }
            )
        ),
        "forgotten": COUNT,
        "exit_code": EXIT_CODE,
    },
)
