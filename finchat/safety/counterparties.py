"""Who was paid before, under which name and account: what `known_counterparties_only` asks of a bank line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from finchat.books.documents import BankLine, Books, Contact
from finchat.books.matching.text import letters_only, words
from finchat.books.plan import Evidence

KNOWN_COUNTERPARTY = "known_counterparty"  # the evidence kind that says: paid before, under this name and account

_SHORTEST_CUT = 9  # letters of a name that the bank's field cut off
_LONGEST_LABEL = 3  # letters before a number: INV 7, SI-56431, TRN 1
_Words = tuple[str, ...]


def known_counterparty(
    books: Books, line: BankLine, contact_id: str, settled: Sequence[BankLine] = ()
) -> Evidence | None:
    """Evidence that this contact was paid before under the name and account that the bank line shows, or None.

    `settled`: lines that payments of this contact hold. Paid before: the ledger holds a payment of this contact in the
    same direction. Account: the one the line shows, when it shows one, is the contact's own or that of an earlier line
    settled to this contact. Name: the line says the whole name; or as much of it, and with the same after it, as an
    earlier line settled to this contact does, banks cutting names off; or its payee is that line's payee. Where another
    contact's name explains the text as well or better, it is nobody's.
    """
    contact = next((c for c in books.contacts if c.id == contact_id), None)
    paid = next((p for p in books.payments if p.contact_id == contact_id and p.direction == line.direction), None)
    if contact is None or paid is None:
        return None
    before = [x for x in settled if x.id != line.id and x.direction == line.direction and x.date <= line.date]
    shown = _plain(line.counterparty_account)
    accounts = {
        _plain(contact.bank_account),
        *(_plain(c.counterparty_account) for c in books.history if c.contact_id == contact_id),
        *(_plain(x.counterparty_account) for x in before),
    }
    if shown and shown not in accounts:
        return None
    texts = [_text(x) for x in before]
    texts += [words(c.narration) for c in books.history if (c.contact_id, c.direction) == (contact_id, line.direction)]
    same = words(line.payee) and any(words(x.payee) == words(line.payee) for x in before)
    if not _named(books.contacts, contact, _text(line), texts, account_shown=bool(shown), same_payee=bool(same)):
        return None
    return Evidence(
        kind=KNOWN_COUNTERPARTY,
        text=f"{contact.name} was paid before under this name and account",
        record_type="payment",
        record_id=paid.id,
    )


def _named(
    contacts: Sequence[Contact],
    contact: Contact,
    text: _Words,
    before: Sequence[_Words],
    *,
    account_shown: bool,
    same_payee: bool,
) -> bool:
    name = words(contact.name)
    run, after = _run(name, text)
    whole = bool(name) and _said(name, text)
    size = len("".join(run))
    for other in contacts:
        theirs = words(other.name)
        if other.id == contact.id or not theirs:
            continue
        as_much = len("".join(_run(theirs, text)[0])) >= max(size, 1)
        if (as_much and not (whole and account_shown)) or (len(theirs) > len(name) and _said(theirs, text)):
            return False
        if as_much and len("".join(_run(theirs, text)[0])) > size:
            return False
    if same_payee or (whole and (account_shown or (run == name and _ends(after)))):
        return True
    if not whole and size < _SHORTEST_CUT:
        return False
    return any(
        _run(name, earlier)[0] == run and (_ends(after) or after[:1] == _run(name, earlier)[1][:1])
        for earlier in before
        if run
    )


def _run(name: _Words, text: _Words) -> tuple[_Words, _Words]:
    """The longest stretch of a text that begins a name, its last word perhaps cut off; and what follows."""
    best: tuple[_Words, _Words] = ((), text)
    for start in range(len(text)):
        n = 0
        while n < len(name) and start + n < len(text) and text[start + n] == name[n]:
            n += 1
        cut = n < len(name) and start + n < len(text) and n > 0 and name[n].startswith(text[start + n])
        end = start + n + cut
        if n and len("".join(text[start:end])) > len("".join(best[0])):
            best = (text[start:end], text[end:])
    return best


def _ends(after: _Words) -> bool:
    """Whether what follows a name is no more of a name: nothing, a number, or a short label and its number."""
    if not after or not letters_only(after[0]):
        return True
    return len(after[0]) <= _LONGEST_LABEL and len(after) > 1 and not letters_only(after[1])


def _said(name: _Words, text: _Words) -> bool:
    long = {word for word in name if len(word) > 1}
    return bool(long) and long <= set(text)


def _text(line: BankLine) -> _Words:
    return words(f"{line.payee} {line.narration}")


def _plain(account: str) -> str:
    """An account as its letters and digits: banks and ledgers space it differently."""
    return "".join(words(account))
