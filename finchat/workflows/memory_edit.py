"""A person's own words on the memory, looked up in the ledger: the contact, or the account and tax code, they name."""

from __future__ import annotations

from collections.abc import Sequence

from finchat.books.coding import spoken_coding
from finchat.books.coding.checks import Chart
from finchat.books.documents import Books, Coding, Contact
from finchat.errors import UsageError

_SHOWN = 12  # choices named in an error


def contact(contacts: Sequence[Contact], named: str) -> tuple[str, str]:
    """Id and name of the one contact called so. Raises UsageError with the nearest names when there is not one."""
    found = [c for c in contacts if named in (c.id, c.name)] or [
        c for c in contacts if c.name.casefold() == named.casefold()
    ]
    if len(found) == 1:
        return found[0].id, found[0].name
    if found:
        raise UsageError(f"several contacts are called {named!r}", field="--contact", next="give the contact's id")
    near = [c.name for c in contacts if named.casefold() in c.name.casefold()]
    hint = f"perhaps {', '.join(sorted(near)[:_SHOWN])}" if near else "give its name as the ledger has it"
    raise UsageError(f"the ledger has no contact {named!r}", field="--contact", next=hint)


def coding(books: Books, account: str, tax: str | None, tracking: Sequence[str]) -> tuple[Coding, str]:
    """The coding that code, tax type and `NAME=OPTION` stand for, and how it is called. `books` need only hold the
    chart. Raises UsageError naming the flag, with the valid choices."""
    found = next((a for a in books.accounts if account in (a.code, a.id, a.name)), None)
    if found is None or not found.active or not found.codable:
        codes = ", ".join(sorted(a.code for a in books.accounts if a.active and a.codable))
        what = "is not an account that money can be coded to" if found else "is no account of this organisation"
        raise UsageError(f"{account!r} {what}", field="--account", next=f"the accounts are {codes}")
    chosen = Coding(found.id, tax if tax is not None else found.tax_type, tuple(sorted(map(_pair, tracking))))
    chart = Chart(books)
    if why := chart.unusable(chosen):
        rates = ", ".join(sorted(r.type for r in books.tax_rates if r.active))
        options = ", ".join(f"{c.name}={option}" for c in books.tracking for option in c.options)
        field, choices = (
            ("--tax", rates) if chart.unusable(Coding(found.id, chosen.tax_type)) else ("--tracking", options)
        )
        raise UsageError(why, field=field, next=f"the choices are {choices or 'none'}")
    return chosen, spoken_coding(chosen, chart.accounts, chart.tax_rates)


def _pair(text: str) -> tuple[str, str]:
    name, equals, option = text.partition("=")
    if not (name and equals and option):
        raise UsageError(f"{text!r} is not NAME=OPTION", field="--tracking", next="write it like Region=North")
    return name, option
