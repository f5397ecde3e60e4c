"""Where facts come from: which systems answer, what got stuck, what was refused, and what is wrong with the data."""
