"""One number for every person, household, firm and institution, whether or not they have an account."""
