"""The QuickBooks Online Accounting API (v3) as MCP tools."""
