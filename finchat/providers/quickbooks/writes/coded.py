"""Money and credits with a line coded to an account: expenses, deposits without a document, and what settles the rest
of a short payment."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from finchat.books.balances import coded_effects
from finchat.books.documents import Account, Coding
from finchat.books.money import amount_text
from finchat.books.plan import Effect, Link, Write
from finchat.providers.quickbooks import conditions, payloads
from finchat.providers.quickbooks.payloads import Role, in_currency, ref
from finchat.providers.quickbooks.writes.items import item_for
from finchat.providers.quickbooks.writes.rates import converted, day_rate
from finchat.providers.writing.checking import FROM
from finchat.providers.writing.coding import Codable, codable
from finchat.providers.writing.conditions import bank, unlocked
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Named, Party, Place, write
from finchat.providers.writing.rates import Rate
from finchat.providers.writing.tokens import description, marked, reference_text, write_token

_TRACKING = {"Class": "class", "Department": "department"}


def money_write(
    context: WriteContext,
    place: Place,
    *,
    line: AnyLine,
    amount: Decimal,
    party: Party,
    coding: Coding,
    contact_from: str = "",
) -> tuple[Link, Write]:
    """`amount` of the line as a Purchase (money out, or back to a card) or a Deposit (money in), in the line's currency
    and on its account, with one line coded to an account.

    `contact_from`: the earlier write of the proposal that makes the contact. Raises CannotPropose when the coding
    cannot be used, has tax, or no rate is known for a foreign account.
    """
    to, own = untaxed(context, coding), context.bank_account(line.account_id, line.currency)
    if not 0 < amount <= line.amount:
        raise CannotPropose(f"{amount} is not between zero and the {line.amount} of the bank line")
    rate = day_rate(context, line.currency, line.date)
    inward, role = line.direction == "receive", _role(context, line, party)
    who = payloads.party({FROM: f"{contact_from}.Id"} if contact_from else party.id, role)
    said, coded = description(line), {"AccountRef": ref(to.account.id), **_class(context, coding)}
    if inward and not own.card:
        operation = "deposit.create"
        arguments: dict[str, Any] = {
            "DepositToAccountRef": ref(own.id),
            "Line": [_line(said, amount, line.currency, "DepositLineDetail", {**coded, "Entity": who})],
        }
    else:
        operation = "purchase.create"
        detail = {**coded, "TaxCodeRef": ref(to.rate.type)}
        arguments = {
            "AccountRef": ref(own.id),
            "PaymentType": "CreditCard" if own.card else "Cash",
            "EntityRef": who,
            "Line": [_line(said, amount, line.currency, "AccountBasedExpenseLineDetail", detail)],
        }
        if inward:
            arguments["Credit"] = True
    arguments |= {
        "TxnDate": line.date.isoformat(),
        **_department(context, coding),
        **in_currency(line.currency, context.base_currency, rate),
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    arguments["PrivateNote"] = reference_text(line, token)
    link = Link(
        id=place.link_id,
        document_id="",
        type="receive_money" if inward else "spend_money",
        number="",
        contact_id=party.id,
        contact=party.name,
        amount=amount,
        currency=line.currency,
        bank_amount=amount,
        bank_currency=line.currency,
        coding=coding,
        rate=None if rate is None else rate.shown,
        rate_source=None if rate is None else rate.source,
    )
    return link, write(
        context,
        operation,
        place,
        arguments,
        amount=amount,
        currency=line.currency,
        preconditions=(
            *bank(own),
            *conditions.codable(to),
            *_tracked(arguments),
            *(() if contact_from else (conditions.contact(role, party.id),)),
            unlocked(context.organisation),
        ),
        effects=_effects(context, to, amount if inward else -amount, line.currency, against=own, rate=rate),
        verify={
            "by": "token",
            "token": token,
            "date": line.date.isoformat(),
            "fingerprints": list(line.fingerprints),
            "amount": amount_text(amount, line.currency),
        },
    )


def credit_note_write(
    context: WriteContext, place: Place, *, line: AnyLine, document: Named, amount: Decimal, coding: Coding, text: str
) -> tuple[Link, Write]:
    """A CreditMemo or VendorCredit over `amount` for the document's contact, coded as a person or habit says; `text`
    says what for.

    A credit memo's lines are of items, which post to their own account: raises CannotPropose when none posts to the
    account, when the coding cannot be used or has tax, or for a document in another currency.
    """
    if document.currency != context.base_currency:
        raise CannotPropose(
            f"the rest of a {document.currency} document is written off in QuickBooks by hand: its exchange difference "
            "is settled there"
        )
    if amount <= 0:
        raise CannotPropose("a credit is over an amount above zero")
    to, sales = untaxed(context, coding), document.type == "invoice"
    control = context.account(context.control_account(document.type, document.currency))
    rests_on: list[Any] = []
    if sales:
        item = item_for(context, to.account)
        detail = {"ItemRef": ref(item.id), "TaxCodeRef": ref(to.rate.type), **_class(context, coding)}
        kind, who = "SalesItemLineDetail", {"CustomerRef": ref(document.contact_id)}
        rests_on += item.preconditions
    else:
        detail = {"AccountRef": ref(to.account.id), "TaxCodeRef": ref(to.rate.type), **_class(context, coding)}
        kind, who = "AccountBasedExpenseLineDetail", {"VendorRef": ref(document.contact_id)}
    arguments: dict[str, Any] = {
        **who,
        "TxnDate": line.date.isoformat(),
        "Line": [_line(text, amount, document.currency, kind, detail)],
        **_department(context, coding),
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    arguments["PrivateNote"] = marked(f"{document.number} {text}".strip(), token)
    link = Link(
        id=place.link_id,
        document_id="",
        type="credit_note",
        number=document.number,
        contact_id=document.contact_id,
        contact=document.contact,
        amount=amount,
        currency=document.currency,
        coding=coding,
    )
    return link, write(
        context,
        "credit_memo.create" if sales else "vendor_credit.create",
        place,
        arguments,
        amount=amount,
        currency=document.currency,
        preconditions=(
            *conditions.codable(to),
            *rests_on,
            *_tracked(arguments),
            conditions.contact("customer" if sales else "vendor", document.contact_id),
            unlocked(context.organisation),
        ),
        effects=_effects(context, to, -amount if sales else amount, document.currency, against=control),
        verify={
            "by": "token",
            "token": token,
            "date": line.date.isoformat(),
            "fingerprints": list(line.fingerprints),
            "amount": amount_text(amount, document.currency),
        },
    )


def untaxed(context: WriteContext, coding: Coding) -> Codable:
    """The coding's account and tax code. Raises CannotPropose when one cannot be used, or is one of a tax: what of a
    gross amount is tax, QuickBooks works out by itself."""
    to = codable(context, coding)
    if to.rate.percent:
        raise CannotPropose(
            f"tax code {to.rate.name} has {to.rate.percent} %, which QuickBooks works out by itself",
            next="choose a code without tax, or record it in QuickBooks by hand",
        )
    return to


def _role(context: WriteContext, line: AnyLine, party: Party) -> Role:
    """Whether a contact is a customer or a vendor; one that is not there yet is what the money's way makes it."""
    if ("vendor", party.id) in context.records:
        return "vendor"
    if ("customer", party.id) in context.records:
        return "customer"
    return "customer" if line.direction == "receive" else "vendor"


