"""The public register: firms that were paid, by name; persons only in groups too large to find anybody in."""
