"""Names in an answer that no record has, and that a figure may be said of."""

from __future__ import annotations

import re

from finchat.agent.grounding.blocks import Claim
from finchat.agent.grounding.columns import WHO
from finchat.agent.grounding.page import Page
from finchat.agent.grounding.said import Said

_LEGAL = re.compile(
    r"[*_]{0,2}\s(?:ltd|limited|inc|llc|llp|pty|gmbh|plc|corp|co|company|corporation|bv|ag)(?![^\W_])\.?", re.IGNORECASE
)
_DOES = re.compile(
    r"[*_`\"”]{0,3}(?:['’]s?\s|\s(?:still\s|currently\s|also\s)?(?:owes|owed|paid|pays|has|had)(?![^\W_]))"
)
_DASH_BEFORE = re.compile(r"\s[-–—|]\s[*_]{0,2}\Z")
_DASH_AFTER = re.compile(r"[*_]{0,2}\s[-–—|]\s")
_SOURCE = re.compile(r"\b(?:from|by|customer|supplier|client|vendor|contact)\s[*_`\"“]{0,3}\Z", re.IGNORECASE)

Span = tuple[int, int]


def stranger(page: Page, one: Said) -> str:
    """An unknown name that the figure may be said of; "" for none."""
    if "contact" in one.names and "contact" not in one.lent:
        spans = _beside_a_contact(page, one)
    elif set(one.names) - one.lent or one.shown.unit == "identifier":
        spans = _beside_a_record(page, one)
    else:
        spans = [*_of_clause(one), *_of_row(page, one.claim), *_of_heads(page, one.claim)]
    return page.text[spans[0][0] : spans[0][1]] if spans else ""


def _of_clause(one: Said) -> list[Span]:
    first, last = one.scan.segment(one.shown.start)
    return [span for span in one.scan.strangers if first <= span[0] < last]


def _of_row(page: Page, claim: Claim) -> list[Span]:
    return [span for scan in page.beside(claim) for span in scan.strangers if not scan.mentions]


def _of_heads(page: Page, claim: Claim) -> list[Span]:
    """A heading that is a name, or a company's."""
    return [
        (start, end)
        for scan in page.under(claim)
        for start, end in scan.strangers
        if not scan.mentions and (scan.alone(start, end, page.text) or _legal(page.text, end))
    ]


def _beside_a_contact(page: Page, one: Said) -> list[Span]:
    """The claim names a known contact: only who acts himself, or tells the contact from another ("Acme (Perth)")."""
    text = page.text
    ends = {mention.end for mention in one.scan.mentions if mention.kind == "contact"}
    return [
        (start, end)
        for start, end in _of_clause(one)
        if _acts(text, end) or (text[start - 2 : start] == " (" and text[end : end + 1] == ")" and start - 2 in ends)
    ]


def _beside_a_record(page: Page, one: Said) -> list[Span]:
    """The claim names a document, account or item: words beside it may describe it, unless they look like a party."""
    text = page.text
    spans = [(start, end) for start, end in _of_clause(one) if _acts(text, end) or _sourced(text, start, end)]
    if not any(mention.kind == "contact" for mention in one.scan.mentions):
        spans += [(a, b) for a, b in one.scan.strangers if _legal(text, b) or _between_dashes(text, a, b)]
    for cell in page.cells(one.claim):
        scan = page.scan(cell)
        party = cell.head is not None and bool(page.scan(cell.head).words & WHO)
        if cell is not one.claim and not scan.mentions:
            spans += [(a, b) for a, b in scan.strangers if party or _legal(text, b)]
    return spans + [(a, b) for a, b in _of_heads(page, one.claim) if _legal(text, b)]


def _legal(text: str, end: int) -> bool:
    """A company's legal form follows: whoever it is, it is a company."""
    return bool(_LEGAL.match(text, end))


def _acts(text: str, end: int) -> bool:
    """The name owes, pays or has something."""
    legal = _LEGAL.match(text, end)
    return bool(_DOES.match(text, legal.end() if legal else end))


def _sourced(text: str, start: int, end: int) -> bool:
    """The name is who a document is from, or stands in parentheses behind its number."""
    if text[start - 1 : start] == "(" and text[end : end + 1] in {")", ","}:
        return True
    return bool(_SOURCE.search(text[max(0, start - 14) : start]))


def _between_dashes(text: str, start: int, end: int) -> bool:
    """INV-0081 – Zorro – 6,000: a part of its own."""
    return bool(_DASH_BEFORE.search(text[max(0, start - 6) : start]) and _DASH_AFTER.match(text, end))
