"""Payments of invoices and bills, and money kept for a customer as a payment that no document has taken yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks.families import common
from finchat.providers.quickbooks.families.common import CURRENCY, Stored
from finchat.providers.quickbooks.payloads import DOCUMENTS, money_account, only_link
from finchat.providers.writing import checking
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

_COMMON = frozenset({"TotalAmt", "TxnDate", "PrivateNote"})
_INTO = frozenset({"CustomerRef", "DepositToAccountRef"})
_OUT = frozenset({"VendorRef", "PayType"})
_MEANS = {"Check": ("CheckPayment", "BankAccountRef"), "CreditCard": ("CreditCardPayment", "CCAccountRef")}


class _Payments:
    operations = frozenset({"payment.create", "bill_payment.create"})

    def kind(self, write: Write) -> Kind | None:
        # Kept money is an overpayment or a prepayment, as its link says; the check holds the two together.
        return "payment" if "Line" in write.arguments else "overpayment"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, inward = write.arguments, write.operation == "payment.create"
        account = yield from means(write)
        yield "arguments", common.texts(given, "TotalAmt")
        yield from common.dated(write)
        yield from common.marked(write)
        yield from checking.of_amount(write, link, given["TotalAmt"])
        yield "links.credit", link.credit is None and link.coding is None
        yield from checking.active(write, ("account", account, "status", "active"))
        sign = 1 if inward else -1
        yield from checking.cash_effect(write, account, sign * (link.bank_amount or Decimal(0)), link.bank_currency)
        moved = next(e for e in write.effects if e.control in ("bank", "clearing"))
        control = "receivables" if inward else "payables"
        yield from checking.control_effects(write, link, control, [-sign * link.amount])
        yield from checking.effects(write, base, ("bank", "clearing", control))
        at_bank = link.bank_currency
        in_base = (link.bank_amount or Decimal(0)) if at_bank == base else checking.cash_in_base(write)
        yield "links.bank_amount", link.bank_amount == link.amount or link.currency != at_bank
        yield "effects.base_amount", moved.base_amount == sign * in_base
        yield from common.rate(write, link, base, in_base)
        if "Line" in given:
            yield from self._document(proposal, write, link, account)
        else:
            yield from self._kept(proposal, write, link, account)

    def _document(self, proposal: Proposal, write: Write, link: Link, account: str) -> Iterator[Check]:
        given, line, inward = write.arguments, proposal.line, write.operation == "payment.create"
        wanted = "invoice" if inward else "bill"
        yield "links.type", link.type == wanted
        (settled,) = given["Line"]
        yield "arguments.Line", set(settled) == {"Amount", "LinkedTxn"} and settled["Amount"] == given["TotalAmt"]
        what, id = only_link(settled)
        yield "arguments.Line", what == DOCUMENTS[wanted] and set(settled["LinkedTxn"][0]) == {"TxnId", "TxnType"}
        yield from checking.settles(write, link, id)
        yield "arguments", given["CustomerRef" if inward else "VendorRef"]["value"] == link.contact_id != ""
        yield from checking.active(
            write,
            ("account", account, "accepts_payments", "yes"),
            (link.type, link.document_id, "status", "open"),
        )
        if line is None:
            yield "line", checking.drafted(proposal)
            yield "verify.fingerprints", not (write.verify or {}).get("fingerprints")
            # Text before a token is taken for the bank's own, and learned from.
            first = given["PrivateNote"].partition(" ")[0]
            yield "arguments.PrivateNote", first == (write.verify or {}).get("token")
            yield from checking.only_token(write, [given["PrivateNote"]])
            yield from common.own_account(write, account)
            yield from checking.active(write, ("account", account, "currency", str(link.bank_currency)))
        else:
            yield "line", line.direction == ("receive" if inward else "spend")
            yield "links.bank_currency", link.bank_currency == line.currency
            # Elsewhere than on the line's own account only clearing moves.
            moved = next(e for e in write.effects if e.control in ("bank", "clearing"))
            yield "effects.control", (moved.account_id == line.account_id) == (moved.control == "bank")

    def _kept(self, proposal: Proposal, write: Write, link: Link, account: str) -> Iterator[Check]:
        given, line = write.arguments, proposal.line
        assert line is not None
        yield "operation", write.operation == "payment.create" and line.direction == "receive"
        yield "links.type", link.type in ("overpayment", "prepayment") and link.document_id == ""
        yield "arguments.CustomerRef", given["CustomerRef"]["value"] == link.contact_id != ""
        yield "arguments.DepositToAccountRef", account == line.account_id
        yield "currency", write.currency == line.currency
        yield "links.amount", link.amount == link.bank_amount == write.amount
        yield "verify.amount", parse_amount((write.verify or {})["amount"]) == write.amount
        yield "effects", len(write.effects) == 2
        yield from common.own_account(write, account)
        yield from checking.active(
            write,
            ("account", account, "currency", write.currency),
            ("customer", link.contact_id, "status", "active"),
        )

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        return _stored(write).receipt(write, reply)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        sighting = await _stored(write).look_for(toolbox, write)
        before = (write.verify or {}).get("due_before")
        return replace(sighting, due_before=None if before is None else parse_amount(str(before)))

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        yield from _stored(write).needs(id)
        if "document_id" in (write.verify or {}):
            yield common.document_need(write)

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        standing = _stored(write).standing(write, id, found)
        due, odd = common.due_of(write, found)
        told = "; ".join(text for text in (standing.disagreement, odd) if text)
        return replace(standing, due=due, disagreement=told)


def means(write: Write) -> Any:
    """Checks of whose payment it is and where its money lands or leaves, which is always said. Returns the account.

    Nothing that could charge a card, print a cheque or send money is in the payload: it has these fields and no other.
    """
    given = write.arguments
    if "CustomerRef" in given:
        yield "arguments", common.shape(given, _COMMON | _INTO, {"Line", *CURRENCY})
        yield "arguments", common.plain_ref(given["CustomerRef"]) and common.plain_ref(given["DepositToAccountRef"])
        account = given["DepositToAccountRef"]["value"]
    else:
        outer, inner = _MEANS[given["PayType"]]
        yield "arguments", common.shape(given, {*_COMMON, *_OUT, outer, "Line"}, CURRENCY)
        yield "arguments.VendorRef", common.plain_ref(given["VendorRef"])
        extra = {"PrintStatus": "NotSet"} if outer == "CheckPayment" else {}
        account = given[outer][inner]["value"]
        yield f"arguments.{outer}", given[outer] == {inner: {"value": account}, **extra}
    yield "arguments", isinstance(account, str)
    return account


def _differs(write: Write, record: Record) -> str:
    given = write.arguments
    return first_of(
        common.same_total(write, record, parse_amount(given["TotalAmt"])),
        common.same_date(write, record),
        common.same_party(write, record),
        unlike("its account", money_account(record), money_account(Record(given, "payment", "id"))),
        common.same_links(write, record),
    )


def _kept_differs(write: Write, record: Record) -> str:
    """Of kept money it does not matter what it was put against since."""
    given = write.arguments
    return first_of(
        common.same_total(write, record, parse_amount(given["TotalAmt"])),
        common.same_date(write, record),
        common.same_party(write, record),
        unlike("its account", money_account(record), money_account(Record(given, "payment", "id"))),
    )


def _stored(write: Write) -> Stored:
    differs = _differs if "Line" in write.arguments else _kept_differs
    return Stored("payment" if "CustomerRef" in write.arguments else "bill_payment", differs, common.of_customer)


def stored_payment(write: Write) -> Stored:
    """How a payment of nothing, which puts a credit against a document, is found and read back."""
    return _stored(write)


PAYMENTS = _Payments()
