"""A child server boots while its parent imports the MCP client: nothing heavy is imported before."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import finchat.connections.sessions, finchat.connections.paced
print(*sorted({"mcp", "mcp_types", "httpx2", "jsonschema", "pydantic", "starlette"} & set(sys.modules)))
"""


def test_the_session_module_imports_no_heavy_package() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
