"""The demonstration: a fictional city with a cast of people one can sign in as. Nothing here runs in production."""
