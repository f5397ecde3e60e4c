"""The authorisation code flow: the holder signed in at the identity service and let a registered wallet have licences.

By scope it may have any licence that the holder has; by ``authorization_details`` those that were named to the holder. What
it gets is the holder's newest valid licence of a type: the configuration is the identifier of that dataset.
"""

from sqlalchemy.orm import Session

from identity.clients.service import find_client
from kernel.house import House
from kernel.web.principal import Principal
from licenses import repository as licences
from licenses.catalogue import LicenceType
from licenses.issuance.errors import ProtocolError
from licenses.issuance.metadata import SCOPE
from licenses.issuance.offers import Allowed
from licenses.verification import check_licence

#: RFC 9396 type of OpenID4VCI §5.1.1.
DETAIL_TYPE = "openid_credential"


def itemised(principal: Principal) -> list[str]:
    """The configurations that were named to the holder; none where a scope was asked for."""
    return [
        str(one.get("credential_configuration_id"))
        for one in principal.details
        if one.get("type") == DETAIL_TYPE
    ]


def allowed(session: Session, house: House, principal: Principal, kind: LicenceType) -> Allowed:
    """What the holder let this wallet have of a type. Raises ``ProtocolError``."""
    if principal.capacity not in ("self", "enterprise") or not (
        principal.has_scope(SCOPE) or itemised(principal)
    ):
        raise ProtocolError(
            "insufficient_scope", "The token is not for licences.", status=403, challenge="insufficient_scope"
        )
    held = licences.of_holders(session, [principal.acting_for], type_id=kind.id)
    licence = next((one for one in held if check_licence(session, house, one).result == "valid"), None)
    client = find_client(session, principal.client_id)
    if licence is None or client is None:
        raise ProtocolError("credential_request_denied", "The holder has no valid licence of this type.")
    return Allowed(
        licence_id=licence.id,
        type_id=kind.id,
        holder_id=licence.holder_id,
        added_by=principal.subject_id,
        wallet_name=client.name,
        grant_key=grant_key(principal, str(licence.id)),
        client_id=principal.client_id,
    )


def grant_key(principal: Principal, licence_id: str) -> str:
    """One wallet for each licence and grant, however often the token is renewed."""
    return f"grant:{principal.grant_id}:{licence_id}"
