"""Clients that register themselves: within their ticket, by their own token, and never more than that."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from identity.clients.models import OAuthClient
from identity.oauth.provider import Provider, open_provider
from identity.oauth.rfc7591_registration import issue_ticket
from kernel.errors import InvalidInput
from tests.identity.oauth.conftest import Clients
from tests.identity.proving import new_key, public_jwks
from tests.identity.relying_party import CALLBACK, Attempt, TokenClient, obtain_code

WANTED: dict[str, Any] = {
    "client_name": "新来的小程序",
    "redirect_uris": [CALLBACK],
    "contacts": ["a@b.example"],
}


@pytest.fixture(scope="module")
def provider(clients: Clients) -> Provider:
    return open_provider(clients.city.house)


def ticket(provider: Provider, **options: Any) -> str:
    with provider.house.database.write() as session:
        given: dict[str, Any] = {"scopes": ("openid", "profile"), **options}
        return issue_ticket(session, provider, label="test", **given)


def register(clients: Clients, token: str, wanted: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.post(f"{clients.city.issuer}/clients", json=wanted, headers=headers, trust_env=False)


def manage(method: str, answer: dict[str, Any], token: str | None = None, **options: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {token or answer['registration_access_token']}"}
    address = answer["registration_client_uri"]
    return httpx.request(method, address, headers=headers, trust_env=False, **options)


def test_a_registered_client_signs_people_in_is_changed_and_withdrawn(
    clients: Clients, provider: Provider
) -> None:
    answer = register(clients, ticket(provider), WANTED)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["contacts"] == ["a@b.example"]
    assert made["grant_types"] == ["authorization_code", "refresh_token"]
    client = TokenClient(clients.city.issuer, made["client_id"], made["client_secret"])
    attempt = Attempt(made["client_id"], CALLBACK, "openid profile")
    tokens = client.redeem(attempt, obtain_code(clients.city.surfer(), attempt)["code"]).json()
    assert client.who(tokens["access_token"]).status_code == 200
    shown = manage("GET", made).json()
    assert shown["client_name"] == "新来的小程序"
    assert "client_secret" not in shown
    changed = manage("PUT", made, json={**WANTED, "client_name": "改了名", "scope": "openid"}).json()
    assert (changed["client_name"], changed["scope"]) == ("改了名", "openid")
    assert manage("GET", made).status_code == 401  # the former registration token is no longer good
    wider = manage("PUT", changed, json={**WANTED, "scope": "openid profile"})
    assert wider.json()["error"] == "invalid_client_metadata"
    assert manage("DELETE", changed).status_code == 204
    assert client.who(tokens["access_token"]).status_code == 401
    assert client.refresh(tokens["refresh_token"]).status_code == 401
    assert manage("GET", changed).status_code == 401


def test_a_ticket_is_good_for_so_many_uses(clients: Clients, provider: Provider) -> None:
    token = ticket(provider, uses=2)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(register, [clients] * 6, [token] * 6, [WANTED] * 6))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [401] * 4
    fresh = ticket(provider)
    assert register(clients, fresh, {"redirect_uris": ["javascript:alert(1)"]}).status_code == 400
    assert register(clients, fresh, WANTED).status_code == 201  # what was refused cost nothing


def test_without_a_ticket_nothing_is_registered_and_nothing_fetched(clients: Clients) -> None:
    for token in ("nonsense", "x" * 500):
        wanted = {**WANTED, "sector_identifier_uri": "http://127.0.0.1:9/sector"}
        assert register(clients, token, wanted).status_code == 401
    assert httpx.post(f"{clients.city.issuer}/clients", json=WANTED, trust_env=False).status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://evil.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://a.example/"}, "invalid_client_metadata"),
        ({"scope": "openid tong"}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"subject_type": "public"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"jwks": {"keys": []}}, "invalid_client_metadata"),
        ({"jwks_uri": "http://169.254.169.254/latest"}, "invalid_client_metadata"),
        ({"backchannel_logout_uri": "ftp://a.example/"}, "invalid_client_metadata"),
        ({"sector_identifier_uri": "http://127.0.0.1:9/nobody-here"}, "invalid_client_metadata"),
        ({"authorization_details_types": ["unknown"]}, "invalid_client_metadata"),
        ({"software_statement": "e30.e30."}, "unapproved_software_statement"),
        ({"client_name": "x" * 300}, "invalid_client_metadata"),
        ({"client_uri": "x" * 3000}, "invalid_client_metadata"),
        ({"default_max_age": -5}, "invalid_client_metadata"),
    ],
)
def test_what_cannot_stand_is_refused_in_the_words_of_the_rfc(
    clients: Clients, provider: Provider, changes: dict[str, Any], error: str
) -> None:
    answer = register(clients, ticket(provider), {**WANTED, **changes})
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_what_is_not_for_a_client_to_say_is_not_heard(clients: Clients, provider: Provider) -> None:
    bold = {
        **WANTED,
        "is_first_party": True,
        "may_introspect": True,
        "capacities": ["seat"],
        "audiences": ["x"],
    }
    made = register(clients, ticket(provider), bold).json()
    with clients.city.house.database.read() as session:
        client = session.get(OAuthClient, made["client_id"])
    assert client is not None
    assert (client.is_first_party, client.may_introspect, client.capacities) == (False, False, ["self"])
    assert client.audiences == []


def test_keys_instead_of_a_secret_and_never_private_ones(clients: Clients, provider: Provider) -> None:
    key = new_key()
    wanted = {**WANTED, "token_endpoint_auth_method": "private_key_jwt", "jwks": public_jwks(key)}
    made = register(clients, ticket(provider), wanted).json()
    assert "client_secret" not in made
    leaked = {**wanted, "jwks": {"keys": [key.as_dict(private=True)]}}
    assert register(clients, ticket(provider), leaked).json()["error"] == "invalid_client_metadata"


def test_one_clients_token_opens_no_others_registration(clients: Clients, provider: Provider) -> None:
    one, two = (register(clients, ticket(provider), WANTED).json() for _ in range(2))
    for method in ("GET", "PUT", "DELETE"):
        options = {"json": WANTED} if method == "PUT" else {}
        assert manage(method, one, two["registration_access_token"], **options).status_code == 401
    assert manage("GET", one).status_code == 200


def test_a_ticket_itself_has_bounds(provider: Provider) -> None:
    for options in ({"scopes": ("nonsense",)}, {"uses": 0}, {"grant_types": ("password",)}, {"scopes": ()}):
        with pytest.raises(InvalidInput):
            ticket(provider, **options)
