"""Money: what is ready to be paid, the batches, and the books."""
