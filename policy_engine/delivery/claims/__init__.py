"""A right that is asked for, on its way to a decision by named people."""
