"""The openai package without its thousand types of requests and answers, which finchat does not use.

`import openai` defines every one of them: 0.4 s of each start and 25 MiB. For the length of that import the packages
under `openai.types` do not run their long lists of imports; they look a name up when they are asked for it, each in the
module that defines it. Nothing is missing: whoever wants `openai.types.Batch` gets it, only later.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_TYPES = "openai.types"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class _Packages(MetaPathFinder):
    """Finds the packages of the types, and has them read later."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _TYPES and not fullname.startswith(f"{_TYPES}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and spec.submodule_search_locations is not None:
            spec.loader = _Later(spec.loader)
        return spec


class _Later(Loader):
    """Runs a package at the first look for a name that none of its modules is called after."""

    def __init__(self, inner: Loader) -> None:
        self._inner = inner

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        def find(name: str) -> Any:
            if name.startswith("__"):  # the import system looks for some of these, and none has to be there
                raise AttributeError(name)
            with _ignored():
                defining = import_module(f"{module.__name__}.{_HUMP.sub('_', name).lower()}")
                if name in module.__dict__:  # it was the module itself that was wanted
                    return defining
                if hasattr(defining, name):
                    return getattr(defining, name)
            module.__dict__.pop("__getattr__", None)
            self._inner.exec_module(module)
            return getattr(module, name)

        module.__dict__["__getattr__"] = find


@contextmanager
def _ignored() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError:
        return


_light = _Packages()
sys.meta_path.insert(0, _light)
try:
    from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, Omit
finally:
    sys.meta_path.remove(_light)

__all__ = ["APIConnectionError", "APIStatusError", "APITimeoutError", "AsyncOpenAI", "Omit"]
