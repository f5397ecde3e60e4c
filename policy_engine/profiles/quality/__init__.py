"""What is wrong with the data: values that cannot be, sources that differ, records gone stale; tasks of their owners."""
