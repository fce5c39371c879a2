"""One question through pydantic-ai, streamed: `pydantic_ai_run.py BASE_URL API QUESTION COMMAND [ARGUMENT …]`.

The command starts the MCP server whose tools the model may call.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from fastmcp.client.transports import StdioTransport  # type: ignore[import-not-found,unused-ignore]
from pydantic_ai import Agent  # type: ignore[import-not-found,unused-ignore]
from pydantic_ai.mcp import MCPToolset  # type: ignore[import-not-found,unused-ignore]
from pydantic_ai.models.openai import (  # type: ignore[import-not-found,unused-ignore]
    OpenAIChatModel,
    OpenAIResponsesModel,
)
from pydantic_ai.providers.openai import OpenAIProvider  # type: ignore[import-not-found,unused-ignore]
from pydantic_ai.usage import UsageLimits  # type: ignore[import-not-found,unused-ignore]


async def main(base_url: str, api: str, question: str, command: str, *arguments: str) -> None:
    kind: Any = OpenAIResponsesModel if api == "responses" else OpenAIChatModel
    model = kind("scripted", provider=OpenAIProvider(base_url=base_url, api_key="none"))
    transport = StdioTransport(command=command, args=list(arguments), env=dict(os.environ))
    agent = Agent(model, toolsets=[MCPToolset(transport)])

    async def heard(_context: Any, events: Any) -> None:
        async for _ in events:
            pass

    async with agent:
        limits = UsageLimits(request_limit=None)
        result = await agent.run(question, usage_limits=limits, event_stream_handler=heard)
    print(result.output)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
