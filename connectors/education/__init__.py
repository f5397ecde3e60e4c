"""教育: schooling, hardship of students, student loans."""
