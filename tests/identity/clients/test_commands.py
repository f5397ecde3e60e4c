"""``dongchu client``: clients from the shell, with every option, and clear words for what cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from identity.cli import client_commands
from identity.clients.models import OAuthClient
from identity.clients.service import has_secret
from kernel.house import open_house
from kernel.migrations import migrate
from kernel.settings import Settings
from tests.identity.proving import new_key, public_jwks


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shell")
    house = open_house(Settings(home=folder, database_url=f"sqlite:///{folder / 'dongchu.db'}"))
    migrate(house.database)
    house.database.close()
    return folder


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(client_commands, words, env={"DONGCHU_HOME": str(home)})


def stored(home: Path, client_id: str) -> Any:
    house = open_house(Settings(home=home, database_url=f"sqlite:///{home / 'dongchu.db'}"))
    with house.database.read() as session:
        found = session.get(OAuthClient, client_id)
    assert found is not None
    house.database.close()
    return found, house


def test_the_usual_client_gets_a_secret_that_is_shown_once(home: Path) -> None:
    answer = run(home, "add", "--id", "demo-app", "--redirect-uri", "http://127.0.0.1:9000/callback")
    assert answer.exit_code == 0, answer.output
    secret = answer.output.split("client_secret")[1].split()[0]
    client, house = stored(home, "demo-app")
    assert has_secret(client, secret, house.vault, house.clock.now())
    assert client.grant_types == ["authorization_code", "refresh_token"]
    changed = run(home, "change-secret", "--id", "demo-app", "--overlap-hours", "0")
    client, house = stored(home, "demo-app")
    assert not has_secret(client, secret, house.vault, house.clock.now())
    assert has_secret(client, changed.output.split()[1], house.vault, house.clock.now())


def test_every_option_is_kept(home: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(public_jwks(new_key())))
    options = {
        "--id": "whole",
        "--name": "样样都有",
        "--redirect-uri": "https://a.example/cb",
        "--post-logout-redirect-uri": "https://a.example/bye",
        "--backchannel-logout-uri": "https://a.example/out",
        "--jwks": str(keys),
        "--details-type": "openid_credential",
        "--signing-alg": "SM2SM3",
        "--userinfo-alg": "ES256",
        "--default-max-age": "3600",
        "--default-acr": "L2",
        "--capacity": "enterprise",
    }
    answer = run(
        home, "add", *(word for pair in options.items() for word in pair), "--require-par", "--require-dpop"
    )
    assert answer.exit_code == 0, answer.output
    assert "none (private_key_jwt)" in answer.output
    client, _ = stored(home, "whole")
    assert (client.auth_method, client.signing_alg, client.userinfo_alg) == (
        "private_key_jwt",
        "SM2SM3",
        "ES256",
    )
    assert client.requires_par
    assert client.requires_dpop
    assert client.backchannel_logout_uri == "https://a.example/out"
    assert (client.capacities, client.default_acr_values) == (["enterprise"], ["L2"])


def test_public_clients_services_and_a_stop(home: Path) -> None:
    public = run(home, "add", "--id", "phone", "--public", "--redirect-uri", "https://a.example/cb")
    assert "public client" in public.output
    service = run(home, "add", "--id", "fares", "--grant", "client-credentials", "--audience", "timetable")
    assert service.exit_code == 0, service.output
    assert stored(home, "fares")[0].scope == "service"
    assert run(home, "suspend", "--id", "fares").exit_code == 0
    assert stored(home, "fares")[0].is_suspended
    assert run(home, "suspend", "--id", "fares").exit_code == 1
    assert run(home, "resume", "--id", "fares").exit_code == 0
    ticket = run(home, "ticket", "--label", "partner", "--uses", "3")
    assert "initial_access_token" in ticket.output


@pytest.mark.parametrize(
    "words",
    [
        ("--id", "x", "--redirect-uri", "https://a.example/cb"),
        ("--id", "no-address"),
        ("--id", "bad", "--redirect-uri", "http://a.example/cb"),
        ("--id", "both", "--public", "--secret", "s", "--redirect-uri", "https://a.example/cb"),
        ("--id", "kind", "--details-type", "unknown", "--redirect-uri", "https://a.example/cb"),
        ("--id", "loose", "--public", "--grant", "client-credentials"),
        ("--id", "nokey", "--auth-method", "private_key_jwt", "--redirect-uri", "https://a.example/cb"),
        (
            "--id",
            "sector",
            "--sector-identifier-uri",
            "http://127.0.0.1:1/",
            "--redirect-uri",
            "https://a.example/",
        ),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_stored(home: Path, words: tuple[str, ...]) -> None:
    answer = run(home, "add", *words)
    assert answer.exit_code in (1, 2)
    assert "Error" in answer.output
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
