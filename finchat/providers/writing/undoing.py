"""Taking writes back, in words that hold for every vendor: what was written, and why something is left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from finchat.books.plan import Link, Write
from finchat.providers.fields import Record

Need = tuple[str, str]  # a record to read again: what it is in the vendor's table, and its id
Found = Mapping[Need, Record | None]  # what was read again; None: the ledger does not have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One write that the journal knows as committed. `name` is PLAN/PROPOSAL/WRITE, `ids` the ledger ids of all
    committed writes of its proposal by write id, `links` what it was about."""

    name: str
    write: Write
    ledger_id: str
    links: tuple[Link, ...]
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a write is not taken back. `gone`: somebody did it already; `stays`: finchat never does.

    `text` goes on after the name of what was written ("… was reconciled since"); `next` is the step to take.
    """

    what: Literal["gone", "stays", "cannot"]
    text: str
    next: str
