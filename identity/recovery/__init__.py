"""The phone is lost: a new number takes its place after a time in which the owner can stop it."""
