"""What moves a bank account without a document: deposits, spending, counter sales, refunds, transfers, journals. Pure.

Each function raises UnreadableRecord, which names the record and the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finchat.books.documents import (
    Account,
    BankTransaction,
    CodedTransaction,
    Coding,
    Direction,
    Transfer,
    Undeposited,
)
from finchat.books.money import round_to_minor
from finchat.providers.fields import Record
from finchat.providers.quickbooks.parsing import (
    CLASS,
    DEPARTMENT,
    UNTAXED,
    currency_of,
    rate_of,
    ref,
)
from finchat.providers.quickbooks.settlements import links

Accounts = Mapping[str, Account]
_ZERO = Decimal("0.00")
_EXPENSE, _ITEM, _DEPOSIT, _JOURNAL, _SALE = (
    "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "DepositLineDetail", "JournalEntryLineDetail",
    "SalesItemLineDetail",
)  # fmt: skip


def deposit(data: Mapping[str, Any], accounts: Accounts, base_currency: str, undeposited: str = "") -> BankTransaction:
    """Money taken to the bank. One that gathers what waited in undeposited funds is a movement between own accounts:
    what it gathers was booked when it was received."""
    record = Record(data, "QuickBooks deposit", "Id")
    lines = record.children("Line", "Id")
    gathers = any(line.children("LinkedTxn", "TxnId") for line in lines)
    coded_to = []
    people: dict[str, str] = {}
    for line in lines:
        detail = line.child(_DEPOSIT, "AccountRef")
        coded_to.append(ref(detail, "AccountRef")[0] or undeposited)
        id, name = ref(detail, "Entity")
        if id:
            people[id] = name
    found = _moved(
        record, accounts, base_currency,
        account_id=ref(record, "DepositToAccountRef")[0], direction="receive", coded_to=tuple(coded_to),
        party=next(iter(people.items())) if len(people) == 1 else ("", ""),
    )  # fmt: skip
    return replace(found, kind="deposit") if gathers else found


def purchase(data: Mapping[str, Any], accounts: Accounts, base_currency: str) -> BankTransaction:
    """Money spent without a bill, or given back to a card (`Credit`)."""
    record = Record(data, "QuickBooks purchase", "Id")
    return _moved(
        record, accounts, base_currency,
        account_id=ref(record, "AccountRef")[0],
        direction="receive" if record.flag("Credit") else "spend",
        coded_to=tuple(_coded_to(line) for line in record.children("Line", "Id")),
        party=ref(record, "EntityRef"),
    )  # fmt: skip


def sale(data: Mapping[str, Any], accounts: Accounts, base_currency: str, *, refund: bool = False) -> BankTransaction:
    """A sales receipt (money in at once) or a refund receipt (money out)."""
    record = Record(data, "QuickBooks refund receipt" if refund else "QuickBooks sales receipt", "Id")
    lines = [line for line in record.children("Line", "Id") if line.text("DetailType", "") == _SALE]
    return _moved(
        record, accounts, base_currency,
        account_id=ref(record, "DepositToAccountRef")[0],
        direction="spend" if refund else "receive",
        coded_to=tuple(_coded_to(line) for line in lines),
        party=ref(record, "CustomerRef"),
    )  # fmt: skip


def waiting_sale(data: Mapping[str, Any], accounts: Accounts, base_currency: str) -> Undeposited | None:
    """A sales receipt whose money waits in undeposited funds; None for any other."""
    record = Record(data, "QuickBooks sales receipt", "Id")
    account_id, _ = ref(record, "DepositToAccountRef")
    amount = record.decimal("TotalAmt")
    account = accounts.get(account_id)
    taken = any(kind == "Deposit" for kind, _ in links(record))
    if account is None or not account.undeposited or taken or amount <= 0:
        return None
    contact_id, contact = ref(record, "CustomerRef")
    return Undeposited(
        id=record.text("Id"),
        record="sales_receipt",
        date=record.date("TxnDate"),
        account_id=account_id,
        contact_id=contact_id,
        contact=contact,
        currency=currency_of(record, base_currency),
        amount=amount,
        reference=record.text("PaymentRefNum", "") or record.text("DocNumber", ""),
        method=ref(record, "PaymentMethodRef")[1],
    )


def transfer(data: Mapping[str, Any], accounts: Accounts, base_currency: str) -> Transfer:
    record = Record(data, "QuickBooks transfer", "Id")
    from_, _ = ref(record, "FromAccountRef")
    to, _ = ref(record, "ToAccountRef")
    own = accounts[from_].currency if from_ in accounts else base_currency
    return Transfer(
        id=record.text("Id"),
        date=record.date("TxnDate"),
        from_account=from_,
        to_account=to,
        amount=record.decimal("Amount"),
        currency=currency_of(record, own),
        reference=record.text("PrivateNote", ""),
    )


def journal(data: Mapping[str, Any], accounts: Accounts, base_currency: str) -> tuple[BankTransaction, ...]:
    """What a journal entry moves on bank accounts, line by line; nothing for most."""
    record = Record(data, "QuickBooks journal entry", "Id")
    lines = [(line, line.child(_JOURNAL, "AccountRef")) for line in record.children("Line", "Id")]
    lines = [(line, detail) for line, detail in lines if line.text("DetailType", _JOURNAL) == _JOURNAL]
    on_banks = [
        (line, detail)
        for line, detail in lines
        if (account := accounts.get(ref(detail, "AccountRef")[0])) is not None and account.kind == "bank"
    ]
    found = []
    for line, detail in on_banks:
        account_id, _ = ref(detail, "AccountRef")
        direction: Direction = "receive" if detail.text("PostingType") == "Debit" else "spend"
        others = tuple(ref(d, "AccountRef")[0] for _, d in lines if d is not detail)
        entity = detail.child("Entity", "EntityRef")
        own = record.text("Id") if len(on_banks) == 1 else f"{record.text('Id')}:{line.text('Id', '')}"
        text = " ".join(dict.fromkeys(t for t in (record.text("PrivateNote", ""), line.text("Description", "")) if t))
        moved = _moved(
            record, accounts, base_currency,
            account_id=account_id, direction=direction, coded_to=others, party=ref(entity, "EntityRef"),
            amount=line.decimal("Amount", _ZERO),
        )  # fmt: skip
        found.append(replace(moved, id=own, reference=text))
    return tuple(one for one in found if one.amount)


def coded(data: Mapping[str, Any], moved: BankTransaction, accounts: Accounts) -> CodedTransaction | None:
    """Money received or spent with the coding of its lines, tax included; None where a line names no account of the
    chart (an item, or what waited in undeposited funds)."""
    if moved.kind != "money" or not moved.coded_to or any(id not in accounts for id in moved.coded_to):
        return None
    record = Record(data, "QuickBooks transaction", "Id")
    lines = record.children("Line", "Id")
    if len(lines) != len(moved.coded_to):
        return None
    _, place = ref(record, "DepartmentRef")
    texts = [moved.reference]
    codings: list[tuple[Coding, Decimal]] = []
    for line, account_id in zip(lines, moved.coded_to, strict=True):
        name = _EXPENSE if line.data.get(_EXPENSE) else _DEPOSIT
        detail = line.child(name, "AccountRef")
        _, team = ref(detail, "ClassRef")
        tags = tuple((key, option) for key, option in ((CLASS, team), (DEPARTMENT, place)) if option)
        whole = detail.optional_decimal("TaxInclusiveAmt")
        amount = line.decimal("Amount", _ZERO)
        if whole is None:
            whole = amount + moved.tax if len(lines) == 1 and _on_top(record) else amount
        codings.append((Coding(account_id, ref(detail, "TaxCodeRef")[0] or UNTAXED, tags), whole))
        texts.append(line.text("Description", ""))
    return CodedTransaction(
        id=moved.id,
        date=moved.date,
        account_id=moved.account_id,
        direction=moved.direction,
        contact_id=moved.contact_id,
        contact=moved.contact,
        text="\n".join(dict.fromkeys(text for text in texts if text)),
        amount=moved.amount,
        currency=moved.currency,
        codings=tuple(codings),
    )


def _on_top(record: Record) -> bool:
    return record.text("GlobalTaxCalculation", "TaxExcluded") == "TaxExcluded"


def _coded_to(line: Record) -> str:
    """The account of a line; of a line that names an item, the item's name: its account is the item's own affair."""
    for name in (_EXPENSE, _ITEM, _SALE):
        if line.data.get(name):
            detail = line.child(name, "ItemRef")
            return ref(detail, "AccountRef")[0] or ref(detail, "ItemRef")[1]
    return ""


def _moved(
    record: Record,
    accounts: Accounts,
    base_currency: str,
    *,
    account_id: str,
    direction: Direction,
    coded_to: tuple[str, ...],
    party: tuple[str, str],
    amount: Decimal | None = None,
) -> BankTransaction:
    held = accounts[account_id].currency if account_id in accounts else base_currency
    currency = currency_of(record, held)
    total = record.decimal("TotalAmt") if amount is None else amount
    rate = rate_of(record, currency, base_currency)
    if currency != held and rate is not None and held == base_currency:
        total, currency, rate = round_to_minor(total * rate, base_currency), held, None
    if total < 0:
        total, direction = -total, "spend" if direction == "receive" else "receive"
    return BankTransaction(
        id=record.text("Id"),
        date=record.date("TxnDate"),
        account_id=account_id,
        direction=direction,
        kind="money",
        currency=currency,
        amount=total,
        coded_to=coded_to,
        lines=len(coded_to),
        tax=record.child("TxnTaxDetail", "TotalTax").decimal("TotalTax", _ZERO),
        contact_id=party[0],
        contact=party[1],
        reference=record.text("PrivateNote", "") or record.text("DocNumber", ""),
        rate=rate,
    )
