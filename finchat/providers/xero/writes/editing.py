"""What of a write on Xero a person may change on its card: arguments of one name each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finchat.books.acts import act
from finchat.books.plan import Write
from finchat.providers.writing.editing import AMOUNT, DATE, FOREIGN, REFERENCE, Editable, check_due, fixed_amount
from finchat.providers.writing.tokens import retokened

_FIELDS = frozenset({AMOUNT, DATE, REFERENCE})


def editable(write: Write) -> Editable:
    """Amount, date and reference, as far as the payload has them."""
    found = Editable({name: str(value) for name, value in write.arguments.items() if name in _FIELDS})
    if AMOUNT in found.values and "currency_rate" in write.arguments:
        return found.without(AMOUNT, FOREIGN)
    if found.values and (AMOUNT not in found.values or act(write.operation) == "transfer"):
        why = fixed_amount(write)
        return found.without(AMOUNT, why) if why else found
    return found


def changed(
    write: Write, changes: Mapping[str, str], *, plan_id: str, proposal_id: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments and read-back with other values of editable fields, and a token of its own. Raises WriteRefused for a
    document dated after it is due."""
    arguments = {**write.arguments, **changes}
    if DATE in changes:
        check_due(changes[DATE], arguments.get("due_date"))
    arguments, verify = retokened(write, arguments, plan_id=plan_id, proposal_id=proposal_id)
    if AMOUNT in verify and AMOUNT in arguments:
        verify[AMOUNT] = arguments[AMOUNT]
    return arguments, verify
