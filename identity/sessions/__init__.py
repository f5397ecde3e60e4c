"""Single sign-on: one sign-in of a person in one browser, on which the grants of all portals hang."""
