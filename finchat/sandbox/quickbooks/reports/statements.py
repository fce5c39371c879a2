"""The layout of profit and loss, balance sheet, trial balance and cash flow.

What goes in are amounts by account, one for each column, in hundredths of the home currency and debit positive, as the
ledger has them. What is credit by nature is shown positive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from finchat.sandbox.quickbooks.reports.layout import Cell, Row, amounts, blanks, data, money, named, section

Values = tuple[int, ...]
_PROFIT_SECTIONS = (
    ("Income", "Income", "Income", -1),
    ("Cost of Goods Sold", "Cost of Goods Sold", "COGS", 1),
    ("Expense", "Expenses", "Expenses", 1),
    ("Other Income", "Other Income", "OtherIncome", -1),
    ("Other Expense", "Other Expenses", "OtherExpenses", 1),
)
PROFIT_TYPES = frozenset(type for type, *_ in _PROFIT_SECTIONS)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart; `parent` is the id of the one it is a sub-account of."""

    id: str
    name: str
    full_name: str
    type: str
    sub_type: str
    parent: str | None


class Amounts:
    """Amounts of accounts in the columns of a report."""

    def __init__(self, accounts: Iterable[Account], columns: Sequence[Mapping[str, int]]) -> None:
        self.accounts = list(accounts)
        self.count = len(columns)
        self._columns = columns

    def of(self, account: str) -> Values:
        return tuple(column.get(account, 0) for column in self._columns)

    def total(self, chosen: Callable[[Account], bool]) -> Values:
        """The sum of the accounts chosen, debit positive."""
        found = [self.of(account.id) for account in self.accounts if chosen(account)]
        return added(*found) if found else self.zero

    @property
    def zero(self) -> Values:
        return (0,) * self.count

    @staticmethod
    def cells(values: Values) -> list[Cell]:
        """An account's own amounts: a column in which nothing stands is blank, a total is not."""
        return amounts([value or None for value in values])

    @property
    def empty(self) -> bool:
        return not any(any(self.of(account.id)) for account in self.accounts)

    def rows(self, sign: int, chosen: Callable[[Account], bool]) -> list[Row]:
        """The accounts chosen that have an amount, sub-accounts under their parents."""
        kept = [account for account in self.accounts if chosen(account)]
        ids = {account.id for account in kept}
        children: dict[str | None, list[Account]] = {}
        for account in kept:
            children.setdefault(account.parent if account.parent in ids else None, []).append(account)

        def build(account: Account) -> tuple[Row | None, Values]:
            own = _signed(sign, self.of(account.id))
            below = [(row, total) for row, total in map(build, children.get(account.id, ())) if row is not None]
            total = added(own, *(values for _, values in below))
            name = named(account.name, account.id)
            if below:
                head = [name, *self.cells(own)]
                summary = [named(f"Total {account.name}"), *amounts(total)]
                return section(head, [row for row, _ in below], summary), total
            return (data([name, *self.cells(own)]) if any(own) else None), total

        return [row for row, _ in map(build, children.get(None, ())) if row is not None]


def profit_rows(held: Amounts) -> list[Row]:
    """Income to net income. A section without accounts is left out but for Income and Expenses."""
    sums: dict[str, Values] = {}
    rows: list[Row] = []

    def totals(group: str, title: str, values: Values) -> None:
        rows.append(section(None, None, [named(title), *_shown(held, values)], group))

    for type, title, group, sign in _PROFIT_SECTIONS:
        below = held.rows(sign, _of_type(type))
        sums[group] = _signed(sign, held.total(_of_type(type)))
        if below or group in ("Income", "Expenses"):
            head = [named(title), *blanks(held.count)]
            summary = [named(f"Total {title}"), *_shown(held, sums[group])]
            rows.append(section(head, below or None, summary, group))
        if group == "COGS":
            totals("GrossProfit", "Gross Profit", less(sums["Income"], sums["COGS"]))
        if group == "Expenses":
            operating = less(sums["Income"], sums["COGS"], sums["Expenses"])
            totals("NetOperatingIncome", "Net Operating Income", operating)
    if any(row.get("group") in ("OtherIncome", "OtherExpenses") for row in rows):
        totals("NetOtherIncome", "Net Other Income", less(sums["OtherIncome"], sums["OtherExpenses"]))
    totals("NetIncome", "Net Income", net_income(held))
    return rows


