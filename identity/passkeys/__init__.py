"""Passkeys (Web Authentication Level 3): a key that a device keeps and its owner unlocks, good for this site alone."""
