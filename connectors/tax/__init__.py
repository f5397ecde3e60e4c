"""税务: deed tax, revenue declared, premiums collected."""
