"""The seeded companies: pure, deterministic generators. They share no word and no code with the matcher."""

from finchat.sandbox.company.generate import generate
from finchat.sandbox.company.generate_quickbooks import generate_quickbooks
from finchat.sandbox.company.story import SeededCompany

__all__ = ["SeededCompany", "generate", "generate_quickbooks"]
