"""A QuickBooks Online company on this machine, behind the API's own paths."""
