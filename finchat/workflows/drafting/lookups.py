"""Names, codes, days and amounts that were asked for, looked up exactly: nothing is guessed, near ones are named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher

from finchat.books.documents import Account, Coding, Contact, TaxRate
from finchat.books.money import parse_amount
from finchat.errors import WriteRefused
from finchat.providers.writing.context import WriteContext
from finchat.providers.writing.parts import Party
from finchat.providers.writing.tokens import is_token
from finchat.workflows.choosing import codable, tax_rates_for, tracking_named
from finchat.workflows.drafting.outcome import Choice, Contradicted, Gathering

_NEAR = 8
_ALIKE = 0.82  # how alike two names must be spelt to be worth asking about, on difflib's scale from 0 to 1


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def words(text: str, field: str, longest: int) -> str:
    """One line of printable text. Raises Contradicted."""
    said = " ".join(text.split())
    if not said.isprintable():
        raise Contradicted(f"{field} holds characters that cannot be printed", field)
    if any(is_token(word) for word in said.split()):
        raise Contradicted(f"{field} holds a word that finchat finds its own writes by", field)
    if len(said) > longest:
        raise Contradicted(f"{field} is longer than {longest} characters", field)
    return said


def amount(value: object, field: str, places: int) -> Decimal | None:
    """A plain decimal with at most so many places; None for nothing. Raises Contradicted."""
    if value is None or value == "":
        return None
    try:
        found = Decimal(repr(value)) if isinstance(value, float) else parse_amount(str(value))
    except (ValueError, InvalidOperation):
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= 10**12:
        raise Contradicted(f"{field} is not a plain number such as 1234.50", field)
    if found != round(found, places):
        raise Contradicted(f"{field} has more than {places} decimal places, which the ledger does not keep", field)
    return found.quantize(Decimal(1)) if found == found.to_integral_value() else found.normalize()


def day(text: str, field: str) -> date | None:
    """A date; None for nothing. Raises Contradicted."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise Contradicted(f"{field} is not a date such as 2026-11-20", field)
    return found


def contact(context: WriteContext, gathering: Gathering, named: str, *, create: bool) -> tuple[Party | None, bool]:
    """Whose it is, and whether that contact is to be made first. None once it was asked for."""
    wanted = folded(named)
    contacts = context.contacts
    if not wanted:
        gathering.ask("contact", "Who is it for? Name the contact.")
        return None, False
    found = [c for c in contacts.values() if wanted in (folded(c.name), c.id.casefold())]
    if len(found) == 1:
        return Party(found[0].id, found[0].name), False
    if found:
        gathering.ask("contact", f"{len(found)} contacts are called {named!r}: which one?", map(_contact, found))
        return None, False
    if create:
        return Party("", words(named, "contact", 255)), True
    near = near_contacts(context, named)
    question = f"There is no contact {named!r} in the ledger."
    question += " Is it one of these, or is it to be made first (create_contact)?" if near else (
        " Is it to be made first (create_contact)?"
    )  # fmt: skip
    gathering.ask("contact", question, map(_contact, near))
    return None, False


