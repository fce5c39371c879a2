"""The tools of the bench over MCP on stdio, the same process for every program: echo, a slow read, and a large one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

SLOW_S = 0.1
LARGE_BYTES = 1024 * 1024
_TEXT = {
    "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": False,
}  # fmt: skip
_TOOLS = {
    "echo": "Echo a text: read it back as it was sent.",
    "slow": "Echo a text slowly: read it back after a tenth of a second.",
    "large": "Read every order: a list of records, one mebibyte of JSON.",
}


def large() -> str:
    """LARGE_BYTES of records as JSON."""
    size = 0
    rows: list[dict[str, str]] = []
    while size < LARGE_BYTES - 200:
        number = len(rows) + 1
        row = {
            "number": f"ORD-{number:05}", "contact": f"Customer {number % 97}", "status": "OPEN", "currency": "NZD",
            "date": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}", "total": f"{number * 7 % 9000}.50",
        }  # fmt: skip
        rows.append(row)
        size += len(json.dumps(row)) + 2
    return json.dumps({"orders": rows}).ljust(LARGE_BYTES)


async def main() -> None:
    document = large()

    async def list_tools(_context: Any, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[types.Tool(name=name, description=text, input_schema=_TEXT) for name, text in _TOOLS.items()]
        )

    async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        text = str((params.arguments or {}).get("text"))
        if params.name == "slow":
            await asyncio.sleep(SLOW_S)
        answer = document if params.name == "large" else text
        return types.CallToolResult(content=[types.TextContent(type="text", text=answer)])

    server: Server[Any] = Server("bench", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(main())
