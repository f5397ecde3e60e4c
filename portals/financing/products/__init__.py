"""Loan and guarantee products: documents in the policy language, published by banks, matched by the engine."""
