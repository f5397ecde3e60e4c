"""The keys of a whole city turn while it serves, and its audit chain stays whole."""

import pytest

from tests.journeys.conftest import Demo

pytestmark = pytest.mark.timeout(300)


def test_the_keys_turn_while_the_city_serves(demo: Demo) -> None:
    """Every sealed value of every table opens in its place: what does not would be named, and the command fail."""
    said = demo.command("keys", "rotate", "--batch", "1000")
    assert "Version 2 is active." in said
    assert demo.client.get("/identity/.well-known/openid-configuration").status_code == 200
    lines = demo.command("keys", "status").splitlines()[1:]
    assert any(line.startswith("subject.name_sealed") for line in lines)
    assert all(
        "version 1" not in line for line in lines if not line.startswith(("web_session", "login_event"))
    )
    assert "whole" in demo.command("audit", "verify")
