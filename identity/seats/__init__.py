"""Seats 席位: rights belong to the post; whoever holds it has them, and loses them with it at once."""
