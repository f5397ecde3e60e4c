"""What a loan costs, to the fen: schedules, changes on the way, all-in annual cost, and the statement of costs.

Pure: no web, database, network, clock or settings. Whoever compares, lends or subsidises reckons with the same figures.
"""
