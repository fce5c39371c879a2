"""finchat's tools where several organisations are open: each takes `organisation`, and two more look across them.

A tool never mixes books: it runs at the desk of one organisation, and its result says which. What reads goes to the
first where none is named, and names the others; what drafts must be told, or was told by `--org`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from finchat.app.tools.shape import money, one_of, period, said_period, text, tool
from finchat.canonical import plain_decimal
from finchat.connections.own_tools import OwnTool
from finchat.errors import UsageError

if TYPE_CHECKING:
    from finchat.app.desk import Desk
    from finchat.workflows.across import Across, Figure

_KEY = "organisation"


def apart(desks: Sequence[Desk], rows: Sequence[Sequence[OwnTool]]) -> list[OwnTool]:
    """One tool for the same tool of every desk. `rows`: the tools of each desk, in the order of `desks`."""
    by_name = [{row.name: row for row in own} for own in rows]
    return [_one(desks, [own[name] for own in by_name]) for name in by_name[0]]


def rows(desks: Sequence[Desk]) -> list[OwnTool]:
    """The tools that look across all open organisations."""
    from finchat.workflows.across import MEASURES

    async def organisations(_: Mapping[str, Any]) -> dict[str, Any]:
        return {"organisations": [_told(desk) for desk in desks]}

    async def across(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return await _across(desks, arguments)

    return [
        tool("organisations", organisations, effect="local"),
        tool(
            "across_organisations",
            across,
            {
                "measure": one_of(*MEASURES),
                "period": text(60),
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            },
            required=("measure",),
        ),
    ]


def as_of(desk: Desk) -> date:
    """The accounting date of an organisation: `--as-of`, else its own today."""
    return desk.call.as_of_date or desk.today()


def _one(desks: Sequence[Desk], rows: Sequence[OwnTool]) -> OwnTool:
    first = rows[0]
    by_key = {desk.settings.name: (desk, row) for desk, row in zip(desks, rows, strict=True)}
    proposes = first.effect == "propose"
    given = desks[0].call.org

    async def run(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        rest = {name: value for name, value in arguments.items() if name != _KEY}
        named = arguments.get(_KEY)
        if proposes:
            named = _to_write(desks, named, given)
        desk, row = by_key[named or desks[0].settings.name]
        result = {_KEY: desk.organisation.name, **await row.run(rest)}
        if named is None and first.effect == "read":
            others = ", ".join(one.settings.name for one in desks[1:])
            hint = f"this is of {desk.organisation.name} alone; the same can be asked with organisation {others}"
            result["next"] = f"{result['next']}; {hint}" if "next" in result else hint
        return result

    parameters = {**first.parameters, "properties": {**first.parameters["properties"], _KEY: dict(one_of(*by_key))}}
    if proposes and given is None:
        parameters["required"] = [*first.parameters.get("required", ()), _KEY]
    return OwnTool(
        name=first.name, description=first.description, parameters=parameters, effect=first.effect, run=run
    )  # fmt: skip


def _to_write(desks: Sequence[Desk], named: Any, given: str | None) -> str:
    """The organisation a draft is for: as it is named, or as `--org` says. Raises UsageError."""
    keys = ", ".join(desk.settings.name for desk in desks)
    if named is None and given is None:
        raise UsageError(
            f"several organisations are open: {keys}", field=_KEY, next="ask the person whose books are to change"
        )
    chosen = desks[0].settings.name
    if given is not None and named not in (None, chosen):
        raise UsageError(
            f"the person chose {desks[0].organisation.name} ({chosen}) for what is written, with --org", field=_KEY,
            next=f"draft it for {chosen}, or tell the person to ask again without --org",
        )  # fmt: skip
    return str(named or chosen)


def _told(desk: Desk) -> dict[str, Any]:
    here = desk.organisation
    return {
        "key": desk.settings.name,
        _KEY: here.name,
        "ledger": desk.vendor.label,
        "base_currency": here.base_currency,
        "sandbox": here.sandbox,
        "as_of": as_of(desk).isoformat(),
        "financial_year_end": f"{here.year_end_month:02d}-{here.year_end_day:02d}",
    }


async def _across(desks: Sequence[Desk], arguments: Mapping[str, Any]) -> dict[str, Any]:
    from finchat.workflows.across import OF_A_PERIOD, Books, Measure, across

    measure = cast("Measure", arguments["measure"])
    words = arguments.get("period")
    if (measure in OF_A_PERIOD) != (words is not None):
        if words is None:
            raise UsageError(f"{measure} is of a period", field="period", next="give period, such as last quarter")
        raise UsageError(f"{measure} is as of a day, not of a period", field="period", next="leave it out")
    books = [
        Books(
            organisation=desk.organisation,
            provider=desk.provider,
            as_of=as_of(desk),
            period=None if words is None else said_period(words, desk, as_of(desk)),
        )
        for desk in desks
    ]
    return _document(await across(measure, books, str(arguments.get("currency", ""))))


def _document(found: Across) -> dict[str, Any]:
    result: dict[str, Any] = {
        "measure": found.measure,
        "organisations": [_figure(found, one) for one in found.figures],
    }
    used = {rate for one in found.figures if one.converted for rate in one.converted[1].by}
    if found.into:
        result["exchange_rates"] = [
            {
                "from_currency": rate.currency,
                "to_currency": rate.base,
                "exchange_rate": plain_decimal(rate.rate),
                "date": rate.date.isoformat(),
                "source": rate.source,
                **({"document_number": rate.number} if rate.number else {}),
            }
            for rate in sorted(used, key=lambda one: (one.currency, one.base, one.source))
        ]
    if found.total is not None:
        result["converted_total"] = money(found.total, found.into)
        result["currency"] = found.into
        result["next"] = "name the rates with their day and source beside every converted figure"
    elif found.missing:
        result["next"] = (
            f"no ledger knows a rate from {', '.join(found.missing)} to {found.into}: give the figures as they are, "
            "and no total"
        )
    else:
        result["next"] = "figures of different currencies are never added; give each as it is"
    return result


def _figure(found: Across, one: Figure) -> dict[str, Any]:
    named: dict[str, Any] = {_KEY: one.books.organisation.name}
    if one.books.period is not None:
        named["period"] = period(one.books.period.window)
    else:
        named["as_of"] = one.books.as_of.isoformat()
    told = {**named, found.measure: money(one.amount, one.currency), "currency": one.currency}
    if found.into and one.currency == found.into:  # so that what is converted adds up to the total
        told["converted"] = {f"{found.measure}_converted": money(one.amount, one.currency), "currency": one.currency}
    elif one.converted is not None:
        amount, how = one.converted
        told["converted"] = {
            f"{found.measure}_converted": money(amount, how.into),
            "currency": how.into,
            "exchange_rate": plain_decimal(how.rate),
        }
    return told
