"""Rights in force of which a person has something to decide, and money that was not due."""
