"""Working through a plan of many proposals: groups alike, a board of decisions, and a writer in the background."""
