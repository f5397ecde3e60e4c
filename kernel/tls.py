"""Whom we believe when we call out: the authorities' certificates, read once for all clients of a process.

Reading them takes some twenty milliseconds, and there is a client for each outside system.
"""

import ssl
from functools import cache

import httpx


@cache
def authorities(*, trust_env: bool = False) -> ssl.SSLContext:
    """What clients take as ``verify``; ``trust_env`` as theirs (``SSL_CERT_FILE`` then names other authorities)."""
    return httpx.create_ssl_context(trust_env=trust_env)
