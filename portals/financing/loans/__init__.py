"""Loans: disbursed, repaid, overdue, extended, closed; and what the city knows of them as facts."""
