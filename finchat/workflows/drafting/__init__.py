"""Drafting invoices, bills, contacts and payments from what a person asks for: facts in, and out comes what is still
needed, what contradicts the ledger, or one proposal. Pure but for `reading`, which gets the facts."""

from finchat.workflows.drafting.contacts import WantedContact, draft_contact
from finchat.workflows.drafting.documents import DocumentFacts, WantedDocument, WantedLine, draft_document
from finchat.workflows.drafting.late_fees import LateFeeFacts, WantedLateFee, draft_late_fee
from finchat.workflows.drafting.outcome import Contradiction, Drafted, DraftedLine, Missing, Needs, Outcome
from finchat.workflows.drafting.payments import PaymentFacts, WantedPayment, draft_payment

__all__ = [
    "Contradiction",
    "DocumentFacts",
    "Drafted",
    "DraftedLine",
    "LateFeeFacts",
    "Missing",
    "Needs",
    "Outcome",
    "PaymentFacts",
    "WantedContact",
    "WantedDocument",
    "WantedLateFee",
    "WantedLine",
    "WantedPayment",
    "draft_contact",
    "draft_document",
    "draft_late_fee",
    "draft_payment",
]
