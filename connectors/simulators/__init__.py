"""The outside world, played for demonstrations and tests: real HTTP, own store, no shortcut into the system.

Nothing of the system may import this package but the composition root of a demonstration.
"""
