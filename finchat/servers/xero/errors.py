"""Xero's refusals in the terms of the tools: which argument, why, and what helps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from finchat.servers.failure import Failure, Outcome
from finchat.servers.table import Operation
from finchat.servers.upstream import Response

_LONGEST = 1000
_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 412: "conflict", 429: "rate_limited"}
# (what Xero says, the arguments it is about, what helps): the first argument that the tool has is named.
_KNOWN: tuple[tuple[re.Pattern[str], tuple[str, ...], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), names, step)
    for pattern, names, step in (
        (r"exceeds the amount outstanding", ("amount",), "read the document again and pay at most its AmountDue"),
        (
            r"tracking (category|option)",
            ("line_items", "from_tracking", "to_tracking"),
            "list_all_xero_tracking_categories shows the categories and their options",
        ),
        (r"reconciled with a bank statement", ("id",), "undo the match in Xero first: only a person can"),
        (r"allocation could not be found", ("id",), "read the credit: its Allocations carry their ids"),
        (
            r"FromBankAccount\b.*ToBankAccount|different currencies",
            ("to_account_id",),
            "name two accounts of one currency",
        ),
        (r"FromBankAccount\b", ("from_account_id",), "list_all_xero_accounts shows the accounts of Type BANK"),
        (r"ToBankAccount\b", ("to_account_id",), "list_all_xero_accounts shows the accounts of Type BANK"),
        (r"overpayment has no tax", ("line_amount_types", "line_items"), "send its line as NoTax"),
        (r"allocat.*(exceed|greater|more than)", ("amount",), "allocate at most what is open on both sides"),
        (r"lock date", ("date",), "choose a date after the lock date, or have the period unlocked"),
        (
            r"only be made against authorised",
            ("invoice_id", "credit_note_id"),
            "read the document: only an AUTHORISED one with an amount due can be paid",
        ),
        (
            r"account type is invalid|account.*(payment|valid|exist|found)",
            ("account_code", "account_id", "bank_account_code", "line_items"),
            "list_all_xero_accounts shows the accounts; payments need Type BANK or EnablePaymentsToAccount",
        ),
        (r"account code", ("account_code", "line_items"), "list_all_xero_accounts shows the codes"),
        (r"tax type|tax rate", ("line_items", "tax_type"), "list_all_xero_tax_rates shows the tax types"),
        (r"contact name|already assigned", ("name",), "list_all_xero_contacts finds the contact of that name"),
        (r"unique name", ("name",), "choose another name"),
        (r"unique code", ("code",), "choose another code"),
        (
            r"not of valid status|cannot be edited|payment or credit note allocated",
            ("status", "id"),
            "read the record: its status decides what can be changed",
        ),
        (r"invoice (number|#).*unique|not unique", ("invoice_number", "credit_note_number"), "choose another number"),
        (r"line (total|items?)|sum of the lines", ("line_items",), "correct the lines; totals are checked to the cent"),
        (r"currency", ("currency_code", "currency_rate"), "use a currency the organisation has, and its rate"),
        (r"idempotency", ("_meta.dev.finchat/idempotency-key",), "use a new key for a different request"),
        (r"contact", ("contact_id",), "list_all_xero_contacts shows the contacts"),
        (r"amount", ("amount", "line_items"), "correct the amount"),
        (r"\bdate\b", ("date",), "correct the date"),
    )
)


def refusal(row: Operation, response: Response) -> Failure:
    """The Failure for an answer of 400 and above. 4xx proves that a write did not happen; 5xx proves nothing."""
    status, body = response.status, _object(response.content)
    outcome: Outcome = "unknown" if row.effect != "read" and (status >= 500 or status == 408) else "failed"
    failure = Failure(
        code=_CODES.get(status, "unavailable" if status >= 500 else "invalid_request"),
        message=_message(body, response)[:_LONGEST],
        status=status,
        outcome=outcome,
        retry_after_s=retry_after(response),
    )
    if status == 429:
        failure.problem = _problem(response)
        failure.message = f"Xero refuses more calls for now: the limit per {failure.problem} is reached"
        wait = failure.retry_after_s
        failure.next = "wait for a running call to end" if wait is None else f"call again in {wait:g} s"
    elif status == 401:
        failure.next = "renew the token: XERO_CLIENT_BEARER_TOKEN, or XERO_CLIENT_ID and XERO_CLIENT_SECRET"
    elif status == 403:
        failure.next = "check XERO_TENANT_ID and the scopes and roles of the connection"
    elif status == 404:
        failure.field = next((p.name for p in row.parameters if p.place == "path"), None)
        failure.next = "list the records to find its id"
    elif status >= 500:
        failure.next = "read back whether it was written" if row.effect != "read" else "call again later"
    elif body.get("Type") == "QueryParseException" or body.get("ErrorNumber") == 16:
        failure.code, failure.field = "invalid_argument", _of_the_filter(row, failure.message)
        failure.next = 'correct the filter: Status=="AUTHORISED" AND Date>=DateTime(2026, 10, 1)'
    else:
        failure.code = "validation" if body.get("Type") == "ValidationException" else failure.code
        explain(row, failure)
    return failure


def refused_elements(row: Operation, elements: list[Any]) -> Failure | None:
    """The Failure when a 200 carries records that Xero did not take."""
    messages = [
        text
        for element in elements
        if isinstance(element, Mapping) and element.get("StatusAttributeString") == "ERROR"
        for text in _texts(element) or ["Xero did not take the record"]
    ]
    if not messages:
        return None
    failure = Failure(code="validation", message="; ".join(messages)[:_LONGEST], status=200, outcome="failed")
    explain(row, failure)
    return failure


def explain(row: Operation, failure: Failure) -> None:
    """Names the argument and the remedy for a message of Xero's that is known."""
    names = {parameter.name for parameter in row.parameters}
    for pattern, candidates, step in _KNOWN:
        if pattern.search(failure.message):
            failure.field = next((name for name in candidates if name in names or name.startswith("_meta")), None)
            failure.next = step
            return
    failure.next = "correct what Xero names and call again"


def retry_after(response: Response) -> float | None:
    """Seconds of Retry-After; None when it is missing or no number of seconds."""
    text = response.headers.get("retry-after", "")
    return float(text) if re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,3})?", text) else None


def _problem(response: Response) -> str:
    named = response.headers.get("x-rate-limit-problem", "").lower()
    if named in ("minute", "appminute"):
        return "minute"
    if named in ("day", "concurrent"):
        return named
    # The concurrency limit is the one without a time to wait for.
    return "concurrent" if retry_after(response) is None else "minute"


def _of_the_filter(row: Operation, message: str) -> str | None:
    names = {parameter.name for parameter in row.parameters}
    if "order" in message.lower().split() and "order" in names:
        return "order"
    return "where" if "where" in names else None


def _message(body: Mapping[str, Any], response: Response) -> str:
    elements = body.get("Elements")
    texts = [text for element in elements for text in _texts(element)] if isinstance(elements, list) else []
    if texts:
        return "; ".join(dict.fromkeys(texts))
    for key in ("Detail", "detail", "Message", "Title", "title"):
        if isinstance(text := body.get(key), str) and text:
            return text
    plain = response.headers.get("content-type", "").startswith("text/plain")
    if plain and (text := response.content[:200].decode("utf-8", "replace").strip()):
        return text
    return f"Xero answered with status {response.status}"


def _texts(element: Any) -> list[str]:
    errors = element.get("ValidationErrors") if isinstance(element, Mapping) else None
    if not isinstance(errors, list):
        return []
    return [e["Message"] for e in errors if isinstance(e, Mapping) and isinstance(e.get("Message"), str)]


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
