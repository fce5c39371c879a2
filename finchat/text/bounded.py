"""Files that are read whole, up to a size: what a path names may be anything, a device without an end included."""

from __future__ import annotations

import errno
from pathlib import Path

SMALL = 4 * 1024 * 1024
"""Bytes that no file a person writes by hand, and no state file of finchat's, comes near."""


def read_bounded(path: Path, most: int = SMALL) -> bytes:
    """The bytes of a file. Raises OSError when it cannot be read, or is larger than `most` bytes."""
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        size = f"{most // 1024 // 1024} MiB" if most >= 1024 * 1024 else f"{most // 1024} KiB"
        raise OSError(errno.EFBIG, f"it is larger than {size}", str(path))
    return data
