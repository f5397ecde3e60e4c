"""The credential request (OpenID4VCI §8.2): which licence, for which keys, with which token."""

from typing import Any

import msgspec
from sqlalchemy.orm import Session

from kernel.house import House
from kernel.web.principal import Principal
from licenses.catalogue import LicenceType
from licenses.issuance import copies, proofs, signed_in
from licenses.issuance.errors import ProtocolError
from licenses.issuance.metadata import configuration_id, issuer_identifier, offered_types
from licenses.issuance.offers import Allowed


class CredentialRequest(msgspec.Struct, frozen=True):
    """Unknown members are ignored, as §8.2 demands."""

    credential_configuration_id: Any = None
    credential_identifier: Any = None
    proofs: Any = None
    credential_response_encryption: Any = None


class NotificationRequest(msgspec.Struct, frozen=True):
    """§11.1."""

    notification_id: str
    event: str
    event_description: str = ""


class CredentialResponse(msgspec.Struct, frozen=True):
    """§8.3, for credentials that are ready at once: ours always are."""

    credentials: list[dict[str, str]]
    notification_id: str


def read_request(body: bytes) -> CredentialRequest:
    try:
        request = msgspec.json.decode(body, type=CredentialRequest)
    except msgspec.DecodeError as error:
        raise _malformed("The body must be a JSON object.") from error
    if request.credential_response_encryption is not None:
        raise ProtocolError("invalid_encryption_parameters", "Encrypted responses are not offered.")
    named = (request.credential_configuration_id, request.credential_identifier)
    if sum(one is not None for one in named) != 1 or not all(isinstance(one, str | None) for one in named):
        raise _malformed("Exactly one of credential_configuration_id and credential_identifier is needed.")
    return request


def answer(
    session: Session, house: House, bearer: Allowed | Principal, request: CredentialRequest
) -> CredentialResponse:
    """Check what was asked for against what the token allows, then the proofs, then issue. Raises ``ProtocolError``."""
    if isinstance(bearer, Allowed):
        allowed = bearer
        _check_named(allowed, request)
    else:
        allowed = signed_in.allowed(session, house, bearer, _wanted_by(bearer, request))
    if request.proofs is None:
        raise ProtocolError("invalid_proof", "proofs are missing.")
    jwks = proofs.verified_keys(
        house,
        request.proofs,
        audience=issuer_identifier(house),
        client_id=allowed.client_id,
        now=house.clock.now(),
    )
    issued = copies.issue_copies(session, house, allowed, jwks)
    return CredentialResponse([{"credential": one} for one in issued.credentials], issued.notification_id)


def _check_named(allowed: Allowed, request: CredentialRequest) -> None:
    identifier, configuration = request.credential_identifier, request.credential_configuration_id
    if allowed.is_by_identifier:
        if identifier is None:
            raise _malformed("The credential_identifier of the token response must be used.")
        if identifier != str(allowed.licence_id):
            raise ProtocolError(
                "unknown_credential_identifier", "The token does not stand for this credential."
            )
        return
    if configuration is None:
        raise ProtocolError(
            "unknown_credential_identifier", "No credential_identifier was given to this wallet."
        )
    if configuration not in offered_types():
        raise ProtocolError("unknown_credential_configuration", "There is no such credential configuration.")
    if configuration != configuration_id(offered_types()[allowed.type_id]):
        raise ProtocolError(
            "insufficient_scope",
            "The token is for another credential.",
            status=403,
            challenge="insufficient_scope",
        )


def _wanted_by(principal: Principal, request: CredentialRequest) -> LicenceType:
    """The type that a signed-in wallet names: by identifier where it was authorised by details, else by configuration."""
    itemised = signed_in.itemised(principal)
    identifier, configuration = request.credential_identifier, request.credential_configuration_id
    if itemised and identifier is None:
        raise _malformed("The credential_identifier of the token response must be used.")
    if itemised and identifier not in itemised:
        raise ProtocolError("unknown_credential_identifier", "The token does not stand for this credential.")
    if not itemised and configuration is None:
        raise ProtocolError(
            "unknown_credential_identifier", "No credential_identifier was given to this wallet."
        )
    kind = offered_types().get(identifier if itemised else configuration)
    if kind is None:
        raise ProtocolError("unknown_credential_configuration", "There is no such credential configuration.")
    return kind


def _malformed(description: str) -> ProtocolError:
    return ProtocolError("invalid_credential_request", description)
