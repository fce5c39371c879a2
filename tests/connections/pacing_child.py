"""A finchat process that makes calls: run by the pacing tests. Prints one line per call: start and end, wall clock."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from finchat.connections.pacing import Limits, Pacer, open_budget
from finchat.settings import Home


async def main(home: Path, calls: int, limits: Limits, held_s: float) -> None:
    pacer = Pacer(open_budget(Home(home)), home / "locks", limits=limits)

    async def one() -> None:
        async with pacer.call("org", "books"):
            began = time.time()
            await asyncio.sleep(held_s)
            print(began, time.time(), flush=True)

    print("ready", flush=True)
    sys.stdin.readline()  # start together
    await asyncio.gather(*(one() for _ in range(calls)))
    pacer.close()


if __name__ == "__main__":
    window, seconds, at_once = sys.argv[3:6]
    given = Limits(per_window=int(window), window_s=float(seconds), at_once=int(at_once))
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), given, float(sys.argv[6])))
