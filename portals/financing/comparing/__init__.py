"""Offers side by side, by what they cost all in."""
