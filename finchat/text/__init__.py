"""Text from strangers: made safe to show, and kept free of secrets."""
