"""Deposits: what waits in undeposited funds taken to a bank account, by one record that links all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finchat.books.balances import control_of
from finchat.books.documents import Account, Coding, Undeposited
from finchat.books.money import amount_text
from finchat.books.plan import Effect, Link, Write
from finchat.providers.quickbooks import conditions
from finchat.providers.quickbooks.payloads import ref
from finchat.providers.quickbooks.writes.coded import untaxed
from finchat.providers.writing.conditions import active, bank, unlocked
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import AnyLine, Place, gathered_links, write
from finchat.providers.writing.tokens import reference_text, write_token

_ENTITIES = {"payment": "Payment", "sales_receipt": "SalesReceipt"}
FEE = "fee"  # the type of the link of what a bank or card company took off


def deposit_write(
    context: WriteContext,
    place: Place,
    *,
    line: AnyLine,
    gathered: Sequence[Undeposited],
    account: Account,
    fee: Coding | None = None,
) -> tuple[tuple[Link, ...], Write]:
    """One Deposit into `account` that links each receipt of `gathered`, whole, dated as the line.

    Where the line is short of their sum, the rest is a line below zero coded to `fee`. Raises CannotPropose when the
    sums do not agree, when it is not in base currency, or for a fee with tax.
    """
    own, base = context.bank_account(account.id, line.currency), context.base_currency
    whole = sum((one.amount for one in gathered), Decimal(0))
    short = whole - line.amount
    if not gathered or line.direction != "receive" or len({(one.record, one.id) for one in gathered}) != len(gathered):
        raise CannotPropose("a deposit gathers receipts, each once")
    if any(one.currency != base or one.amount <= 0 for one in gathered) or line.currency != base:
        raise CannotPropose(f"what waits in undeposited funds is deposited in {base} only")
    if short < 0 or bool(short) != (fee is not None):
        raise CannotPropose(f"the receipts come to {whole}, the bank line to {line.amount}")
    lines: list[dict[str, Any]] = [
        {
            "Amount": amount_text(one.amount, base),
            "LinkedTxn": [{"TxnId": one.id, "TxnType": _ENTITIES[one.record], "TxnLineId": "0"}],
        }
        for one in gathered
    ]
    links = gathered_links(place, gathered)
    waits = [context.account(id) for id in dict.fromkeys(one.account_id for one in gathered)]
    effects = [_effect(own, line.amount), *(_effect(one, -_in(gathered, one)) for one in waits)]
    rests_on = [*bank(own), *(active(one) for one in waits)]
    for one in gathered:
        rests_on += conditions.waiting(one)
    if fee is not None:
        to = untaxed(context, fee)
        if fee.tracking:
            raise CannotPropose(
                "classes and locations of a deposit's fee are chosen in QuickBooks", next="leave them out"
            )
        lines.append(
            {
                "Description": "Fee taken off",
                "Amount": amount_text(-short, base),
                "DetailType": "DepositLineDetail",
                "DepositLineDetail": {"AccountRef": ref(to.account.id)},
            }
        )
        links += (
            Link(
                id=f"{place.link_id}.{len(links) + 1}", document_id="", type=FEE, number="", contact_id="",
                contact="", amount=short, currency=base, bank_amount=-short, bank_currency=base, coding=fee,
            ),
        )  # fmt: skip
        effects.append(_effect(to.account, short))
        rests_on += conditions.codable(to)
    arguments: dict[str, Any] = {
        "DepositToAccountRef": ref(own.id),
        "TxnDate": line.date.isoformat(),
        "Line": lines,
    }
    token = write_token(context.plan_id, place.proposal_id, place.id, arguments)
    arguments["PrivateNote"] = reference_text(line, token)
    made = write(
        context,
        "deposit.create",
        place,
        arguments,
        amount=line.amount,
        currency=base,
        preconditions=(*rests_on, unlocked(context.organisation)),
        effects=effects,
        verify={
            "by": "token",
            "token": token,
            "date": line.date.isoformat(),
            "fingerprints": list(line.fingerprints),
            "amount": amount_text(line.amount, base),
        },
    )
    return links, replace(made, link_ids=tuple(link.id for link in links))


def _in(gathered: Sequence[Undeposited], account: Account) -> Decimal:
    return sum((one.amount for one in gathered if one.account_id == account.id), Decimal(0))


def _effect(account: Account, amount: Decimal) -> Effect:
    """In base currency, debit positive."""
    return Effect(
        account_id=account.id, control=control_of(account), amount=amount, currency=account.currency,
        base_amount=amount,
    )  # fmt: skip
