"""The seeded company: a pure, deterministic generator. Shares no word and no code with the matcher."""

from finchat.sandbox.company.generate import generate
from finchat.sandbox.company.story import SeededCompany

__all__ = ["SeededCompany", "generate"]
