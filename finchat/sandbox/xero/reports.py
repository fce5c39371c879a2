"""Profit and loss, balance sheet and trial balance, summed from postings, in the vendor's report shape."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from finchat.sandbox.xero.company import Company
from finchat.sandbox.xero.errors import Refusal, bad_query
from finchat.sandbox.xero.financial_year import year_start
from finchat.sandbox.xero.values import amount, day, ms_instant

if TYPE_CHECKING:
    from finchat.sandbox.xero.back_end import XeroBackEnd

_PROFIT_SECTIONS = (
    ("Income", ("REVENUE", "SALES"), -1),
    ("Less Cost of Sales", ("DIRECTCOSTS",), 1),
    ("Plus Other Income", ("OTHERINCOME",), -1),
    (
        "Less Operating Expenses",
        ("EXPENSE", "OVERHEADS", "DEPRECIATN", "SUPERANNUATIONEXPENSE", "WAGESEXPENSE"),
        1,
    ),
)
_ASSET_SECTIONS = (
    ("Bank", ("BANK",)),
    ("Current Assets", ("CURRENT", "INVENTORY", "PREPAYMENT")),
    ("Fixed Assets", ("FIXED",)),
    ("Non-current Assets", ("NONCURRENT",)),
)
_LIABILITY_SECTIONS = (
    (
        "Current Liabilities",
        ("CURRLIAB", "PAYG", "PAYGLIABILITY", "SUPERANNUATIONLIABILITY", "WAGESPAYABLELIABILITY", "LIABILITY"),
    ),
    ("Non-current Liabilities", ("TERMLIAB",)),
)
_TRIAL_SECTIONS = (
    ("Revenue", "REVENUE"),
    ("Expenses", "EXPENSE"),
    ("Assets", "ASSET"),
    ("Liabilities", "LIABILITY"),
    ("Equity", "EQUITY"),
)
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
Account = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Column:
    """One period of a report: its heading and what moved or stood in it, by account (hundredths, debit positive)."""

    title: str
    held: Mapping[str, int]


class Reports:
    """The reports of one request."""

    def __init__(self, back_end: XeroBackEnd) -> None:
        self.back_end = back_end
        self.company = Company(back_end)
        rows = back_end.db.execute("SELECT * FROM account ORDER BY coalesce(code, ''), name").fetchall()
        self.accounts: list[Account] = list(rows)

    def profit_and_loss(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Accrual profit and loss; `periods` earlier periods of a `timeframe` beside it. Raises ApiError."""
        _accrual_only(query)
        today = self.company.today()
        first = _date(query, "fromDate") or today.replace(day=1)
        last = _date(query, "toDate") or _month_end(max(first, today.replace(day=1)))
        if last < first:
            raise bad_query("toDate must not be before fromDate", "toDate")
        if (last - first).days > 366:
            raise bad_query("The report covers at most 365 days: choose fromDate and toDate closer together", "toDate")
        columns = [self._movement(first, last)]
        step = _timeframe(query)
        for n in range(1, _periods(query) + 1):
            start = _months_earlier(first, n * step)
            whole = last == _month_end(last)
            end = _months_earlier(last, n * step)
            columns.append(self._movement(start, _month_end(end) if whole else end))
        rows: list[dict[str, Any]] = [_header(["", *(column.title for column in columns)])]
        sums = [0] * len(columns)
        gross: list[int] = []
        for title, types, sign in _PROFIT_SECTIONS:
            section, total = self._section(title, types, sign, columns)
            if section is not None:
                rows.append(section)
            sums = [s + t * -sign for s, t in zip(sums, total, strict=True)]
            if title == "Less Cost of Sales":
                gross = list(sums)
                rows.append(_untitled(_row("Gross Profit", gross)))
        rows.append(_untitled(_row("Net Profit", sums)))
        period = f"{_long(first)} to {_long(last)}"
        return self._report("ProfitAndLoss", "Profit and Loss", period, rows)

    def balance_sheet(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Assets, liabilities and equity as of `date`, earnings split at the financial year. Raises ApiError."""
        _accrual_only(query)
        as_of = _date(query, "date") or _month_end(self.company.today())
        step = _timeframe(query)
        dates = [as_of]
        for n in range(1, _periods(query) + 1):
            earlier = _months_earlier(as_of, n * step)
            dates.append(_month_end(earlier) if as_of == _month_end(as_of) else earlier)
        columns = [_Column(_short(on), self._standing(on)) for on in dates]
        rows: list[dict[str, Any]] = [_header(["", *(column.title for column in columns)])]
        totals: dict[str, list[int]] = {}
        for heading, sections, sign in (("Assets", _ASSET_SECTIONS, 1), ("Liabilities", _LIABILITY_SECTIONS, -1)):
            rows.append({"RowType": "Section", "Title": heading, "Rows": []})
            totals[heading] = [0] * len(columns)
            for title, types in sections:
                section, total = self._section(title, types, sign, columns)
                if section is not None:
                    rows.append(section)
                totals[heading] = [a + b for a, b in zip(totals[heading], total, strict=True)]
            rows.append(_untitled(_row(f"Total {heading}", totals[heading], "SummaryRow")))
        net = [a - b for a, b in zip(totals["Assets"], totals["Liabilities"], strict=True)]
        rows.append(_untitled(_row("Net Assets", net)))
        rows.append(self._equity(columns, dates))
        return self._report("BalanceSheet", "Balance Sheet", f"As at {_long(as_of)}", rows)

    def trial_balance(self, query: Mapping[str, str]) -> dict[str, Any]:
        """The month's movement and the year-to-date balance of every account, in debit or credit. Raises ApiError.

        Profit and loss accounts run from the start of the financial year; what earlier years earned stands in
        Retained Earnings, so that debits equal credits.
        """
        _accrual_only(query)
        as_of = _date(query, "date") or self.company.today()
        year = self._year_start(as_of)
        month = max(as_of.replace(day=1), year)
        standing = self._standing(as_of)
        yearly = self._movement(year, as_of).held
        monthly = self._movement(month, as_of).held
        earlier = sum(
            standing.get(a["guid"], 0) - yearly.get(a["guid"], 0)
            for a in self.accounts
            if a["class"] in ("REVENUE", "EXPENSE")
        )
        rows: list[dict[str, Any]] = [_header(["Account", "Debit", "Credit", "YTD Debit", "YTD Credit"])]
        sums = [0, 0]
        sums_ytd = [0, 0]
        retained = next((a["guid"] for a in self.accounts if a["system"] == "RETAINEDEARNINGS"), None)
        for title, of_class in _TRIAL_SECTIONS:
            listed: list[dict[str, Any]] = []
            for account in self.accounts:
                if account["class"] != of_class:
                    continue
                guid = account["guid"]
                moved = monthly.get(guid, 0)
                held = (yearly if of_class in ("REVENUE", "EXPENSE") else standing).get(guid, 0)
                if guid == retained:
                    held += earlier
                if not (moved or held):
                    continue
                sums = _added(sums, moved)
                sums_ytd = _added(sums_ytd, held)
                name = f"{account['name']} ({account['code']})" if account["code"] else str(account["name"])
                cells = _sides(moved, of_class) + _sides(held, of_class)
                listed.append(_account_row(name, guid, cells))
            if of_class == "EQUITY" and retained is None and earlier:
                sums_ytd = _added(sums_ytd, earlier)
                listed.append(_text_row("Retained Earnings", _sides(0, of_class) + _sides(earlier, of_class)))
            if listed:
                rows.append({"RowType": "Section", "Title": title, "Rows": listed})
        rows.append(_untitled(_row("Total", [*sums, *sums_ytd], "SummaryRow")))
        return self._report("TrialBalance", "Trial Balance", f"As at {_long(as_of)}", rows)

    def _section(
        self, title: str, types: Sequence[str], sign: int, columns: Sequence[_Column]
    ) -> tuple[dict[str, Any] | None, list[int]]:
        rows: list[dict[str, Any]] = []
        totals = [0] * len(columns)
        for account in self.accounts:
            if account["type"] not in types:
                continue
            values = [sign * column.held.get(account["guid"], 0) for column in columns]
            if any(values):
                rows.append(_account_row(account["name"], account["guid"], values))
                totals = [a + b for a, b in zip(totals, values, strict=True)]
        if not rows:
            return None, totals
        total_title = "Total " + title.removeprefix("Less ").removeprefix("Plus ")
        return {"RowType": "Section", "Title": title, "Rows": [*rows, _row(total_title, totals, "SummaryRow")]}, totals

    def _equity(self, columns: Sequence[_Column], dates: Sequence[date]) -> dict[str, Any]:
        rows: list[dict[str, Any]] = []
        profit = [a["guid"] for a in self.accounts if a["class"] in ("REVENUE", "EXPENSE")]
        current = [-sum(self._movement(self._year_start(on), on).held.get(guid, 0) for guid in profit) for on in dates]
        earlier = [
            -sum(column.held.get(guid, 0) for guid in profit) - now
            for column, now in zip(columns, current, strict=True)
        ]
        totals = [a + b for a, b in zip(current, earlier, strict=True)]
        if any(current):
            rows.append(_row("Current Year Earnings", current))
        retained_shown = False
        for account in self.accounts:
            if account["class"] != "EQUITY":
                continue
            values = [-column.held.get(account["guid"], 0) for column in columns]
            totals = [a + b for a, b in zip(totals, values, strict=True)]
            if account["system"] == "RETAINEDEARNINGS":
                values = [a + b for a, b in zip(values, earlier, strict=True)]
                retained_shown = True
            if any(values):
                rows.append(_account_row(account["name"], account["guid"], values))
        if any(earlier) and not retained_shown:
            rows.append(_row("Retained Earnings", earlier))
        rows.append(_row("Total Equity", totals, "SummaryRow"))
        return {"RowType": "Section", "Title": "Equity", "Rows": rows}

    def _movement(self, first: date, last: date) -> _Column:
        held = self.back_end.ledger.balances(first=first, last=last)
        return _Column(_short(last), {guid: balance.amount for guid, balance in held.items()})

    def _standing(self, as_of: date) -> dict[str, int]:
        return {guid: balance.amount for guid, balance in self.back_end.ledger.balances(last=as_of).items()}

    def _year_start(self, on: date) -> date:
        """The first day of the organisation's financial year that holds a date."""
        try:
            return year_start(self.company.organisation, on)
        except ValueError as error:
            raise Refusal("FinancialYearEndMonth is not valid", "FinancialYearEndMonth") from error

    def _report(self, kind: str, name: str, period: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        now = self.back_end.now()
        return {
            "ReportID": kind,
            "ReportName": name,
            "ReportType": kind,
            "ReportTitles": [name, str(self.company.organisation["Name"]), period],
            "ReportDate": _long(self.company.today()),
            "UpdatedDateUTC": ms_instant(now),
            "Fields": [],
            "Rows": rows,
        }


def _header(values: Sequence[str]) -> dict[str, Any]:
    return {"RowType": "Header", "Cells": [{"Value": value} for value in values]}


def _row(title: str, values: Sequence[int], kind: str = "Row") -> dict[str, Any]:
    return {"RowType": kind, "Cells": [{"Value": title}, *({"Value": str(amount(value))} for value in values)]}


def _text_row(title: str, values: Sequence[str]) -> dict[str, Any]:
    return {"RowType": "Row", "Cells": [{"Value": title}, *({"Value": value} for value in values)]}


def _account_row(title: str, guid: str, values: Sequence[int | str]) -> dict[str, Any]:
    attributes = [{"Value": guid, "Id": "account"}]
    cells: list[dict[str, Any]] = [{"Value": title, "Attributes": attributes}]
    cells += [{"Value": v if isinstance(v, str) else str(amount(v)), "Attributes": attributes} for v in values]
    return {"RowType": "Row", "Cells": cells}


def _untitled(row: dict[str, Any]) -> dict[str, Any]:
    return {"RowType": "Section", "Title": "", "Rows": [row]}


def _sides(value: int, of_class: str) -> list[str]:
    """Debit and credit as text, the other side blank; a zero stands on the account's usual side."""
    debit = value > 0 or (value == 0 and of_class in ("ASSET", "EXPENSE"))
    text = str(amount(abs(value)))
    return [text, ""] if debit else ["", text]


def _added(sums: list[int], value: int) -> list[int]:
    return [sums[0] + max(value, 0), sums[1] + max(-value, 0)]


def _accrual_only(query: Mapping[str, str]) -> None:
    if query.get("paymentsOnly", "").lower() == "true":
        raise bad_query("paymentsOnly (cash basis) is not offered by this company", "paymentsOnly")
    for key in query:
        if key.lower().startswith("tracking") and query[key]:
            raise bad_query(f"{key} is not offered by this company", key)


def _date(query: Mapping[str, str], name: str) -> date | None:
    given = query.get(name)
    if not given:
        return None
    try:
        return day(given, name)
    except Refusal as refusal:
        raise bad_query(refusal.errors[0][0], name) from None


def _periods(query: Mapping[str, str]) -> int:
    given = query.get("periods") or "0"
    if not (given.isascii() and given.isdigit()) or int(given) > 12:
        raise bad_query("periods must be a whole number from 1 to 12", "periods")
    return int(given)


def _timeframe(query: Mapping[str, str]) -> int:
    given = (query.get("timeframe") or "MONTH").upper()
    if given not in _MONTHS:
        raise bad_query("timeframe must be MONTH, QUARTER or YEAR", "timeframe")
    return _MONTHS[given]


def _months_earlier(on: date, months: int) -> date:
    index = on.year * 12 + on.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))


def _month_end(on: date) -> date:
    return on.replace(day=monthrange(on.year, on.month)[1])


def _long(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


def _short(on: date) -> str:
    return f"{on.day} {on:%b %Y}"
