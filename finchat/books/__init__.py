"""Accounting types and pure functions over them: no I/O, no floats, nothing of MCP."""
