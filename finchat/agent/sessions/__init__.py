"""Sessions: saved line by line as they happen, opened again after whatever ended them."""

from __future__ import annotations

from finchat.agent.sessions.log import SessionLog
from finchat.agent.sessions.record import (
    KeptAnswer,
    KeptPlan,
    KeptTurn,
    KeptUsage,
    SessionOrganisation,
    SessionRecord,
)
from finchat.agent.sessions.store import SavedSession, SessionFound, SessionInUse, SessionStore, Unreadable

__all__ = [
    "KeptAnswer",
    "KeptPlan",
    "KeptTurn",
    "KeptUsage",
    "SavedSession",
    "SessionFound",
    "SessionInUse",
    "SessionLog",
    "SessionOrganisation",
    "SessionRecord",
    "SessionStore",
    "Unreadable",
]
