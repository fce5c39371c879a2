"""JSON Schemas of `finchat sandbox status --json` and `finchat sandbox statement --json`."""

from __future__ import annotations

from finchat.json_schema import (
    AMOUNT,
    BALANCES,
    COUNT,
    CURRENCY,
    DATE,
    EXIT_CODE,
    FLAG,
    TEXT,
    document,
    list_of,
    map_of,
    nullable,
    object_of,
)

STATUS = document(
    "finchat.sandbox/1",
    "`finchat sandbox status --json`: balances, counts, and which company it is.",
    {
        "bal": BALANCES,
        "bank_accounts": list_of(object_of({"account_id": TEXT, "code": TEXT, "name": TEXT})),
        "counts": map_of(COUNT),
        "company": object_of(
            {
                "organisation_id": TEXT,
                "name": TEXT,
                "seed": nullable({"type": "integer"}),
                "anchor": nullable(DATE),
                "loaded_from": nullable(TEXT),
                "written_to": FLAG,
                "notice": nullable(TEXT),
            }
        ),
        "exit_code": EXIT_CODE,
    },
)
STATEMENT_FILE = document(
    "finchat.statement_file/1",
    "`finchat sandbox statement --out FILE --json`: the file that was written.",
    {
        "path": TEXT,
        "format": TEXT,
        "style": TEXT,
        "account_id": TEXT,
        "account_code": TEXT,
        "currency": CURRENCY,
        "from": DATE,
        "to": DATE,
        "opening_balance": AMOUNT,
        "closing_balance": AMOUNT,
        "lines": COUNT,
        "exit_code": EXIT_CODE,
    },
)
