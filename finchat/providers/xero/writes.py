"""The writes of the `xero` profile: whole payloads, what they rest on, what they change, how they are read back."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

from finchat.books.balances import allocation_effects, payment_effects
from finchat.books.documents import Account, AccountKind, BankLine, Credit, Document, Organisation
from finchat.books.matching.verdict import Allocation, Settlement
from finchat.books.money import amount_text
from finchat.books.plan import CreditName, Effect, Link, Precondition, Write
from finchat.canonical import plain_decimal, sha256_of
from finchat.connections.toolbox import Tool
from finchat.errors import FinchatError
from finchat.providers.xero.table import TABLE

RateSource = Literal["document", "organisation", "file", "bank_line"]
_REFERENCE_LENGTH = 120  # Xero shows and keeps far more; a card and a report do not
_RATE_PLACES = Decimal("1E-10")  # what a plan file can carry
_VENDOR_RATE_PLACES = range(6, 11)  # decimals tried for CurrencyRate, fewest first; Xero shows six


class CannotPropose(FinchatError):
    """The write cannot be put together safely; the line is reported with this reason instead."""

    code = "cannot_propose"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteContext:
    """What all writes of one plan share. `tools`: the server's tools as they were read for this plan."""

    plan_id: str
    organisation: Organisation
    tools: Mapping[str, Tool]
    accounts: Mapping[str, Account]
    allocation_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by credit, as they were read

    def control_account(self, document: Document) -> str:
        """The account receivables or payables are kept in. Raises CannotPropose when the chart has none."""
        return self._system_account("receivables" if document.type == "invoice" else "payables")

    def gain_loss_account(self, document: Document) -> str:
        """Where a realised exchange difference goes; "" for a document in base currency, which has none."""
        return "" if document.currency == self.organisation.base_currency else self._system_account("gain_loss")

    def _system_account(self, kind: AccountKind) -> str:
        for account in self.accounts.values():
            if account.kind == kind:
                return account.id
        raise CannotPropose(f"the chart of accounts has no system account for {kind.replace('_', ' and ')}")

    def tool(self, operation: str) -> Tool:
        row = TABLE[operation]
        if row.tool not in self.tools:
            raise CannotPropose(
                f"the server offers no tool {row.tool}", next="serve it with write methods: finchat serve xero"
            )
        return self.tools[row.tool]


def payment_write(
    context: WriteContext,
    *,
    id: str,
    proposal_id: str,
    line: BankLine,
    document: Document,
    settlement: Settlement,
    account: Account,
    due: Decimal,
    depends_on: tuple[str, ...] = (),
) -> tuple[Link, Write]:
    """A payment of a document, dated as the line, into or out of `account` (a bank account, or one named as clearing).

    The settlement's `bank_amount` is in the account's currency; `due` is what is due on the document just before this
    write. Raises CannotPropose when no rate is known or the currencies do not go together in Xero.
    """
    amount, bank_amount = settlement.amount, settlement.bank_amount
    _allowed(context, document, amount, due, account)
    operation = TABLE["payment.create"]
    tool = context.tool(operation.name)
    rate = _payment_rate(context, document, settlement, account)
    arguments: dict[str, Any] = {
        "invoice_id": document.id,
        "account_id": account.id,
        "date": line.date.isoformat(),
        "amount": amount_text(amount, document.currency),
    }
    if rate is not None:
        arguments["currency_rate"] = rate.vendor
    token = write_token(context.plan_id, proposal_id, id, arguments)
    arguments["reference"] = reference_text(line, token)
    link = Link(
        id=f"{proposal_id}.{id}",
        document_id=document.id,
        type=document.type,
        number=document.number,
        contact_id=document.contact_id,
        contact=document.contact,
        amount=amount,
        currency=document.currency,
        bank_amount=bank_amount,
        bank_currency=account.currency,
        rate=None if rate is None else rate.base.quantize(_RATE_PLACES).normalize(),
        rate_source=None if rate is None else rate.source,
    )
    write = Write(
        id=id,
        operation=operation.name,
        resource=operation.resource,
        tool=tool.name,
        tool_sha256=tool.sha256,
        arguments=arguments,
        amount=amount,
        currency=document.currency,
        link_ids=(link.id,),
        preconditions=(
            *_document_conditions(document, due),
            Precondition(type="account", id=account.id, field="status", expected="active"),
            Precondition(type="account", id=account.id, field="accepts_payments", expected="yes"),
            _lock_condition(context.organisation),
        ),
        effects=_payment_effects(
            context,
            settlement if rate is None else replace(settlement, rate=rate.base),
            document,
            account,
            due,
        ),
        verify={
            "by": "token",
            "token": token,
            "fingerprints": list(line.fingerprints),
            "document_id": document.id,
            "amount": arguments["amount"],
            "due_before": amount_text(due, document.currency),
            "due_after": amount_text(due - amount, document.currency),
        },
        depends_on=depends_on,
    )
    return link, write


