"""The seeded company: a pure, deterministic generator. Shares no word and no code with the matcher."""

from finchat.sandbox.company.generate import SeededCompany, generate

__all__ = ["SeededCompany", "generate"]
