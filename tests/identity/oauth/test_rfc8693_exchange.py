"""Exchanged tokens: narrower in everything, naming everybody who acts, and dead with what they came from."""

from typing import Any

import httpx

from identity.clients.models import OAuthClient
from identity.clients.schemas import EXCHANGE
from identity.clients.service import resume_client, suspend_client
from identity.oauth.rfc8693_exchange import ACCESS_TOKEN
from tests.identity.oauth.conftest import Clients
from tests.identity.relying_party import (
    Surfer,
    TokenClient,
    authorize_url,
    claims_of,
    mini_attempt,
    redirect_of,
)


def exchange(client: TokenClient, token: str, **more: str) -> httpx.Response:
    form = {"subject_token": token, "subject_token_type": ACCESS_TOKEN, **more}
    return client.post("token", grant_type=EXCHANGE, **form)


def first_hop(clients: Clients) -> tuple[dict[str, Any], dict[str, Any]]:
    """A person's token of ``mini-app``, and what that client exchanged it for: a token for ``timetable``."""
    house = clients.city.house
    with house.database.write() as session:
        row = session.get(OAuthClient, "mini-app")
        assert row is not None
        row.grant_types = ["authorization_code", "refresh_token", EXCHANGE]
        row.audiences = ["timetable"]
    mini = TokenClient(clients.city.issuer)
    tokens = clients.tokens(mini_attempt(), mini)
    answer = exchange(mini, tokens["access_token"], audience="timetable", scope="profile")
    assert answer.status_code == 200, answer.text
    return tokens, answer.json()


def test_each_hop_narrows_and_names_who_acts(clients: Clients) -> None:
    tokens, one = first_hop(clients)
    assert "refresh_token" not in one
    assert one["issued_token_type"] == ACCESS_TOKEN
    before, after = claims_of(tokens["access_token"]), claims_of(one["access_token"])
    assert after["aud"] == "timetable"
    assert after["scope"] == "profile"
    assert after["act"] == {"sub": "mini-app"}
    assert after["exp"] <= before["exp"]
    assert (after["acr"], after["auth_time"]) == (before["acr"], before["auth_time"])
    two = exchange(clients.of("timetable"), one["access_token"]).json()
    last = claims_of(two["access_token"])
    assert last["aud"] == "last-hop"
    assert last["act"] == {"sub": "timetable", "act": {"sub": "mini-app"}}
    assert (
        TokenClient(clients.city.issuer).who(one["access_token"]).status_code == 401
    )  # for another audience
    told = clients.of("timetable").post("introspect", token=one["access_token"]).json()
    assert (told["active"], told["act"]) == (True, {"sub": "mini-app"})


def test_the_end_of_the_first_ends_every_link(clients: Clients) -> None:
    tokens, one = first_hop(clients)
    timetable = clients.of("timetable")
    two = exchange(timetable, one["access_token"]).json()
    assert timetable.post("introspect", token=two["access_token"]).json()["active"] is True
    TokenClient(clients.city.issuer).post("revoke", token=tokens["access_token"])
    for token in (one, two):
        assert timetable.post("introspect", token=token["access_token"]).json() == {"active": False}
    assert exchange(timetable, one["access_token"]).json()["error"] == "invalid_grant"


def test_for_somebody_one_acts_for_the_person_stays_innermost(clients: Clients) -> None:
    first_hop(clients)
    house, city = clients.city.house, clients.city
    with house.database.write() as session:
        row = session.get(OAuthClient, "mini-app")
        assert row is not None
        row.capacities = ["self", "person"]
    mini, attempt, surfer = TokenClient(city.issuer), mini_attempt(), city.surfer()
    page = surfer.sign_in(surfer.open(authorize_url(attempt.parameters())), "xiaolan")
    found = next(line for line in page.text.split('value="') if line.startswith("relationship:"))
    page = surfer.submit(page, "authorize", basis=found.split('"')[0])
    back = answer_to_page(surfer, page)
    tokens = mini.redeem(attempt, back["code"]).json()
    person = claims_of(tokens["access_token"])["act"]
    one = claims_of(exchange(mini, tokens["access_token"]).json()["access_token"])
    assert one["act"]["sub"] == "mini-app"
    assert set(one["act"]["act"]) == set(person) == {"sub"}
    with house.database.write() as session:
        row = session.get(OAuthClient, "mini-app")
        assert row is not None
        row.capacities = ["self"]


def answer_to_page(surfer: Surfer, page: httpx.Response) -> dict[str, str]:
    if not page.is_redirect:
        page = surfer.submit(page, "authorize", decision="allow")
    return redirect_of(page)[1]


def test_nothing_widens(clients: Clients) -> None:
    tokens, _ = first_hop(clients)
    mini, token = TokenClient(clients.city.issuer), tokens["access_token"]
    assert exchange(mini, token, audience="elsewhere").json()["error"] == "invalid_target"
    both = exchange(mini, token, audience="timetable", resource=clients.city.house.settings.base_url)
    assert both.json()["error"] == "invalid_target"
    assert exchange(mini, token, scope="openid profile phone").json()["error"] == "invalid_scope"
    assert exchange(mini, token, scope="tong").json()["error"] == "invalid_scope"
    assert exchange(mini, token, scope="service").json()["error"] == "invalid_scope"
    wanted = {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}
    assert exchange(mini, token, **wanted).json()["error"] == "invalid_request"


def test_only_the_client_it_was_given_to_or_meant_for_exchanges_it(clients: Clients) -> None:
    tokens, one = first_hop(clients)
    service, timetable = clients.of("service"), clients.of("timetable")
    for stranger, token in ((service, tokens), (service, one), (timetable, tokens)):
        assert exchange(stranger, token["access_token"]).json()["error"] == "invalid_grant"
    for wrong in (tokens["refresh_token"], tokens["id_token"], "nonsense"):
        assert exchange(TokenClient(clients.city.issuer), wrong).json()["error"] == "invalid_grant"
    other = TokenClient(clients.city.issuer, "other-app", "another's secret")
    assert exchange(other, tokens["access_token"]).json()["error"] == "unauthorized_client"


def test_an_actor_token_must_be_ones_own(clients: Clients) -> None:
    _, one = first_hop(clients)
    own = clients.of("timetable").post("token", grant_type="client_credentials").json()["access_token"]
    foreign = clients.of("service").post("token", grant_type="client_credentials").json()["access_token"]
    for actor, status in ((own, 200), (foreign, 400), ("nonsense", 400)):
        form = {"actor_token": actor, "actor_token_type": ACCESS_TOKEN}
        assert exchange(clients.of("timetable"), one["access_token"], **form).status_code == status
    assert exchange(clients.of("timetable"), own).json()["error"] == "invalid_grant"


def test_suspending_a_client_in_the_middle_kills_what_follows(clients: Clients) -> None:
    _, one = first_hop(clients)
    two = exchange(clients.of("timetable"), one["access_token"]).json()
    house = clients.city.house
    with house.database.write() as session:
        suspend_client(session, "timetable", now=house.clock.now())
    told = TokenClient(clients.city.issuer).post("introspect", token=one["access_token"]).json()
    assert told["active"] is True
    with house.database.write() as session:
        resume_client(session, "timetable", now=house.clock.now())
    assert clients.of("timetable").post("introspect", token=two["access_token"]).json() == {"active": False}
