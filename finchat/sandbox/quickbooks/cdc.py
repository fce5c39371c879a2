"""What changed since an instant: the objects of several entities as they are now, deleted ones by their id alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finchat.sandbox.quickbooks.entities import BY_PATH, ENTITIES, Entity
from finchat.sandbox.quickbooks.errors import bad_choice, bad_property, missing, unsupported
from finchat.sandbox.quickbooks.service import Call
from finchat.sandbox.quickbooks.values import instant, shown_instant, stored_instant

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.service import Service

MOST_OBJECTS = 1000
"""Over all entities, without pages: who is told so many asks again from a later instant."""
_NOT_TOLD = frozenset(("TaxAgency", "TimeActivity", "TaxCode", "TaxRate"))


class ChangedData:
    """GET /cdc of one company. The vendor's limit of 30 days back is not held: its sandbox answers for years."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def run(self, call: Call) -> dict[str, Any]:
        """One QueryResponse for each entity, in the order asked. Raises Fault."""
        if call.method != "GET":
            raise unsupported(f"Operation {call.method} is not supported.")
        entities = self._entities(call.query.get("entities", ""))
        since = self._since(call.query.get("changedSince", ""))
        left = MOST_OBJECTS
        answers = []
        for entity in entities:
            found = self._changed(entity, since, left)
            left -= len(found)
            position = {"startPosition": 1, "maxResults": len(found)}
            answers.append({entity.name: found, **position} if found else {})
        return {"CDCResponse": [{"QueryResponse": answers}]}

    @staticmethod
    def _entities(text: str) -> list[Entity]:
        names = [word.strip() for word in text.split(",") if word.strip()]
        if not names:
            raise missing("entities")
        told = [name for name in ENTITIES if name not in _NOT_TOLD]
        for name in names:
            if (entity := BY_PATH.get(name.lower())) is None or entity.name not in told:
                raise bad_choice("entities", name[:50], told)
        return [BY_PATH[name.lower()] for name in dict.fromkeys(names)]

    @staticmethod
    def _since(text: str) -> str:
        if not text:
            raise missing("changedSince")
        try:
            # A plus sign that a client left as it is in a URL arrives as a blank.
            return stored_instant(instant(text.strip().replace(" ", "+")))
        except (ValueError, OverflowError):
            detail = f'Can not construct instance of java.util.Date from value "{text[:50]}" of changedSince'
            raise bad_property("changedSince", detail) from None

    def _changed(self, entity: Entity, since: str, most: int) -> list[dict[str, Any]]:
        records = self._service.records
        rows = self._service.back_end.db.execute(
            "SELECT id, deleted, updated FROM record WHERE entity = ? AND updated >= ? ORDER BY updated, seq LIMIT ?",
            (entity.name, since, most),
        ).fetchall()
        return [
            {
                "domain": "QBO",
                "status": "Deleted",
                "Id": id,
                "MetaData": {"LastUpdatedTime": shown_instant(updated)},
            }
            if deleted
            else records.shown(records.read(entity, id))
            for id, deleted, updated in rows
        ]
