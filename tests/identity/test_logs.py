"""What the service writes to its log while everything is used, at its most talkative, names nobody and opens nothing."""

import logging

import pytest

from tests.identity.conftest import BABY_ID, DAUGHTER_ID, DAUGHTER_PHONE, MOTHER_ID, OFFICIAL_ID, City
from tests.identity.oauth.test_dump import use_everything
from tests.identity.relying_party import MINI_SECRET, OTHER_SECRET, PASSWORD, TokenClient
from tests.secrecy.spoken import SPOKEN

#: Held at warnings by every command (``portals.commands.environment``): they write whole addresses and tokens.
HELD = ("httpx", "httpcore", "authlib")


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] not in HELD or record.levelno >= logging.WARNING:
            self.lines.append(f"{record.name} {self.format(record)}")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    kept, root = Kept(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [*root.handlers, kept])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    return kept.lines


def test_no_line_of_the_log_holds_a_secret_or_a_person(own_city: City, written: list[str]) -> None:
    before = SPOKEN.turn
    use_everything(own_city)
    surfer, client = own_city.surfer(), TokenClient(own_city.issuer)
    surfer.sign_in(surfer.open("/identity/login"), DAUGHTER_PHONE, "a wrong password")
    surfer.open("/identity/authorize", client_id="nobody", redirect_uri="https://evil.example")
    client.post("token", grant_type="authorization_code", code="never-issued-" + "x" * 30)
    logging.getLogger("identity").warning("somebody wrote %s", "a line")
    everything = "\n".join(written)
    assert "somebody wrote a line" in everything
    secrets = set(SPOKEN.secrets_since(before)) | {PASSWORD, MINI_SECRET, OTHER_SECRET, DAUGHTER_PHONE}
    for one in secrets | {DAUGHTER_ID, MOTHER_ID, BABY_ID, OFFICIAL_ID, "周小兰", "陈桂英"}:
        assert one not in everything, one[:6]
