"""Access tokens for the credential endpoint: our own for pre-authorised codes, and those of the identity service.

The token endpoint for pre-authorised codes stands here and not at the identity service: such a code rests on no sign-in of
the wallet, no client and no grant; it is this service's own word about one licence, and so is the token that follows.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from identity.oauth.rfc9449_dpop import Expected, InvalidProof, ProofDesk, token_type
from kernel.house import House
from kernel.ids import new_token
from kernel.web.bearer import Possession
from licenses.issuance.errors import ProtocolError, invalid_token
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


def exchange(house: House, parameters: Mapping[str, str], *, jkt: str | None) -> TokenResponse:
    """A token for exactly the licence of the offer (§6.1, §6.2), for the holder of a key where the wallet proved one.

    Raises ``ProtocolError``.
    """
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
    allowed, token = msgspec.structs.replace(allowed, jkt=jkt), new_token()
    house.ephemeral.put(_key(house, token), msgspec.json.encode(allowed), LIFE.total_seconds())
    return TokenResponse(token, token_type(jkt), int(LIFE.total_seconds()), granted)


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


def proven_key(house: House, proofs: Sequence[str]) -> str | None:
    """The key that the wallet wants its token bound to (RFC 9449 §5), ``None`` for a plain one."""
    if not proofs:
        return None
    if len(proofs) > 1:
        raise ProtocolError("invalid_dpop_proof", "There is more than one proof.")
    return _thumbprint(house, proofs[0], Expected("POST", f"{issuer_identifier(house)}/issuance/token"))


def allowed_by(house: House, token: str, possession: Possession | None) -> Allowed | None:
    """What one of our own tokens stands for. Raises ``ProtocolError`` where it is bound and comes without its proof."""
    found = house.ephemeral.get(_key(house, token))
    if found is None:
        return None
    allowed = msgspec.json.decode(found, type=Allowed)
    if (allowed.jkt is None) != (possession is None):
        raise invalid_token("A bound token needs its proof, and one that is not bound comes as Bearer.")
    if possession is not None:
        address = f"{house.settings.base_url}{possession.path}"
        expected = Expected(possession.method, address, access_token=token)
        if _thumbprint(house, possession.proof, expected) != allowed.jkt:
            raise invalid_token("The token is bound to another key.")
    return allowed


def _thumbprint(house: House, proof: str, expected: Expected) -> str:
    try:
        return ProofDesk(house).thumbprint(proof, expected)
    except InvalidProof as error:
        raise ProtocolError("invalid_dpop_proof", error.description or "The proof does not hold.") from error


def _key(house: House, token: str) -> str:
    return "licence-vci-token:" + house.vault.hash_token(token).hex()
