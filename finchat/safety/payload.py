"""The bytes to be sent: equal to what was approved but for `$from`, one record a call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from finchat.books.plan import Write
from finchat.canonical import sha256_of
from finchat.connections.toolbox import CallResult
from finchat.errors import WriteRefused

FROM = "$from"
# Lists that are parts of one record. Any other list of records is several records in one call.
_PARTS = frozenset({
    "lineitems", "line", "lines", "journallines", "tracking", "trackingcategories", "addresses", "phones",
    "contactpersons", "contactgroups", "paymentterms", "linkedtxn", "taxline", "customfield", "attachments",
})  # fmt: skip


def check(write: Write, arguments_sha256: str) -> Any:
    """A copy of the arguments that has the approved hash. Raises WriteRefused when it has another, or when a list
    holds more than one record."""
    arguments = _thaw(write.arguments)
    if sha256_of(arguments) != arguments_sha256:
        raise WriteRefused(f"the payload of write {write.id} is not the one approved", code="payload_changed")
    one_record(write.id, arguments)
    return arguments


def sealed(write: Write, arguments_sha256: str, replies: Mapping[str, CallResult], ids: Mapping[str, str]) -> Any:
    """The arguments to send: checked, with `$from` references filled in.

    `replies` and `ids`: answers and ledger ids of the proposal's earlier writes. Raises WriteRefused when the check
    fails or a reference cannot be filled.
    """
    return _filled(check(write, arguments_sha256), replies, ids)


def one_record(write_id: str, arguments: Any) -> None:
    """Raises WriteRefused when a list of records in the arguments is longer than one: one payment a call."""
    for key, sent in _members(arguments):
        value = _as_list(sent)
        if isinstance(value, list) and len(value) > 1 and any(isinstance(item, dict) for item in value):
            name = key.replace("_", "").lower()
            if name not in _PARTS:
                raise WriteRefused(
                    f"write {write_id} holds {len(value)} records in {key}; a call writes one", code="several_records",
                    field=key, next="make one write of each record",
                )  # fmt: skip
        if isinstance(value, dict | list):
            one_record(write_id, value)


def _as_list(value: Any) -> Any:
    """What a lenient server may take for a list of records: JSON in a text, or an object with numbers for names."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, dict) and value and all(str(key).isdecimal() for key in value):
        return list(value.values())
    return value


def _members(value: Any) -> Sequence[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return [("list", item) for item in value] if isinstance(value, list) else []


def _filled(value: Any, replies: Mapping[str, CallResult], ids: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if set(value) == {FROM}:
            return _supplied(str(value[FROM]), replies, ids)
        return {key: _filled(item, replies, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, replies, ids) for item in value]
    return value


def _supplied(reference: str, replies: Mapping[str, CallResult], ids: Mapping[str, str]) -> Any:
    write_id, _, name = reference.partition(".")
    if name != "id" and not name.endswith(("ID", "Id", "_id")):
        # Only what the ledger itself names is late. An amount, a date or an account from a reply was never approved.
        raise WriteRefused(f"{reference} is not an id: nothing else is filled in late", code="reference_refused")
    reply = replies.get(write_id)
    structured = reply.structured if reply is not None and reply.structured is not None else {}
    records = structured.get("records")
    record = records[0] if isinstance(records, list) and len(records) == 1 else structured
    value = record.get(name) if isinstance(record, Mapping) else None
    if value is None:
        value = ids.get(write_id)  # written by an earlier apply: its id is all the journal keeps
    if not isinstance(value, str) or not value:
        raise WriteRefused(f"{reference} is not known: write {write_id} did not supply it", code="reference_missing")
    return value


def _thaw(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_thaw(item) for item in value]
    return value
