"""finchat's own tools for the model, collected: each module here has the rows of one small group.

Every tool computes in code and answers with one JSON object: standard snake_case names, money as decimal strings beside
`currency`, a `period` ({"from", "to"}) or an `as_of` day, lists of records under a plural key, and where it helps a
`next`. A new group is a module with a `rows` function and one line below.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from finchat.app.tools import capabilities, contacts, documents, drafts, organisation, profit, reconciling, several

if TYPE_CHECKING:
    from finchat.agent.tray import Tray
    from finchat.app.desk import Desk
    from finchat.connections.own_tools import OwnTool


def own_tools(desk: Desk, tray: Tray, as_of: date) -> list[OwnTool]:
    """The tools of what is open: of one organisation, or where there are several beside each other each with the
    organisation as an argument. `tray` takes the plans that propose-tools make; `as_of` is the accounting date of the
    run (`--as-of`, else the organisation's today; of others their own)."""
    if not desk.beside:
        return _of(desk, tray, as_of)
    rows = [_of(one, tray, as_of if one is desk else several.as_of(one)) for one in desk.all]
    return [*several.apart(desk.all, rows), *several.rows(desk.all)]


def _of(desk: Desk, tray: Tray, as_of: date) -> list[OwnTool]:
    return [
        *organisation.rows(desk, as_of),
        *contacts.rows(desk, as_of),
        *documents.rows(desk, as_of),
        *profit.rows(desk, as_of),
        *reconciling.rows(desk, tray, as_of),
        *drafts.rows(desk, tray, as_of),
        *capabilities.rows(desk.vendor.label),
    ]
