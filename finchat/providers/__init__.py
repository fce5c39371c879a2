"""Profiles of MCP servers: canonical operation ↔ tool, its effect, and parsing tool answers into books types."""
