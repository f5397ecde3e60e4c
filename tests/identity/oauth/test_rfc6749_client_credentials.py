"""Services in their own name: proved, about nobody, and dead the moment the client is stopped."""

from datetime import timedelta

import pytest

from identity.clients.service import change_secret, resume_client, suspend_client
from identity.oauth.rfc9068_access_token import TokenResolver
from kernel.errors import Unauthenticated
from tests.identity.conftest import City
from tests.identity.oauth.conftest import SECRET, Clients
from tests.identity.relying_party import MINI_SECRET, TokenClient, claims_of


def test_a_service_speaks_for_itself_and_for_nobody(clients: Clients) -> None:
    service = clients.of("service")
    answer = service.post("token", grant_type="client_credentials").json()
    claims = claims_of(answer["access_token"])
    assert (claims["sub"], claims["aud"], claims["scope"]) == ("service", "timetable", "service")
    assert "refresh_token" not in answer
    assert service.who(answer["access_token"]).status_code == 401
    with pytest.raises(Unauthenticated):
        TokenResolver(clients.city.house)(answer["access_token"])
    told = clients.of("timetable").post("introspect", token=answer["access_token"]).json()
    assert (told["active"], told["client_id"]) == (True, "service")
    assert clients.of("sealed").post("introspect", token=answer["access_token"]).json() == {"active": False}


def test_a_persons_scopes_are_never_a_services(clients: Clients) -> None:
    service = clients.of("service")
    for scope in ("openid", "profile", "tong", "service profile"):
        answer = service.post("token", grant_type="client_credentials", scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    refused = service.post("token", grant_type="client_credentials", audience="elsewhere")
    assert refused.json()["error"] == "invalid_target"


def test_others_may_not(clients: Clients) -> None:
    for client in (TokenClient(clients.city.issuer), clients.of("tv", None)):
        answer = client.post("token", grant_type="client_credentials")
        assert answer.json()["error"] == "unauthorized_client"
    assert clients.of("service", "wrong").post("token", grant_type="client_credentials").status_code == 401


def test_revoked_or_suspended_its_tokens_are_dead_at_once(clients: Clients) -> None:
    service, timetable, house = clients.of("service"), clients.of("timetable"), clients.city.house

    def fresh() -> str:
        return service.post("token", grant_type="client_credentials").json()["access_token"]

    def is_active(token: str) -> bool:
        return timetable.post("introspect", token=token).json()["active"]

    first = fresh()
    assert timetable.post("revoke", token=first).status_code == 400  # not its own
    assert is_active(first)
    assert service.post("revoke", token=first).status_code == 200
    assert not is_active(first)
    second = fresh()
    with house.database.write() as session:
        suspend_client(session, "service", now=house.clock.now())
    assert not is_active(second)
    assert service.post("token", grant_type="client_credentials").status_code == 401
    with house.database.write() as session:
        resume_client(session, "service", now=house.clock.now())
    assert not is_active(second)
    assert is_active(fresh())


def test_a_changed_secret_overlaps_with_the_former_one_for_a_while(own_city: City) -> None:
    house = own_city.house
    with house.database.write() as session:
        secret = change_secret(
            session, "mini-app", vault=house.vault, now=house.clock.now(), overlap=timedelta(hours=1)
        )

    def is_let_in(given: str) -> bool:
        return TokenClient(own_city.issuer, "mini-app", given).refresh("x").status_code == 400

    assert [is_let_in(secret), is_let_in(MINI_SECRET), is_let_in(SECRET)] == [True, True, False]
    own_city.clock.move(timedelta(hours=1))
    assert [is_let_in(secret), is_let_in(MINI_SECRET)] == [True, False]
