"""The bank's statement of each day held against the books, to the fen; what does not agree is named and explained."""
