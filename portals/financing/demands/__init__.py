"""Demands for financing and their applications at banks: one table of states, clocks, routing, authorised data."""
