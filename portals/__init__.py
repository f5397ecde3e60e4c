"""The three entrances, and the composition root (``main``, ``worker``, ``cli``, ``demo``), which alone wires everything."""
