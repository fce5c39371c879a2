"""Credits put against documents: no cash moves.

An unapplied payment is changed: it gets a line more. A credit memo, or a supplier's credit, is put against a document
by a payment of nothing that links both.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finchat.books.balances import allocation_effects
from finchat.books.documents import Account, Credit, Document
from finchat.books.matching.verdict import Allocation
from finchat.books.money import amount_text, parse_amount
from finchat.books.plan import CreditName, Link, Precondition, Write
from finchat.providers.quickbooks import conditions
from finchat.providers.quickbooks.payloads import CREDITS, DOCUMENTS, in_currency, lines_sent, linked, only_link
from finchat.providers.quickbooks.writes.payments import means
from finchat.providers.quickbooks.writes.rates import known_rate
from finchat.providers.writing.checking import FROM
from finchat.providers.writing.conditions import bank, of_document, open_document, unlocked
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Named, Place, due_verified, write
from finchat.providers.writing.rates import Rate
from finchat.providers.writing.tokens import reference_text, write_token


def allocation_write(
    context: WriteContext,
    place: Place,
    *,
    line: AnyLine,
    credit: Credit,
    document: Document,
    amount: Decimal,
    due: Decimal,
    remaining: Decimal,
) -> tuple[Link, Write]:
    """`amount` of an open credit put against a document. `remaining`: the credit just before it.

    Raises CannotPropose when contact, currency or kind do not go together, or either side has less left; for a payment
    that an earlier write of the plan changes, and one that was not read whole.
    """
    name = credit.number or credit.id
    if credit.contact_id != document.contact_id or credit.type != document.type:
        raise CannotPropose(f"credit {name} is not one of the contact of {document.number}")
    if credit.currency != document.currency:
        raise CannotPropose(f"credit {name} is in {credit.currency}, not {document.currency}")
    if not 0 < amount <= min(due, remaining):
        raise CannotPropose(f"{amount} is more than the credit or the document has left")
    effects = _effects(context, credit, document, amount, due)
    link = _link(place, Named.of(document), amount, CreditName(id=credit.id, text=credit_text(credit)))
    rests_on = (
        *open_document(document, due),
        *conditions.open_credit(credit, remaining),
        unlocked(context.organisation),
    )
    verify = {
        "fingerprints": list(line.fingerprints),
        "credit_kind": conditions.credit_record(credit),
        "credit_id": credit.id,
        "remaining_before": amount_text(remaining, credit.currency),
        **due_verified(document.id, amount, due, document.currency),
    }
    if credit.kind != "credit_note":
        arguments, more, seen = _update(context, credit, document, amount, remaining)
        return link, write(
            context, "payment.apply", place, arguments, amount=amount, currency=document.currency,
            preconditions=(*rests_on, *seen), effects=effects, verify={**verify, **more},
        )  # fmt: skip
    day = max(line.date, credit.date, document.date)
    rate = None if document.rate is None else known_rate(document.rate, "document")
    account = _account(context, line, document.currency)
    arguments, token = _payment(
        context, place, line, Named.of(document), credit.id, account, amount=amount, day=day.isoformat(), rate=rate
    )
    return link, write(
        context, _APPLY[document.type], place, arguments, amount=amount, currency=document.currency,
        preconditions=(*rests_on, *bank(account)), effects=effects,
        verify={"by": "token", "token": token, "date": day.isoformat(), **verify},
    )  # fmt: skip


def new_allocation_write(
    context: WriteContext, place: Place, *, line: AnyLine, made: Write, document: Named, due: Decimal
) -> tuple[Link, Write]:
    """The whole credit that `made`, an earlier write of the same proposal, makes, put against a document. Both are in
    base currency, so nothing moves. Raises CannotPropose when less is due."""
    amount = made.amount
    if not 0 < amount <= due or made.currency != document.currency:
        raise CannotPropose(f"{amount} {made.currency} is more than the {due} left due on {document.number}")
    day = line.date.isoformat()
    account = _account(context, line, document.currency)
    arguments, token = _payment(
        context, place, line, document, {FROM: f"{made.id}.Id"}, account, amount=amount, day=day, rate=None
    )
    return _link(place, document, amount, CreditName(id="", text="the new credit note")), write(
        context, _APPLY[document.type], place, arguments, amount=amount, currency=document.currency,
        preconditions=(
            *of_document(document.type, document.id, document.currency, due),
            *bank(account),
            unlocked(context.organisation),
        ),
        effects=(),
        verify={
            "by": "token",
            "token": token,
            "date": day,
            "fingerprints": list(line.fingerprints),
            "credit_kind": made.operation.partition(".")[0],
            "remaining_before": amount_text(amount, document.currency),
            **due_verified(document.id, amount, due, document.currency),
        },
    )  # fmt: skip


_APPLY = {"invoice": "credit_memo.apply", "bill": "vendor_credit.apply"}


def credit_text(credit: Credit) -> str:
    """`CN-0007`; a payment, which has no number: `payment of 2026-11-12, 500.00 USD`."""
    if credit.number:
        return credit.number
    what = "credit" if credit.kind == "credit_note" else "payment"
    return f"{what} of {credit.date.isoformat()}, {amount_text(credit.total, credit.currency)} {credit.currency}"


def _update(
    context: WriteContext, credit: Credit, document: Document, amount: Decimal, remaining: Decimal
) -> tuple[dict[str, Any], dict[str, Any], tuple[Precondition, ...]]:
    """The change of an unapplied payment: every line it has and the new one, at the version that was seen."""
    kind = conditions.credit_record(credit)
    if kind != "payment":
        raise CannotPropose(
            f"QuickBooks' API does not put {credit.name} against a bill", next="apply it in QuickBooks by hand"
        )
    record = context.records.get((kind, credit.id))
    if record is None:
        raise CannotPropose(f"{credit.name} was not read whole, so it cannot be changed safely")
    if remaining != credit.remaining:
        raise CannotPropose(
            f"another write of this plan changes {credit.name} first",
            next="apply that one, then run reconcile again for the rest",
        )
    try:
        lines = lines_sent(record)
    except ValueError as error:
        raise CannotPropose(
            f"a line of {credit.name} is for more than one thing, or for none", next="apply it in QuickBooks by hand"
        ) from error
    what = DOCUMENTS[document.type]
    present = next((line for line in lines if only_link(line) == (what, document.id)), None)
    before = Decimal(0) if present is None else parse_amount(str(present["Amount"]))
    whole = linked(what, document.id, before + amount, document.currency)
    if present is None:
        lines.append(whole)
    else:
        present["Amount"] = whole["Amount"]
    arguments = {"id": credit.id, "SyncToken": str(record["SyncToken"]), "Line": lines}
    more = {
        "by": "line",
        "date": str(record["TxnDate"]),
        "linked_before": amount_text(before, document.currency),
        "linked_after": whole["Amount"],
    }
    return arguments, more, conditions.unchanged(kind, record)


def _payment(  # noqa: PLR0917 - as they are read
    context: WriteContext, place: Place, line: AnyLine, document: Named, credit_id: Any, account: Account, *,
    amount: Decimal, day: str, rate: Rate | None,
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """The payment of nothing that links a credit and a document, and its token. It names the bank line's own account,
    where nothing moves; QuickBooks would choose one itself."""
    arguments: dict[str, Any] = {
        **means(document.type, document.contact_id, account),
        "TotalAmt": amount_text(Decimal(0), document.currency),
        "Line": [
            linked(DOCUMENTS[document.type], document.id, amount, document.currency),
            linked(CREDITS[document.type], credit_id, amount, document.currency),
        ],
        "TxnDate": day,
        **in_currency(document.currency, context.base_currency, rate),
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    return {**arguments, "PrivateNote": reference_text(line, token)}, token


def _account(context: WriteContext, line: AnyLine, currency: str) -> Account:
    fitting = (currency, context.base_currency)
    own = context.accounts.get(line.account_id)
    if own is not None and own.active and own.kind == "bank" and own.currency in fitting:
        return own
    for account in context.accounts.values():
        if account.active and account.kind == "bank" and not account.card and account.currency in fitting:
            return account
    raise CannotPropose("the chart of accounts has no bank account for a payment that puts a credit against a document")


def _effects(context: WriteContext, credit: Credit, document: Document, amount: Decimal, due: Decimal) -> Any:
    try:
        return allocation_effects(
            Allocation(credit_id=credit.id, document_id=document.id, amount=amount),
            document,
            credit,
            base_currency=context.base_currency,
            control_account_id=context.control_account(document.type, document.currency),
            gain_loss_account_id=context.gain_loss_account(document.currency),
            due=due,
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error


def _link(place: Place, document: Named, amount: Decimal, credit: CreditName) -> Link:
    return Link(
        id=place.link_id,
        document_id=document.id,
        type=document.type,
        number=document.number,
        contact_id=document.contact_id,
        contact=document.contact,
        amount=amount,
        currency=document.currency,
        credit=credit,
    )
