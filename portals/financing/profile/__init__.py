"""一企一档: what is known of a firm, with its sources; what it has, could have, and lacks by one step."""
