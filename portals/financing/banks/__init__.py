"""Banks and their officers: queue, authorised file, notes, offers, contracts, and the same as an API."""
