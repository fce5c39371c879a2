"""Running a report by its name and parameters.

Amounts are in the home currency. A parameter that a report does not have is not looked at, as the vendor does; one
that cannot be right is a Fault naming it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from finchat.sandbox.quickbooks.entities import ENTITIES
from finchat.sandbox.quickbooks.errors import bad_choice, bad_property
from finchat.sandbox.quickbooks.reports import ageing, statements
from finchat.sandbox.quickbooks.reports.books import Books, Only
from finchat.sandbox.quickbooks.reports.entries import OpenItem
from finchat.sandbox.quickbooks.reports.layout import Column, Row, report
from finchat.sandbox.quickbooks.reports.listing import Ledger, Names, Sides, TransactionList
from finchat.sandbox.quickbooks.reports.periods import Period, macro, split, title
from finchat.sandbox.quickbooks.reports.statements import Amounts
from finchat.sandbox.quickbooks.values import day, shown_instant, stored_instant

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd

_UNITS = {
    "Days": "day",
    "Week": "week",
    "Month": "month",
    "Quarter": "quarter",
    "Year": "year",
    "FiscalQuarter": "fiscal quarter",
    "FiscalYear": "fiscal year",
}
_DIMENSIONS = ("Customers", "Vendors", "Employees", "Classes", "Departments", "ProductsAndServices")
_FILTERS = {
    "customer": "Customers",
    "vendor": "Vendors",
    "employee": "Employees",
    "class": "Classes",
    "department": "Departments",
    "item": "ProductsAndServices",
}
_THIS_YEAR, _THIS_MONTH, _TODAY = "this calendar year-to-date", "this month-to-date", "today"
# What a client calls a type of transaction, and how the list names it.
_TYPES = {
    "creditcardcharge": "Expense", "cashpurchase": "Expense", "creditcardcredit": "Credit Card Credit",
    "receivepayment": "Payment", "billpaymentcheck": "Bill Payment (Check)", "creditrefund": "Refund",
    "billpaymentcreditcard": "Bill Payment (Credit Card)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One report asked for: its parameters, and the day it is where the company is."""

    books: Books
    name: str
    query: Mapping[str, str]
    today: date

    @property
    def fiscal_month(self) -> int:
        return self.books.back_end.year_start(self.today).month

    def text(self, name: str) -> str | None:
        return (self.query.get(name) or "").strip() or None

    def day(self, name: str) -> date | None:
        given = self.text(name)
        return None if given is None else date.fromisoformat(day(given, name))

    def choice(self, name: str, choices: Sequence[str], usual: str) -> str:
        """One of the choices, in the vendor's spelling; case and a plural s do not matter. Raises Fault 2170."""
        given = self.text(name)
        if given is None:
            return usual
        for choice in choices:
            if given.casefold() in (choice.casefold(), f"{choice.casefold()}s"):
                return choice
        raise bad_choice(name, given, choices)

    def whole(self, name: str, usual: int, most: int) -> int:
        given = self.text(name)
        if given is None:
            return usual
        if not (given.isascii() and given.isdigit()) or not 1 <= int(given[:6]) <= most:
            raise bad_property(name, f"{name} must be a whole number from 1 to {most}")
        return int(given[:6])

    def period(self, usual: str) -> tuple[Period, str | None]:
        """The days covered, and the macro that named them. Raises Fault."""
        first, last = self.day("start_date"), self.day("end_date")
        if first is not None or last is not None:
            last = last or max(self.today, first or self.today)
            found = Period(first or self.books.back_end.year_start(last), last)
            if found.first > found.last:
                raise bad_property("end_date", "end_date must not be before start_date")
            return found, None
        name = (self.text("date_macro") or usual).lower()
        named = macro(name, self.today, self.fiscal_month)
        if named is None:
            raise bad_choice("date_macro", name, ("Today", "This Month", "Last Fiscal Quarter", "This Fiscal Year …"))
        return named, name

    def only(self) -> Only:
        wanted = []
        for parameter, dimension in _FILTERS.items():
            if ids := _ids(self.text(parameter)):
                wanted.append((dimension, ids))
        accounts = _ids(self.text("account") or self.text("source_account"))
        cash = self.choice("accounting_method", ("Accrual", "Cash"), "Accrual") == "Cash"
        return Only(tuple(wanted), accounts, cash)

    def header(self, period: Period | None, *, empty: bool, **members: Any) -> dict[str, Any]:
        """The report's header; `members` are its own, in the vendor's spelling, None for none."""
        options = members.pop("options", [])
        filters = {name.capitalize(): self.text(name) for name in _FILTERS}
        return {
            "Time": shown_instant(stored_instant(self.books.back_end.now())),
            "ReportName": self.name,
            "DateMacro": members.get("macro"),
            "ReportBasis": members.get("basis"),
            "StartPeriod": period.first.isoformat() if period else None,
            "EndPeriod": period.last.isoformat() if period else None,
            "SummarizeColumnsBy": members.get("columns"),
            "Currency": self.books.back_end.home_currency,
            **filters,
            "Option": [
                *({"Name": name, "Value": value} for name, value in options),
                {"Name": "NoReportData", "Value": "true" if empty else "false"},
            ],
        }


