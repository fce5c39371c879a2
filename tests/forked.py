"""finchat in real processes without a cold start: each is forked from one that has loaded the program and run nothing.

A process has what a shell would give it: its own arguments, environment, folder and streams or terminal, and it ends
with its own exit code or by its own signal. Only the import of the program has happened before. What a start itself
does (imports, closed streams, a server's life) is for tests that start the interpreter.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import gc
import importlib
import json
import os
import pkgutil
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pexpect
from ptyprocess import PtyProcess  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]
# What finchat and its libraries import only when it is needed.
_LATER = (
    "anyio._backends._asyncio", "babel.numbers", "jsonschema._legacy_keywords", "lark", "prompt_toolkit",
    "prompt_toolkit.application", "prompt_toolkit.input.vt100", "prompt_toolkit.output.vt100",
    "rapidfuzz.fuzz", "rich.live", "rich.table", "sqlite3", "typer._adapters",
    "typer._click.decorators", "zoneinfo",
)  # fmt: skip
_FINCHAT = "finchat.__main__"
_INTEGER = struct.Struct("i")


@dataclass
class Process:
    """A process that was forked: its id, and where the end is told."""

    pid: int
    _ending: int
    _status: int | None = None

    def status(self, timeout_s: float | None) -> int | None:
        """As os.waitpid gives it; None while it runs."""
        if self._status is None and select.select([self._ending], [], [], timeout_s)[0]:
            (self._status,) = _INTEGER.unpack(_exactly(self._ending))
            os.close(self._ending)
        return self._status


def command(*arguments: str) -> list[str]:
    """A command that others can start: finchat at their streams, forked. It lives as long as what they started."""
    return [sys.executable, "-I", "-S", str(ROOT / "tests" / "fork_one.py"), _server().address, *arguments]


def run(
    *arguments: str, environment: Mapping[str, str], cwd: Path = ROOT, timeout_s: float = 120, typed: str = "",
    program: str = _FINCHAT,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """A run away from a terminal, with nothing but `typed` to read; raises subprocess.TimeoutExpired after killing
    it."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        given.write(typed.encode())
        given.seek(0)
        streams = (given.fileno(), out.fileno(), errors.fileno())
        process = start(arguments, environment, cwd, streams, terminal=False, program=program)
        status = process.status(timeout_s)
        if status is None:
            os.kill(process.pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(["finchat", *arguments], timeout_s)
        said = []
        for stream in (out, errors):
            stream.seek(0)
            said.append(stream.read().decode())
    return subprocess.CompletedProcess(["finchat", *arguments], os.waitstatus_to_exitcode(status), *said)


class Spawn(pexpect.spawn):  # type: ignore[type-arg]  # it is generic only in its type stubs
    """pexpect's own, around a forked process at a terminal of its own."""

    def _spawnpty(self, args: list[bytes | str], **kwargs: Any) -> PtyProcess:
        ours, theirs = pty.openpty()
        rows, columns = kwargs.get("dimensions") or (24, 80)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = self.env if self.env is not None else os.environ
        cwd = Path(str(self.cwd or ROOT))
        program, *words = (os.fsdecode(a) for a in args[1:])
        process = start(words, environment, cwd, (theirs, theirs, theirs), terminal=True, program=program)
        os.close(theirs)
        return _AtTerminal(process, ours)


def spawn(*arguments: str, program: str = _FINCHAT, **how: Any) -> pexpect.spawn[Any]:
    """finchat at a terminal, with pexpect's own parameters (env, dimensions, encoding, timeout)."""
    child = Spawn(sys.executable, [program, *arguments], **{"cwd": str(ROOT), **how})
    child.delaybeforesend = None
    return child


class _AtTerminal(PtyProcess):  # type: ignore[misc]  # ptyprocess has no types
    """A process that is not our own child: its end is told, not waited for."""

    terminated: bool
    exitstatus: int | None

    def __init__(self, process: Process, fd: int) -> None:
        super().__init__(process.pid, fd)
        self._process = process

    def isalive(self) -> bool:
        return self._ended(0) is None

    def wait(self) -> int | None:
        self._ended(None)
        return self.exitstatus

    def _ended(self, timeout_s: float | None) -> int | None:
        status = self._process.status(timeout_s)
        if status is not None and not self.terminated:
            self.status, self.terminated = status, True
            if os.WIFEXITED(status):
                self.exitstatus = os.WEXITSTATUS(status)
            else:
                self.signalstatus = os.WTERMSIG(status)
        return status


def start(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, streams: Sequence[int], *, terminal: bool,
    program: str = _FINCHAT,
) -> Process:  # fmt: skip
    """Fork one, which runs `main` of the module `program`; `streams` stay open here."""
    ours, theirs = os.pipe()
    order = {
        "arguments": list(arguments), "environment": dict(environment), "cwd": str(cwd), "terminal": terminal,
        "program": program,
    }  # fmt: skip
    text = json.dumps(order).encode() + b"\n"
    channel = _server().channel
    sent = socket.send_fds(channel, [text], [*streams, theirs])
    channel.sendall(text[sent:])
    os.close(theirs)
    (pid,) = _INTEGER.unpack(_exactly(ours))
    return Process(pid, ours)


def _exactly(fd: int) -> bytes:
    data = b""
    while len(data) < _INTEGER.size:
        part = os.read(fd, _INTEGER.size - len(data))
        if not part:
            raise RuntimeError("the process that forks others is gone")
        data += part
    return data


@dataclass(frozen=True)
class _Server:
    process: subprocess.Popen[bytes]
    channel: socket.socket
    address: str


@functools.cache
def _server() -> _Server:
    """The process that has everything loaded, started once for each process of the tests; it goes when we go."""
    ours, theirs = socket.socketpair()
    listener = socket.socket(socket.AF_UNIX)
    address = f"{tempfile.mkdtemp(prefix='finchat-')}/socket"
    listener.bind(address)
    listener.listen()
    fds = [theirs.fileno(), listener.fileno()]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forked", *map(str, fds)], stdin=subprocess.DEVNULL, pass_fds=fds, cwd=ROOT
    )
    theirs.close()
    listener.close()
    return _Server(process, ours, address)


