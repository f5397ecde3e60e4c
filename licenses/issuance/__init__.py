"""OpenID4VCI 1.0: the holder adds a licence to a wallet of their choice, as copies bound to that wallet's keys."""