_GAAP = [("AccountingStandard", "GAAP")]
_NAME = Column("", "Account", "account")


def _profit_and_loss(request: Request) -> dict[str, Any]:
    period, name = request.period(_THIS_YEAR)
    only = request.only()
    by = request.choice("summarize_column_by", ("Total", *_UNITS, *_DIMENSIONS), "Total")
    columns, held = _divided(request, period, only, by)
    profit = [account for account in request.books.accounts if account.type in statements.PROFIT_TYPES]
    amounts = Amounts(profit, held)
    basis = "Cash" if only.cash else "Accrual"
    header = request.header(period, empty=amounts.empty, macro=name, basis=basis, columns=by, options=_GAAP)
    return report(header, [_NAME, *columns], statements.profit_rows(amounts))


def _divided(request: Request, period: Period, only: Only, by: str) -> tuple[list[Column], list[Mapping[str, int]]]:
    """The columns of what moved in a period: by time or by a dimension, and the total."""
    books = request.books
    total = books.moved(period, only)
    if by in _UNITS:
        parts = _parts(request, period, by)
        columns = [_of_period(part) for part in parts]
        return [*columns, Column("Total", "Money", "total")], [*(books.moved(part, only) for part in parts), total]
    if by in _DIMENSIONS:
        divided = books.divided(period, only, by)
        profit = {account.id for account in books.accounts if account.type in statements.PROFIT_TYPES}
        divided = {whose: held for whose, held in divided.items() if any(held[id] for id in held if id in profit)}
        names = books.whose(by)
        members = sorted((id for id in divided if id is not None), key=lambda id: (names.get(id, "").casefold(), id))
        columns = [Column(names.get(id, ""), "Money", id) for id in members]
        held = [divided[id] for id in members]
        if None in divided:
            columns.append(Column("Not Specified", "Money", "0"))
            held.append(divided[None])
        return [*columns, Column("TOTAL", "Money", "total")], [*held, total]
    return [Column("Total", "Money", "total")], [total]


def _parts(request: Request, period: Period, by: str) -> list[Period]:
    try:
        return split(period, _UNITS[by], request.fiscal_month)
    except ValueError as error:
        raise bad_property("summarize_column_by", str(error)) from None


def _of_period(part: Period) -> Column:
    return Column(title(part), "Money", title(part), part.first.isoformat(), part.last.isoformat())


def _balance_sheet(request: Request) -> dict[str, Any]:
    period, name = request.period(_THIS_YEAR)
    only = request.only()
    by = request.choice("summarize_column_by", ("Total", *_UNITS), "Total")
    parts = [period] if by == "Total" else _parts(request, period, by)
    books = request.books
    standing = Amounts(books.accounts, [books.standing(part.last, only) for part in parts])
    profits = [books.profit(part.last, only) for part in parts]
    now, earlier = (tuple(column) for column in zip(*profits, strict=True))
    columns = [Column("Total", "Money", "total")] if by == "Total" else [_of_period(part) for part in parts]
    basis = "Cash" if only.cash else "Accrual"
    header = request.header(period, empty=standing.empty, macro=name, basis=basis, columns=by, options=_GAAP)
    return report(header, [_NAME, *columns], statements.balance_rows(standing, now, earlier))


