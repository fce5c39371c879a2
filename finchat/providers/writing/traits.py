"""What tells one vendor's documents and contacts from another's, as far as a draft must know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DocumentType = Literal["invoice", "bill"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """`label`: what a person calls the vendor. `drafts`: whether a document can wait outside the books. `references`:
    the kinds of document that keep a reference beside their number. `roles`: whether a contact is a customer or a
    supplier from the start, instead of becoming one by its documents. `pays_more_than_due`: whether a payment may
    exceed what is due, and the rest stays with it. `feed`: what to know of where bank lines come from, as a sentence;
    "" for nothing."""

    label: str
    drafts: bool
    references: frozenset[DocumentType]
    roles: bool
    pays_more_than_due: bool = False
    feed: str = ""
