"""Programs that ask people to sign in: what departments register, what is reviewed, what is stopped."""
