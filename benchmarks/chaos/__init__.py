"""A house that is struck all the time while it pays: ``python -m benchmarks.chaos --help``.

``town`` says who lives there and what will happen to whom; ``worker`` and ``hands`` are the processes that do it and die at
the points of ``blows`` (``children`` starts them again); ``network`` loses, delays, doubles and reorders what goes between
the house and the outside; ``examination`` holds the house's books against the bank's when it is over.
"""