def net_income(held: Amounts) -> Values:
    """Profit of the columns, positive when money was earned."""
    return _signed(-1, held.total(lambda account: account.type in PROFIT_TYPES))


def balance_rows(standing: Amounts, profit: Values, earlier: Values) -> list[Row]:
    """Assets, then liabilities and equity.

    `standing` are balances as of each column's end; `profit` is the net income of the fiscal year up to then and
    `earlier` what the years before it earned, which Retained Earnings holds.
    """
    width = standing.count

    def group(title: str, name: str, rows: list[Row], total: Values, summary: str | None = None) -> Row:
        head = [named(title), *blanks(width)]
        return section(head, rows, [named(summary or f"Total {title}"), *amounts(total)], name)

    def of_types(title: str, name: str, sign: int, *types: str) -> tuple[Row | None, Values]:
        rows = standing.rows(sign, _of_type(*types))
        total = _signed(sign, standing.total(_of_type(*types)))
        return (group(title, name, rows, total) if rows else None), total

    def together(
        title: str, name: str, parts: Sequence[tuple[Row | None, Values]], summary: str | None = None
    ) -> tuple[Row | None, Values]:
        total = added(standing.zero, *(values for _, values in parts))
        rows = [row for row, _ in parts if row is not None]
        return (group(title, name, rows, total, summary) if rows else None), total

    current = together(
        "Current Assets",
        "CurrentAssets",
        (
            of_types("Bank Accounts", "BankAccounts", 1, "Bank"),
            of_types("Accounts Receivable", "AR", 1, "Accounts Receivable"),
            of_types("Other Current Assets", "OtherCurrentAssets", 1, "Other Current Asset"),
        ),
    )
    fixed = of_types("Fixed Assets", "FixedAssets", 1, "Fixed Asset")
    other = of_types("Other Assets", "OtherAssets", 1, "Other Asset")
    assets, _ = together("ASSETS", "TotalAssets", (current, fixed, other), "TOTAL ASSETS")
    owed_soon = together(
        "Current Liabilities",
        "CurrentLiabilities",
        (
            of_types("Accounts Payable", "AP", -1, "Accounts Payable"),
            of_types("Credit Cards", "CreditCards", -1, "Credit Card"),
            of_types("Other Current Liabilities", "OtherCurrentLiabilities", -1, "Other Current Liability"),
        ),
    )
    owed_later = of_types("Long-Term Liabilities", "LongTermLiabilities", -1, "Long Term Liability")
    liabilities = together("Liabilities", "Liabilities", (owed_soon, owed_later))
    equity = _equity(standing, profit, earlier)
    both, _ = together(
        "LIABILITIES AND EQUITY", "TotalLiabilitiesAndEquity", (liabilities, equity), "TOTAL LIABILITIES AND EQUITY"
    )
    return [row for row in (assets, both) if row is not None]


def _equity(standing: Amounts, profit: Values, earlier: Values) -> tuple[Row | None, Values]:
    retained = next((a for a in standing.accounts if a.sub_type == "RetainedEarnings"), None)
    kept = _signed(-1, standing.of(retained.id)) if retained else standing.zero
    kept = added(kept, earlier)
    rows = standing.rows(-1, lambda account: account.type == "Equity" and account is not retained)
    if any(kept):
        name = named(retained.name, retained.id) if retained else named("Retained Earnings")
        rows.append(data([name, *amounts(kept)]))
    if any(profit):
        rows.append(data([named("Net Income"), *amounts(profit)], "NetIncome"))
    total = added(_signed(-1, standing.total(_of_type("Equity"))), earlier, profit)
    if not rows:
        return None, total
    head = [named("Equity"), *blanks(standing.count)]
    return section(head, rows, [named("Total Equity"), *amounts(total)], "Equity"), total


