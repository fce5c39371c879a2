"""What a vendor's server is made of, beside its table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from finchat.servers.failure import Failure
from finchat.servers.requests import BodyRules, Page, Request
from finchat.servers.table import Operation
from finchat.servers.upstream import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the vendor said, normalised. `more`: there is a next page. `report` describes a report's columns."""

    records: Sequence[Mapping[str, Any]]
    more: bool = False
    total: int | None = None
    report: Mapping[str, Any] | None = None


Send = Callable[[Request], Awaitable[Response]]
"""Sends one request below the vendor's base path: its answer, whatever the status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A vendor as the generic server needs it; another vendor is another table and these few functions.

    `perform` does a call that takes more than placing its arguments, such as reading a record before it is changed:
    (send, row, checked arguments, page, idempotency key) to the answer, or Failure. Without it one request is made.
    """

    name: str  # of the server: finchat-xero
    title: str
    prompt: str  # name of the text served as the server's instructions
    base_path: str  # before each row's path
    table: tuple[Operation, ...]
    paged: Callable[[Request, Page], Request]
    answer: Callable[[Operation, Page | None, Response], Answer]
    refusal: Callable[[Operation, Response], Failure]
    limits: Callable[[Response], Mapping[str, Any] | None]
    body_rules: BodyRules = field(default_factory=BodyRules)
    longest_idempotency_key: int = 128
    perform: (
        Callable[[Send, Operation, Mapping[str, Any], Page | None, str | None], Awaitable[tuple[Response, Page | None]]]
        | None
    ) = None
