"""公示: what the public may read of a claim while its notice runs, and what it says against it."""
