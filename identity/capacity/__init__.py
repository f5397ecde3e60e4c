"""In which capacity somebody may act: as themselves, for another person, for an enterprise, from a seat."""
