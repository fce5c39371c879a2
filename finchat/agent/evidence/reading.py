"""SQL of the model's, read before it runs. Importing this imports the SQL parser, which takes long."""

from __future__ import annotations

from finchat.agent.evidence.lineage import analyse
from finchat.agent.evidence.sql_text import read, tables_in

__all__ = ["analyse", "read", "tables_in"]
