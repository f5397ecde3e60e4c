"""残联: disability certificates."""
