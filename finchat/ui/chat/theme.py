"""Colours by role, for dark and light terminals, and none where none are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "heading", "strong", "emphasis", "code", "strike", "address", "quote", "header", "bar", "negative", "unverified",
    "faint", "error", "good",
]  # fmt: skip
Roles = tuple[Role, ...]
ThemeName = Literal["dark", "light", "none"]

RESET = "\x1b[0m"
_DARK: dict[Role, str] = {
    "heading": "1;36", "strong": "1", "emphasis": "3", "code": "36", "strike": "9", "address": "2", "quote": "2",
    "header": "1;4", "bar": "36", "negative": "31", "unverified": "1;33", "faint": "2", "error": "31", "good": "32",
}  # fmt: skip
# Cyan and yellow cannot be read on white.
_LIGHT: dict[Role, str] = {**_DARK, "heading": "1;34", "code": "34", "bar": "34", "unverified": "1;35"}
_CODES: dict[ThemeName, dict[Role, str]] = {"dark": _DARK, "light": _LIGHT, "none": {}}
# COLORFGBG ends in the background's number: these of the sixteen colours are light.
_LIGHT_BACKGROUNDS = frozenset({"7", "9", "10", "11", "12", "13", "14", "15"})


@dataclass(frozen=True, slots=True)
class Theme:
    """How roles look. `ascii`: the terminal is dumb; no block characters, no bullets."""

    name: ThemeName
    ascii: bool = False

    @property
    def colours(self) -> bool:
        return self.name != "none"

    def code(self, roles: Roles) -> str:
        """The escape that begins these roles; "" where they look like plain text."""
        codes = _CODES[self.name]
        joined = ";".join(codes[role] for role in roles if role in codes)
        return f"\x1b[{joined}m" if joined else ""

    def paint(self, text: str, *roles: Role) -> str:
        """`text`, which is clean already, in these roles; whole in itself: it begins and ends in plain."""
        code = self.code(roles) if text else ""
        return f"{code}{text}{RESET}" if code else text

    def cost(self, roles: Roles) -> int:
        """The bytes that painting in these roles adds."""
        code = self.code(roles)
        return len(code) + len(RESET) if code else 0


PLAIN = Theme("none")
DARK = Theme("dark")
LIGHT = Theme("light")


def choose_theme(setting: str | None, environ: Mapping[str, str], *, terminal: bool, encoding: str = "utf-8") -> Theme:
    """The theme for a stream: none off a terminal, with NO_COLOR (any value) or TERM=dumb; then the setting (dark,
    light, none); then the background that COLORFGBG tells of; else dark."""
    dumb = environ.get("TERM", "") == "dumb"
    narrow = dumb or not encoding.casefold().replace("-", "").startswith("utf")
    if not terminal or dumb or environ.get("NO_COLOR") or setting == "none":
        return Theme("none", ascii=narrow)
    if setting in {"dark", "light"}:
        return Theme("light" if setting == "light" else "dark", ascii=narrow)
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return Theme("light" if background in _LIGHT_BACKGROUNDS else "dark", ascii=narrow)
