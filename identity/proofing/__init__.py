"""Showing in person who one is: an official at a counter, or a face compared by public security. Either suffices."""
