"""What is counted over everything: made by the worker at its hours, read by pages with the moment at which it was made."""
