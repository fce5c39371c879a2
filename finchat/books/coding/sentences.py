"""How a coding is called in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from finchat.books.documents import Account, Coding, TaxRate


def spoken_coding(coding: Coding, accounts: Mapping[str, Account], tax_rates: Mapping[str, TaxRate]) -> str:
    """`404 Bank Fees, No Tax, Region: North`: account, tax code and tracking by their names, else as they are."""
    account = accounts.get(coding.account_id)
    rate = tax_rates.get(coding.tax_type)
    where = coding.account_id if account is None else account.label
    tax = coding.tax_type if rate is None else rate.name
    return ", ".join([where, *([tax] if tax else []), *(f"{name}: {option}" for name, option in coding.tracking)])
