"""QuickBooks' Faults in the terms of the tools: which argument, why, and what helps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from finchat.servers.failure import Failure, Outcome
from finchat.servers.table import Operation
from finchat.servers.upstream import Response

_LONGEST = 1000
_CORRECT = "correct what QuickBooks names and call again"
# QuickBooks says not how long; its documentation says a minute.
WAIT_S = 60.0
STALE = "5010"
_ELEMENT = re.compile(r"[A-Za-z][A-Za-z0-9_.]*\Z")
# code: (our code, the arguments it is about, what helps). The first argument that the tool has is named.
_KNOWN: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "500": ("invalid_request", (), "QuickBooks does not do this to this record"),
    "600": ("validation", ("_meta.dev.finchat/idempotency-key",), "use a new key for a different request"),
    "610": ("not_found", ("id",), "list the records to find it; what is named may be inactive or deleted"),
    "2010": ("validation", (), "leave out the property it names"),
    "2020": ("validation", (), "give what it names"),
    "2030": ("validation", ("id",), "give the Id of a record"),
    "2050": ("validation", (), "shorten what it names"),
    "2170": ("validation", (), "use one of the values the tool's documentation lists"),
    "2300": ("validation", ("Line",), "make debits and credits equal"),
    "2500": ("validation", (), "one of the Refs names a record that is not there: list them to find its Id"),
    "4000": ("invalid_argument", ("query",), "correct the query"),
    "4001": ("invalid_argument", ("query",), "correct the query"),
    "4002": ("invalid_argument", ("query",), "correct the query"),
    STALE: ("conflict", ("SyncToken",), "read the record again, look at what changed, and decide anew"),
    "6070": ("validation", ("Line",), "give Amount, Qty and UnitPrice that agree"),
    "6140": ("validation", ("DocNumber",), "choose another number"),
    "6190": ("forbidden", (), "the company cannot be written to: its subscription says so"),
    "6200": ("validation", ("TxnDate",), "choose a date after the closing date, or have the books opened"),
    "6210": ("validation", ("TxnDate",), "choose a date after the closing date, or have the books opened"),
    "6240": ("validation", ("DisplayName", "Name"), "choose another name, or use the record of that name"),
    "6540": ("validation", ("id",), "the payment is part of a deposit: take it out of the deposit first"),
}
_SPOKEN: tuple[tuple[re.Pattern[str], tuple[str, ...], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), names, step)
    for pattern, names, step in (
        (r"closing date|period.*closed|closed.*period", ("TxnDate",), "choose a date after the closing date"),
        (r"deposit(ed)?\b.*(link|chang|delet|modif)", ("id",), "take the payment out of its deposit first"),
        (r"tax ?code", ("TxnTaxDetail", "Line"), "list_all_quick_books_tax_codes shows the tax codes"),
        (r"currency", ("CurrencyRef", "ExchangeRate"), "use the currency of the customer, supplier or account"),
        (r"account", ("DepositToAccountRef", "AccountRef", "Line"), "list_all_quick_books_accounts shows the accounts"),
        (r"amount|balance", ("TotalAmt", "Line", "Amount"), "correct the amounts"),
    )
)


def refusal(row: Operation, response: Response) -> Failure:
    """The Failure for an answer of 400 and above. 4xx proves that a write did not happen; 5xx proves nothing."""
    status, (code, message, element) = response.status, first_error(response)
    outcome: Outcome = "unknown" if row.effect != "read" and (status >= 500 or status == 408) else "failed"
    failure = Failure(
        code="unavailable" if status >= 500 else "invalid_request",
        message=(message or f"QuickBooks answered with status {status}")[:_LONGEST],
        status=status,
        outcome=outcome,
        next=_CORRECT,
    )
    if status == 429:
        failure.code, failure.problem = "rate_limited", "minute"
        failure.retry_after_s = retry_after(response)
        failure.message = "QuickBooks refuses more calls for now: too many a minute, or too many a second"
        failure.next = f"call again in {failure.retry_after_s:g} s"
    elif status == 401:
        failure.code = "unauthorized"
        failure.next = "sign in again: QUICKBOOKS_CLIENT_ID, QUICKBOOKS_CLIENT_SECRET, QUICKBOOKS_REFRESH_TOKEN"
    elif status == 403:
        failure.code, failure.next = "forbidden", "check QUICKBOOKS_REALM_ID and what the connection may do"
    elif status >= 500:
        failure.next = "read back whether it was written" if row.effect != "read" else "call again later"
    else:
        _explain(row, failure, code, element)
        if status == 404 and code is None:
            failure.code, failure.next = "not_found", "check the id, QUICKBOOKS_BASE_URL and QUICKBOOKS_REALM_ID"
    return failure


def first_error(response: Response) -> tuple[str | None, str, str]:
    """Code, words and element of the first error, whatever the envelope: Fault, fault, or XML from the gateway."""
    try:
        data = json.loads(response.content)
    except (ValueError, RecursionError):
        return _of_xml(response.content)
    fault = (data.get("Fault") or data.get("fault")) if isinstance(data, dict) else None
    errors = (fault.get("Error") or fault.get("error")) if isinstance(fault, dict) else None
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return None, "", ""
    error = {str(name).lower(): value for name, value in errors[0].items()}
    texts = [str(error[name]).strip() for name in ("message", "detail") if error.get(name)]
    # The detail often says it all again, and better.
    words = texts[-1] if len(texts) > 1 and texts[0].lower() in texts[-1].lower() else ": ".join(texts)
    code = error.get("code")
    return None if code is None else str(code), words, str(error.get("element") or "")


def retry_after(response: Response) -> float:
    """Seconds to wait after a 429."""
    text = response.headers.get("retry-after", "")
    return float(text) if re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,3})?", text) else WAIT_S


def fault_in(row: Operation, data: Mapping[str, Any], response: Response) -> Failure | None:
    """The Failure when an answer of 200 carries a Fault, as QuickBooks sometimes sends."""
    if "Fault" not in data and "fault" not in data:
        return None
    code, message, element = first_error(response)
    failure = Failure(
        code="invalid_request",
        message=(message or "QuickBooks answered with a Fault")[:_LONGEST],
        status=response.status,
        outcome="failed" if code is not None and int_of(code) < 10000 else "unknown",
        next=_CORRECT,
    )
    if row.effect == "read":
        failure.outcome = "failed"
    _explain(row, failure, code, element)
    return failure


def int_of(code: str) -> int:
    return int(code) if code.isascii() and code.isdecimal() and len(code) < 9 else 0


def _explain(row: Operation, failure: Failure, code: str | None, element: str) -> None:
    names = {parameter.name for parameter in row.parameters}
    if code is not None:
        number = str(int_of(code))
        word, candidates, failure.next = _KNOWN.get(number, ("validation", (), _CORRECT))
        failure.code = word
        if number not in _KNOWN:
            candidates, failure.next = _spoken_of(failure.message)
        failure.field = _first(candidates, names)
    if element and _ELEMENT.match(element) and (failure.field is None or code in ("2020", "2010")):
        failure.field = next(
            (name for name in names if name.lower() == element.lower().partition(".")[0]), failure.field
        )
    if code is not None and failure.field is None:
        failure.field = _named_in(failure.message, row)


def _spoken_of(message: str) -> tuple[tuple[str, ...], str]:
    """What QuickBooks' business validation is about, by its words, and what helps."""
    for pattern, candidates, step in _SPOKEN:
        if pattern.search(message):
            return candidates, step
    return (), _CORRECT


def _first(candidates: tuple[str, ...], names: set[str]) -> str | None:
    return next((name for name in candidates if name in names or name.startswith("_meta")), None)


def _named_in(message: str, row: Operation) -> str | None:
    spoken = set(re.findall(r"[A-Za-z][A-Za-z0-9]+", message))
    return next((parameter.name for parameter in row.parameters if parameter.name in spoken), None)


def _of_xml(content: bytes) -> tuple[str | None, str, str]:
    """A few words out of the gateway's XML, which it sends whatever was asked for. Nothing is parsed as XML."""
    text = content[:4000].decode("utf-8", "replace")
    code = re.search(r'<Error\b[^>]*\bcode="(\d{1,8})"', text)
    words = [re.search(rf"<{tag}>([^<]{{1,500}})</{tag}>", text) for tag in ("Message", "Detail")]
    return code[1] if code else None, ": ".join(found[1].strip() for found in words if found), ""
