"""What others would match the same policies with, each written as its users would write it."""
