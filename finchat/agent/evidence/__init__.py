"""Evidence: every tool result of a session, what the model sees of it, and the facts it proves.

`EvidenceStore` keeps results and gives views and facts; `query_tool` lets the model ask SQL of them.
"""

from __future__ import annotations

from finchat.agent.evidence.query import query_tool
from finchat.agent.evidence.store import EvidenceStore, Kept, NoEvidence, Stored

__all__ = ["EvidenceStore", "Kept", "NoEvidence", "Stored", "query_tool"]
