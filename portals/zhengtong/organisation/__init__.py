"""Divisions, departments and seats: who makes posts, who seats people on them, and who looks on."""
