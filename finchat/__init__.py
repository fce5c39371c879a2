"""finchat: talk to your books, and trust what it writes."""

__version__ = "0.1.0"
