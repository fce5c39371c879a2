"""Workflows: read → facts → plan, and applying a plan. Thin shells around the pure core in books/."""
