"""Banks: accounts, payouts, statements, guaranteed loans."""
