"""Licences: the list, issuing, and changing their state."""
