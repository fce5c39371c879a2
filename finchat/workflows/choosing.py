"""What a person answers a question with, looked up in the organisation's own chart: account, tax code, tracking, who.

Nothing is guessed: what is not exactly there is refused with what is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from operator import attrgetter
from typing import Protocol

from finchat.books.documents import Account, Coding, Contact, TaxRate, TrackingCategory
from finchat.books.plan import Ask
from finchat.errors import WriteRefused
from finchat.safety.approval import Answer

ALL = "?"  # typed instead of an account: all of them
_LISTED = 12  # as many valid choices as an error names


class Chart(Protocol):
    """What lines of an organisation are coded with, by id (accounts, contacts) and type (tax codes)."""

    @property
    def accounts(self) -> Mapping[str, Account]: ...

    @property
    def tax_rates(self) -> Mapping[str, TaxRate]: ...

    @property
    def tracking(self) -> Sequence[TrackingCategory]: ...

    @property
    def contacts(self) -> Mapping[str, Contact]: ...


def codable(chart: Chart) -> list[Account]:
    """The accounts a line can be coded to, by code."""
    return sorted((a for a in chart.accounts.values() if a.codable and a.active), key=lambda a: (a.code, a.name))


def account_named(chart: Chart, typed: str) -> Account:
    """The account with this code or name. Raises WriteRefused, naming accounts that come near."""
    wanted, there = _folded(typed), codable(chart)
    if wanted == ALL:
        raise WriteRefused(f"the accounts are {', '.join(a.label for a in there)}", field="account", next="name one")
    for name in map(attrgetter, ("code", "name", "label")):
        found = [a for a in there if _folded(name(a)) == wanted]
        if len(found) == 1:
            return found[0]
    near = [a for a in there if wanted and wanted in _folded(a.label)]
    if len(near) == 1 and len(wanted) > 3:  # part of one name only
        return near[0]
    other = next((a for a in chart.accounts.values() if _folded(a.code) == wanted), None)
    what = f"nothing can be coded to account {other.label}" if other else f"there is no account {typed!r}"
    raise WriteRefused(what, field="account", next=f"name one of {_some(_like(wanted, near, there))}; {ALL} lists all")


def _like(wanted: str, near: Sequence[Account], there: Sequence[Account]) -> list[str]:
    """The accounts that come near: that hold what was typed, or words like it; without such all."""
    names = [a.label for a in near] or similar(wanted, [a.label for a in there])
    return names or [a.label for a in there]


def similar(wanted: str, names: Iterable[str]) -> list[str]:
    """The names with a word like one of what was typed, the likest first."""
    scored = []
    for name in names:
        words = _folded(name).split()
        near = [w for typed in wanted.split() if len(typed) > 1 for w in get_close_matches(typed, words, 1, 0.75)]
        near += [w for typed in wanted.split() if len(typed) > 3 for w in words if w.startswith(typed[:4])]
        if near:
            scored.append((-len(set(near)), name))
    return [name for _, name in sorted(scored)]


def tax_rates_for(chart: Chart, account: Account) -> list[TaxRate]:
    """The tax codes a line to this account may carry, the account's own first."""
    revenue = account.kind == "revenue"
    expense = account.kind == "expense"
    usable = [
        r
        for r in chart.tax_rates.values()
        if r.active and (r.revenue if revenue else r.expenses if expense else r.revenue or r.expenses)
    ]
    return sorted(usable, key=lambda r: (r.type != account.tax_type, r.type))


def tax_named(chart: Chart, account: Account, typed: str) -> TaxRate:
    """The tax code of this type or name that fits the account. Raises WriteRefused with those that do."""
    there = tax_rates_for(chart, account)
    wanted = _folded(typed)
    found = [r for r in there if wanted in (_folded(r.type), _folded(r.name))]
    if len(found) == 1:
        return found[0]
    known = any(wanted in (_folded(r.type), _folded(r.name)) for r in chart.tax_rates.values())
    what = f"tax code {typed} does not go with account {account.label}" if known else f"no tax code {typed!r}"
    raise WriteRefused(what, field="tax", next=f"name one of {_some(tax_text(r) for r in there)}")


