"""What the city holds out to somebody: made by a match, taken by one tap."""
