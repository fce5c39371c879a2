"""Many operations in one request, each on its own: what one of them is refused for says nothing of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from finchat.sandbox.quickbooks.entities import ENTITIES
from finchat.sandbox.quickbooks.errors import Fault, bad_property, business, missing, unsupported
from finchat.sandbox.quickbooks.limits import BATCH_ITEMS
from finchat.sandbox.quickbooks.service import Answer, Call, read_body

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.service import Service

LONGEST_KEY = 36
"""Of a requestid on a batch; its items are told apart by bId, of at most LONGEST_ITEM_ID characters then."""
LONGEST_ITEM_ID = 10
_OPERATIONS = ("create", "update", "delete", "void")


class Batch:
    """POST /batch of one company."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def run(self, call: Call) -> Answer:
        """The answers in the order of the requests. Raises Fault when the batch as a whole is wrong."""
        if call.method != "POST":
            raise unsupported(f"Operation {call.method} is not supported.")
        data = read_body(call.body)
        items = data.get("BatchItemRequest") if isinstance(data, Mapping) else None
        if not isinstance(items, list) or not items:
            raise missing("BatchItemRequest")
        if len(items) > BATCH_ITEMS:
            raise business(
                f"The maximum number of items in a batch is {BATCH_ITEMS}. Supplied value:{len(items)}",
                "BatchItemRequest",
            )
        self._check_ids(items, keyed=bool(call.query.get("requestid")), key=call.query.get("requestid", ""))
        answers = [self._answer(item) for item in items]
        changed = any(not ({"Fault", "QueryResponse"} & answer.keys()) for answer in answers)
        return replace(self._service.ok({"BatchItemResponse": answers}), changed=changed)

    @staticmethod
    def _check_ids(items: list[Any], *, keyed: bool, key: str) -> None:
        if len(key) > LONGEST_KEY:
            raise business(f"A requestid on a batch may have at most {LONGEST_KEY} characters", "request_id")
        seen = set()
        for item in items:
            if not isinstance(item, Mapping):
                raise bad_property("BatchItemRequest", "Can not deserialize instance of BatchItemRequest")
            found = item.get("bId")
            if not isinstance(found, str) or not found:
                raise missing("bId")
            if keyed and len(found) > LONGEST_ITEM_ID:
                raise business(f"With a requestid a bId may have at most {LONGEST_ITEM_ID} characters", "bId")
            if found in seen:
                raise business(f"The bId {found[:50]} names two items of the batch", "bId")
            seen.add(found)

    def _answer(self, item: Mapping[str, Any]) -> dict[str, Any]:
        try:
            with self._service.back_end.savepoint():
                found = self._run(item)
        except Fault as fault:
            found = {"Fault": fault.as_json()}
        return {**found, "bId": item["bId"]}

    def _run(self, item: Mapping[str, Any]) -> dict[str, Any]:
        query = item.get("Query")
        if isinstance(query, str):
            return {"QueryResponse": self._service.query(query)}
        named = [name for name in item if name in ENTITIES]
        if len(named) != 1:
            raise bad_property("BatchItemRequest", "BatchItemRequest must hold one entity or a Query")
        operation = str(item.get("operation", "")).lower()
        if operation not in _OPERATIONS:
            raise unsupported(f"Operation {operation[:50]} is not supported.")
        if operation == "update" and str(item.get("optionsData", "")).lower() == "void":
            operation = "void"
        (name,) = named
        return {name: self._service.write(ENTITIES[name], item[name], operation, {})}
