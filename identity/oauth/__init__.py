"""OAuth 2.1 and OpenID Connect on Authlib's server core; modules are named after the document they follow."""
