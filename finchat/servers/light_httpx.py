"""httpx without its command-line program.

`import httpx` also imports that program, and with it rich and click, when they are installed: 30 ms of every start of
a server process. httpx falls back by itself when the program is missing, so it is hidden for the length of the import.
"""

from __future__ import annotations

import sys

_PROGRAM = "httpx._main"
_hidden = "httpx" not in sys.modules
if _hidden:
    sys.modules[_PROGRAM] = None  # type: ignore[assignment]
import httpx  # noqa: E402

if _hidden:
    sys.modules.pop(_PROGRAM, None)

__all__ = ["httpx"]
