"""异议: somebody says that a fact about them is wrong; its source answers in time, and what it corrects takes effect."""
