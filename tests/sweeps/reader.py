"""A finchat process that reads an organisation many times: prints when each of the READS ended."""

import asyncio
import json
import sys
import time
from pathlib import Path

from finchat.app.desk import open_desk
from finchat.app.invocation import Invocation

_AT_ONCE = 8  # more than the vendor allows: the pacing has to hold them back


async def main(config: Path, reads: int) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)
    ends: list[float] = []
    async with open_desk(Invocation(quiet=True, mcp_config=config), via="command") as desk:
        toolbox = desk.guard.toolbox(desk.settings.name)

        async def read() -> None:
            async with gate:
                result = await toolbox.call("list_all_xero_organisations", {})
            assert result.error is None, result.error
            ends.append(time.time())

        await asyncio.gather(*(read() for _ in range(reads)))
    print(json.dumps(ends))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
