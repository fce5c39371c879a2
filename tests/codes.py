"""Every error and finding code that the source can give, found in its syntax trees.

A code is what is passed as `code` to an error (FinchatError's tree, CallError, WriteError, Failure) or a finding
(Finding, _Told), what their class bodies and `error.code = …` say, and what helpers with a parameter `code` are given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "finchat"
ERRORS = ("FinchatError", "CallError", "WriteError", "Failure")
FINDINGS = ("Finding", "_Told", "Problem")


class NotFollowed(AssertionError):
    """A code comes from an expression that is none of the known forms: write it as a literal or from a table."""


def codes_of(package: Path, roots: tuple[str, ...]) -> set[str]:
    """The codes given to the classes `roots`, their subclasses, and the functions that hand a `code` on to them."""
    modules = {path: _Module(path, tree, nodes) for path, (tree, nodes) in _trees(package).items()}
    for module in modules.values():
        module.look_around(modules)
    source = _Source(modules, dict.fromkeys(roots, _NAMED))
    source.learn_classes()
    while source.learn_helpers():
        pass
    return set(source.codes())


@cache
def _trees(package: Path) -> dict[str, tuple[ast.Module, list[tuple[ast.AST, ast.AST]]]]:
    """The modules that know the word, parsed once."""
    texts = {str(path.relative_to(package)): path.read_text("utf-8") for path in package.rglob("*.py")}
    trees = {path: ast.parse(text) for path, text in texts.items() if "code" in text}
    return {path: (tree, list(_with_scope(tree))) for path, tree in trees.items()}


_NAMED = -1  # `code` is never given by position


@dataclass
class _Module:
    path: str
    tree: ast.Module
    nodes: list[tuple[ast.AST, ast.AST]]  # (the function it is in, or the module; the node)
    origins: dict[str, _Module] = field(default_factory=dict)  # imported name → module of the package
    helpers: dict[str, int] = field(default_factory=dict)  # function → position of its `code` in a call

    def look_around(self, modules: Mapping[str, _Module]) -> None:
        for _, node in self.nodes:
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("finchat."):
                origin = modules.get("/".join(node.module.split(".")[1:]) + ".py")
                self.origins |= {alias.name: origin for alias in node.names if origin is not None}

    def helper(self, name: str) -> int | None:
        home = self.origins.get(name, self)
        return home.helpers.get(name)


@dataclass
class _Source:
    modules: Mapping[str, _Module]
    makers: dict[str, int]  # class → position of its `code` in a call

    def learn_classes(self) -> None:
        classes = [n for m in self.modules.values() for _, n in m.nodes if isinstance(n, ast.ClassDef)]
        for found in classes:
            fields = [_name(n.target) for n in found.body if isinstance(n, ast.AnnAssign)]
            if found.name in self.makers and not found.bases and "code" in fields and not _keywords_only(found):
                self.makers[found.name] = fields.index("code")
        while new := [c for c in classes if c.name not in self.makers and self._of_makers(c.bases)]:
            self.makers |= {c.name: _NAMED for c in new}

    def learn_helpers(self) -> bool:
        """Functions that give their parameter `code` to a maker. True when one was new."""
        new = False
        for module in self.modules.values():
            for scope, node in module.nodes:
                if not isinstance(node, ast.Call):
                    continue
                names = [a.arg for a in _parameters(scope) if a.arg not in {"self", "cls"}]
                if "code" in names and any(
                    _name(e) == "code" for e in self._given(module, node)
                ):  # fmt: skip
                    assert isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef)
                    new |= scope.name not in module.helpers
                    module.helpers[scope.name] = names.index("code")
        return new

    def codes(self) -> Iterator[str]:
        for module in self.modules.values():
            for scope, node in module.nodes:
                expressions: list[ast.expr] = []
                if isinstance(node, ast.Call):
                    expressions = [*self._given(module, node)]
                elif isinstance(node, ast.Assign) and any(self._is_code(t, scope) for t in node.targets):
                    expressions = [node.value]
                elif isinstance(node, ast.ClassDef) and node.name in self.makers:
                    expressions = [*_assigned(node.body, "code")]
                for expression in expressions:
                    yield from self._words(expression, module, scope)

    def _given(self, module: _Module, call: ast.Call) -> Iterator[ast.expr]:
        """The expression of the code in a call of a maker or helper."""
        name = _name(call.func)
        position = self.makers.get(name, module.helper(name))
        if position is not None:
            yield from (keyword.value for keyword in call.keywords if keyword.arg == "code")
            yield from call.args[position : position + 1] if position >= 0 else ()

    def _is_code(self, target: ast.expr, scope: ast.AST) -> bool:
        """`failure.code = …`, where failure is one of these in its function."""
        if not isinstance(target, ast.Attribute) or target.attr != "code":
            return False
        made = [v.func for v in _assigned(ast.walk(scope), _name(target.value)) if isinstance(v, ast.Call)]
        hints = [a.annotation for a in _parameters(scope) if a.arg == _name(target.value)]
        return self._of_makers([*made, *hints])

    def _of_makers(self, nodes: list[ast.expr] | list[ast.expr | None]) -> bool:
        return any(_name(node) in self.makers for node in nodes)

    def _words(self, e: ast.expr, module: _Module, scope: ast.AST) -> Iterator[str]:
        """The strings an expression can be. A code read from another error (`error.code`) was counted there."""
        if isinstance(e, ast.Constant) and isinstance(e.value, str):
            yield e.value
        elif isinstance(e, ast.Name):
            if e.id not in {a.arg for a in _parameters(scope)}:  # those are counted where the function is called
                home = module.origins.get(e.id, module)
                values = [*_assigned(ast.walk(scope), e.id)] or [*_assigned(home.tree.body, e.id)]
                if not values:
                    raise NotFollowed(f"{module.path}: {e.id}")
                for value in values:
                    yield from self._words(value, home, scope)
        elif (parts := _parts(e)) is not None:
            for part in parts:
                yield from self._words(part, module, scope)
        else:
            raise NotFollowed(f"{module.path}: {ast.unparse(e)}")


def _parts(e: ast.expr) -> list[ast.expr] | None:
    """What an expression chooses from; none of its own when it takes the code of another error or a stranger's word."""
    match e:
        case ast.IfExp():
            return [e.body, e.orelse]
        case ast.Tuple():  # a row of a table: its code comes first
            return e.elts[:1]
        case ast.Dict():
            return e.values
        case ast.Call(func=ast.Attribute(attr="get", value=table)):
            return [table, *e.args[1:]]
        case ast.Attribute(attr="code" | "error_code" | "situation") | ast.Subscript():
            return []
    return None


def _name(node: ast.AST | None) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _parameters(scope: ast.AST) -> list[ast.arg]:
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return []
    return [*scope.args.args, *scope.args.kwonlyargs]


def _keywords_only(node: ast.ClassDef) -> bool:
    return any(k.arg == "kw_only" for d in node.decorator_list if isinstance(d, ast.Call) for k in d.keywords)


def _with_scope(node: ast.AST, scope: ast.AST | None = None) -> Iterator[tuple[ast.AST, ast.AST]]:
    here = node if scope is None or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else scope
    yield here, node
    for child in ast.iter_child_nodes(node):
        yield from _with_scope(child, here)


def _assigned(nodes: Iterator[ast.AST] | list[ast.stmt], name: str) -> Iterator[ast.expr]:
    """What a name is given; of what is unpacked into several names, of which it is the first, the whole."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if name in {_name(target), *(_name(t) for t in getattr(target, "elts", [])[:1])}:
                    yield node.value
        elif isinstance(node, ast.AnnAssign) and _name(node.target) == name and node.value is not None:
            yield node.value
