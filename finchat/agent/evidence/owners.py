"""Whose books a figure is of, where several organisations are open in one session."""

from __future__ import annotations

from collections.abc import Mapping

from finchat.agent.evidence.places import place_of
from finchat.agent.evidence.store import EvidenceStore, NoEvidence, is_query
from finchat.agent.facts import Source
from finchat.connections.own_tools import OWN_SERVER

_FIELD = "organisation"


def owners(evidence: EvidenceStore, source: Source, organisations: Mapping[str, str]) -> frozenset[str]:
    """The organisations that a source is of, by name; none where it does not say. `organisations`: by the server of
    their books. What was computed is of all whose tables it was computed from."""
    try:
        stored = evidence.get(source.evidence_id)
    except NoEvidence:
        return frozenset()
    if stored.server != OWN_SERVER:
        return frozenset({organisations[stored.server]} if stored.server in organisations else ())
    data = stored.data
    if data is None:
        return frozenset()
    if is_query(stored.server, stored.tool, data):
        tables = {str(table).partition("_")[0] for table in data["lineage"].get("tables", ())} - {stored.id}
        parts = (Source(evidence_id=table, path="") for table in tables)
        return frozenset[str]().union(*(owners(evidence, part, organisations) for part in parts))
    place = place_of(data, source.path) if source.path else None
    named = (place.record.get(_FIELD) if place is not None else None) or data.get(_FIELD)
    return frozenset(name for name in organisations.values() if name == named)
