"""What a line is coded to, looked up in the organisation's own chart."""

from __future__ import annotations

from dataclasses import dataclass

from finchat.books.documents import Account, Coding, TaxRate
from finchat.providers.writing.context import CannotPropose, WriteContext


@dataclass(frozen=True, slots=True)
class Codable:
    """A coding, looked up: what is there to code to."""

    coding: Coding
    account: Account
    rate: TaxRate


def codable(context: WriteContext, coding: Coding) -> Codable:
    """The coding's account and tax rate. Raises CannotPropose when one cannot be used (any more)."""
    account = context.account(coding.account_id)
    if not account.active or not account.codable:
        raise CannotPropose(f"nothing can be coded to account {account.code} {account.name}".rstrip())
    rate = context.tax_rates.get(coding.tax_type)
    if rate is None or not rate.active:
        raise CannotPropose(f"tax code {coding.tax_type} is not in use")
    known = {category.name: category.options for category in context.tracking}
    for category, option in coding.tracking:
        if option not in known.get(category, ()):
            raise CannotPropose(f"tracking option {category} = {option} is not in use")
    return Codable(coding, account, rate)
