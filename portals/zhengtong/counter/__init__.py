"""At the counter and at the door: people who come in person or have to be visited."""