def near_contacts(context: WriteContext, named: str) -> list[Contact]:
    """Active contacts whose own words are among those of the name, or the other way round, or nearly spell it; the
    likest first. Words that close many names (Ltd, Limited) tell nobody apart."""
    contacts = list(context.contacts.values())
    ends = Counter(w[-1] for c in contacts if len(w := folded(c.name).split()) > 1)
    common = {word for word, count in ends.items() if count >= max(3, len(contacts) // 20)}

    def own(name: str) -> list[str]:
        said = re.sub(r"[^\w\s]", " ", folded(name)).split()
        return [word for word in said if word not in common] or said

    wanted = own(named)
    scored = []
    for one in contacts:
        theirs = own(one.name)
        alike = SequenceMatcher(None, " ".join(wanted), " ".join(theirs)).ratio()
        held = bool(wanted) and (set(wanted) <= set(theirs) or set(theirs) <= set(wanted))
        if held or alike >= _ALIKE:
            scored.append((not held, -alike, one.name, one))
    return [one for *_, one in sorted(scored, key=lambda row: row[:3])][:_NEAR]


def _contact(one: Contact) -> Choice:
    return {"contact": one.name, "contact_id": one.id}


def account_choices(accounts: Iterable[Account]) -> list[Choice]:
    return [{"code": a.code, "name": a.name, "tax_type": a.tax_type} for a in accounts]


def tax_choices(rates: Iterable[TaxRate]) -> list[Choice]:
    return [{"tax_type": r.type, "name": r.name, "percent": f"{r.percent:f}"} for r in rates]


def usual_accounts(context: WriteContext, type: str) -> list[Account]:
    """The accounts that lines of such documents are usually coded to; all that there are where none is."""
    usual = "revenue" if type == "invoice" else "expense"
    return [a for a in codable(context) if a.kind == usual] or codable(context)


def fitting_accounts(context: WriteContext, type: str) -> list[Account]:
    """The accounts a line can be coded to, those that such documents are usually coded to first."""
    usual = usual_accounts(context, type)
    return [*usual, *(a for a in codable(context) if a not in usual)]


def account(context: WriteContext, type: str, named: str, field: str) -> Account:
    """The account of exactly this code or name. Raises Contradicted with the valid choices."""
    wanted = folded(named)
    for found in (
        [a for a in codable(context) if folded(a.code) == wanted],
        [a for a in codable(context) if wanted in (folded(a.name), folded(a.label), a.id.casefold())],
    ):
        if len(found) == 1:
            return found[0]
    other = next((a for a in context.accounts.values() if folded(a.code) == wanted or folded(a.name) == wanted), None)
    what = f"nothing can be coded to account {other.label}" if other else f"there is no account {named!r} in the chart"
    raise Contradicted(what, field, account_choices(fitting_accounts(context, type)))


def tax_rate(context: WriteContext, type: str, to: Account, named: str, field: str) -> TaxRate:
    """The tax code of exactly this type or name that goes with the account and the kind of document. Raises
    Contradicted with those that do."""
    there = tax_rates(context, type, to)
    wanted = folded(named)
    found = [r for r in there if wanted in (folded(r.type), folded(r.name))]
    if len(found) == 1:
        return found[0]
    known = any(wanted in (folded(r.type), folded(r.name)) for r in context.tax_rates.values())
    what = f"tax type {named!r} does not go with account {to.label}" if known else f"there is no tax type {named!r}"
    raise Contradicted(what, field, tax_choices(there))


def tax_rates(context: WriteContext, type: str, to: Account | None) -> list[TaxRate]:
    """The tax codes a line to this account may carry, the account's own first; without an account those of the kind of
    document."""
    if to is not None:
        return tax_rates_for(context, to)
    rates = [r for r in context.tax_rates.values() if r.active and (r.revenue if type == "invoice" else r.expenses)]
    return sorted(rates, key=lambda r: r.type)


def tracking(context: WriteContext, named: Iterable[str], field: str) -> tuple[tuple[str, str], ...]:
    """`Category=Option` pairs, sorted. Raises Contradicted with what there is."""
    try:
        pairs = [tracking_named(context, one) for one in named]
    except WriteRefused as error:
        choices = [{"category": c.name, "options": ", ".join(c.options)} for c in context.tracking]
        raise Contradicted(error.message, field, choices) from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise Contradicted("a tracking category is named twice", field)
    return tuple(sorted(pairs))


def coding(account: Account, rate: TaxRate, tracking: tuple[tuple[str, str], ...]) -> Coding:
    return Coding(account.id, rate.type, tracking)


def unlocked(context: WriteContext, on: date, field: str) -> None:
    """Raises Contradicted for a day in a locked period."""
    lock = context.organisation.lock_date
    if lock is not None and on <= lock:
        raise Contradicted(
            f"{on} is in a locked period: the books are locked up to {lock}", field,
            [{"value": "a date after " + lock.isoformat()}],
        )  # fmt: skip