def tracking_named(chart: Chart, typed: str) -> tuple[str, str]:
    """`NAME=OPTION` as (category, option). Raises WriteRefused with the categories or options there are."""
    name, equals, option = typed.partition("=")
    category = next((c for c in chart.tracking if _folded(c.name) == _folded(name)), None)
    if category is None or not equals:
        names = _some(f"{c.name}={'|'.join(c.options[:4])}" for c in chart.tracking) if chart.tracking else "none"
        raise WriteRefused(f"there is no tracking {typed!r}", field="tracking", next=f"there is {names}")
    return category.name, option_named(category, option)


def option_named(category: TrackingCategory, typed: str) -> str:
    """An option of a tracking category. Raises WriteRefused with the options there are."""
    found = [o for o in category.options if _folded(o) == _folded(typed)]
    if len(found) != 1:
        raise WriteRefused(
            f"{category.name} has no option {typed.strip()!r}", field="tracking",
            next=f"name one of {_some(category.options)}",
        )  # fmt: skip
    return found[0]


def contact_named(chart: Chart, typed: str) -> Contact:
    """The one contact of this name. Raises WriteRefused, naming contacts that come near."""
    wanted = _folded(typed)
    found = [c for c in chart.contacts.values() if wanted in (_folded(c.name), c.id.casefold())]
    if len(found) == 1:
        return found[0]
    near = found or [c for c in chart.contacts.values() if wanted and wanted in _folded(c.name)]
    what = f"{len(found)} contacts are called {typed!r}" if found else f"there is no contact {typed!r}"
    called = [f"{c.name} ({c.id})" if found else c.name for c in near]
    called = called or similar(wanted, [c.name for c in chart.contacts.values()])
    step = f"name one of {_some(called)}" if called else "give a contact's name, or a new contact"
    raise WriteRefused(what, field="contact", next=step)


def new_contact_named(chart: Chart, typed: str) -> str:
    """The name of a contact to be made. Raises WriteRefused when there is one already, or for no name."""
    name = " ".join(typed.split())
    if not name:
        raise WriteRefused("a new contact needs a name", field="contact", next="give its name")
    if any(_folded(c.name) == _folded(name) for c in chart.contacts.values()):
        raise WriteRefused(f"there is a contact {name!r} already", field="contact", next=f"name it as it is: {name}")
    return name


def answer_of(
    chart: Chart,
    proposal_id: str,
    ask: Ask,
    *,
    account: str,
    tax: str,
    tracking: Sequence[str] = (),
    contact: str = "",
    new_contact: str = "",
) -> Answer:
    """A whole answer in words, as a command line has it. Raises WriteRefused naming the field and what is valid."""
    to = account_named(chart, account)
    rate = tax_named(chart, to, tax)
    pairs = [tracking_named(chart, one) for one in tracking]
    if len({name for name, _ in pairs}) != len(pairs):
        raise WriteRefused("a tracking category is named twice", field="tracking", next="name each once")
    if contact and new_contact:
        raise WriteRefused("a contact is either known or new", field="contact", next="give one of the two")
    if ask.contact_id and (contact or new_contact):
        raise WriteRefused(
            f"who it is is known: {ask.contact}", field="contact", next="leave the contact out, or skip the proposal"
        )
    if not ask.contact_id and not (contact or new_contact):
        shown = f" (the bank says {ask.contact!r})" if ask.contact else ""
        raise WriteRefused(
            f"nobody in the ledger is known to be the payee{shown}", field="contact",
            next="name a contact of the ledger, or a new contact",
        )  # fmt: skip
    return Answer(
        proposal_id=proposal_id,
        ask_id=ask.id,
        coding=Coding(to.id, rate.type, tuple(sorted(pairs))),
        contact_id=contact_named(chart, contact).id if contact else "",
        new_contact=new_contact_named(chart, new_contact) if new_contact else "",
    )


def tax_text(rate: TaxRate) -> str:
    """`INPUT2 (15% GST on Expenses)`."""
    return f"{rate.type} ({rate.name})" if rate.name and rate.name != rate.type else rate.type


def coding_text(coding: Coding, accounts: Mapping[str, str], tax_names: Mapping[str, str] | None = None) -> str:
    """`404 Bank Fees, INPUT2, Region: North`; `accounts` names accounts by id."""
    tax = (tax_names or {}).get(coding.tax_type, coding.tax_type)
    parts = [accounts.get(coding.account_id, coding.account_id), tax]
    return ", ".join([*parts, *(f"{name}: {option}" for name, option in coding.tracking)])


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return ", ".join(listed[:_LISTED]) + more if listed else "none: the ledger has none that fits"


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