def _cash_flow(request: Request) -> dict[str, Any]:
    period, name = request.period(_THIS_YEAR)
    only = request.only()
    by = request.choice("summarize_column_by", ("Total", *_UNITS), "Total")
    parts = [period] if by == "Total" else [*_parts(request, period, by), period]
    books = request.books
    moved = Amounts(books.accounts, [books.moved(part, only) for part in parts])
    before = Amounts(books.accounts, [books.standing(part.first - timedelta(days=1), only) for part in parts])
    columns = [] if by == "Total" else [_of_period(part) for part in parts[:-1]]
    header = request.header(period, empty=moved.empty, macro=name, columns=by)
    rows = statements.cash_rows(moved, before.total(statements.is_cash))
    return report(header, [_NAME, *columns, Column("Total", "Money", "total")], rows)


def _trial_balance(request: Request) -> dict[str, Any]:
    period, name = request.period(_THIS_YEAR)
    only = request.only()
    held = request.books.closed(period.last, only)
    balances = [(account, held.get(account.id, 0)) for account in request.books.accounts]
    basis = "Cash" if only.cash else "Accrual"
    empty = not any(amount for _, amount in balances)
    header = request.header(period, empty=empty, macro=name, basis=basis, columns="Total")
    columns = [_NAME, Column("Debit", "Money", "debit"), Column("Credit", "Money", "credit")]
    return report(header, columns, [] if empty else statements.trial_rows(balances))


def _general_ledger(request: Request) -> dict[str, Any]:
    period, name = request.period(_THIS_MONTH)
    only = request.only()
    books = request.books
    entries = books.entries(period, only)
    opening = books.closed(period.first - timedelta(days=1), only)
    if books.back_end.year_start(period.first) == period.first:
        opening = _at_year_start(books, opening)
    ledger = Ledger.chosen(request.text("columns"), _names(books), Sides(books.entries(period, Only(cash=only.cash))))
    rows = ledger.rows(books.accounts, opening, entries)
    basis = "Cash" if only.cash else "Accrual"
    header = request.header(period, empty=not rows, macro=name, basis=basis)
    return report(header, ledger.columns(), rows)


def _at_year_start(books: Books, closed: Mapping[str, int]) -> dict[str, int]:
    """The year before is closed when the first day of a year begins."""
    profit = {account.id for account in books.accounts if account.type in statements.PROFIT_TYPES}
    found = {id: amount for id, amount in closed.items() if id not in profit}
    if (retained := books.retained_earnings) is not None:
        found[retained.id] = found.get(retained.id, 0) + sum(closed.get(id, 0) for id in profit)
    return found


def _transaction_list(request: Request) -> dict[str, Any]:
    period, name = request.period(_THIS_MONTH)
    only = request.only()
    books = request.books
    entries = books.entries(period, Only())
    listed = books.listed(period)
    if not only.everything:
        taken = {(entry.document.entity, entry.document.id) for entry in entries if only.takes(entry)}
        listed = [document for document in listed if (document.entity, document.id) in taken]
    if (kinds := request.text("transaction_type")) is not None:
        wanted = {word.strip().casefold() for word in kinds.split(",")}
        wanted |= {_TYPES[word].casefold() for word in wanted if word in _TYPES}
        listed = [d for d in listed if d.entity.casefold() in wanted or d.type.casefold() in wanted]
    if (number := request.text("doc_num")) is not None:
        listed = [document for document in listed if document.number == number]
    if request.choice("sort_order", ("ascend", "descend"), "ascend") == "descend":
        listed.reverse()
    table = TransactionList.chosen(request.text("columns"), _names(books), Sides(entries))
    rows = table.rows([(d, None if ENTITIES[d.entity].posts else books.total(d)) for d in listed])
    header = request.header(period, empty=not rows, macro=name)
    return report(header, table.columns(), rows)


def _names(books: Books) -> Names:
    return Names(books.by_id, books.names("Class"), books.names("Department"))


