"""A process that serves the seeded company on a free port, as `sandbox run quickbooks` does."""

from __future__ import annotations

from finchat.sandbox.quickbooks.serve import run
from tests.sandbox.quickbooks.seeded import PLENTY, back_end

if __name__ == "__main__":
    run(back_end(), "127.0.0.1", 0, limits=PLENTY, strict_auth=True)
