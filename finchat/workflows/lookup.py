"""Looking up one contact or one document: what fits is listed, what does not is answered with near names; none is
guessed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from finchat.books.details import ContactDetail, Detail
from finchat.providers.provider import Lookups

_NEAR = 5
_CLOSE = 0.6  # how alike a name must be to be worth naming, on difflib's scale from 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSearch:
    """What a text found: `one` when exactly one contact fits (alone, or alone under that very name), `others` that fit
    too; else all that fit, or the near names of none."""

    one: ContactDetail | None = None
    others: tuple[ContactDetail, ...] = ()
    near: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSearch:
    """Every document of a number or id; none has `near` numbers."""

    found: tuple[Detail, ...] = ()
    near: tuple[str, ...] = ()


async def search_contact(lookups: Lookups, text: str) -> ContactSearch:
    """Two calls, and one more for the near names where nothing fits."""
    fitting = await lookups.contacts(text)
    active = [contact for contact in fitting if contact.active] or list(fitting)
    exact = [contact for contact in active if _same(text, contact)]
    if len(exact) == 1:
        return ContactSearch(one=exact[0], others=tuple(c for c in active if c is not exact[0]))
    if len(active) == 1:
        return ContactSearch(one=active[0])
    if active:
        return ContactSearch(others=tuple(active))
    return ContactSearch(near=near(text, await lookups.contact_names()))


async def search_document(lookups: Lookups, named: str) -> DocumentSearch:
    """Two calls, and one more for the near numbers where none is called so."""
    found = await lookups.documents(named)
    standing = tuple(one for one in found if one.status != "void") or found
    if standing:
        return DocumentSearch(found=standing)
    numbers = await lookups.numbers_like(named)
    digits = _digits(named)
    # The same number written another way ("inv 42" for INV-0042) comes before one that merely looks like it.
    same = [number for number in numbers if digits and _digits(number) == digits]
    listed = dict.fromkeys([*same, *near(named, numbers), *numbers])
    return DocumentSearch(near=tuple(listed)[:_NEAR])


def near(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Up to five names that are nearly the text, or have a word that nearly is one of its words, best first."""
    wanted = text.casefold().strip()
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.casefold(), name)
    found = difflib.get_close_matches(wanted, list(folded), n=_NEAR, cutoff=_CLOSE)
    if len(found) < _NEAR:
        found += [name for name in _by_word(wanted, folded) if name not in found]
    return tuple(folded[name] for name in found[:_NEAR])


def _by_word(wanted: str, names: Iterable[str]) -> list[str]:
    listed = [(name, re.findall(r"\w{3,}", name)) for name in names]
    vocabulary = {word for _, words in listed for word in words}
    close: set[str] = set()
    for word in re.findall(r"\w{3,}", wanted):
        close.update(difflib.get_close_matches(word, vocabulary, n=_NEAR, cutoff=0.75))
    return sorted(name for name, words in listed if close & set(words))


def _same(text: str, contact: ContactDetail) -> bool:
    wanted = text.strip().casefold()
    known: Sequence[str] = (
        contact.id, contact.name, contact.email, contact.account_number, contact.contact_number,
    )  # fmt: skip
    return any(value and wanted == value.casefold() for value in known)


def _digits(text: str) -> str:
    return "".join(re.findall(r"[0-9]+", text)).lstrip("0")
