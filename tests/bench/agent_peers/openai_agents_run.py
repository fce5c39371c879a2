"""One question through openai-agents, streamed: `openai_agents_run.py BASE_URL API QUESTION COMMAND [ARGUMENT …]`.

The command starts the MCP server whose tools the model may call.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from agents import (  # type: ignore[import-not-found,unused-ignore]
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    set_tracing_disabled,
)
from agents.mcp import MCPServerStdio  # type: ignore[import-not-found,unused-ignore]
from openai import AsyncOpenAI


async def main(base_url: str, api: str, question: str, command: str, *arguments: str) -> None:
    set_tracing_disabled(True)
    client = AsyncOpenAI(base_url=base_url, api_key="none")
    kind: Any = OpenAIResponsesModel if api == "responses" else OpenAIChatCompletionsModel
    params = {"command": command, "args": list(arguments), "env": dict(os.environ)}
    async with MCPServerStdio(
        params=params, cache_tools_list=True, client_session_timeout_seconds=120
    ) as server:  # fmt: skip
        agent = Agent(name="bench", model=kind(model="scripted", openai_client=client), mcp_servers=[server])
        result = Runner.run_streamed(agent, question, max_turns=100_000)
        async for _ in result.stream_events():
            pass
        print(result.final_output)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
