"""The auditor's ready questions, and the seats that answer them."""
