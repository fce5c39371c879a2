"""Coding without a document: receive and spend money as this organisation always books this payee, or a question."""

from finchat.books.coding.engine import code
from finchat.books.coding.sentences import spoken_coding

__all__ = ["code", "spoken_coding"]
