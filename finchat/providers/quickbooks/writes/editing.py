"""What of a write on QuickBooks a person may change on its card, so that total, lines and links still agree.

A payment's total is what its line takes, so that nothing of it is left unapplied by accident.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finchat.books.acts import act
from finchat.books.money import amount_text, parse_amount
from finchat.books.plan import Write
from finchat.providers.quickbooks.payloads import DOCUMENTS, only_link
from finchat.providers.writing.editing import AMOUNT, DATE, FOREIGN, REFERENCE, Editable, check_due, fixed_amount
from finchat.providers.writing.tokens import retokened

_NOTE, _DAY = "PrivateNote", "TxnDate"
_APPLY = "payment.apply"
_GATHERED = "a deposit takes each receipt that it gathers whole"
_OWN = "applying a payment changes neither its day nor its text: QuickBooks keeps those of the payment"
_LINES = {"money": 1, "payment": 1, "allocation": 2}  # of which the amount is the write's, by what it makes


def editable(write: Write) -> Editable:
    """Amount, date and private note, as far as the payload has them; nothing of a change, a deletion or a contact."""
    given = write.arguments
    if write.reverses:
        return Editable({})
    if write.operation == _APPLY:
        found = Editable({AMOUNT: amount_text(write.amount, write.currency)}, {DATE: _OWN, REFERENCE: _OWN})
        return found
    if _DAY not in given or _NOTE not in given:
        return Editable({})
    found = Editable({
        AMOUNT: amount_text(write.amount, write.currency), DATE: str(given[_DAY]), REFERENCE: str(given[_NOTE]),
    })  # fmt: skip
    why = _fixed(write)
    return found.without(AMOUNT, why) if why else found


def changed(
    write: Write, changes: Mapping[str, str], *, plan_id: str, proposal_id: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments and read-back with other values of editable fields, and a token of its own. Raises WriteRefused for a
    document dated after it is due."""
    arguments, more = dict(write.arguments), {}
    if DATE in changes:
        arguments[_DAY] = more["date"] = changes[DATE]
        check_due(changes[DATE], arguments.get("DueDate"))
    if REFERENCE in changes:
        arguments[_NOTE] = changes[REFERENCE]
    if AMOUNT in changes:
        more["amount"] = changes[AMOUNT]
        if write.operation == _APPLY:
            more["linked_after"] = _of_document(write, changes[AMOUNT])
            arguments["Line"] = [_applied(write, line, more["linked_after"]) for line in arguments["Line"]]
        else:
            arguments |= _sized(arguments, changes[AMOUNT])
    arguments, verify = retokened(write, arguments, plan_id=plan_id, proposal_id=proposal_id, text=_NOTE)
    return arguments, {**verify, **more}


def _fixed(write: Write) -> str:
    """Why the amount may not be changed; "" where it may."""
    given, made = write.arguments, act(write.operation)
    lines = given.get("Line", ())
    if made not in _LINES:
        return fixed_amount(write)
    if "CurrencyRef" in given:
        return FOREIGN
    if made == "money" and any("LinkedTxn" in line for line in lines):
        return _GATHERED
    alone = made == "payment" and not lines  # money kept, which no document takes yet
    return "" if alone or len(lines) == _LINES[made] else fixed_amount(write) or "it settles several documents"


def _sized(given: Mapping[str, Any], amount: str) -> dict[str, Any]:
    """Total and lines at another amount. A payment that only links a credit and a document stays one of nothing."""
    found: dict[str, Any] = {}
    if "Line" in given:
        found["Line"] = [{**line, "Amount": amount} for line in given["Line"]]
    if "TotalAmt" in given and parse_amount(given["TotalAmt"]):
        found["TotalAmt"] = amount
    return found


def _of_document(write: Write, amount: str) -> str:
    """What an applied payment then has against the document in all."""
    before = parse_amount(str((write.verify or {})["linked_before"]))
    return amount_text(before + parse_amount(amount), write.currency)


def _applied(write: Write, line: Mapping[str, Any], amount: str) -> dict[str, Any]:
    own = (DOCUMENTS["invoice"], (write.verify or {})["document_id"])
    return {**line, "Amount": amount} if only_link(line) == own else dict(line)