def trial_rows(balances: Sequence[tuple[Account, int]]) -> list[Row]:
    """Accounts with a balance other than zero, in debit or credit, and the two sums, which are equal."""
    rows = [
        data([named(account.full_name, account.id), *amounts((value, None) if value > 0 else (None, -value))])
        for account, value in balances
        if value
    ]
    debit = sum(max(value, 0) for _, value in balances)
    credit = sum(max(-value, 0) for _, value in balances)
    rows.append(section(None, None, [named("TOTAL"), *amounts((debit, credit))], "GrandTotal"))
    return rows


def cash_rows(moved: Amounts, opening: Values) -> list[Row]:
    """Net income, the changes of every account that is not cash by activity, and the cash before and after.

    `moved` are movements of each column; `opening` is the cash at its beginning.
    """
    width = moved.count
    blank = blanks(width)

    def line(account: Account) -> Row | None:
        values = _signed(-1, moved.of(account.id))
        return data([named(account.full_name, account.id), *Amounts.cells(values)]) if any(values) else None

    def activity(title: str, group: str, word: str, first: list[Row], chosen: Callable[[Account], bool]) -> Values:
        lines = [row for row in map(line, filter(chosen, moved.accounts)) if row is not None]
        change = _signed(-1, moved.total(chosen))
        total = added(change, profit) if first else change
        if first and lines:
            heading = "Adjustments to reconcile Net Income to Net Cash provided by operations:"
            summary = [named(f"Total {heading.removesuffix(':')}:"), *amounts(change)]
            lines = [section([named(heading), *blank], lines, summary, "OperatingAdjustments")]
        if first or lines:
            summary = [named(f"Net cash provided by {word} activities"), *amounts(total)]
            rows.append(section([named(title), *blank], [*first, *lines], summary, group))
        return total

    rows: list[Row] = []
    profit = net_income(moved)
    income = [data([named("Net Income"), *amounts(profit)], "NetIncome")]
    total = activity("OPERATING ACTIVITIES", "OperatingActivities", "operating", income, _is_operating)
    for title, group, word, types in (
        ("INVESTING ACTIVITIES", "InvestingActivities", "investing", ("Fixed Asset", "Other Asset")),
        ("FINANCING ACTIVITIES", "FinancingActivities", "financing", ("Long Term Liability", "Equity")),
    ):
        total = added(total, activity(title, group, word, [], _of_type(*types)))
    rows.append(section(None, None, [named("Net cash increase for period"), *amounts(total)], "CashIncrease"))
    rows.append(data([named("Cash at beginning of period"), *amounts(opening)], "BeginningCash"))
    closing = added(opening, total)
    rows.append(section(None, None, [named("Cash at end of period"), *amounts(closing)], "EndingCash"))
    return rows


def is_cash(account: Account) -> bool:
    """Bank accounts, and the funds that wait to be deposited."""
    return account.type == "Bank" or account.sub_type == "UndepositedFunds"


def _is_operating(account: Account) -> bool:
    kinds = ("Accounts Receivable", "Other Current Asset", "Accounts Payable", "Credit Card", "Other Current Liability")
    return account.type in kinds and not is_cash(account)


def added(*many: Values) -> Values:
    return tuple(map(sum, zip(*many, strict=True)))


def less(first: Values, *others: Values) -> Values:
    return added(first, *(_signed(-1, other) for other in others))


def _signed(sign: int, values: Values) -> Values:
    return tuple(sign * value for value in values)


def _of_type(*types: str) -> Callable[[Account], bool]:
    return lambda account: account.type in types


def _shown(held: Amounts, values: Values) -> list[dict[str, str]]:
    """Totals are blank in a report without data."""
    return [{"value": "" if held.empty else money(value)} for value in values]
