"""Policies as documents: read and checked, their cases borne out, brought to life by two seats, and published."""