def stop() -> None:
    """End the process that forks the others, if it was ever needed."""
    if _server.cache_info().currsize:
        server = _server()
        server.channel.close()
        server.process.wait(timeout=10)
        shutil.rmtree(Path(server.address).parent)
        _server.cache_clear()


def _serve(channel: socket.socket, listener: socket.socket) -> None:
    _load()
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        for ready in select.select([channel, listener], [], [])[0]:
            if ready is listener:
                with listener.accept()[0] as guest:
                    order, fds = _order(guest)
                    _fork(order, [*fds, os.dup(guest.fileno())], [channel, listener])
            else:
                order, fds = _order(channel)
                if not order:
                    return
                _fork(order, fds, [channel, listener])


def _order(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    text, fds, _, _ = socket.recv_fds(channel, 1 << 16, 4)
    while text and not text.endswith(b"\n"):
        text += channel.recv(1 << 16)
    return (json.loads(text) if text else {}), fds


def _fork(order: dict[str, Any], fds: list[int], own: Sequence[socket.socket]) -> None:
    if os.fork() == 0:
        for one in own:
            one.close()
        _keep(order, fds)
    for fd in fds:
        os.close(fd)


def _reap(number: int, frame: FrameType | None) -> None:
    with contextlib.suppress(ChildProcessError):  # none is left
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _load() -> None:
    import finchat

    for module in pkgutil.walk_packages(finchat.__path__, "finchat."):
        importlib.import_module(module.name)
    for name in _LATER:
        importlib.import_module(name)
    _prepare()
    gc.collect()
    gc.freeze()


def _prepare() -> None:
    """What libraries work out of finchat's own files, the same in every process: sound schemas, the filters' parser."""
    from jsonschema import Draft202012Validator

    from finchat.sandbox.xero.resources import where_sql
    from tests import sound

    Draft202012Validator.check_schema = sound.remembering()  # type: ignore[method-assign]
    sound.look_ahead()
    where_sql("Accounts", 'Status=="ACTIVE"')


def _keep(order: dict[str, Any], fds: list[int]) -> None:
    """Start finchat as a child, wait for it as a shell does, and tell its id and its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, ending = fds
    pid = os.fork()
    if pid == 0:
        os.close(ending)
        _become(order, streams)
    for fd in streams:
        os.close(fd)
    if order.get("bound"):
        threading.Thread(target=_end_with_its_host, args=(ending, pid), daemon=True).start()
    os.write(ending, _INTEGER.pack(pid))
    _, status = os.waitpid(pid, 0)
    os.write(ending, _INTEGER.pack(status))
    os._exit(0)


def _end_with_its_host(ending: int, pid: int) -> None:
    """Whoever kills what it started means the program."""
    os.read(ending, 1)  # nothing is ever sent: it ends
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _become(order: dict[str, Any], streams: list[int]) -> None:
    if order["terminal"]:
        os.setsid()
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
    os.closerange(3, max(streams) + 1)
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    os.chdir(order["cwd"])
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False, buffering=1 if os.isatty(1) else -1)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    sys.argv = ["finchat", *order["arguments"]]
    try:
        importlib.import_module(order.get("program", _FINCHAT)).main()
    finally:
        os._exit(1)


if __name__ == "__main__":
    _serve(*(socket.socket(fileno=int(fd)) for fd in sys.argv[1:]))
