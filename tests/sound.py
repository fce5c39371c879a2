"""A schema that was found sound is not looked through again by the next of the many sessions in one process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator


def remembering() -> Callable[..., None]:
    """The check of schemas, which checks each once."""
    real, sound = Draft202012Validator.check_schema, set[str]()

    def check_schema(schema: Any, *args: Any, **kwargs: Any) -> None:
        text = json.dumps(schema)
        if text not in sound:
            real(schema, *args, **kwargs)
            sound.add(text)

    return check_schema


def look_ahead() -> None:
    """Check those of finchat's own tools."""
    from finchat.servers.schemas import OUTPUT, input_schema
    from finchat.servers.xero.server import VENDOR

    for schema in (OUTPUT, *map(input_schema, VENDOR.table)):
        Draft202012Validator.check_schema(schema)
