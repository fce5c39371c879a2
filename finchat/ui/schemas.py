"""JSON Schema of the error document."""

from __future__ import annotations

from finchat.error_codes import CODES
from finchat.errors import ExitCode
from finchat.json_schema import TEXT, document, nullable, object_of, words
from finchat.ui.sink import ERROR_SCHEMA

ERROR = document(
    ERROR_SCHEMA,
    "What `--json` prints instead when a command fails.",
    {
        "error": object_of(
            {
                "code": {
                    "anyOf": [words(CODES), {**TEXT, "description": "The word of a server that is not finchat's."}]
                },
                "message": TEXT,
                "field": nullable(TEXT),
                "next": nullable(TEXT),
            }
        ),
        "exit_code": {"enum": [int(code) for code in ExitCode if code is not ExitCode.DONE]},
    },
)
