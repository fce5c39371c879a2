"""Proposals: what would be written about each bank line, with its evidence, its rival and its open questions."""

from finchat.workflows.proposals.drafting import BalanceOf, Draft, LineAnswer, LineStatus, draft

__all__ = ["BalanceOf", "Draft", "LineAnswer", "LineStatus", "draft"]
