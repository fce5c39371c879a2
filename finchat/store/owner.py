"""Who of several processes is still there: a lock the operating system frees when its holder ends, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from finchat.chance import hex_text
from finchat.store.database import StorageError, make_private_directory

if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Whether this process now holds the lock of an open file; it is free again when the file is closed."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Whether this process now holds the lock of an open file; it is free again when the file is closed."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class Owner:
    """This process, under a name others can ask about. The lock file lives in `directory` (created 0700).

    `kind` begins the file's name; files of that kind whose process is gone are removed.
    Raises StorageError when the file cannot be written.
    """

    def __init__(self, directory: Path, kind: str) -> None:
        self._directory = directory
        self._kind = kind
        self.name = hex_text("owner", 16)
        make_private_directory(directory)
        path = self._path(self.name)
        # Locked before it gets its name: nobody may find it free and take its owner for gone.
        unnamed = path.with_suffix(".new")
        try:
            self._descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try_lock(self._descriptor)
            unnamed.rename(path)
        except OSError as error:
            raise StorageError(
                f"cannot write {path}: {error.strerror}", code="not_writable", field=str(path),
                next="make the directory writable for you, or set FINCHAT_HOME to another one",
            ) from error  # fmt: skip
        for other in directory.glob(f"{kind}-*.lock"):
            self.present(other.stem.removeprefix(f"{kind}-"))

    def close(self) -> None:
        """Give the name up; safe to call twice."""
        if self._descriptor >= 0:
            self._path(self.name).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def present(self, name: str) -> bool:
        """Whether the process that calls itself `name` still runs; the file of one that does not is removed."""
        if name == self.name:
            return True
        try:
            descriptor = os.open(self._path(name), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # cannot be told: nothing is taken from it
        try:
            if not try_lock(descriptor):
                return True
            self._path(name).unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        return self._directory / f"{self._kind}-{name}.lock"
