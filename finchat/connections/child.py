"""An MCP server as a child process: lines of bounded size over its pipes, its noise kept off the screen.

Nothing heavy is imported here, so that a child can boot while its parent still imports the MCP client.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from finchat.errors import ExitCode, Unavailable

# One message: 1,000 invoices are about 2 MiB; a 50 MB answer would cost 350 MiB of memory.
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_NOISE_LINES, _NOISE_WIDTH = 50, 500
_SAID = ("finchat: ", "  next: ")  # how finchat's own errors begin their lines
_GRACE_S = 1.0  # after stdin closed, and again after SIGTERM
# What a child inherits; secrets in the parent's environment stay with the parent (the MCP SDK's own list).
_INHERITED = (
    (
        "APPDATA",
        "HOMEDRIVE",
        "HOMEPATH",
        "LOCALAPPDATA",
        "PATH",
        "PATHEXT",
        "PROCESSOR_ARCHITECTURE",
        "SYSTEMDRIVE",
        "SYSTEMROOT",
        "TEMP",
        "USERNAME",
        "USERPROFILE",
    )
    if sys.platform == "win32"
    else ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
) + ("FINCHAT_HOME", "FINCHAT_NOW")  # fmt: skip - no secrets: a finchat started here works in the same home and time


@dataclass(frozen=True, slots=True)
class Oversized:
    """A line past the limit, dropped as it came; `request_id` when its first or last bytes name one."""

    request_id: int | None


class Child:
    """A running child process. Create with `start`; end with `stop`, which leaves neither zombie nor grandchild."""

    def __init__(self, process: asyncio.subprocess.Process, command: str) -> None:
        self._process = process
        self.command = command
        self.garbled = 0  # lines on stdout that were no message: a session that lost an answer is rebuilt
        self._partial = False
        self._noise: deque[str] = deque(maxlen=_NOISE_LINES)
        self._stderr = asyncio.create_task(self._drain_stderr())
        self._stdout_ended = False

    @classmethod
    async def start(cls, command: str, args: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start the command in a process group of its own. Raises Unavailable when it cannot be run."""
        shown = " ".join([command, *args])
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        try:
            process = await asyncio.create_subprocess_exec(
                command, *args, env=inherited | dict(env),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise Unavailable(
                f"cannot run {shown!r}: {why}", field="command", next="install the command or correct its path"
            ) from error
        return cls(process, shown)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None and not self._stdout_ended

    @property
    def suspect(self) -> bool:
        """An answer may have been lost in half a line or in bytes that are no message."""
        return self._partial or self.garbled > 0

    async def last_words(self) -> str:
        """How it ended and the last line it wrote to stderr, cut to one line."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 0.2)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._stderr), 0.2)
        code = self._process.returncode
        ending = (
            "is still running"
            if code is None
            else f"was ended by signal {-code}"
            if code < 0
            else f"exited with code {code}"
        )
        words = next((line for line in reversed(self._noise) if line.strip()), "")
        return f"it {ending}" + (f"; its last line on stderr: {words}" if words else "; it wrote nothing to stderr")

    def refused_sign_in(self) -> tuple[str, str | None] | None:
        """What a finchat server said before it ended for want of a sign-in (exit code 6): its sentence and its step."""
        if self._process.returncode != ExitCode.AUTHENTICATION:
            return None
        said = {
            prefix: line.removeprefix(prefix) for line in self._noise for prefix in _SAID if line.startswith(prefix)
        }
        sentence = said.get(_SAID[0])
        return None if sentence is None else (sentence, said.get(_SAID[1]))

    def note(self, line: bytes) -> None:
        """Keep a line that is no message beside the stderr lines."""
        self.garbled += 1
        self._noise.append(line[:_NOISE_WIDTH].decode("utf-8", "replace"))

    async def send(self, line: bytes) -> None:
        """Write one line. Raises ConnectionError when the child no longer reads."""
        stdin = self._process.stdin
        assert stdin is not None
        if stdin.is_closing():
            raise BrokenPipeError
        stdin.write(line)
        await stdin.drain()

    async def lines(self) -> AsyncIterator[bytes | Oversized]:
        """The lines of stdout without their ends, until it closes; memory is bounded whatever the child writes."""
        stdout = self._process.stdout
        assert stdout is not None
        parts: list[bytes] = []
        size = 0
        head = b""
        try:
            while chunk := await stdout.read(_CHUNK_BYTES):
                first, *others = chunk.split(b"\n")
                for index, piece in enumerate((first, *others)):
                    if index:  # a line end came before this piece
                        if size > MESSAGE_LIMIT_BYTES:
                            yield Oversized(_named_id(head, b"".join(parts)))
                        elif line := b"".join(parts).strip():
                            yield line
                        parts, size, head = [], 0, b""
                    size += len(piece)
                    parts.append(piece)
                    if size > MESSAGE_LIMIT_BYTES:
                        head = head or b"".join(parts)[:200]
                        parts = [b"".join(parts)[-200:]]
                self._partial = size > 0
        finally:
            self._stdout_ended = True

    async def stop(self) -> None:
        """Close stdin, wait, then end the whole process group; bounded, and safe to call twice."""
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        if not await self._gone_within(_GRACE_S):
            self._signal_group(signal.SIGTERM)
            if not await self._gone_within(_GRACE_S):
                self._signal_group(getattr(signal, "SIGKILL", signal.SIGTERM))
                await self._gone_within(_GRACE_S)
        # Children of the child that stayed in its group.
        self._signal_group(getattr(signal, "SIGKILL", signal.SIGTERM))
        self._stderr.cancel()
        with suppress(asyncio.CancelledError):
            await self._stderr
        # A grandchild that left the group may hold our pipe ends open: drop them, or the loop warns at exit.
        process._transport.close()  # type: ignore[attr-defined]

    async def _gone_within(self, seconds: float) -> bool:
        # Not process.wait() alone: it also waits for the pipes, which a grandchild may hold open.
        for _ in range(max(1, int(seconds / 0.01))):
            if self._process.returncode is not None:
                return True
            await asyncio.sleep(0.01)
        return self._process.returncode is not None

    def _signal_group(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.terminate()
            else:
                os.killpg(self._process.pid, number)  # start_new_session: the leader's pid is the group's id

    async def _drain_stderr(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        rest = b""
        while chunk := await stderr.read(_CHUNK_BYTES):
            *whole, rest = (rest + chunk).split(b"\n")
            rest = rest[-_NOISE_WIDTH:]
            self._noise.extend(line[:_NOISE_WIDTH].decode("utf-8", "replace") for line in whole[-_NOISE_LINES:])
        if rest:
            self._noise.append(rest.decode("utf-8", "replace"))


_ID_FIRST = re.compile(rb'^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*,')
_ID_LAST = re.compile(rb'"id"\s*:\s*(\d{1,15})\s*\}\s*$')  # one brace: the outermost object's own id


def _named_id(head: bytes, tail: bytes) -> int | None:
    found = _ID_FIRST.search(head) or _ID_LAST.search(tail)
    return int(found.group(1)) if found else None
