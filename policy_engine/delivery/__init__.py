"""From a match to money in an account: offer, claim, award and payment, each with a life of its own."""
