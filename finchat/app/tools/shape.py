"""What the rows of own tools are made of: schemas, periods and amounts as they stand in results."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from finchat import prompts
from finchat.books.money import amount_text
from finchat.books.period_words import Period, named_period
from finchat.books.periods import Window
from finchat.connections.own_tools import OwnTool

if TYPE_CHECKING:
    from finchat.app.desk import Desk

Schema = Mapping[str, Any]
Run = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]

DATE: Schema = {"type": "string", "format": "date"}


def text(longest: int = 200) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def tool(
    name: str,
    run: Run,
    properties: Mapping[str, Schema] = MappingProxyType({}),
    *,
    effect: Literal["read", "propose", "local"] = "read",
    required: tuple[str, ...] = (),
) -> OwnTool:
    """A row: its description is the text `tools/NAME` of the prompts."""
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {key: dict(schema) for key, schema in properties.items()},
        "additionalProperties": False,
    }
    if required:
        parameters["required"] = list(required)
    return OwnTool(name=name, description=prompts.load(f"tools/{name}"), parameters=parameters, effect=effect, run=run)


def money(amount: Decimal, currency: str) -> str:
    """An amount as a result carries it, its currency beside it."""
    return amount_text(amount, currency)


def period(window: Window) -> dict[str, str]:
    """The days of a period, both included."""
    return {"from": window.first.isoformat(), "to": window.last.isoformat()}


def said_period(words: Any, desk: Desk, as_of: date) -> Period:
    """The period that words of the model name, by the organisation's financial year. Raises UsageError."""
    here = desk.organisation
    return named_period(str(words), as_of, end_month=here.year_end_month, end_day=here.year_end_day)
