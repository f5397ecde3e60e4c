"""One sum for one period of an award, and its way to the bank."""
