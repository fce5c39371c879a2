"""The command of `tests.forked.command`: hands its streams and environment on to the process that forks, and waits.

It imports as little as it can: it is what is started instead of the interpreter with everything.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys


def main() -> None:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(sys.argv[1])
        order = {
            "arguments": sys.argv[2:], "environment": dict(os.environ), "cwd": os.getcwd(), "terminal": False,
            "bound": True,
        }  # fmt: skip
        text = json.dumps(order).encode() + b"\n"
        channel.sendall(text[socket.send_fds(channel, [text], [0, 1, 2]) :])
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        told = b""
        while len(told) < 8 and (part := channel.recv(8)):
            told += part
    _, status = struct.unpack("ii", told)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
