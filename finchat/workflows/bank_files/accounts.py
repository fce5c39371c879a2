"""Which bank account of the ledger a statement is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finchat.books.documents import Account
from finchat.errors import UsageError
from finchat.workflows.bank_files.iban import is_iban, same_account
from finchat.workflows.bank_files.statement import FileStatement


def choose(file: FileStatement, accounts: Mapping[str, Account], named: str | None) -> Account:
    """By the number in the file, else the one a person named (`--account`: code, id or name), else the only one.

    Raises UsageError that lists the bank accounts when none or several fit, and when the file is of another account
    or in another currency than the one it would be read for.
    """
    bank = [a for a in accounts.values() if a.kind == "bank" and a.active]
    wanted = None if named is None else _named(bank, named)
    numbered = [a for a in bank if a.bank_account and any(same_account(n, a.bank_account) for n in file.numbers)]
    # In a CSV only a number with check digits is surely an account's.
    sure = [n for n in file.numbers if file.format != "csv" or is_iban(n)]
    if wanted is not None:
        other = [a for a in numbered if a.id != wanted.id]
        if wanted not in numbered and (other or (sure and wanted.bank_account)):
            whose = f"{other[0].code} {other[0].name}" if other else sure[0]
            raise _refused(file, f"is of account {whose}, not of {wanted.code} {wanted.name}", bank)
        return _in_currency(file, wanted, bank)
    if len(numbered) > 1:
        numbered = [a for a in numbered if a.currency == file.currency] or numbered
    if len(numbered) == 1:
        return _in_currency(file, numbered[0], bank)
    if not numbered and len(bank) == 1 and not (sure and bank[0].bank_account):
        return _in_currency(file, bank[0], bank)
    if not numbered and sure and all(a.bank_account for a in bank):
        raise _refused(file, f"is of account {sure[0]}, which is no bank account of the ledger", bank)
    raise Unnamed(_refused(file, "does not say which bank account it is of", bank), tuple(numbered or bank))


class Unnamed(UsageError):
    """The file leaves open of which of the `bank` accounts it is: a person may say."""

    def __init__(self, error: UsageError, bank: tuple[Account, ...]) -> None:
        super().__init__(error.message, field=error.field, next=error.next)
        self.bank = bank


def _in_currency(file: FileStatement, account: Account, bank: Sequence[Account]) -> Account:
    if file.currency and account.currency and file.currency != account.currency:
        raise _refused(
            file, f"is in {file.currency}; account {account.code} {account.name} is in {account.currency}", bank
        )
    return account


def _named(bank: Sequence[Account], name: str) -> Account:
    for account in bank:
        if name in (account.id, account.code, account.name):
            return account
    raise UsageError(f"there is no bank account {name!r}", field="--account", next=_list(bank))


def _refused(file: FileStatement, why: str, bank: Sequence[Account]) -> UsageError:
    return UsageError(f"{file.path} {why}", field="--account", next=f"name it with --account; {_list(bank)}")


def _list(bank: Sequence[Account]) -> str:
    shown = (f"{a.code or a.id} {a.name}" + (f" ({a.bank_account})" if a.bank_account else "") for a in bank)
    return f"bank accounts are: {', '.join(shown) or 'none'}"
