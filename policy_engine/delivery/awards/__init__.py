"""A right that was recognised and lives for months or years."""
