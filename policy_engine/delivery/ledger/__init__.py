"""Double-entry books of every budget."""
