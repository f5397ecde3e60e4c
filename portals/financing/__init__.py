"""Financing 政企银: from a demand to a loan and its interest subsidy. Rongtong and Zhengtong both use it."""
