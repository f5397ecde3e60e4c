"""Access tokens for the credential endpoint: our own for pre-authorised codes, and those of the identity service.

The token endpoint for pre-authorised codes stands here and not at the identity service: such a code rests on no sign-in of
the wallet, no client and no grant; it is this service's own word about one licence, and so is the token that follows.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from kernel.house import House
from kernel.ids import new_token
from licenses.issuance.errors import ProtocolError
from licenses.issuance.metadata import issuer_identifier
from licenses.issuance.offers import PRE_AUTHORIZED, Allowed, redeem
from licenses.issuance.signed_in import DETAIL_TYPE

LIFE = timedelta(minutes=10)
LONGEST = 8192


class TokenResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 6749 §5.1, with RFC 9396 §7 for a wallet that asks by ``authorization_details``."""

    access_token: str
    token_type: str
    expires_in: int
    authorization_details: list[dict[str, Any]] = []


class _Detail(msgspec.Struct, frozen=True):
    type: str
    credential_configuration_id: str = ""
    locations: list[str] = []


def exchange(house: House, parameters: Mapping[str, str]) -> TokenResponse:
    """A token for exactly the licence of the offer (§6.1, §6.2). Raises ``ProtocolError``."""
    grant_type = parameters.get("grant_type")
    if grant_type is None:
        raise ProtocolError("invalid_request", "grant_type is missing.")
    if grant_type != PRE_AUTHORIZED:
        raise ProtocolError("unsupported_grant_type", "Only pre-authorized codes are exchanged here.")
    code = parameters.get("pre-authorized_code")
    if code is None:
        raise ProtocolError("invalid_request", "pre-authorized_code is missing.")
    wanted = _wanted(house, parameters.get("authorization_details"))
    allowed = redeem(house, code, parameters.get("tx_code"), wanted)
    granted: list[dict[str, Any]] = []
    if wanted is not None:
        allowed = msgspec.structs.replace(allowed, is_by_identifier=True)
        granted = [
            {
                "type": DETAIL_TYPE,
                "credential_configuration_id": wanted,
                "locations": [issuer_identifier(house)],
                "credential_identifiers": [str(allowed.licence_id)],
            }
        ]
    token = new_token()
    house.ephemeral.put(_key(house, token), msgspec.json.encode(allowed), LIFE.total_seconds())
    return TokenResponse(token, "Bearer", int(LIFE.total_seconds()), granted)


def _wanted(house: House, text: str | None) -> str | None:
    """The one configuration that ``authorization_details`` asks for (§6.1.1), ``None`` without the parameter."""
    if text is None:
        return None
    try:
        details = msgspec.json.decode(text, type=list[_Detail])
    except msgspec.DecodeError as error:
        raise ProtocolError(
            "invalid_authorization_details", "authorization_details cannot be read."
        ) from error
    is_ours = len(details) == 1 and details[0].type == DETAIL_TYPE
    if not is_ours or issuer_identifier(house) not in details[0].locations:
        description = f"One {DETAIL_TYPE} with this issuer among its locations is expected."
        raise ProtocolError("invalid_authorization_details", description)
    return details[0].credential_configuration_id


def allowed_by(house: House, token: str) -> Allowed | None:
    """What one of our own tokens stands for."""
    found = house.ephemeral.get(_key(house, token))
    return None if found is None else msgspec.json.decode(found, type=Allowed)


def _key(house: House, token: str) -> str:
    return "licence-vci-token:" + house.vault.hash_token(token).hex()
