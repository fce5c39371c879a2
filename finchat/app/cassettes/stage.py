"""Where a recording is replayed: a throw-away folder, the recorded terminal and environment, and nothing beyond.

Files are read and written inside the folder only, the program's own besides; no socket is connected or listened at and
no program started, whatever a run tries.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from finchat import prompts
from finchat.cassettes.local_state import is_of_the_program, opener, path_of
from finchat.errors import ExitCode, FinchatError

# What a run may read of its environment: a recording holds these, and its replay sees no others. What rich, which
# draws, goes by is among them.
VARIABLES = (
    "FINCHAT_NOW", "FINCHAT_THEME", "NO_COLOR", "FORCE_COLOR", "COLORTERM", "TERM", "COLUMNS", "LINES", "LANG",
    "LC_ALL", "LC_CTYPE", "COLORFGBG", "TERM_PROGRAM", "OPENAI_BASE_URL", "OPENAI_MODEL", "EDITOR", "VISUAL",
    "TTY_COMPATIBLE", "TTY_INTERACTIVE", "UNICODE_VERSION", "JUPYTER_COLUMNS", "JUPYTER_LINES",
)  # fmt: skip
# What Python itself and the system need; all else of the machine that replays is hidden: no key of it can be shown.
_OF_THE_MACHINE = ("PYTHON", "COVERAGE", "LD_", "DYLD_")
_NAMES_OF_THE_MACHINE = frozenset({"PATH", "HOME", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "VIRTUAL_ENV"})
_FORBIDDEN = frozenset({
    "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr",
    "socket.sendto", "socket.sendmsg", "subprocess.Popen", "os.system", "os.exec",
    "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile", "webbrowser.open", "ftplib.connect",
    "smtplib.connect",
})  # fmt: skip
_WITHIN = "record it with paths in the current folder"
_CHANGES = frozenset({
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.chown",
    "os.utime",
})  # fmt: skip
_SYSTEM = (*(f"{os.path.realpath(place)}/" for place in zoneinfo.TZPATH), "/proc/sys/kernel/random/")
_READS = frozenset({"os.listdir", "os.scandir", "sqlite3.connect"})


Show = Callable[[bytes], None]


class LeftTheStage(FinchatError):
    """A replay tried to reach the network, start a program or write a file elsewhere."""

    exit_code = ExitCode.MISMATCH
    code = "replay_left_stage"


@dataclass(kw_only=True)
class Terminal:
    """What the standard streams of a run are. `width` and `height` in cells."""

    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    width: int = 80
    height: int = 25
    encoding: str = "utf-8"


@dataclass(kw_only=True)
class Printed:
    """What a run printed, byte for byte."""

    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)


class _Kept(io.RawIOBase):
    """Keeps what is written, and passes it on at once. `names`: paths of this machine, and what a recording calls
    them."""

    def __init__(self, into: bytearray, show: Callable[[bytes], None] | None, names: Mapping[bytes, bytes]) -> None:
        super().__init__()
        self._into = into
        self._show = show
        self._names = names

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        given = shown = bytes(data)
        for path, name in self._names.items():
            shown = shown.replace(path, name)
        self._into += shown
        if self._show is not None:
            self._show(shown)
        return len(given)


class _Stream(io.TextIOWrapper):
    """A standard stream of the stage. `recorded`: nothing that passes is drawn on it."""

    recorded = True

    def __init__(self, raw: io.RawIOBase, encoding: str, *, terminal: bool) -> None:
        super().__init__(cast(Any, raw), encoding=encoding, errors="backslashreplace", newline="", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class _Nothing(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> int:
        return 0


@contextmanager
def stage(
    terminal: Terminal, environment: Mapping[str, str], *, show: tuple[Show, Show] | None = None
) -> Iterator[tuple[Path, Printed]]:
    """A folder as working directory with the finchat home `home` in it, and what is printed inside the block.

    `show` is given the bytes for stdout and stderr as they come. Everything is put back at the end.
    """
    printed = Printed()
    to_stdout, to_stderr = show or (None, None)
    before = os.getcwd(), sys.stdin, sys.stdout, sys.stderr, dict(os.environ)
    searched = list(sys.path)
    with tempfile.TemporaryDirectory(prefix="finchat-replay-", ignore_cleanup_errors=True) as made:
        folder = Path(made).resolve()
        (folder / "home").mkdir()
        with suppress(OSError, NotImplementedError):  # a file of the working directory may be named by its whole path
            (folder / "work").symlink_to(".", target_is_directory=True)
        names = {os.fsencode(folder / "home"): b"home", os.fsencode(folder): b"work"}
        try:
            sys.path[:] = [os.path.abspath(place) for place in searched]  # no module is taken from the folder
            os.chdir(folder)
            sys.stdin = _Stream(_Nothing(), terminal.encoding, terminal=terminal.stdin)
            sys.stdout = _Stream(_Kept(printed.stdout, to_stdout, names), terminal.encoding, terminal=terminal.stdout)
            sys.stderr = _Stream(_Kept(printed.stderr, to_stderr, names), terminal.encoding, terminal=terminal.stderr)
            _environment(environment, terminal)
            with _confined(folder):
                yield folder, printed
                sys.stdout.flush()
                sys.stderr.flush()
        finally:
            os.chdir(before[0])
            sys.path[:] = searched
            sys.stdin, sys.stdout, sys.stderr = before[1:4]
            os.environ.clear()
            os.environ.update(before[4])
            _set_zone()


def _environment(recorded: Mapping[str, str], terminal: Terminal) -> None:
    for name in list(os.environ):
        if name not in _NAMES_OF_THE_MACHINE and not name.startswith(_OF_THE_MACHINE):
            del os.environ[name]
    os.environ.update(recorded)
    os.environ.update(FINCHAT_HOME="home", TZ="UTC", LOGNAME="somebody", USER="somebody")
    if terminal.stdout or terminal.stderr:  # a pipe has no size but what COLUMNS says
        os.environ.update(COLUMNS=str(terminal.width), LINES=str(terminal.height))
    _set_zone()


def _set_zone() -> None:
    if hasattr(time, "tzset"):
        time.tzset()


# Audit hooks cannot be taken away: one stays, and looks at the folder that it holds a run to, if any.
_held: list[Path] = []
_hooked: list[bool] = []


@contextmanager
def _confined(folder: Path) -> Iterator[None]:
    if not _hooked:
        sys.addaudithook(_look)
        _hooked.append(True)
    _held.append(folder)
    try:
        yield
    finally:
        _held.pop()


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if not _held:
        return
    if event in _FORBIDDEN:
        raise LeftTheStage(f"a replay tried what only a live run may: {event}", next="report it: this is a fault")
    if event == "open":
        path, mode, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) if isinstance(flags, int) else 0
        if _inside(path):
            return
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            if not (_is_compiled(path) and opener(__name__) == "another"):  # Python keeps a module that it imports
                raise LeftTheStage(f"a replay tried to write {path}", next=_WITHIN)
        elif not _may_be_read(path):
            raise LeftTheStage(f"a replay tried to read {path}", next=_WITHIN)
    elif event in _READS:
        path = path_of(arguments[0])
        if path is not None and not _inside(path) and not _may_be_read(path):
            raise LeftTheStage(f"a replay tried to read {path}", next=_WITHIN)
    elif event in _CHANGES:
        paths = [a for a in arguments if isinstance(a, str | bytes | os.PathLike)]
        if not all(map(_inside, paths)) and not (all(map(_is_compiled, paths)) and opener(__name__) == "another"):
            raise LeftTheStage(f"a replay tried to change {arguments[0]}", next=_WITHIN)


def _inside(path: Any) -> bool:
    """Whether a path is in the folder, or where nothing is."""
    if not isinstance(path, str | bytes | os.PathLike):
        return True  # a descriptor that is open already
    text = os.path.realpath(os.fsdecode(path))
    return text == os.devnull or Path(text).is_relative_to(_held[-1])


def _may_be_read(path: Any) -> bool:
    """Whether a file outside of the folder is not there, or finchat's own, or one that Python or a package asks for."""
    text = os.path.realpath(os.fsdecode(path))
    if not os.path.lexists(text) or text.startswith(_SYSTEM) or Path(text).is_relative_to(prompts.folder()):
        return True
    return is_of_the_program(path) or opener(__name__) == "another"


def _is_compiled(path: Any) -> bool:
    text = os.path.realpath(os.fsdecode(path))
    return Path(text).parent.name == "__pycache__" or text.endswith("__pycache__")
