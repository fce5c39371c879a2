"""A session's file as it is written: a line at once for each thing that happens, and nothing ever waits for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finchat import __version__
from finchat.agent.conversation import Asked, Change, Conversation
from finchat.agent.sessions import lines
from finchat.clock import utc_now
from finchat.errors import FinchatError, plain
from finchat.events import Emit, Notice, silent
from finchat.store.database import make_private_directory
from finchat.store.owner import try_lock

if TYPE_CHECKING:
    from finchat.agent.events import AgentEvent
    from finchat.agent.messages import Api

Now = Callable[[], datetime]


def files_of(path: Path) -> tuple[Path, ...]:
    """All files of the session whose lines are at `path`; that one last, so that what is half deleted is still seen."""
    evidence = [path.with_suffix(f".sqlite3{end}") for end in ("", "-wal", "-shm", "-journal")]
    return (*evidence, path.with_suffix(".sent.jsonl"), path)


class SessionLog:
    """Appends to FINCHAT_HOME/sessions/ID.jsonl (mode 0600), which one process at a time holds open.

    Each line is given to the operating system whole before `note` returns, so that a process that is killed leaves all
    of them; they are not synced. The file begins with the first question. Where it cannot be written, that is said
    once, the lines wait in memory, and the next one tries again; nothing is ever raised.
    """

    def __init__(
        self, path: Path, header: Mapping[str, Any] | None, *, now: Now = utc_now, emit: Emit = silent,
        descriptor: int | None = None,
    ) -> None:  # fmt: skip
        """`header`: of a session that is new; `descriptor`: of one that goes on, open for appending and locked."""
        self.id = path.stem
        self.path = path
        self._header = header
        self._now = now
        self._created = now()
        self._emit = emit
        self._descriptor = descriptor
        self._size = 0 if descriptor is None else os.fstat(descriptor).st_size
        self._waiting: list[bytes] = []
        self._goes_on: bytes | None = None  # that another process goes on: told once it does something
        self._begun = descriptor is not None
        self._told = False
        self._closed = False

    def conversation(self) -> Conversation:
        """A new conversation, which is kept here."""
        conversation = Conversation(listener=self.note)
        self._header = {**(self._header or {}), "mark": conversation.fence.mark}
        return conversation

    def note(self, what: Change | AgentEvent) -> None:
        """Keep a change of the conversation, or what the agent told its faces; what needs no keeping is let go."""
        try:
            found = lines.line_of(what)
            if found is not None:
                self._begun = self._begun or isinstance(what, Asked)
                self._append(*found)
        except (ValueError, TypeError, RecursionError) as odd:  # something that no line can carry
            self._say(f"it holds what cannot be written ({type(odd).__name__})")

    def decided(self, plan_id: str, *, status: str, left: int, words: Sequence[str]) -> None:
        """What became of a plan that a person was shown: its status, how many writes still wait, a line a proposal."""
        self._append("decided", {"plan_id": plan_id, "status": status, "left": left, "lines": list(words)})

    def resumed(self, *, model: str, api: Api, private: bool) -> None:
        """Another process goes on, perhaps with another model; kept with the next thing that happens."""
        data = {"finchat": __version__, "model": model, "api": api, "private": private}
        self._goes_on = lines.encoded("resumed", data, self._now())

    def rename(self, title: str) -> None:
        """What the session is called from now on."""
        self._append("title", {"text": title})

    def close(self) -> None:
        """Let another process have it; safe to call twice. A session in which nothing was asked leaves nothing."""
        if self._closed:
            return
        self._closed = True
        if self._descriptor is not None:
            if self._waiting:
                self._write()
            os.close(self._descriptor)
            self._descriptor = None
        elif not self._begun:
            for path in files_of(self.path):
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def __enter__(self) -> SessionLog:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _append(self, kind: str, data: Mapping[str, Any]) -> None:
        if self._closed:
            return
        if self._goes_on is not None:
            self._waiting.append(self._goes_on)
            self._goes_on = None
        self._waiting.append(lines.encoded(kind, data, self._now()))
        if self._begun:
            self._write()

    def _write(self) -> None:
        try:
            if self._descriptor is None:
                self._begin()
            self._put(b"".join(self._waiting))
            self._waiting.clear()
        except (OSError, FinchatError) as error:
            self._say(error.message if isinstance(error, FinchatError) else plain(error))

    def _begin(self) -> None:
        """Make the file, whose first line says what it is of."""
        make_private_directory(self.path.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o600)
        try_lock(self._descriptor)
        if self._header is not None:
            self._waiting.insert(0, lines.encoded("session", self._header, self._created))
            self._header = None

    def _put(self, data: bytes) -> None:
        """All of it, or nothing: what a full disk took in part is taken back, as no line may begin in the middle."""
        assert self._descriptor is not None
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)

    def _say(self, why: str) -> None:
        if not self._told:
            self._told = True
            text = f"this session is not kept in {self.path}: {why}; it goes on, but may not be resumed"
            self._emit(Notice(text=text, severity="warning"))