def allocation_write(
    context: WriteContext,
    *,
    id: str,
    proposal_id: str,
    line: BankLine,
    credit: Credit,
    document: Document,
    amount: Decimal,
    due: Decimal,
    remaining: Decimal,
    depends_on: tuple[str, ...] = (),
) -> tuple[Link, Write]:
    """`amount` of an open credit put against a document: no cash moves. `remaining`: the credit just before it.

    Raises CannotPropose when contact, currency or kind do not go together, or either side has less left.
    """
    if credit.contact_id != document.contact_id or credit.type != document.type:
        raise CannotPropose(f"credit {credit.number or credit.id} is not one of the contact of {document.number}")
    if credit.currency != document.currency:
        raise CannotPropose(f"credit {credit.number or credit.id} is in {credit.currency}, not {document.currency}")
    if not 0 < amount <= min(due, remaining):
        raise CannotPropose(f"{amount} is more than the credit or the document has left")
    operation = TABLE[f"{credit.kind}.allocate"]
    tool = context.tool(operation.name)
    arguments = {
        f"{credit.kind}_id": credit.id,
        "invoice_id": document.id,
        "amount": amount_text(amount, document.currency),
        "date": max(line.date, credit.date, document.date).isoformat(),
    }
    link = Link(
        id=f"{proposal_id}.{id}",
        document_id=document.id,
        type=document.type,
        number=document.number,
        contact_id=document.contact_id,
        contact=document.contact,
        amount=amount,
        currency=document.currency,
        credit=CreditName(id=credit.id, text=_credit_text(credit)),
    )
    write = Write(
        id=id,
        operation=operation.name,
        resource=operation.resource,
        tool=tool.name,
        tool_sha256=tool.sha256,
        arguments=arguments,
        amount=amount,
        currency=document.currency,
        link_ids=(link.id,),
        preconditions=(
            *_document_conditions(document, due),
            Precondition(
                type=credit.kind, id=credit.id, field="remaining", expected=amount_text(remaining, credit.currency)
            ),
            Precondition(type=credit.kind, id=credit.id, field="status", expected="open"),
            _lock_condition(context.organisation),
        ),
        effects=_allocation_effects(
            context,
            Allocation(credit_id=credit.id, document_id=document.id, amount=amount),
            document,
            credit,
            due,
        ),
        verify={
            "by": "new_ids",
            "known_ids": list(context.allocation_ids.get(credit.id, ())),
            "fingerprints": list(line.fingerprints),
            "credit_kind": credit.kind,
            "credit_id": credit.id,
            "document_id": document.id,
            "amount": arguments["amount"],
            "remaining_before": amount_text(remaining, credit.currency),
            "due_before": amount_text(due, document.currency),
            "due_after": amount_text(due - amount, document.currency),
        },
        depends_on=depends_on,
    )
    return link, write


def write_token(plan_id: str, proposal_id: str, write_id: str, arguments: Mapping[str, Any]) -> str:
    """`fc-` and ten base32 characters (50 bits), the same for the same write of the same plan and for no other."""
    digest = hashlib.sha256(f"{plan_id}\n{proposal_id}\n{write_id}\n{sha256_of(arguments)}".encode()).digest()
    return "fc-" + base64.b32encode(digest)[:10].decode().lower()


