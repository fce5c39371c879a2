"""Which figures rest on the ledger, and which on the word of another server."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from finchat.agent.evidence.store import EvidenceStore, NoEvidence, is_query
from finchat.agent.facts import Figure
from finchat.connections.own_tools import OWN_SERVER


def elsewhere(evidence: EvidenceStore, figures: Iterable[Figure], books: Collection[str]) -> dict[str, str]:
    """The server of each result that figures rest on and that is not of a ledger, by evidence id.

    `books`: the servers of the ledgers. What was computed is of the ledger as soon as one of its tables is.
    """
    ids = {source.evidence_id for figure in figures for source in figure.sources}
    return {evidence_id: server for evidence_id in ids if (server := _server(evidence, evidence_id, books))}


def _server(evidence: EvidenceStore, evidence_id: str, books: Collection[str]) -> str:
    """The server that a result came from; "" for the ledger, and for what is not known."""
    try:
        stored = evidence.get(evidence_id)
    except NoEvidence:
        return ""
    data = stored.data
    if data is not None and is_query(stored.server, stored.tool, data):
        tables = {str(table).partition("_")[0] for table in data["lineage"].get("tables", ())} - {evidence_id}
        servers = {_server(evidence, table, books) for table in tables}
        return "" if "" in servers else " and ".join(sorted(servers))
    return "" if stored.server == OWN_SERVER or stored.server in books else stored.server
