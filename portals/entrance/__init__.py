"""The entrance: one page with three doors."""
