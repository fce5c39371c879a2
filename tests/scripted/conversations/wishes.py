"""Conversations about what cannot be done here."""

from __future__ import annotations

from tests.scripted.conversations.reading import answer_of, question_of
from tests.scripted.conversations.speaking import found
from tests.scripted.server import Say, Seen


def impossible(seen: Seen) -> Say:
    """A wish is looked up among what is not possible before anything is promised."""
    told = answer_of(seen, "capabilities")
    if told is None:
        return Say(calls=[("capabilities", {})])
    wanted = found(r"create (?:a |an )?(.+?)(?: for| that|[.?]|$)", question_of(seen)).casefold()
    asked = answer_of(seen, "query")
    if asked is None:
        words = wanted.replace("'", "''")
        sql = f"SELECT wish, reason, instead FROM {told.id} WHERE wish LIKE '%{words}%'"
        return Say(calls=[("query", {"sql": sql})])
    rows = asked.tables.get("rows", [])
    if not rows:
        return Say(f"I found nothing about {wanted} here.")
    one = rows[0]
    return Say(f"I cannot {one['wish']} here: {one['reason']}. What you can do: {one['instead']}.")
