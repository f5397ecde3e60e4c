"""How a person proves to be who they are: accounts, passwords, throttling, login history."""
