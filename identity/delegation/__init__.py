"""Acting for somebody else: for one's child, for a relative who asked, for an enterprise."""