def _line(text: str, amount: Decimal, currency: str, kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {"Description": text, "Amount": amount_text(amount, currency), "DetailType": kind, kind: dict(detail)}


def _class(context: WriteContext, coding: Coding) -> dict[str, Any]:
    chosen = dict(coding.tracking).get("Class")
    return {} if chosen is None else {"ClassRef": ref(_option(context, "Class", chosen))}


def _department(context: WriteContext, coding: Coding) -> dict[str, Any]:
    chosen = dict(coding.tracking).get("Department")
    return {} if chosen is None else {"DepartmentRef": ref(_option(context, "Department", chosen))}


def _option(context: WriteContext, category: str, name: str) -> str:
    kind = _TRACKING[category]
    for field in ("FullyQualifiedName", "Name"):  # two of the same name may be parts of different ones
        for (what, id), record in context.records.items():
            if what == kind and record.get(field) == name:
                return id
    raise CannotPropose(f"tracking option {category} = {name} is not in use")


def _tracked(arguments: Mapping[str, Any]) -> list[Any]:
    """Classes and departments are still in use."""
    found = [("department", arguments["DepartmentRef"]["value"])] if "DepartmentRef" in arguments else []
    for line in arguments["Line"]:
        detail = line[line["DetailType"]]
        if "ClassRef" in detail:
            found.append(("class", detail["ClassRef"]["value"]))
    return [conditions.in_use(kind, id) for kind, id in dict.fromkeys(found)]


def _effects(
    context: WriteContext, to: Codable, moved: Decimal, currency: str, *, against: Account, rate: Rate | None = None
) -> tuple[Effect, ...]:
    """`moved`: by how much the bank or control account moves, debit positive."""
    try:
        return coded_effects(
            moved,
            currency,
            Decimal(0),
            against=against,
            account=to.account,
            tax_account_id="",
            base_currency=context.base_currency,
            to_base=converted(rate, context.base_currency),
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error
