"""A process that serves the test company on a free port, as `sandbox run xero` does."""

from __future__ import annotations

import sys
from pathlib import Path

from finchat.sandbox.faults import Faults
from finchat.sandbox.xero.limits import Limits
from finchat.sandbox.xero.serve import run
from tests.sandbox.xero.company import back_end

if __name__ == "__main__":
    run(
        back_end(Path(sys.argv[1])),
        "127.0.0.1",
        0,
        limits=Limits.parse(sys.argv[2]),
        strict_auth=sys.argv[3] == "strict",
        faults=Faults.parse(sys.argv[4]),
    )
