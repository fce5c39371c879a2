"""Two finchat processes on one organisation: together within its budget, and neither waits for the other to finish."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.sweeps.world import ROOT, World, served

READS, PER_WINDOW, WINDOW_S, AT_ONCE = 200, 20, 2.0, 5


class Watch:
    """A proxy before the sandbox that notes when each call arrived, what it was answered, and how many ran at once."""

    def __init__(self, target: str) -> None:
        self.arrivals: list[float] = []
        self.statuses: list[int] = []
        self.most_at_once = 0
        self._running = 0
        self._client = httpx.AsyncClient(base_url=target, timeout=30)
        self.app = Starlette(routes=[Route("/{path:path}", self._forward, methods=["GET", "POST"])])

    async def _forward(self, request: Request) -> Response:
        if "/api.xro/" not in request.url.path:
            return await self._sent(request)
        self.arrivals.append(time.monotonic())
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        try:
            await asyncio.sleep(0.02)  # long enough that calls overlap, as they do over the internet
            answer = await self._sent(request)
        finally:
            self._running -= 1
        self.statuses.append(answer.status_code)
        return answer

    async def _sent(self, request: Request) -> Response:
        headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length", "accept-encoding")}
        url = f"{request.url.path}?{request.url.query}"
        answer = await self._client.request(request.method, url, headers=headers, content=await request.body())
        kept = {k: v for k, v in answer.headers.items() if k not in ("content-length", "transfer-encoding")}
        return Response(answer.content, answer.status_code, kept)


@contextmanager
def watched(world: World) -> Iterator[Watch]:
    """Puts the watch between finchat and the sandbox, in the config that finchat reads."""
    watch = Watch(str(world.ready["base_url"]))
    server = uvicorn.Server(uvicorn.Config(watch.app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        config = world.config.read_text("utf-8").replace(str(world.ready["base_url"]), f"http://127.0.0.1:{port}")
        world.config.write_text(config, "utf-8")
        yield watch
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.slow
def test_two_processes_with_200_reads_each_keep_to_one_budget(tmp_path: Path) -> None:
    with served(tmp_path, limits=f"{PER_WINDOW}/{WINDOW_S:.0f}s,{AT_ONCE},5000") as world, watched(world) as watch:
        command = [sys.executable, "-m", "tests.sweeps.reader", str(world.config), str(READS)]
        readers = [
            subprocess.Popen(command, cwd=ROOT, env=world.environment, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        ends = [json.loads(reader.communicate(timeout=180)[0]) for reader in readers]

    assert [len(e) for e in ends] == [READS, READS]
    assert set(watch.statuses) == {200}, "the vendor had to say 429"
    assert watch.most_at_once <= AT_ONCE
    arrivals = sorted(watch.arrivals)
    # Arrivals at the proxy jitter by milliseconds against the vendor's own clock; the vendor's 429 is the exact judge.
    closest = min(later - first for first, later in zip(arrivals, arrivals[PER_WINDOW:], strict=False))
    assert closest > WINDOW_S - 0.1
    first_done = min(max(e) for e in ends)
    of_the_other = max(ends, key=max)
    share = sum(end <= first_done for end in of_the_other) / READS
    print(f"{len(arrivals)} calls, {PER_WINDOW + 1} in no less than {closest:.2f} s; the slower one was at {share:.0%}")
    assert share > 0.5, "one process starved"
