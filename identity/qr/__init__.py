"""A phone that is signed in lets a desk browser in, by a picture on the desk's screen."""
