"""finchat's own MCP servers: tools generated from a documented table of operations."""
