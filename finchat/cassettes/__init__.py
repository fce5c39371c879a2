"""Cassettes: one file that holds everything a run met, from which it runs again with no network and no key."""
