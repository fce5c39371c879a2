"""An MCP server over stdio whose definitions are in a file, and change when the file does. Run this file.

A call of `swap` writes the definitions it is given to the file, tells that the list changed, and then answers. With a
tool called `restless` among them it tells so whenever it is asked for its list, before it answers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def _say(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def serve(definitions: Path, calls: Path) -> None:
    for line in sys.stdin:
        request = json.loads(line)
        method, params = request.get("method"), request.get("params") or {}
        result: dict[str, Any] = {}
        if "id" not in request:
            continue
        if method == "initialize":
            info = {"name": "changing", "version": "1"}
            capabilities = {"tools": {"listChanged": True}}
            result = {"protocolVersion": "2025-06-18", "capabilities": capabilities, "serverInfo": info}
        elif method == "tools/list":
            result = {"tools": json.loads(definitions.read_text())}
            if "restless" in [tool["name"] for tool in result["tools"]]:
                _say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
        elif method == "tools/call":
            with calls.open("a") as log:
                log.write(params["name"] + "\n")
            if params["name"] == "swap" and params.get("arguments"):
                definitions.write_text(json.dumps(params["arguments"]["tools"]))
                _say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
            result = {"content": [{"type": "text", "text": "done"}]}
        else:
            error = {"code": -32601, "message": "no such method"}
            _say({"jsonrpc": "2.0", "id": request["id"], "error": error})
            continue
        _say({"jsonrpc": "2.0", "id": request["id"], "result": result})


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]))
