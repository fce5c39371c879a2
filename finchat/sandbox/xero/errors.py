"""What the vendor answers when it refuses: texts, shapes and status codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Refusal(Exception):
    """One or more validation errors about one object; `field` is what is wrong with it.

    The vendor's messages do not always name the field, so the answer carries it beside the message.
    """

    def __init__(self, message: str, field_name: str) -> None:
        super().__init__(message)
        self.errors: list[tuple[str, str]] = [(message, field_name)]

    def also(self, message: str, field_name: str) -> Refusal:
        """Add a second reason, as the vendor often gives two."""
        self.errors.append((message, field_name))
        return self

    def as_json(self) -> list[dict[str, str]]:
        return [{"Message": message, "Field": name} for message, name in self.errors]


@dataclass(slots=True)
class ApiError(Exception):
    """An answer that ends the request: a status code and its JSON body (or plain text, or nothing)."""

    status: int
    body: dict[str, Any] | str | None
    headers: dict[str, str] = field(default_factory=dict)


def exception(number: int, kind: str, message: str, field_name: str, status: int = 400) -> ApiError:
    """The vendor's error object without elements."""
    return ApiError(status, {"ErrorNumber": number, "Type": kind, "Message": message, "Field": field_name})


def bad_query(message: str, field_name: str) -> ApiError:
    return exception(16, "QueryParseException", message, field_name)


def bad_body(message: str, field_name: str = "body") -> ApiError:
    return exception(14, "PostDataInvalidException", message, field_name)


def validation(elements: list[dict[str, Any]]) -> ApiError:
    """400 with every element echoed, the refused ones with their ValidationErrors."""
    return ApiError(
        400,
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": "A validation exception occurred",
            "Elements": elements,
        },
    )


def not_found(name: str) -> ApiError:
    return ApiError(404, f"The resource you're looking for cannot be found ({name})")
