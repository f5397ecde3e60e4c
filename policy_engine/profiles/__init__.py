"""What is known about every person, household and firm, from whom and since when; and the city as columns."""
