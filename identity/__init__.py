"""Who is asking, for whom, and what they may do: accounts, delegations, seats, OAuth 2.1 and OpenID Connect."""
