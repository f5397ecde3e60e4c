"""One running city for all protocol tests, with a client for each way of proving and asking."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey

from identity.clients.schemas import (
    CLIENT_CREDENTIALS,
    DEVICE,
    EXCHANGE,
    REFRESH,
    ClientSettings,
)
from identity.clients.service import register
from tests.identity.conftest import City, close_city, open_with_clients
from tests.identity.proving import KeyClient, new_key, public_jwks
from tests.identity.relying_party import CALLBACK, Attempt, TokenClient, obtain_code

SECRET = "a service's secret"
SETTINGS = {
    "tv": ClientSettings(auth_method="none", grant_types=(DEVICE, REFRESH), scopes=("openid", "profile")),
    "service": ClientSettings(
        name="运价服务",
        grant_types=(CLIENT_CREDENTIALS, EXCHANGE),
        scopes=("service", "openid", "profile"),
        audiences=("timetable",),
    ),
    "timetable": ClientSettings(
        name="时刻表服务",
        grant_types=(CLIENT_CREDENTIALS, EXCHANGE),
        scopes=("service", "profile"),
        audiences=("last-hop",),
    ),
    "strict": ClientSettings(
        redirect_uris=(CALLBACK,), auth_method="private_key_jwt", requires_par=True, requires_dpop=True
    ),
    "lender": ClientSettings(
        name="某银行系统",
        auth_method="private_key_jwt",
        grant_types=(CLIENT_CREDENTIALS,),
        scopes=("lending",),
        requires_dpop=True,
    ),
    "itemised": ClientSettings(
        redirect_uris=(CALLBACK,), authorization_details_types=("openid_credential",), scopes=("openid",)
    ),
    "sealed": ClientSettings(
        redirect_uris=(CALLBACK,),
        signing_alg="SM2SM3",
        userinfo_alg="SM2SM3",
        scopes=("openid", "profile", "phone"),
    ),
}


@dataclass
class Clients:
    """The city and how its clients speak with it."""

    city: City
    key: ECKey = field(default_factory=new_key)

    def of(self, client_id: str, secret: str | None = SECRET) -> TokenClient:
        return TokenClient(self.city.issuer, client_id, secret)

    def with_key(self, client_id: str, secret: str | None = None) -> KeyClient:
        return KeyClient(self.city.issuer, client_id, secret)

    def tokens(self, attempt: Attempt, client: TokenClient, **changes: Any) -> dict[str, Any]:
        """A person signs in and the client redeems the code."""
        answer = client.redeem(attempt, obtain_code(self.city.surfer(), attempt, **changes)["code"])
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="package")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """One service for the whole package; its clock stands at noon."""
    home = tmp_path_factory.mktemp("protocols")
    opened, running = open_with_clients(home, f"sqlite:///{home / 'dongchu.db'}")
    made = Clients(opened)
    house = opened.house
    with house.database.write() as session:
        for client_id, settings in SETTINGS.items():
            given = settings
            if settings.auth_method == "private_key_jwt":
                given = msgspec.structs.replace(settings, jwks=public_jwks(made.key))
            secret = SECRET if settings.auth_method == "client_secret_basic" else None
            register(session, client_id, given, secret=secret, vault=house.vault, now=house.clock.now())
    yield made
    close_city(opened, running)
