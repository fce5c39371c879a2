"""SQLite tables and migrations. What the rows mean is decided above."""