def _as_of(request: Request, usual: str) -> tuple[date, Period | None, str | None]:
    """The day a report of balances is of: report_date, else the end of its period."""
    on = request.day("report_date")
    if on is not None:
        return on, Period(on, on), None
    if request.text("date_macro") or request.text("end_date") or request.text("start_date"):
        period, name = request.period(usual)
        return period.last, period, name
    return request.today, None if usual == "all" else Period(request.today, request.today), usual


def _items(request: Request, as_of: date, *, receivable: bool) -> list[OpenItem]:
    ids = _ids(request.text("customer" if receivable else "vendor")) or None
    found = request.books.open_items(receivable=receivable, as_of=as_of, parties=ids)
    if departments := _ids(request.text("department")):
        found = [i for i in found if (i.document.body.get("DepartmentRef") or {}).get("value") in departments]
    return found


def _aged(receivable: bool, detail: bool) -> Callable[[Request], dict[str, Any]]:
    def run(request: Request) -> dict[str, Any]:
        as_of, period, name = _as_of(request, _TODAY)
        buckets = ageing.Buckets(request.whole("aging_period", 30, 365), request.whole("num_periods", 3, 50))
        method = request.choice("aging_method", ("Report_Date", "Current"), "Report_Date")
        aged_on = as_of if method == "Report_Date" else request.today
        items = _items(request, as_of, receivable=receivable)
        if detail:
            details = ageing.Details.aged(receivable=receivable, as_of=aged_on).chosen(request.text("columns"))
            columns, rows = details.columns(), ageing.aged_detail_rows(items, buckets, details)
        else:
            columns = ageing.aged_columns("Customer" if receivable else "Vendor", buckets)
            rows = ageing.aged_rows(items, buckets, aged_on)
        options = [("report_date", as_of.isoformat())]
        header = request.header(period, empty=not rows, macro=name, options=options)
        return report(header, columns, rows)

    return run


def _balances(receivable: bool, detail: bool) -> Callable[[Request], dict[str, Any]]:
    def run(request: Request) -> dict[str, Any]:
        as_of, period, name = _as_of(request, "all")
        items = _items(request, as_of, receivable=receivable)
        columns: list[Column]
        rows: list[Row]
        if detail:
            details = ageing.Details.of_balance(receivable=receivable, as_of=as_of).chosen(request.text("columns"))
            columns, rows = details.columns(), ageing.balance_detail_rows(items, details)
        else:
            columns = [Column("", "Customer" if receivable else "Vendor"), Column("Total", "Money")]
            rows = ageing.balance_rows(items)
        options = [("report_date", as_of.isoformat())]
        header = request.header(period, empty=not rows, macro=name, options=options)
        return report(header, columns, rows)

    return run


def _ids(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


REPORTS: Mapping[str, Callable[[Request], dict[str, Any]]] = {
    "ProfitAndLoss": _profit_and_loss,
    "BalanceSheet": _balance_sheet,
    "CashFlow": _cash_flow,
    "TrialBalance": _trial_balance,
    "GeneralLedger": _general_ledger,
    "TransactionList": _transaction_list,
    "AgedReceivables": _aged(receivable=True, detail=False),
    "AgedReceivableDetail": _aged(receivable=True, detail=True),
    "AgedPayables": _aged(receivable=False, detail=False),
    "AgedPayableDetail": _aged(receivable=False, detail=True),
    "CustomerBalance": _balances(receivable=True, detail=False),
    "CustomerBalanceDetail": _balances(receivable=True, detail=True),
    "VendorBalance": _balances(receivable=False, detail=False),
    "VendorBalanceDetail": _balances(receivable=False, detail=True),
}
_BY_NAME = {name.lower(): name for name in REPORTS}


def run(back_end: QuickBooksBackEnd, name: str, query: Mapping[str, str]) -> dict[str, Any] | None:
    """The report of a name, in any case; None when there is no such report. Raises Fault for a wrong parameter."""
    known = _BY_NAME.get(name.lower())
    if known is None:
        return None
    return REPORTS[known](Request(Books(back_end), known, query, back_end.today()))
