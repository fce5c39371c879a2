"""The model of the bench: its turns are encoded beforehand, and it notes when each request came and each answer went.

It stands in for the LLM only, and is called scripted. A process of its own on a loopback port, on plain sockets, so
that it costs next to nothing beside the program that is measured. Orders come as lines of JSON on stdin, and each is
answered with one on stdout:

    {"turns": [{"calls": [["echo", {"text": "1"}]]}, {"text": "Done."}]}   what the next requests are answered, in order
    {"pid": 123}                                   whose CPU and memory are read when a request has come
    {"report": true}                               one record a request: Seen, below

Instants are nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finchat.agent.tokens import estimate
from tests.scripted.server import DONE, Say, sse, stream_of
from tests.scripted.server import Seen as ScriptSeen

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_READ = 1 << 20
_USAGE = (1000, 20)  # tokens that every answer claims to have cost


@dataclass(slots=True)
class Seen:
    """One request. `cpu_ns` and `peak_kib` are of the measured process, without its children, when it had come."""

    received_ns: int
    sent_ns: int
    bytes: int
    tokens: int
    cpu_ns: int
    peak_kib: int


class Farm:
    """The turns to give, and the requests seen."""

    def __init__(self) -> None:
        self._answers: dict[str, list[bytes]] = {}
        self._bodies: list[bytes] = []
        self.seen: list[Seen] = []
        self.pid = 0

    def load(self, turns: Sequence[Mapping[str, Any]]) -> None:
        """Begin anew with these turns."""
        self._answers = {api: [_encoded(api, turn, n) for n, turn in enumerate(turns)] for api in ("chat", "responses")}
        self.seen, self._bodies, self.pid = [], [], 0

    def take(self, path: str, body: bytes, at: int) -> bytes:
        """The answer to a request. One more than there are turns gets the last of them."""
        answers = self._answers["responses" if path.endswith("/responses") else "chat"]
        answer = answers[min(len(self.seen), len(answers) - 1)]
        self.seen.append(Seen(at, 0, len(body), 0, cpu_ns(self.pid), peak_kib(self.pid)))
        self._bodies.append(body)
        return answer

    def report(self) -> list[dict[str, int]]:
        for seen, body in zip(self.seen, self._bodies, strict=True):
            seen.tokens = seen.tokens or estimate(body.decode("utf-8", "replace"))
        self._bodies = [b""] * len(self.seen)
        return [asdict(seen) for seen in self.seen]


def cpu_ns(pid: int) -> int:
    """Nanoseconds on a processor of all threads of a process."""
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_bytes().split()[0])
    except OSError:
        return total
    return total


def peak_kib(pid: int) -> int:
    """The most memory that a process had so far (VmHWM)."""
    try:
        found = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def _encoded(api: Any, turn: Mapping[str, Any], number: int) -> bytes:
    seen = ScriptSeen(
        api=api, stream=True, model="scripted", instructions="", items=(), tools=(), schemas={}, turn=number + 1,
        body={"stream_options": {"include_usage": True}, "store": False},
    )  # fmt: skip
    calls = [(name, arguments) for name, arguments in turn.get("calls", [])]
    say = Say(turn.get("text", ""), calls, thinks=False, usage=_USAGE)
    body = b"".join(map(sse, stream_of(seen, say))) + (DONE if api == "chat" else b"")
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body)
    return head + body


def _serve(connection: socket.socket, farm: Farm) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = bytearray()
    while True:
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            if not (more := connection.recv(_READ)):
                return
            buffer += more
        head = bytes(buffer[:end])
        length = _LENGTH.search(head)
        whole = end + 4 + (int(length[1]) if length else 0)
        while len(buffer) < whole:
            if not (more := connection.recv(_READ)):
                return
            buffer += more
        at = time.monotonic_ns()
        answer = farm.take(head.split(b" ", 2)[1].decode(), bytes(buffer[end + 4 : whole]), at)
        del buffer[:whole]
        seen = farm.seen[-1]
        connection.sendall(answer)
        seen.sent_ns = time.monotonic_ns()


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    farm = Farm()

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, farm), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    _say(port=listener.getsockname()[1])
    for line in sys.stdin:
        order = json.loads(line)
        if "turns" in order:
            farm.load(order["turns"])
        if "pid" in order:
            farm.pid = order["pid"]
        _say(seen=farm.report() if order.get("report") else [])


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
