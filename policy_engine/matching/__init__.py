"""Which policies apply to whom: one change at a time, or the whole city at once."""
