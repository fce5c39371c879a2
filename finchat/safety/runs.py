"""Who is running: one lock file per run, held as long as its process lives, even past SIGKILL of everything else."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from finchat.chance import hex_text
from finchat.safety.approval import user_name
from finchat.store.database import StorageError, make_private_directory

Via = Literal["chat", "command", "apply"]


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of finchat and the lock that says its process lives. Use as a context manager, or call close()."""

    id: str
    locks: Path
    via: Via
    session_id: str | None
    user: str
    _descriptor: int = field(repr=False)

    @classmethod
    def start(cls, locks: Path, *, via: Via = "command", session_id: str | None = None, user: str | None = None) -> Run:
        """A new run whose lock is held. Raises StorageError when the lock file cannot be made."""
        run_id = hex_text("run", 16)
        make_private_directory(locks)
        try:
            descriptor = os.open(_path(locks, run_id), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StorageError(
                f"cannot write {locks}: {error.strerror}", code="not_writable", field="FINCHAT_HOME",
                next="make the directory writable for you, or set FINCHAT_HOME to another one",
            ) from error  # fmt: skip
        return cls(
            id=run_id, locks=locks, via=via, session_id=session_id, user=user or user_name(), _descriptor=descriptor
        )

    def close(self) -> None:
        """Let go of the lock; safe to call twice."""
        if self._descriptor >= 0:
            with suppress(OSError):
                _path(self.locks, self.id).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def is_alive(self, run_id: str) -> bool:
        """Whether the process of a run still lives."""
        if run_id == self.id:
            return True
        with self.take_over(run_id) as gone:
            return not gone

    @contextmanager
    def take_over(self, run_id: str) -> Iterator[bool]:
        """Whether the owner is gone; while the block runs, no other process can find the same out for itself."""
        try:
            # Created when it is missing, so that two processes that find it missing still exclude each other.
            descriptor = os.open(_path(self.locks, run_id), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            yield False
            return
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True
            with suppress(OSError):
                _path(self.locks, run_id).unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _path(locks: Path, run_id: str) -> Path:
    return locks / f"run-{run_id}.lock"
