"""A new contact from what a person asks for: equal and near names are said before it is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from finchat.books.terms import PaymentTerms, TermKind
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.documents import NewContact
from finchat.providers.writing.parts import Place
from finchat.workflows.drafting import lookups
from finchat.workflows.drafting.outcome import Contradicted, Contradiction, Drafted, Gathering, Outcome

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
# As a person says the parts of an address, and as Xero calls them.
ADDRESS: Mapping[str, str] = {
    "line1": "AddressLine1", "line2": "AddressLine2", "city": "City", "region": "Region", "postal_code": "PostalCode",
    "country": "Country",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTerms:
    kind: TermKind
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedContact:
    """A contact as it was asked for; what was not said is empty. `although_similar`: the person knows of those with
    near names and means another."""

    name: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    address: Mapping[str, str] = field(default_factory=dict)
    tax_number: str = ""
    currency: str = ""
    role: str = ""  # customer, supplier or ""
    sales_terms: WantedTerms | None = None
    bill_terms: WantedTerms | None = None
    although_similar: bool = False


def draft_contact(wanted: WantedContact, context: WriteContext) -> Outcome:
    """Needs, contradiction, or the proposal of one contact. Pure."""
    try:
        return _drafted(wanted, context)
    except Contradicted as no:
        return no.outcome
    except CannotPropose as error:
        return Contradiction(error.message, "name")


def _drafted(wanted: WantedContact, context: WriteContext) -> Outcome:
    gathering = Gathering()
    name = lookups.words(wanted.name, "name", 255)
    if not name:
        gathering.ask("name", "What is the contact called?")
    else:
        _alike(wanted, context, name, gathering)
    email = lookups.words(wanted.email, "email", 255)
    if email and not _EMAIL.fullmatch(email):
        raise Contradicted(f"{email!r} is not an e-mail address", "email")
    currency = wanted.currency.upper()
    if currency and not _CURRENCY.fullmatch(currency):
        raise Contradicted(f"{wanted.currency!r} is not a currency code", "currency")
    address = {ADDRESS[key]: lookups.words(text, f"address.{key}", 500) for key, text in wanted.address.items()}
    new = NewContact(
        name=name,
        email_address=email,
        first_name=lookups.words(wanted.first_name, "first_name", 255),
        last_name=lookups.words(wanted.last_name, "last_name", 255),
        phone=lookups.words(wanted.phone, "phone", 50),
        address=tuple((key, text) for key, text in address.items() if text),
        tax_number=lookups.words(wanted.tax_number, "tax_number", 50),
        default_currency=currency,
        sales_terms=_terms(wanted.sales_terms, "sales_terms"),
        bill_terms=_terms(wanted.bill_terms, "bill_terms"),
    )
    if needs := gathering.needs():
        return needs
    if context.writers.traits.roles:
        if not wanted.role:
            gathering.ask("role", "Is it a customer or a supplier?", [{"value": "customer"}, {"value": "supplier"}])
        if needs := gathering.needs():
            return needs
        new = replace(new, role="supplier" if wanted.role == "supplier" else "customer")
    elif wanted.role:
        made = "an invoice" if wanted.role == "customer" else "a bill"
        gathering.said.append(f"{context.vendor} counts it as a {wanted.role} from its first document on: {made}")
    link, write = context.writers.contact(context, Place("p1", "w1"), name=name, more=new)
    return Drafted(
        proposal=gathering.proposal("create", f"contact {link.contact}", [link], [write]),
        total=Decimal("0.00"),
        currency=context.base_currency,
        facts={"contact": link.contact, **({"email": email} if email else {})},
    )


def _alike(wanted: WantedContact, context: WriteContext, name: str, gathering: Gathering) -> None:
    """Raises Contradicted for a name that an active contact has; asks where one is near."""
    near = lookups.near_contacts(context, name)
    choices = [{"contact": c.name, "contact_id": c.id} for c in near]
    if any(lookups.folded(c.name) == lookups.folded(name) for c in context.contacts.values()):
        raise Contradicted(
            f"there is a contact {name!r} already, and {context.vendor} keeps their names unique", "name", choices
        )
    if near and not wanted.although_similar:
        named = ", ".join(c.name for c in near)
        question = f"The ledger has {named}. Is it one of these? If not, say so (although_similar)."
        gathering.ask("although_similar", question, choices)
    elif near:
        gathering.doubts.append(f"there are contacts with names like it: {', '.join(c.name for c in near)}")


def _terms(wanted: WantedTerms | None, field: str) -> PaymentTerms | None:
    if wanted is None:
        return None
    try:
        return PaymentTerms(wanted.kind, wanted.day)
    except ValueError as error:
        raise Contradicted(str(error), field) from error
