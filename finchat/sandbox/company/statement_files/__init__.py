"""Statements as the files banks hand out: CSV in several banks' habits, OFX, QFX, CAMT and MT940. Pure.

Written from the formats' own specifications. A line's FITID is carried by every format that has a place for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from finchat.sandbox.company.statement_files import camt, csv_styles, mt940, ofx
from finchat.sandbox.company.statement_files.statement import Statement, StatementLine

_Renderer = Callable[[Statement, str], bytes]
_RENDERERS: Mapping[str, tuple[_Renderer, tuple[str, ...]]] = {
    "csv": (csv_styles.render, csv_styles.STYLES),
    "ofx": (ofx.render, ofx.STYLES),
    "qfx": (ofx.render_quicken, ofx.STYLES),
    "camt053": (camt.render_statement, camt.STYLES),
    "camt052": (camt.render_report, camt.STYLES),
    "camt054": (camt.render_notification, camt.STYLES),
    "mt940": (mt940.render, mt940.STYLES),
}
# Format -> its styles, the usual one first.
FORMATS: Mapping[str, tuple[str, ...]] = {name: styles for name, (_renderer, styles) in _RENDERERS.items()}
EXTENSIONS: Mapping[str, str] = {
    "csv": "csv", "ofx": "ofx", "qfx": "qfx", "camt053": "xml", "camt052": "xml", "camt054": "xml", "mt940": "sta",
}  # fmt: skip


def render(statement: Statement, format: str, style: str | None = None) -> bytes:
    """The file of a statement, the same bytes for the same arguments. Raises KeyError for what FORMATS does not list.

    Amounts are in the statement's currency; CSV styles without a balance column carry no balances.
    """
    renderer, styles = _RENDERERS[format]
    chosen = styles[0] if style is None else style
    if chosen not in styles:
        raise KeyError(chosen)
    return renderer(statement, chosen)


__all__ = ["EXTENSIONS", "FORMATS", "Statement", "StatementLine", "render"]
