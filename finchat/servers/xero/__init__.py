"""The Xero Accounting API 2.0 as MCP tools."""
