"""OpenID4VP 1.0: a counter, the police or a consumer asks a wallet for the fields that the purpose needs, and no others."""
