"""The names under which a client knows people and their sign-ins (OpenID Connect Core §8): pairwise, opaque, stable.

A client outside stands alone, unless it declared a sector with ``sector_identifier_uri``; the city's portals are one
sector. The same holds for ``sid``: it is enciphered for each client, so that two of them cannot put together by it what
they know, and a logout request can still be traced back.
"""

import base64
import uuid

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from identity.clients.models import OAuthClient
from kernel.crypto import Vault


def subject_name(vault: Vault, client: OAuthClient | None, subject_id: int) -> str:
    """``sub``: the same in all portals, different in every other sector."""
    index = vault.blind_index(f"{_sector_of(client)}/{subject_id}", purpose="oauth/sub")
    return base64.urlsafe_b64encode(index[:24]).decode()


def shown_sid(vault: Vault, client: OAuthClient, sid: uuid.UUID) -> str:
    """``sid`` as this client sees it; our own portals see it as it is."""
    if client.is_first_party:
        return str(sid)
    encryptor = _cipher(vault, client).encryptor()
    return str(uuid.UUID(bytes=encryptor.update(sid.bytes) + encryptor.finalize()))


def sid_behind(vault: Vault, client: OAuthClient, shown: str) -> uuid.UUID:
    """The sign-in that a client means. Raises ``ValueError``."""
    given = uuid.UUID(shown)
    if client.is_first_party:
        return given
    decryptor = _cipher(vault, client).decryptor()
    return uuid.UUID(bytes=decryptor.update(given.bytes) + decryptor.finalize())


def _sector_of(client: OAuthClient | None) -> str:
    if client is None or client.is_first_party:
        return "city"
    return f"sector:{client.sector}" if client.sector else client.client_id


def _cipher(vault: Vault, client: OAuthClient) -> Cipher[modes.ECB]:
    """One block is exactly one UUID: a permutation, not a message, so that ECB is what is wanted here."""
    key = vault.derive_key(f"oauth/sid/{client.client_id}", 16)
    return Cipher(algorithms.SM4(key), modes.ECB())  # noqa: S305