def retokened(
    write: Write, arguments: Mapping[str, Any], *, plan_id: str, proposal_id: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments and read-back of an edited write with a token of its own, in place of the one it had."""
    changed, verify = dict(arguments), dict(write.verify or {})
    if verify.get("by") == "token":
        text = " ".join(word for word in str(changed.pop("reference", "")).split() if word != verify["token"])
        token = write_token(plan_id, proposal_id, write.id, changed)
        changed["reference"] = f"{text[: _REFERENCE_LENGTH - len(token) - 1].rstrip()} {token}".lstrip()
        verify["token"] = token
    if "amount" in verify:
        verify["amount"] = changed["amount"]
    return changed, verify


def reference_text(line: BankLine, token: str) -> str:
    """The bank's own text, cut to size, and the write token. What cannot be printed becomes a space."""
    parts = dict.fromkeys(_printable(part) for part in (line.payee, line.reference, line.narration))
    text = " ".join(part for part in parts if part)[: _REFERENCE_LENGTH - len(token) - 1].rstrip()
    return f"{text} {token}" if text else token


def _credit_text(credit: Credit) -> str:
    """`CN-0007`; a prepayment or overpayment, which has no number: `prepayment of 2026-11-12, 500.00 NZD`."""
    if credit.number:
        return credit.number
    total = amount_text(credit.total, credit.currency)
    return f"{credit.kind.replace('_', ' ')} of {credit.date.isoformat()}, {total} {credit.currency}"


def _printable(text: str) -> str:
    return " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text).split())


@dataclass(frozen=True, slots=True)
class _Rate:
    base: Decimal  # base units for one unit of the document's currency
    vendor: str  # the same Xero's way, as text
    source: RateSource


def _allowed(context: WriteContext, document: Document, amount: Decimal, due: Decimal, account: Account) -> None:
    if not 0 < amount <= due:
        raise CannotPropose(f"{amount} {document.currency} is not between zero and the {due} due on {document.number}")
    if not account.active or not account.accepts_payments:
        raise CannotPropose(f"account {account.code or account.name} takes no payments")
    base = context.organisation.base_currency
    if account.currency not in (document.currency, base):
        raise CannotPropose(
            f"Xero cannot pay a {document.currency} document from a {account.currency} account directly",
            next="record the payment in Xero by hand",
        )


def _payment_rate(context: WriteContext, document: Document, settlement: Settlement, account: Account) -> _Rate | None:
    """The rate of this payment: a bank line in base currency carries its own; otherwise the one that is known."""
    base = context.organisation.base_currency
    if document.currency == base:
        return None
    if account.currency == base:
        vendor = vendor_rate(settlement.amount, settlement.bank_amount, base)
        return _Rate(settlement.bank_amount / settlement.amount, vendor, "bank_line")
    known = settlement.rate or document.rate
    if known is None:
        raise CannotPropose(f"no rate from {document.currency} to {base} is known for {document.number}")
    source = settlement.rate_source if settlement.rate and settlement.rate_source else "document"
    return _Rate(known, plain_decimal((1 / known).quantize(_RATE_PLACES)), source)


def vendor_rate(amount: Decimal, base_amount: Decimal, base_currency: str) -> str:
    """Xero's CurrencyRate (document units for one base unit) with just enough decimals that amount ÷ rate is
    `base_amount` to the cent, with room to spare. Raises CannotPropose when ten are not enough."""
    for places in _VENDOR_RATE_PLACES:
        rate = (amount / base_amount).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
        if rate and abs(amount / rate - base_amount) < Decimal("0.004"):
            return plain_decimal(rate)
    raise CannotPropose(f"no rate turns {amount} into {base_amount} {base_currency}")


def _document_conditions(document: Document, due: Decimal) -> tuple[Precondition, ...]:
    return (
        Precondition(
            type=document.type, id=document.id, field="amount_due", expected=amount_text(due, document.currency)
        ),
        Precondition(type=document.type, id=document.id, field="status", expected="open"),
        Precondition(type=document.type, id=document.id, field="currency", expected=document.currency),
    )


def _lock_condition(organisation: Organisation) -> Precondition:
    lock = organisation.lock_date
    return Precondition(
        type="organisation", id=organisation.id, field="lock_date", expected=lock.isoformat() if lock else "none"
    )


def _payment_effects(
    context: WriteContext, settlement: Settlement, document: Document, account: Account, due: Decimal
) -> tuple[Effect, ...]:
    try:
        return payment_effects(
            settlement,
            document,
            account,
            base_currency=context.organisation.base_currency,
            control_account_id=context.control_account(document),
            gain_loss_account_id=context.gain_loss_account(document),
            due=due,
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error


def _allocation_effects(
    context: WriteContext, allocation: Allocation, document: Document, credit: Credit, due: Decimal
) -> tuple[Effect, ...]:
    try:
        return allocation_effects(
            allocation,
            document,
            credit,
            base_currency=context.organisation.base_currency,
            control_account_id=context.control_account(document),
            gain_loss_account_id=context.gain_loss_account(document),
            due=due,
        )
    except ValueError as error:
        raise CannotPropose(str(error)) from error
