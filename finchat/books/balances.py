"""What writes do to balances, and whether the ledger afterwards says the same to the cent.

Rule: a payment moves the document at the document's rate and the cash at the line's own rate; the difference is
realised exchange gain or loss (accounting.md, "How a line may settle documents" and "Balances are proof").
Debit is positive in every Effect, so the base amounts of one write sum to zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from finchat.books.documents import Account, Credit, Document
from finchat.books.matching.verdict import Allocation, Settlement
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
            held = bank.get(e.account_id, BankBalance(account_id=e.account_id, amount=Decimal(0), currency=e.currency))
            if held.currency != e.currency:
                raise ValueError(f"account {e.account_id} is in {held.currency}, the effect in {e.currency}")
            bank[e.account_id] = replace(held, amount=held.amount + e.amount)
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


def _with_gain(effects: list[Effect], base_currency: str, account_id: str) -> tuple[Effect, ...]:
    rest = sum((e.base_amount for e in effects), Decimal(0))
    if rest:
        effects.append(_effect(account_id, "gain_loss", -rest, base_currency, -rest))
    return tuple(effects)


def _control(document: Document) -> Control:
    return "receivables" if document.type == "invoice" else "payables"


def _effect(account_id: str, control: Control, amount: Decimal, currency: str, base: Decimal) -> Effect:
    return Effect(account_id=account_id, control=control, amount=amount, currency=currency, base_amount=base)
