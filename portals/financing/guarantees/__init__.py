"""Guarantees, and the pool that shares the loss of a default."""
