"""公安: the household register, births and deaths."""
