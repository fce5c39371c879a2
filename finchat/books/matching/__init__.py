"""The matcher: a pure function from the facts of an organisation to one verdict for every bank line."""

from finchat.books.matching.engine import match
from finchat.books.matching.verdict import Allocation, Candidate, Settlement, Situation, Verdict

__all__ = ["Allocation", "Candidate", "Settlement", "Situation", "Verdict", "match"]
