"""Who did what, what got stuck, what was refused, and who sits where."""
