"""The reports of the API, computed from the company's postings."""

from finchat.sandbox.quickbooks.reports.service import REPORTS, run

__all__ = ["REPORTS", "run"]
