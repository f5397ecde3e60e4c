"""Barring the way into an account, and opening it again: two officials, a reason, and a letter to its owner."""
