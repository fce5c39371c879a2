"""What the vendor answers when it refuses: Faults with their codes and words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from finchat.dialects.quickbooks_query import QueryError

FaultType = Literal["ValidationFault", "SystemFault"]
_JACKSON_LONGEST = 1000
_INACTIVE = (
    "Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors"
    " or employees."
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error of a Fault. `element` None leaves the member out, as some answers do."""

    message: str
    detail: str
    code: str
    element: str | None = None

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"Message": self.message, "Detail": self.detail, "code": self.code}
        return found if self.element is None else {**found, "element": self.element}


class Fault(Exception):
    """An answer that ends a request: its problems, its HTTP status and whether it carries the time."""

    def __init__(
        self, *problems: Refusal, kind: FaultType = "ValidationFault", status: int = 400, timed: bool = True
    ) -> None:
        super().__init__("; ".join(problem.detail for problem in problems))
        self.problems, self.kind, self.status, self.timed = problems, kind, status, timed

    def as_json(self) -> dict[str, Any]:
        """The member "Fault" of an answer, or of a batch's item."""
        return {"Error": [problem.as_json() for problem in self.problems], "type": self.kind}


def not_found() -> Fault:
    return Fault(Refusal("Object Not Found", f"Object Not Found : {_INACTIVE}", "610", ""))


def bad_id(given: Any) -> Fault:
    detail = f"Id should be a valid number. Supplied value:{given}"
    return Fault(Refusal("Invalid ID", detail, "2030", "Id"), timed=False)


def unsupported(detail: str) -> Fault:
    return Fault(Refusal("Unsupported Operation", detail, "500"))


def no_such_path(path: str) -> Fault:
    """The gateway's host is part of the real text; here it is the sandbox's own."""
    whole = f"https://sandbox.qbo.intuit.com/qbo50{path}"
    return unsupported(
        f"Operation Could not find resource for relative : {path} of full path: {whole} is not supported."
    )


def unknown_property(entity: str, name: str, known: Iterable[str]) -> Fault:
    """The parser's own text: it lists the properties it knows, until it has said enough."""
    names = list(known)
    listed = ""
    for number, other in enumerate(names):
        listed += ("" if number == 0 else ", ") + f'"{other}"'
        if len(listed) > _JACKSON_LONGEST:
            listed += " [truncated]"
            break
    detail = (
        f'Property Name:Unrecognized field "{name}" (class com.intuit.schema.finance.v3.{entity}), not marked as'
        f" ignorable ({len(names)} known properties: {listed}])\n specified is unsupported or invalid"
    )
    return Fault(Refusal("Request has invalid or unsupported property", detail, "2010"))


def bad_property(name: str, detail: str) -> Fault:
    text = f"Property Name:{detail} specified is unsupported or invalid"
    return Fault(Refusal("Request has invalid or unsupported property", text, "2010", name))


def missing(name: str) -> Fault:
    detail = f"Required parameter {name} is missing in the request"
    return Fault(Refusal("Required param missing, need to supply the required value for the API", detail, "2020", name))


def too_long(name: str, longest: int, length: int) -> Fault:
    detail = f"{name} : supplied value's length ({length}) is longer than the maximum {longest}"
    return Fault(Refusal("String length specified does not match the supported length", detail, "2050", name))


def bad_choice(name: str, given: Any, choices: Iterable[str]) -> Fault:
    detail = f"Invalid Enumeration : {name} cannot be {given!s}; it is one of {', '.join(choices)}"
    return Fault(Refusal("Invalid Enumeration", detail, "2170", name))


def bad_reference(name: str, detail: str = "") -> Fault:
    text = f"Invalid Reference Id : {detail or f'{name} element id not found'}"
    return Fault(Refusal("Invalid Reference Id", text, "2500", name))


def duplicate_name() -> Fault:
    return Fault(Refusal("Duplicate Name Exists Error", "The name supplied already exists. : null", "6240"))


def duplicate_number(number: str, entity: str, identity: str) -> Fault:
    detail = (
        "Duplicate Document Number Error : You must specify a different number. This number has already been used."
        f" DocNumber={number} is assigned to TxnType={entity} with TxnId={identity}"
    )
    return Fault(Refusal("Duplicate Document Number Error", detail, "6140", ""))


def stale(user: str = "Sample User") -> Fault:
    detail = (
        f"Stale Object Error : You and {user} were working on this at the same time. {user} finished before you did,"
        " so your work was not saved."
    )
    return Fault(Refusal("Stale Object Error", detail, "5010", ""))


def business(detail: str, element: str = "") -> Fault:
    text = f"Business Validation Error: {detail}"
    return Fault(
        Refusal("A business validation error has occurred while processing your request", text, "6000", element)
    )


def wrong_amount(supplied: Any) -> Fault:
    detail = f"Amount is not equal to UnitPrice * Qty. Supplied value:{supplied}"
    return Fault(Refusal("Amount calculation incorrect in the request", detail, "6070", "Line.Amount"))


def unbalanced() -> Fault:
    detail = "Debits and credits do not match: the total of the debits must equal the total of the credits"
    return Fault(Refusal("Debits and credits are not equal", detail, "2300", "Line"))


def closed_period(closing: str) -> Fault:
    detail = (
        "The account period has closed and the account books cannot be updated through the QBO Services API:"
        f" transactions dated on or before {closing} are locked"
    )
    return Fault(Refusal("Account Period Closed, Cannot Update Through Services API", detail, "6200", "TxnDate"))


def deposited(entity: str) -> Fault:
    detail = (
        "The transaction cannot be changed: this transaction has been deposited. If you want to change or delete it,"
        f" you must edit the deposit it appears on and remove it first. ({entity})"
    )
    return Fault(Refusal("Deposited Transaction cannot be changed", detail, "6540", ""))


def bad_query(error: QueryError) -> Fault:
    message = "Error parsing query" if error.code == "4000" else "Invalid query"
    return Fault(Refusal(message, error.detail, error.code))


def system(detail: str, status: int = 500) -> Fault:
    return Fault(
        Refusal("An application error has occurred while processing your request", detail, "10000"),
        kind="SystemFault",
        status=status,
    )
