"""Everything the city hears from outside and says to it: one folder per outside system.

Attributes of the catalogue appear here as data (their ids), never as imports: the engine that knows their
meaning stands above this storey.
"""
