"""What the query of a list's address means."""
