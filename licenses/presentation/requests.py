"""The request a wallet fetches (OpenID4VP §5): signed, by reference, and for wallets anywhere under ``x509_hash``."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from cryptography import x509
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from kernel.house import House
from licenses import credential, keys
from licenses.catalogue import licence_type
from licenses.jose import ALGORITHM, base64url
from licenses.presentation.queries import query
from licenses.presentation.transactions import SECONDS, Asked

TYPE = "oauth-authz-req+jwt"
MEDIA_TYPE = "application/oauth-authz-req+jwt"
ENCRYPTIONS = ("A128GCM", "A256GCM")
KEY_AGREEMENT = "ECDH-ES"
#: RFC 9101 leaves it to the profile; OpenID4VP §5.8 names this for wallets that are not known beforehand.
_AUDIENCE = "https://self-issued.me/v2"
_CONTEXT = "licence_presentation/decryption_key/"


def client_id(chain: Sequence[str]) -> str:
    """Who we are to wallets: the digest of our certificate (§5.9.3), which names a host only as one of its attributes.

    ``x509_san_dns`` would need a DNS name, which a demonstration on a loopback address has not, and ``redirect_uri`` cannot
    sign; ``x509_hash`` is what HAIP 1.0 §5 demands.
    """
    digest = hashlib.sha256(base64.b64decode(chain[0])).digest()
    return "x509_hash:" + base64url(digest)


def invocation(client: str, request_uri: str) -> str:
    """What the QR code holds."""
    asked = {"client_id": client, "request_uri": request_uri, "request_uri_method": "post"}
    return "openid4vp://?" + urlencode(asked)


def request_object(
    session: Session, house: House, asked: Asked, reference: str, *, wallet_nonce: str | None = None
) -> str:
    """The request as a JWT (RFC 9101)."""
    key = keys.reader_key(session, house, asked.reader)
    now = credential.epoch(house.clock.now())
    kind = licence_type(asked.type_id)
    authorities = [_authority_key(one) for one in keys.root_certificates(session)]
    claims = {
        "aud": _AUDIENCE,
        "iat": now,
        "exp": now + SECONDS,
        "client_id": client_id(asked.chain),
        "response_type": "vp_token",
        "response_mode": "direct_post" if asked.decryption_key is None else "direct_post.jwt",
        "response_uri": response_uri(house, reference),
        "nonce": asked.nonce,
        "state": reference,
        "dcql_query": query(house.settings.base_url, kind, asked.claims, authority_keys=authorities),
        "client_metadata": _client_metadata(house, asked),
        **({} if wallet_nonce is None else {"wallet_nonce": wallet_nonce}),
    }
    return credential.sign(key, TYPE, claims, x5c=asked.chain)


def request_uri(house: House, reference: str) -> str:
    return f"{house.settings.base_url}/licenses/presentation/requests/{reference}"


def response_uri(house: House, reference: str) -> str:
    return f"{house.settings.base_url}/licenses/presentation/responses/{reference}"


def new_decryption_key(house: House, result_key: str) -> bytes:
    """A key for the answer to one request alone (HAIP 1.0 §5), sealed."""
    key = ECKey.generate_key("P-256")
    text = msgspec.json.encode(key.as_dict(private=True)).decode()
    return house.vault.seal(text, context=_CONTEXT + result_key)


def decryption_key(house: House, asked: Asked) -> ECKey | None:
    if asked.decryption_key is None:
        return None
    text = house.vault.open(asked.decryption_key, context=_CONTEXT + asked.result_key)
    named = {"kid": asked.nonce[:16], "use": "enc", "alg": KEY_AGREEMENT}
    return ECKey.import_key(msgspec.json.decode(text), named)


def _client_metadata(house: House, asked: Asked) -> dict[str, Any]:
    known: dict[str, Any] = {
        "vp_formats_supported": {
            credential.TYPE: {"sd-jwt_alg_values": [ALGORITHM], "kb-jwt_alg_values": [ALGORITHM]}
        }
    }
    key = decryption_key(house, asked)
    if key is not None:
        known["jwks"] = {"keys": [key.as_dict(private=False)]}
        known["encrypted_response_enc_values_supported"] = list(ENCRYPTIONS)
    return known


def _authority_key(root: x509.Certificate) -> str:
    """What a credential's certificate names as its authority's key (§6.1.1.1)."""
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return base64url(identifier.digest)
