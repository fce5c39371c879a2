"""MCP sessions, seen by the rest of finchat only as toolboxes."""
