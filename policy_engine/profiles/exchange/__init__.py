"""Use of the provincial exchange on record: what may be shared, for which purpose it was granted, every single access."""
