"""The rooms of the house and who may import whom. Imports inside functions and under TYPE_CHECKING count as well."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "finchat"
GROUND_FLOOR = {
    "errors", "error_codes", "settings", "model_settings", "prompts", "clock",
    "canonical", "chance", "events", "json_schema", "text", "dialects",
}  # fmt: skip
EVERYTHING = {"*"}
# The third column of the design's table; every room may also import the ground floor.
ROOMS: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli", "app"},
    "cli": {"app"},
    "app": EVERYTHING,
    "ui": {"agent", "workflows", "safety", "books"},
    "agent": {"connections", "safety", "books", "store"},
    "workflows": {"providers", "safety", "books", "store"},
    "safety": {"connections", "books", "store", "verifier"},  # one checker of the audit chain, inside and outside
    "providers": {"connections", "books"},
    "cassettes": {"agent", "connections", "safety", "store"},
    "connections": {"store"},
    "books": set(),
    "store": set(),
    "servers": set(),
    "sandbox": {"books"},
    "verifier": set(),
    **{room: set() for room in GROUND_FLOOR},
}
# The one file of a room that may use a package, as the design has it.
SOLE_IMPORTERS = {
    "rapidfuzz": ("books/matching/",),
    "openai": ("agent/openai/",),
    "sqlglot": ("agent/evidence/",),
    "typer": ("cli.py",),
    "rich": ("ui/",),
    "lark": ("dialects/",),
    "httpx": ("servers/",),
    "cryptography": ("safety/keys.py",),
    "httpx2": ("connections/", "agent/openai/"),
    "mcp": ("connections/", "servers/", "app/"),  # app names the type it passes on
    "mcp_types": ("connections/", "servers/"),
    "uvicorn": ("servers/", "sandbox/"),
    "starlette": ("servers/", "sandbox/"),
    "mt940": ("workflows/bank_files/mt940.py",),
    "charset_normalizer": ("workflows/bank_files/text.py",),
    "xlsxwriter": ("workflows/export/",),
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def nodes(module: Path) -> Sequence[ast.AST]:
    """The syntax tree of a module, walked once."""
    return list(ast.walk(ast.parse(module.read_text("utf-8"))))


@cache
def imports(module: Path) -> set[str]:
    """Dotted names a module imports, relative ones resolved."""
    package = ["finchat", *module.relative_to(PACKAGE).parent.parts]
    names: set[str] = set()
    for node in nodes(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, node.module] if node.module else base)
            names |= {f"{origin}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("room", sorted({room_of(module) for module in modules()}))
def test_a_room_imports_only_what_the_design_allows(room: str) -> None:
    for module in modules():
        if room_of(module) == room:
            imports_what_the_design_allows(module, room, ROOMS[room])


def imports_what_the_design_allows(module: Path, room: str, allowed: set[str]) -> None:
    if allowed == EVERYTHING:
        return
    for name in imports(module):
        if not name.startswith("finchat."):
            continue
        other = name.split(".")[1]
        if other in {room, "__version__"}:
            continue
        if room == "verifier":
            pytest.fail(f"the verifier runs without finchat, but imports {name}")
        assert other in allowed | GROUND_FLOOR, f"{room} may not import {name}, as {module} does"
        if room == "sandbox" and other == "books":
            assert name.split(".")[2] == "money", f"the sandbox knows only money of the books, not {name}"


@pytest.mark.parametrize("package", SOLE_IMPORTERS)
def test_a_package_is_used_only_where_the_design_puts_it(package: str) -> None:
    for module in modules():
        where = str(module.relative_to(PACKAGE))
        if package in {name.split(".")[0] for name in imports(module)}:
            assert where.startswith(SOLE_IMPORTERS[package]), f"{where} imports {package}"


def test_the_books_are_pure() -> None:
    for module in (PACKAGE / "books").rglob("*.py"):
        for name in imports(module):
            top = name.split(".")[0]
            matcher = "matching" in module.relative_to(PACKAGE).parts
            assert top in sys.stdlib_module_names | {"finchat"} or (matcher and top == "rapidfuzz"), (module, name)
            assert top not in {"asyncio", "sqlite3", "socket", "subprocess", "os", "random"}, (module, name)


def test_the_verifier_is_one_file_of_the_standard_library() -> None:
    for name in imports(PACKAGE / "verifier.py"):
        assert name.split(".")[0] in sys.stdlib_module_names


def test_only_the_face_prints() -> None:
    allowed = {"ui", "cli", "__main__", "verifier"}
    for module in modules():
        for node in nodes(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "input"}:
                assert room_of(module) in allowed, f"{module} prints"


def test_the_test_of_rooms_sees_a_wrong_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "books" / "wrong.py"
    wrong.parent.mkdir()
    wrong.write_text("def f():\n    from finchat.connections import sessions\n")
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    with pytest.raises(AssertionError, match=r"books may not import finchat\.connections"):
        test_a_room_imports_only_what_the_design_allows("books")
