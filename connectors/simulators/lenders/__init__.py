"""Simulated banks as lenders: their systems call the real API over HTTP, as a bank's own would."""
