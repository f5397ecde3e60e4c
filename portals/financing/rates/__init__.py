"""Reference rates that policies name (LPR): dated, with their source, kept by officials of whom two put their hands to each."""
