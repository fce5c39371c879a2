"""`open_documents` and `find_document`: what is unpaid, and one document whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from finchat.app.tools.contacts import candidates
from finchat.app.tools.shape import DATE, money, one_of, text, tool
from finchat.books.ageing import Ageing, CurrencyTotals, OpenItem, OpenMoney, totals
from finchat.books.details import Detail, DocumentLine, Settled
from finchat.books.periods import parse_day
from finchat.canonical import plain_decimal
from finchat.providers.provider import Side
from finchat.workflows import lookup, open_documents

if TYPE_CHECKING:
    from finchat.app.desk import Desk
    from finchat.connections.own_tools import OwnTool

_BUCKETS_BEGIN = (1, 31, 61, 91)  # days overdue; from any other day on a bucket would be listed in part
_KINDS = {"payment": "payments", "credit_note": "credits", "overpayment": "credits", "prepayment": "credits"}


def rows(desk: Desk, as_of: date) -> list[OwnTool]:
    async def unpaid(arguments: Mapping[str, Any]) -> dict[str, Any]:
        side = cast(Side, arguments["type"])
        day = parse_day(str(arguments["as_of"]), "as_of") if "as_of" in arguments else as_of
        least = int(arguments.get("min_days_overdue", 0))
        currency = arguments.get("currency")
        head: dict[str, Any] = {"type": side, "as_of": day.isoformat(), **({"least_days": least} if least else {})}
        beside: dict[str, Any] = {}
        if "contact" in arguments:
            searched = await lookup.search_contact(desk.provider.lookups(), str(arguments["contact"]))
            if searched.one is None:
                return {**head, _plural(side): [], **candidates(searched)}
            head["contact"] = searched.one.name
            found = await open_documents.open_documents(desk.provider, side, day, searched.one.id)
            beside = candidates(searched)
        elif least or currency:
            found = await open_documents.open_documents(desk.provider, side, day)
        else:  # all that is open is what the control account should hold
            found, control = await open_documents.with_control(desk.provider, side, day)
            beside = {"control_account": _control(control, desk.organisation.base_currency)}
        items = [
            item for item in found.items if item.days_overdue >= least and currency in (None, item.document.currency)
        ]
        credits = [one for one in found.credits if currency in (None, one.credit.currency)]
        return {
            **head,
            "document_count": len(items),
            "currencies": _totals(items, credits, least),
            _plural(side): [_open_row(item) for item in items],
            "unallocated_credits": [_credit_row(one) for one in credits],
            **beside,
            **_undated(found),
        }

    async def one(arguments: Mapping[str, Any]) -> dict[str, Any]:
        named = str(arguments["number"])
        found = await lookup.search_document(desk.provider.lookups(), named)
        if not found.found:
            near = [{"number": number} for number in found.near]
            return {
                "documents": [],
                "near_numbers": near,
                "next": f"no document is called {named!r}; "
                + ("ask which of the near numbers is meant" if near else "ask for its number or contact"),
            }
        accounts = {a.code: a.name for a in (await desk.provider.accounts()).values() if a.code}
        result: dict[str, Any] = {"documents": [_detail(document, accounts) for document in found.found]}
        if len(found.found) > 1:
            result["next"] = "several documents have this number: ask which one is meant"
        return result

    return [
        tool(
            "open_documents",
            unpaid,
            {
                "type": one_of("invoice", "bill"),
                "as_of": DATE,
                "contact": text(),
                "min_days_overdue": {"type": "integer", "minimum": 0, "maximum": 36_500},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            },
            required=("type",),
        ),
        tool("find_document", one, {"number": text(255)}, required=("number",)),
    ]


def _control(control: open_documents.Control, base_currency: str) -> dict[str, Any]:
    def told(amount: Decimal | None) -> str | None:
        return None if amount is None else money(amount, base_currency)

    return {
        "balance": told(control.balance),
        "net_amount_due": told(control.documents),
        "difference": told(control.difference),
        "currency": base_currency,
        "why": control.why,
    }


def _plural(side: Side) -> str:
    return f"{side}s"


def _totals(items: list[OpenItem], credits: list[OpenMoney], least: int) -> list[dict[str, Any]]:
    """Totals per currency. Where only what is `least` days overdue is listed, the total says so in its name, so that it
    passes for no other; credits have no due date and are set off against all that is open, never against a part."""

    def sums(each: CurrencyTotals) -> dict[str, str]:
        due = money(each.amount_due, each.currency)
        if least:
            return {f"amount_due_{least}_days_overdue_or_more": due}
        return {
            "amount_due": due,
            "overdue": money(each.overdue, each.currency),
            "unallocated_credits": money(each.unallocated_credits, each.currency),
            "net_amount_due": money(each.net, each.currency),
        }

    return [
        {
            "currency": each.currency,
            "document_count": each.documents,
            **sums(each),
            "buckets": {
                name: {"amount_due": money(amount, each.currency), "document_count": count}
                for name, (count, amount) in each.buckets.items()
                if not least or (count and least in _BUCKETS_BEGIN)
            },
        }
        for each in totals(items, [] if least else credits)
    ]


def _open_row(item: OpenItem) -> dict[str, Any]:
    document, currency = item.document, item.document.currency
    return {
        "number": document.number or None,
        "contact": document.contact,
        "reference": document.reference or None,
        "date": document.date.isoformat(),
        "due_date": None if document.due_date is None else document.due_date.isoformat(),
        "days_overdue": item.days_overdue,
        "total": money(document.total, currency),
        "amount_paid": money(item.amount_paid, currency),
        "amount_credited": money(item.amount_credited, currency),
        "amount_due": money(item.amount_due, currency),
        "currency": currency,
        "id": document.id,
    }


def _credit_row(one: OpenMoney) -> dict[str, Any]:
    credit = one.credit
    return {
        "type": credit.kind,
        "number": credit.number or None,
        "contact": credit.contact,
        "date": credit.date.isoformat(),
        "total": money(credit.total, credit.currency),
        "remaining_credit": money(one.remaining, credit.currency),
        "currency": credit.currency,
    }


def _undated(found: Ageing) -> dict[str, Any]:
    """The documents whose figures may be of today instead of the day asked for, said so."""
    if not found.undated:
        return {}
    names = [{"number": document.name, "contact": document.contact} for document in found.undated]
    return {
        "not_as_of_the_day": names,
        "next": "say that these stand at what is due today: the ledger does not list each of their payments",
    }


def _detail(document: Detail, account_names: Mapping[str, str]) -> dict[str, Any]:
    currency = document.currency
    lists: dict[str, list[dict[str, Any]]] = {"payments": [], "credits": [], "allocations": []}
    for one in document.settled:
        lists[_KINDS.get(one.kind, "allocations")].append(_settled(one, currency))
    due = "remaining_credit" if document.type.endswith("credit_note") else "amount_due"
    return {
        "type": document.type,
        "number": document.number or None,
        "reference": document.reference or None,
        "contact": document.contact,
        "date": document.date.isoformat(),
        "due_date": None if document.due_date is None else document.due_date.isoformat(),
        "status": document.status,
        "currency": currency,
        "line_amounts_are": document.amounts_are,
        "sub_total": money(document.sub_total, currency),
        "total_tax": money(document.total_tax, currency),
        "total": money(document.total, currency),
        "amount_paid": money(document.amount_paid, currency),
        "amount_credited": money(document.amount_credited, currency),
        due: money(document.amount_due, currency),
        "unexplained_amount": money(document.unexplained, currency),
        "lines": [_line(line, account_names, currency) for line in document.lines],
        **{key: listed for key, listed in lists.items() if listed},
        "id": document.id,
    }


def _settled(one: Settled, currency: str) -> dict[str, Any]:
    return {
        "type": one.kind,
        "number": one.number or None,
        "date": one.date.isoformat(),
        "amount": money(one.amount, currency),
        "currency": currency,
        "reference": one.reference or None,
    }


def _line(line: DocumentLine, account_names: Mapping[str, str], currency: str) -> dict[str, Any]:
    def number(value: Decimal | None) -> str | None:
        return None if value is None else plain_decimal(value)

    return {
        "item": line.item or None,
        "description": line.description or None,
        "quantity": number(line.quantity),
        "unit_amount": None if line.unit_amount is None else money(line.unit_amount, currency),
        "discount_percent": number(line.discount_rate),
        "discount_amount": None if line.discount_amount is None else money(line.discount_amount, currency),
        "account_code": line.account_code or None,
        "account_name": account_names.get(line.account_code),
        "tax_type": line.tax_type or None,
        "tax_amount": money(line.tax_amount, currency),
        "line_amount": money(line.line_amount, currency),
        "currency": currency,
    }
