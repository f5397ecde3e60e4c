"""Claims at the seat's stage: the to-do list, the file on one page, batches."""
