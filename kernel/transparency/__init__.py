"""A log that anyone can check: what was done is committed to in a Merkle tree whose signed heads leave the house.

Only salted commitments go in. Whoever writes a record calls ``record`` in the same transaction; the rest of this package
puts it into the tree within a second, proves that it is there, and finds what is no longer as it was written.
"""

from kernel.transparency.commitments import Content
from kernel.transparency.recording import Recorded, erase, record, record_many

__all__ = ["Content", "Recorded", "erase", "record", "record_many"]
