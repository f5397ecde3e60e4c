"""A house that is struck all the time while it pays: ``python -m benchmarks.chaos --help``.

``network`` loses, delays, doubles and reorders what goes between the house and the outside; ``hands`` are the people who
tap and decide; ``examination`` holds the house's books against the bank's when it is over.
"""
