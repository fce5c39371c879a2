"""Which figures are of the ledger, and which another server tells."""

from __future__ import annotations

from finchat.agent.evidence.origin import elsewhere
from finchat.agent.facts import Figure, Source
from finchat.connections.own_tools import OWN_SERVER
from finchat.connections.toolbox import CallResult
from tests.agent.evidence.kept import AT, Session, documents, invoice


def figure(*ids: str) -> Figure:
    sources = tuple(Source(evidence_id=each, path="/x") for each in ids)
    return Figure(text="1", start=0, end=1, value="1", unit="number", verified=True, sources=sources)


async def test_a_figure_is_followed_through_queries_to_the_server_it_came_from(session: Session) -> None:
    session.keep(documents([invoice(1)]))  # e1, of the books
    deals = CallResult(structured={"deals": [{"name": "Big", "amount": "5.00", "number": "INV-1"}]})
    session.store.keep(server="crm", tool="list_deals", arguments={}, result=deals, at=AT)
    session.store.keep(server=OWN_SERVER, tool="chart", arguments={}, result=CallResult(structured={"n": 1}), at=AT)
    await session.ask("SELECT sum(amount) AS a FROM e2")
    await session.ask("SELECT count(*) AS n FROM e2 JOIN e1 ON e1.number = e2.number")
    await session.ask("SELECT max(a) AS m FROM e4")
    every = [figure("e1", "e2"), figure("e3", "e4"), figure("e5", "e6"), figure("e99"), figure()]
    assert elsewhere(session.store, every, "books") == {"e2": "crm", "e4": "crm", "e6": "crm"}
