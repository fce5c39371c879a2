"""The matcher: a pure function from the facts of an organisation to one verdict for every bank line."""
