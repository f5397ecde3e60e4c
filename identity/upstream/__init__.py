"""Signing in through the province's identity or the national network identity (网号): voluntary, never the only way."""
