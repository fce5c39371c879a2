"""An MCP server over stdio with one tool that never answers."""

from __future__ import annotations

import anyio
from mcp.server import MCPServer

server = MCPServer("slow")


@server.tool()
async def wait() -> str:
    """Wait, and never answer."""
    await anyio.sleep_forever()
    return ""


if __name__ == "__main__":
    server.run("stdio")
