"""What every endpoint of the issuer stands on: one value per app, made once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from authlib.oauth2.rfc6749.grants import BaseGrant

from identity.clients.keys import ClientKeys
from identity.clients.outward import Outward
from identity.oauth.keys import KeyRing
from identity.oauth.rfc9396_details import DetailTypes, Names
from identity.oauth.rfc9449_dpop import ProofDesk
from kernel.house import House


@dataclass(frozen=True, slots=True)
class Provider:
    """``grants`` are ways to a token that storeys above bring along (a wallet's pre-authorised code, say)."""

    house: House
    keys: KeyRing
    outward: Outward
    client_keys: ClientKeys
    proofs: ProofDesk
    details: DetailTypes
    grants: tuple[type[BaseGrant], ...] = field(default=())


def open_provider(
    house: House,
    keys: KeyRing | None = None,
    *,
    grants: tuple[type[BaseGrant], ...] = (),
    detail_names: Mapping[str, Names] | None = None,
) -> Provider:
    """Everything of one issuer in this process."""
    outward = Outward(house.settings)
    return Provider(
        house=house,
        keys=keys or KeyRing(house),
        outward=outward,
        client_keys=ClientKeys(outward),
        proofs=ProofDesk(house),
        details=DetailTypes.load(names=detail_names),
        grants=grants,
    )
