"""The `xero` profile for the guard: what each tool does, how facts are re-read and how a write is read back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finchat.books.money import amount_text, parse_amount
from finchat.books.plan import Precondition, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.events import silent
from finchat.providers.fields import Record
from finchat.providers.operations import Effect
from finchat.providers.reading import records
from finchat.providers.xero.again import credit_records, document_records
from finchat.providers.xero.consistency import disagreement
from finchat.providers.xero.parsing import CREDIT_IDS, DOCUMENT_STATUSES, CreditKind
from finchat.providers.xero.read_back import XeroReceipt, XeroStanding, pair, read_back, receipt
from finchat.providers.xero.table import TABLE

_CREDIT_KINDS: tuple[CreditKind, ...] = ("credit_note", "overpayment", "prepayment")
_DOCUMENTS = frozenset({"invoice", "bill"})
Facts = dict[tuple[str, str], dict[str, str]]  # (type, id) -> field -> text


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroSighting:
    """What reading one write back showed. The guard's Sighting, told by its fields."""

    found: bool
    ledger_id: str | None = None
    due_before: Decimal | None = None
    due_after: Decimal | None = None
    text: str = ""
    certain: bool = True


class XeroProfile:
    """Implements the guard's Profile for finchat's own Xero server and for servers with the same tool names."""

    name = "xero"
    request_lifetime_s = 60.0
    accepts_idempotency_key = True

    @property
    def resources(self) -> frozenset[str]:
        """The words policy.toml may use for what this server holds."""
        return frozenset(row.resource for row in TABLE.rows)

    def effect(self, tool: str) -> Effect | None:
        row = TABLE.by_tool(tool)
        return None if row is None else row.effect

    def resource(self, tool: str) -> str | None:
        row = TABLE.by_tool(tool)
        return None if row is None else row.resource

    def disagreement(self, proposal: Proposal, base_currency: str) -> str | None:
        """The first thing a proposal says of its writes that their payloads contradict."""
        return disagreement(proposal, base_currency)

    async def observe(self, toolbox: Toolbox, conditions: Sequence[Precondition]) -> Mapping[Precondition, str]:
        """One call for up to 40 documents, one for 20 credits of a kind, one for all accounts, one for the
        organisation."""
        wanted: dict[str, set[str]] = {}
        for condition in conditions:
            kind = "document" if condition.type in _DOCUMENTS else condition.type
            wanted.setdefault(kind, set()).add(condition.id)
        reads: list[Awaitable[Facts]] = []
        documents = sorted(wanted.get("document", ()))
        if documents:
            reads.append(self._documents(toolbox, documents))
        if "account" in wanted:
            reads.append(self._accounts(toolbox))
        if "organisation" in wanted:
            reads.append(self._organisation(toolbox))
        reads += [self._credits(toolbox, kind, sorted(wanted[kind])) for kind in _CREDIT_KINDS if wanted.get(kind)]
        facts: Facts = {}
        for part in await asyncio.gather(*reads):
            facts |= part
        return {
            condition: text
            for condition in conditions
            if (text := facts.get((condition.type, condition.id), {}).get(condition.field)) is not None
        }

    async def look_for(self, toolbox: Toolbox, write: Write, *, known_ids: frozenset[str]) -> XeroSighting:
        """A payment by the token in its reference; an allocation by what is new on its credit."""
        verify = write.verify or {}
        if verify.get("by") == "token":
            return await self._payment(toolbox, verify)
        if verify.get("by") == "new_ids":
            return await self._allocation(toolbox, verify, known_ids)
        return XeroSighting(found=False, certain=False, text="this write leaves nothing to recognise it by")

    def receipt(self, write: Write, result: CallResult) -> XeroReceipt:
        """PaymentID, or AllocationID (CREDIT:DOCUMENT where the server names none), with the amount and document."""
        return receipt(write, result)

    async def read_back(self, toolbox: Toolbox, written: Sequence[tuple[Write, str]]) -> Sequence[XeroStanding]:
        """One call for up to 40 documents with their payments, one for 20 credits of a kind with their allocations;
        one more for a payment that its document does not list."""
        return await read_back(toolbox, written)

    async def _documents(self, toolbox: Toolbox, ids: list[str]) -> Facts:
        facts: Facts = {}
        for record in await document_records(toolbox, ids):
            currency = record.text("CurrencyCode", "")
            known = {
                "amount_due": amount_text(record.decimal("AmountDue"), currency),
                "status": DOCUMENT_STATUSES.get(record.text("Status"), record.text("Status")),
                "currency": currency,
            }
            for kind in _DOCUMENTS:
                facts[kind, record.text("InvoiceID")] = known
        return facts

    async def _accounts(self, toolbox: Toolbox) -> Facts:
        facts: Facts = {}
        for row in await records(toolbox, TABLE["account.list"].tool, {}, what="accounts again", emit=silent):
            record = Record(row, "Xero account", "AccountID")
            takes = record.text("Type", "") == "BANK" or record.flag("EnablePaymentsToAccount")
            facts["account", record.text("AccountID")] = {
                "status": record.text("Status", "ACTIVE").lower(),
                "accepts_payments": "yes" if takes else "no",
            }
        return facts

    async def _organisation(self, toolbox: Toolbox) -> Facts:
        facts: Facts = {}
        tool = TABLE["organisation.list"].tool
        for row in await records(toolbox, tool, {}, what="the organisation again", emit=silent):
            record = Record(row, "Xero organisation", "OrganisationID")
            locks = [record.optional_date(name) for name in ("PeriodLockDate", "EndOfYearLockDate")]
            latest = max((lock for lock in locks if lock), default=None)
            facts["organisation", record.text("OrganisationID")] = {
                "lock_date": latest.isoformat() if latest else "none"
            }
        return facts

    async def _credits(self, toolbox: Toolbox, kind: CreditKind, ids: list[str]) -> Facts:
        facts: Facts = {}
        for record in await credit_records(toolbox, kind, ids):
            status = record.text("Status", "")
            facts[kind, record.text(CREDIT_IDS[kind])] = {
                "remaining": amount_text(record.decimal("RemainingCredit"), record.text("CurrencyCode", "")),
                "status": DOCUMENT_STATUSES.get(status, status),
            }
        return facts

    async def _payment(self, toolbox: Toolbox, verify: Mapping[str, Any]) -> XeroSighting:
        token = str(verify["token"])
        # The document lists its standing payments beside what is due: one call settles the usual case.
        if (seen := await self._on_document(toolbox, verify, token)) is not None:
            return seen
        arguments = {"where": f'Reference!=null AND Reference.Contains("{token}")'}
        rows = await records(
            toolbox, TABLE["payment.list"].tool, arguments, what="payments with the write's token", emit=silent
        )
        found = [Record(row, "Xero payment", "PaymentID") for row in rows if token in (_text(row, "Reference") or "")]
        if not found:
            return XeroSighting(found=False, text=f"no payment carries the token {token}")
        standing = [record for record in found if record.text("Status", "AUTHORISED") != "DELETED"]
        record = (standing or found)[0]
        text = f"payment {record.text('PaymentID')} carries the token {token}"
        if not standing:
            text += ", and was deleted since"
        elif len(standing) > 1:
            text += f", and so do {len(standing) - 1} more"
        due = record.child("Invoice", "InvoiceID").optional_decimal("AmountDue")
        return XeroSighting(
            found=True,
            ledger_id=record.text("PaymentID"),
            due_before=_amount(verify, "due_before"),
            due_after=await self._due(toolbox, str(verify["document_id"])) if due is None else due,
            text=text,
        )

    async def _on_document(self, toolbox: Toolbox, verify: Mapping[str, Any], token: str) -> XeroSighting | None:
        for document in await document_records(toolbox, [str(verify["document_id"])]):
            for payment in document.children("Payments", "PaymentID"):
                if token in payment.text("Reference", "").split() and (id := payment.text("PaymentID", "")):
                    return XeroSighting(
                        found=True,
                        ledger_id=id,
                        due_before=_amount(verify, "due_before"),
                        due_after=document.decimal("AmountDue"),
                        text=f"payment {id} carries the token {token}",
                    )
        return None

    async def _allocation(self, toolbox: Toolbox, verify: Mapping[str, Any], known_ids: frozenset[str]) -> XeroSighting:
        kind: CreditKind = next(k for k in _CREDIT_KINDS if k == verify["credit_kind"])
        found = await credit_records(toolbox, kind, [str(verify["credit_id"])])
        if not found:
            return XeroSighting(found=False, certain=False, text="the credit is not in the ledger any more")
        credit = found[0]
        known = known_ids | {str(id) for id in verify.get("known_ids", ())}
        amount = _amount(verify, "amount")
        fitting = [
            allocation
            for allocation in credit.children("Allocations", "AllocationID")
            if allocation.child("Invoice", "InvoiceID").text("InvoiceID", "") == verify["document_id"]
            and allocation.decimal("Amount") == amount
        ]
        new = [a for a in fitting if (id := a.text("AllocationID", "")) and id not in known]
        # Where allocations have no ids, what the credit has left tells whether this one happened.
        nameless = [a for a in fitting if not a.text("AllocationID", "")]
        before = _amount(verify, "remaining_before") or Decimal(0)
        used = bool(nameless) and credit.decimal("RemainingCredit") <= before - (amount or Decimal(0))
        if not new and not used:
            return XeroSighting(found=False, text="the credit has no new allocation to this document")
        ledger_id = new[0].text("AllocationID") if new else pair(verify)
        return XeroSighting(
            found=True,
            ledger_id=ledger_id,
            due_before=_amount(verify, "due_before"),
            due_after=await self._due(toolbox, str(verify["document_id"])),
            text=f"allocation {ledger_id} is new on the credit",
        )

    async def _due(self, toolbox: Toolbox, document_id: str) -> Decimal | None:
        text = (await self._documents(toolbox, [document_id])).get(("invoice", document_id), {}).get("amount_due")
        return None if text is None else parse_amount(text)


def _amount(verify: Mapping[str, Any], key: str) -> Decimal | None:
    text = verify.get(key)
    return None if text is None else parse_amount(str(text))


def _text(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    return value if isinstance(value, str) and value else None


def ids_of(rows: Iterable[Mapping[str, Any]], key: str) -> tuple[str, ...]:
    """The ids that a list of nested records carries."""
    return tuple(id for row in rows if (id := _text(row, key)))


XERO_PROFILE = XeroProfile()
