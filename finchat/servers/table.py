"""The table: what a vendor's API offers, as documented rows. A new resource is rows here and nothing else.

Tool names follow one rule (the machine contract): list_all_VENDOR_PLURAL, get_single_VENDOR_SINGULAR_by_id,
create_a_VENDOR_SINGULAR, update_a_VENDOR_SINGULAR_by_id, delete_a_VENDOR_SINGULAR_by_id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Effect = Literal["read", "write", "destructive"]
Method = Literal["GET", "PUT", "POST", "DELETE"]
Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
# [0-9], not \d: Python's \d takes any script's digits.
DECIMAL_PATTERN = r"^-?[0-9]{1,15}(\.[0-9]{1,10})?$"
MONEY: Schema = {"type": "string", "pattern": DECIMAL_PATTERN, "examples": ["1234.50"]}
DATE: Schema = {"type": "string", "format": "date", "examples": ["2026-11-14"]}
GUID: Schema = {"type": "string", "format": "uuid"}
FLAG: Schema = {"type": "boolean"}


def one_of(*values: str) -> Schema:
    """Text out of a closed list."""
    return {"type": "string", "enum": list(values)}


def texts(most: int, schema: Schema = TEXT) -> Schema:
    """A list of up to `most` values, which upstream is one comma-separated text: no value holds a comma."""
    return {"type": "array", "minItems": 1, "maxItems": most, "items": {"pattern": "^[^,]+$", **schema}}


def records(schema: Schema) -> Schema:
    """A list of at least one record."""
    return {"type": "array", "minItems": 1, "items": dict(schema)}


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One flat argument: what it means, what it may hold, and where it goes in the vendor's request.

    `upstream` is the vendor's own name; in a body a dotted path nests ("Invoice.InvoiceID").
    `convert` turns the checked value into what the vendor expects; it raises ValueError in plain words.
    """

    name: str
    doc: str
    schema: Schema = field(default_factory=lambda: TEXT)
    place: Literal["path", "query", "header", "body"] = "query"
    upstream: str = ""
    required: bool = False
    convert: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """One tool. `envelope` is the key that holds the records in the vendor's answer and, if `wrapped`, in its request.

    `exactly_one`: groups of arguments of which a call gives exactly one. `fixed_body` is sent whatever the arguments.
    `list_form`: name of the argument that takes whole vendor records instead of the flat body arguments.
    `paging`: "vendor" (page and pageSize upstream), "here" (the vendor sends all rows; they are cut here) or None.
    `shape` names how the vendor's answer is turned into records where that differs from taking `envelope`; "single" is
    the bare record.
    """

    name: str
    method: Method
    path: str
    doc: str
    effect: Effect
    resource: str
    envelope: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    exactly_one: tuple[tuple[str, ...], ...] = ()
    fixed_body: Mapping[str, Any] = field(default_factory=dict)
    fixed_query: Mapping[str, str] = field(default_factory=dict)
    wrapped: bool = True
    list_form: str | None = None
    paging: Literal["vendor", "here"] | None = None
    shape: str = "records"

    @property
    def verb(self) -> str:
        """list, get, create, update or delete."""
        return self.name.split("_", 1)[0]

    @property
    def documented(self) -> bool:
        """Whether the tool and each of its arguments say what they are for. What is not documented is not served."""
        return bool(self.doc.strip()) and all(parameter.doc.strip() for parameter in self.parameters)


@dataclass(frozen=True, slots=True)
class Resource:
    """The names a resource goes by; its methods make the rows of its operations."""

    vendor: str
    singular: str
    plural: str
    path: str
    envelope: str
    tags: tuple[str, ...] = ()
    wrapped: bool = True

    def _row(
        self,
        name: str,
        method: Method,
        effect: Effect,
        doc: str,
        parameters: Sequence[Parameter],
        *,
        path: str = "",
        **more: Any,
    ) -> Operation:
        return Operation(
            name=name,
            method=method,
            path=path or self.path,
            doc=doc,
            effect=effect,
            resource=self.plural,
            envelope=self.envelope,
            tags=self.tags or (self.plural,),
            parameters=tuple(parameters),
            wrapped=self.wrapped,
            **more,
        )

    def _identified(self, id: Parameter | None, schema: Schema = GUID) -> Parameter:
        return id or Parameter("id", f"Id of the {self.singular.replace('_', ' ')}.", schema, "path", required=True)

    def list_all(self, doc: str, *parameters: Parameter, **more: Any) -> Operation:
        return self._row(f"list_all_{self.vendor}_{self.plural}", "GET", "read", doc, parameters, **more)

    def get_single(self, doc: str, *, id: Parameter | None = None, **more: Any) -> Operation:
        name = f"get_single_{self.vendor}_{self.singular}_by_id"
        return self._row(name, "GET", "read", doc, (self._identified(id),), path=f"{self.path}/{{id}}", **more)

    def create(self, doc: str, *parameters: Parameter, listed: bool = True, **more: Any) -> Operation:
        """`listed`: the argument named as the envelope takes whole vendor records, as published."""
        more["list_form"] = self.envelope if listed else None
        return self._row(f"create_a_{self.vendor}_{self.singular}", "PUT", "write", doc, parameters, **more)

    def update(self, doc: str, *parameters: Parameter, **more: Any) -> Operation:
        name = f"update_a_{self.vendor}_{self.singular}_by_id"
        rows = (self._identified(None), *parameters)
        return self._row(name, "POST", "write", doc, rows, path=f"{self.path}/{{id}}", **more)

    def delete(self, doc: str, *, method: Method = "DELETE", **more: Any) -> Operation:
        name = f"delete_a_{self.vendor}_{self.singular}_by_id"
        return self._row(
            name, method, "destructive", doc, (self._identified(None),), path=f"{self.path}/{{id}}", **more
        )


_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def check(table: Iterable[Operation]) -> None:
    """Raises ValueError when the table contradicts itself: such a server is never started."""
    seen: set[str] = set()
    for row in table:
        names = [parameter.name for parameter in row.parameters]
        placed = {parameter.name for parameter in row.parameters if parameter.place == "path"}
        if not _NAME.fullmatch(row.name) or row.name in seen:
            raise ValueError(f"{row.name}: not a tool name, or used twice")
        if len(set(names)) != len(names) or {"cursor", "page_size"} & set(names):
            raise ValueError(f"{row.name}: an argument is declared twice")
        if placed != set(re.findall(r"\{(\w+)\}", row.path)):
            raise ValueError(f"{row.name}: the path and its arguments differ")
        if missing := {name for group in row.exactly_one for name in group} - set(names):
            raise ValueError(f"{row.name}: exactly_one names {', '.join(sorted(missing))}, which is no argument")
        if (row.effect == "read") != (row.method == "GET"):
            raise ValueError(f"{row.name}: a {row.method} that is called {row.effect}")
        seen.add(row.name)
