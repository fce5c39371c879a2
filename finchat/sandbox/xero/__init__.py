"""A local Xero Accounting API 2.0: the vendor's paths, rules and texts over a double-entry ledger."""
