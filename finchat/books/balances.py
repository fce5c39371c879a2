"""What writes do to balances, and whether the ledger afterwards says the same to the cent.

Rule: a payment moves the document at the document's rate and the cash at the line's own rate; the difference is
realised exchange gain or loss (accounting.md, "How a line may settle documents" and "Balances are proof").
Debit is positive in every Effect, so the base amounts of one write sum to zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from finchat.books.documents import Account, Credit, Document
from finchat.books.matching.verdict import Allocation, Refund, Settlement
from finchat.books.money import amount_text, round_to_minor
from finchat.books.plan import AccountBalance, Balances, BankBalance, Control, Effect, Write


def payment_effects(
    settlement: Settlement,
    document: Document,
    account: Account,
    *,
    base_currency: str,
    control_account_id: str,
    gain_loss_account_id: str = "",
    due: Decimal | None = None,
) -> tuple[Effect, ...]:
    """Effects of a payment of `document` into or out of `account` (a bank account, or one named as clearing).

    The settlement's `bank_amount` is in the account's currency; `due` is what is due just before. Raises ValueError
    when a rate that is needed is missing: a foreign document without its own rate, or a foreign account paying a
    foreign document of another currency.
    """
    inward = document.direction == "receive"
    cash = settlement.bank_amount if inward else -settlement.bank_amount
    owed = -settlement.amount if inward else settlement.amount
    document_base = _relieved(document, settlement.amount, due, base_currency)
    if account.currency == base_currency:
        cash_base = settlement.bank_amount
    elif document.currency == base_currency:
        cash_base = settlement.amount
    elif account.currency == document.currency and settlement.rate is not None:
        cash_base = round_to_minor(settlement.bank_amount * settlement.rate, base_currency)
    elif account.currency == document.currency:
        cash_base = document_base
    else:
        raise ValueError(f"no rate from {account.currency} to {base_currency}")
    signed_cash = cash_base if inward else -cash_base
    signed_owed = -document_base if inward else document_base
    effects = [
        _effect(account.id, "clearing" if account.clearing else "bank", cash, account.currency, signed_cash),
        _effect(control_account_id, _control(document), owed, document.currency, signed_owed),
    ]
    return _with_gain(effects, base_currency, gain_loss_account_id)


def refund_effects(
    refund: Refund,
    credit: Credit,
    account: Account,
    *,
    base_currency: str,
    control_account_id: str,
    gain_loss_account_id: str = "",
    remaining: Decimal | None = None,
) -> tuple[Effect, ...]:
    """Effects of paying an open credit back through a bank account: out to a customer, in from a supplier.

    `remaining` is what the credit has left just before. Raises ValueError when a rate that is needed is missing.
    """
    inward = credit.type == "bill"
    credit_base = _relieved_credit(credit, refund.amount, remaining, base_currency)
    if account.currency == base_currency:
        cash_base = refund.bank_amount
    elif account.currency == credit.currency and refund.rate is not None:
        cash_base = round_to_minor(refund.bank_amount * refund.rate, base_currency)
    else:
        raise ValueError(f"no rate from {account.currency} to {base_currency}")
    sign = Decimal(1) if inward else Decimal(-1)
    control: Control = "receivables" if credit.type == "invoice" else "payables"
    effects = [
        _effect(account.id, "bank", sign * refund.bank_amount, account.currency, sign * cash_base),
        _effect(control_account_id, control, -sign * refund.amount, credit.currency, -sign * credit_base),
    ]
    return _with_gain(effects, base_currency, gain_loss_account_id)


def kept_effects(
    cash: Decimal, currency: str, side: str, *, account: Account, control_account_id: str, base_amount: Decimal
) -> tuple[Effect, ...]:
    """Effects of an overpayment or prepayment of `cash` (debit positive at the bank): a credit in receivables (`side`
    invoice) or payables for its whole amount. `base_amount` is its positive value in base currency."""
    in_base = base_amount if cash > 0 else -base_amount
    control: Control = "receivables" if side == "invoice" else "payables"
    return (
        _effect(account.id, "bank", cash, currency, in_base),
        _effect(control_account_id, control, -cash, currency, -in_base),
    )


def transfer_effects(amount: Decimal, source: Account, target: Account) -> tuple[Effect, ...]:
    """Effects of a transfer between two bank accounts of the base currency."""
    return (
        _effect(source.id, "bank", -amount, source.currency, -amount),
        _effect(target.id, "bank", amount, target.currency, amount),
    )


def coded_effects(
    moved: Decimal,
    currency: str,
    percent: Decimal,
    *,
    against: Account,
    account: Account,
    tax_account_id: str,
    base_currency: str,
    to_base: Callable[[Decimal], Decimal],
    rounding_account_id: str = "",
) -> tuple[Effect, ...]:
    """Effects of one line coded to `account`, with `percent` tax in it, `against` a bank or control account, which
    moves by `moved` (debit positive, tax included).

    Tax is rounded half-up to the cent, as Xero does a line's. Converted each by itself, the parts may miss the whole
    by a cent of base currency, which Xero books to its rounding account. Raises ValueError when there is none.
    """
    tax = tax_in(abs(moved), percent, currency)
    sign = Decimal(1) if moved > 0 else Decimal(-1)
    parts: list[tuple[str, Control, Decimal]] = [(account.id, control_of(account), abs(moved) - tax)]
    if tax:
        parts.append((tax_account_id, "tax", tax))
    whole = to_base(abs(moved))
    effects = [_effect(against.id, control_of(against), moved, currency, sign * whole)]
    effects += [
        _effect(id, control, -sign * part, currency, -sign * to_base(part)) for id, control, part in parts if part
    ]
    if rest := sum((e.base_amount for e in effects), Decimal(0)):
        if not rounding_account_id:
            raise ValueError("the parts miss the whole by a cent, and the chart has no rounding account")
        effects.append(_effect(rounding_account_id, "other", -rest, base_currency, -rest))
    return tuple(effects)


def tax_in(amount: Decimal, percent: Decimal, currency: str) -> Decimal:
    """The tax in an amount that includes it, half-up to the minor unit (Xero's rounding of a line)."""
    return round_to_minor(amount * percent / (100 + percent), currency)


def control_of(account: Account) -> Control:
    """What an account is called in effects."""
    if account.clearing or account.undeposited:
        return "clearing"
    kind = account.kind
    if kind == "bank" or kind == "receivables" or kind == "payables" or kind == "tax":  # noqa: PLR1714 - narrows it
        return kind
    return "other"


def allocation_effects(
    allocation: Allocation,
    document: Document,
    credit: Credit,
    *,
    base_currency: str,
    control_account_id: str,
    gain_loss_account_id: str = "",
    due: Decimal | None = None,
) -> tuple[Effect, ...]:
    """Effects of allocating a credit: no cash moves. In base currency both sides are the same control account, so
    nothing moves at all; between documents of different rates the difference is realised gain or loss."""
    sign = Decimal(-1) if document.direction == "receive" else Decimal(1)
    on_document = _relieved(document, allocation.amount, due, base_currency)
    on_credit = _document_base(allocation.amount, credit.currency, credit.rate, base_currency)
    if on_document == on_credit:
        return ()
    effects = [
        _effect(
            control_account_id, _control(document), sign * allocation.amount, document.currency, sign * on_document
        ),
        _effect(control_account_id, _control(document), -sign * allocation.amount, credit.currency, -sign * on_credit),
    ]
    return _with_gain(effects, base_currency, gain_loss_account_id)


def stated(before: Balances, writes: Iterable[Write]) -> Iterator[Effect]:
    """The effects of writes as the balances will state them: a gain or loss dated in an earlier financial year is
    part of what that year earned by now, and no longer the balance of its own account."""
    for write in writes:
        day = write.arguments.get("date") or (write.verify or {}).get("date")  # a reversal is of its original's day
        earlier = before.gains_since is not None and isinstance(day, str) and day < before.gains_since.isoformat()
        yield from (e for e in write.effects if not (earlier and e.control == "gain_loss"))


def expected(before: Balances, effects: Iterable[Effect]) -> Balances:
    """Balances after the effects. What is unknown before (None) stays unknown."""
    effects = tuple(effects)
    bank = {b.account_id: b for b in before.bank}
    receivables, payables = before.receivables, before.payables
    other = {o.account_id: o for o in before.other}
    for e in effects:
        if e.control == "bank":
            held = bank.get(
                e.account_id, BankBalance(account_id=e.account_id, amount=Decimal(0), currency=before.currency)
            )
            # A foreign account's balance is stated in base currency, as the trial balance has it.
            moved_by = e.amount if held.currency == e.currency else e.base_amount
            if held.currency not in (e.currency, before.currency):
                raise ValueError(f"account {e.account_id} is in {held.currency}, the effect in {e.currency}")
            bank[e.account_id] = replace(held, amount=held.amount + moved_by)
        elif e.control == "receivables" and receivables is not None:
            receivables += e.base_amount
        elif e.control == "payables" and payables is not None:
            payables -= e.base_amount
        elif e.control in ("tax", "gain_loss", "clearing"):
            moved = other.get(e.account_id) or AccountBalance(
                account_id=e.account_id, control=e.control, amount=Decimal(0)
            )
            other[e.account_id] = replace(moved, amount=moved.amount + e.base_amount)
    order = [b.account_id for b in before.bank]
    rest = sorted(a for a in bank if a not in order)
    return replace(
        before,
        bank=tuple(bank[a] for a in (*order, *rest)),
        receivables=receivables,
        payables=payables,
        other=tuple(other.values()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A balance that is not as expected: `what` is an account's id, receivables, payables or trial_balance."""

    what: str
    expected: Decimal | None
    actual: Decimal | None
    currency: str

    @property
    def text(self) -> str:
        def say(amount: Decimal | None) -> str:
            return "unknown" if amount is None else f"{amount_text(amount, self.currency)} {self.currency}"

        return f"{self.what}: expected {say(self.expected)}, the ledger says {say(self.actual)}"


def differences(expected: Balances, actual: Balances) -> tuple[Difference, ...]:
    """Every balance that differs, to the cent; an empty tuple is the proof. A value that either side does not know
    is a difference unless both do not know it. The trial balance must be zero wherever it is known."""
    found: list[Difference] = []

    def compare(what: str, want: Decimal | None, have: Decimal | None, currency: str) -> None:
        if want != have:
            found.append(Difference(what=what, expected=want, actual=have, currency=currency))

    have = {b.account_id: b for b in actual.bank}
    want = {b.account_id: b for b in expected.bank}
    for account_id in sorted({*want, *have}):
        w, h = want.get(account_id), have.get(account_id)
        if w is None and h is not None:
            compare(account_id, None, h.amount, h.currency)
        elif w is not None:
            compare(account_id, w.amount, h.amount if h is not None and h.currency == w.currency else None, w.currency)
    others = {o.account_id: o.amount for o in actual.other}
    for o in expected.other:
        compare(o.account_id, o.amount, others.get(o.account_id), expected.currency)
    compare("receivables", expected.receivables, actual.receivables, expected.currency)
    compare("payables", expected.payables, actual.payables, expected.currency)
    if actual.trial_balance_difference is not None:
        compare("trial_balance", Decimal(0), actual.trial_balance_difference, expected.currency)
    return tuple(found)


def _document_base(amount: Decimal, currency: str, rate: Decimal | None, base_currency: str) -> Decimal:
    if currency == base_currency:
        return amount
    if rate is None:
        raise ValueError(f"no rate from {currency} to {base_currency}")
    return round_to_minor(amount * rate, base_currency)


def _relieved(document: Document, amount: Decimal, due: Decimal | None, base_currency: str) -> Decimal:
    """What settling `amount` takes out of the control account in base currency: the last cent takes all that is left,
    so that no rounding of earlier part payments stays behind."""
    if due is None or amount != due or document.currency == base_currency:
        return _document_base(amount, document.currency, document.rate, base_currency)
    whole = _document_base(document.total, document.currency, document.rate, base_currency)
    return whole - _document_base(document.total - due, document.currency, document.rate, base_currency)


def _relieved_credit(credit: Credit, amount: Decimal, remaining: Decimal | None, base_currency: str) -> Decimal:
    """The same for a credit."""
    if remaining is None or amount != remaining or credit.currency == base_currency:
        return _document_base(amount, credit.currency, credit.rate, base_currency)
    whole = _document_base(credit.total, credit.currency, credit.rate, base_currency)
    return whole - _document_base(credit.total - remaining, credit.currency, credit.rate, base_currency)


def _with_gain(effects: list[Effect], base_currency: str, account_id: str) -> tuple[Effect, ...]:
    rest = sum((e.base_amount for e in effects), Decimal(0))
    if rest:
        effects.append(_effect(account_id, "gain_loss", -rest, base_currency, -rest))
    return tuple(effects)


def _control(document: Document) -> Control:
    return "receivables" if document.type == "invoice" else "payables"


def _effect(account_id: str, control: Control, amount: Decimal, currency: str, base: Decimal) -> Effect:
    return Effect(account_id=account_id, control=control, amount=amount, currency=currency, base_amount=base)
