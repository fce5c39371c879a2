"""The vendors' query dialects, compiled to parameterised SQLite conditions."""
