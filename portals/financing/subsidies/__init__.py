"""Interest subsidies, each quarter from settled interest."""
