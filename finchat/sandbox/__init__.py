"""Faithful local back ends of the vendors, over one double-entry ledger, and the companies seeded into them."""
