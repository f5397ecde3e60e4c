"""What the issuer says of itself: Credential Issuer Metadata (OpenID4VCI §12.2), its own authorization server for
pre-authorised codes (RFC 8414), and where its keys are (SD-JWT VC §5)."""

from typing import Any

from sqlalchemy.orm import Session

from identity.oauth.rfc9449_dpop import ALGS
from kernel.house import House
from licenses import credential, keys
from licenses.catalogue import LicenceType, licence_types
from licenses.jose import ALGORITHM
from licenses.status_list import aggregation_uri
from licenses.type_metadata import AUTHORITY_CLAIM, CHINESE, COMMON_CLAIMS, ENGLISH, type_uri

BATCH_SIZE = 10
SIGNED_TYPE = "openidvci-issuer-metadata+jwt"
#: At the identity service: the holder lets a wallet have any of their licences (§5.1.2).
SCOPE = "licences"


def issuer_identifier(house: House) -> str:
    """The Credential Issuer Identifier, and the ``iss`` of everything it signs."""
    return f"{house.settings.base_url}/licenses"


def configuration_id(kind: LicenceType) -> str:
    return kind.id


def offered_types() -> dict[str, LicenceType]:
    """By configuration id; what a higher authority issues is only referred to here and cannot be given out."""
    return {configuration_id(kind): kind for kind in licence_types().values() if not kind.is_reference}


def issuer_metadata(house: House) -> dict[str, Any]:
    """§12.2.4. Encrypted requests and responses are not offered: nothing but the wallet's own TLS connection lies between."""
    issuer = issuer_identifier(house)
    return {
        "credential_issuer": issuer,
        "authorization_servers": [house.settings.issuer, issuer],
        "credential_endpoint": f"{issuer}/issuance/credential",
        "nonce_endpoint": f"{issuer}/issuance/nonce",
        "notification_endpoint": f"{issuer}/issuance/notification",
        "batch_credential_issuance": {"batch_size": BATCH_SIZE},
        "display": [
            {"name": "黄石市电子证照服务", "locale": CHINESE},
            {"name": "Huangshi e-licence service", "locale": ENGLISH},
        ],
        "credential_configurations_supported": {
            name: _configuration(house, kind) for name, kind in offered_types().items()
        },
    }


def signed_issuer_metadata(session: Session, house: House) -> str:
    """The same as a JWT (§12.2.3), for wallets that ask for one and trust our root."""
    key = keys.credential_key(session, house)
    claims = {
        "iss": issuer_identifier(house),
        "sub": issuer_identifier(house),
        "iat": credential.epoch(house.clock.now()),
        **issuer_metadata(house),
    }
    return credential.sign(key, SIGNED_TYPE, claims, x5c=keys.certificate_chain(session, house, key))


def authorization_server_metadata(house: House) -> dict[str, Any]:
    """RFC 8414 with §12.3: this server knows one grant, and asks no wallet who it is."""
    issuer = issuer_identifier(house)
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/issuance/token",
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:pre-authorized_code"],
        "response_types_supported": [],
        "dpop_signing_alg_values_supported": list(ALGS),
        "pre-authorized_grant_anonymous_access_supported": True,
        "status_list_aggregation_endpoint": aggregation_uri(house),
    }


def vc_issuer_metadata(session: Session, house: House) -> dict[str, Any]:
    """SD-JWT VC §5.2: every key that ever signed a credential or soon will."""
    return {"issuer": issuer_identifier(house), "jwks": {"keys": public_jwks(session)}}


def public_jwks(session: Session) -> list[dict[str, Any]]:
    return [
        {**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}
        for key in keys.public_credential_keys(session).values()
    ]


def _configuration(house: House, kind: LicenceType) -> dict[str, Any]:
    base_url = house.settings.base_url
    return {
        "format": credential.TYPE,
        "vct": type_uri(base_url, kind, kind.version),
        "scope": SCOPE,
        "cryptographic_binding_methods_supported": ["jwk"],
        "credential_signing_alg_values_supported": [ALGORITHM],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": [ALGORITHM]}},
        "credential_metadata": {
            "display": [
                {
                    "name": kind.name,
                    "locale": CHINESE,
                    "background_color": "#0b5cad",
                    "text_color": "#ffffff",
                },
                {
                    "name": kind.label_en,
                    "locale": ENGLISH,
                    "background_color": "#0b5cad",
                    "text_color": "#ffffff",
                },
            ],
            "claims": [
                *(_claim(field.id, field.name, field.label_en, field.is_required) for field in kind.fields),
                *(_claim(one.id, one.name, one.label_en, is_always_there=True) for one in COMMON_CLAIMS),
                _claim(AUTHORITY_CLAIM, "颁发机构", "Issuing authority", is_always_there=True),
            ],
        },
    }


def _claim(path: str, name: str, label_en: str, is_always_there: bool) -> dict[str, Any]:
    display = [{"name": name, "locale": CHINESE}, {"name": label_en, "locale": ENGLISH}]
    return {"path": [path], "mandatory": is_always_there, "display": display}
