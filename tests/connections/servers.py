"""Real MCP servers for these tests: a low-level Server object, a child process (run this file), HTTP with faults."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

OBJECT: dict[str, Any] = {"type": "object"}
TOOLS: list[dict[str, Any]] = [
    {
        "name": "list_invoices",
        "description": "Lists invoices.",
        "inputSchema": {
            "type": "object",
            "properties": {"page_size": {"type": "integer", "minimum": 1}, "where": {"type": "string"}},
            "additionalProperties": False,
        },
    },
    {
        "name": "pay",
        "description": "Pays.",
        "inputSchema": {
            "type": "object",
            "properties": {"amount": {"type": "number"}, "account": {"type": "object", "required": ["code"]}},
            "required": ["amount"],
        },
    },
    {"name": "fault", "description": "Does what it is told, badly.", "inputSchema": OBJECT},
]


def reply(request: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    complete = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    return {"jsonrpc": "2.0", "id": request["id"], "result": {**complete, **result}}


def answer(request: Mapping[str, Any], tools: list[Any] | None = None) -> dict[str, Any] | None:
    """The well-behaved answer of a 2026-07-28 server to one message; None for a notification."""
    method = request.get("method")
    if "id" not in request:
        return None
    if method == "initialize":
        info = {"name": "old", "version": "1"}
        older = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        return {"jsonrpc": "2.0", "id": request["id"], "result": older}
    if method == "server/discover":
        return reply(request, {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}})
    if method == "tools/list":
        return reply(request, {"tools": TOOLS if tools is None else tools})
    if method == "tools/call":
        params = request["params"]
        structured = {"tool": params["name"], "arguments": params.get("arguments"), "meta": params.get("_meta", {})}
        return reply(request, {"content": [{"type": "text", "text": "done"}], "structuredContent": structured})
    return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "no such method"}}


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _fault(request: Mapping[str, Any], state: Path) -> None:
    """Misbehave as the `fault` tool was told; `state` counts the calls over all lives of the child."""
    arguments = request["params"].get("arguments") or {}
    with state.open("a") as calls:
        calls.write("x")
    count = len(state.read_text())
    kind = arguments.get("kind")
    good = json.dumps(reply(request, {"content": [], "structuredContent": {"count": count}})).encode() + b"\n"
    if kind == "crash" or (kind == "crash_once" and count == 1):
        print("Traceback: out of memory", file=sys.stderr, flush=True)
        os._exit(3)
    elif kind == "crash_after_reply":
        _say(good)
        os._exit(3)
    elif kind == "hang":
        pass
    elif kind == "garbage":
        _say(b"%PDF-1.4 nonsense\n\n\x00\x01\n")
        _say(good)
    elif kind == "bad_utf8":
        _say(good.replace(b'"content": []', b'"content": [], "note": "\xff\xfe"'))
    elif kind == "half_line":
        _say(good[:40])
    elif kind == "wrong_id":
        _say(good.replace(b'"id": ', b'"id": 9'))
    elif kind == "huge":
        big = reply(request, {"content": [{"type": "text", "text": "x" * (20 * 1024 * 1024)}]})
        _say(json.dumps(big).encode() + b"\n")
    elif kind == "not_a_result":
        _say(json.dumps(reply(request, {"content": [{"type": "hologram"}]})).encode() + b"\n")
    elif kind == "noise":
        sys.stderr.write(("n" * 4000 + "\n") * 1000)
        sys.stderr.flush()
        _say(good)
    else:
        _say(good)


def serve_stdio(state: Path, tools: list[Any] | None, old: bool = False) -> None:
    """Serve until stdin closes; an old server knows only the handshake of 2025."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if old and request["method"] == "server/discover":
            request["method"] = "unknown"
        if request.get("method") == "tools/call" and request["params"]["name"] == "fault":
            _fault(request, state)
        elif (message := answer(request, tools)) is not None:
            _say(json.dumps(message).encode() + b"\n")


@asynccontextmanager
async def http_server(respond: Callable[[dict[str, Any]], Awaitable[bytes | None]]) -> AsyncIterator[str]:
    """A raw HTTP server on loopback: `respond` gives the whole HTTP answer, or None to drop the connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
                body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
                said = await respond(json.loads(body)) if body else http_answer(405)
                if said is None:
                    writer.transport.abort()
                    return
                writer.write(said)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.close()


def http_answer(
    status: int, body: Any = None, headers: Mapping[str, str] | None = None, kind: str = "application/json"
) -> bytes:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Status", f"content-type: {kind}", f"content-length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


if __name__ == "__main__":
    mode = sys.argv[1]
    if mode == "never":
        time.sleep(60)
    elif mode == "exit":
        print("warming up", file=sys.stderr)
        sys.exit("no licence found for token=s3cr3t-value-here")
    elif mode == "old":
        serve_stdio(Path(sys.argv[2]), None, old=True)
    elif mode == "banner":
        print("Welcome to the server!\n{not json")
        serve_stdio(Path(sys.argv[2]), None)
    else:
        serve_stdio(Path(sys.argv[2]), json.loads(sys.argv[3]) if len(sys.argv) > 3 else None)
