"""核对: a household's means, asked about only as long as everybody grown up in it has agreed, and forgotten in time."""
