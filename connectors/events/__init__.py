"""Events from departments, signed pushes and polls alike, into one common form."""
