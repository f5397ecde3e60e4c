"""Money paid that was not due: told first, heard, decided by a named official, and never taken back by itself."""
