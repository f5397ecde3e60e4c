"""Whatever a program sends to the simulated world, it is answered, never with a failure of ours."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient
from schemathesis.core.result import Ok

from connectors.settings import ConnectorSettings
from connectors.simulators.app import create_app
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from kernel.clock import FixedClock
from kernel.web.pages import Pages
from tests.conftest import NOON
from tests.connectors.conftest import FIRM, PERSON, populate


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> ConnectorSettings:
    return ConnectorSettings.embedded("http://127.0.0.1:9", tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def program(
    tmp_path_factory: pytest.TempPathFactory, outside: ConnectorSettings, pages: Pages
) -> Iterator[TestClient[Litestar]]:
    home: Path = tmp_path_factory.mktemp("home")
    settings = SimulatorSettings(
        home=home, outside=outside, events_url="http://127.0.0.1:9", is_pushing=False
    )
    world = World(settings, FixedClock(NOON))
    populate(world)
    with TestClient(create_app(settings, FixedClock(NOON), world=world, pages=pages)) as client:
        yield client


def test_no_described_call_makes_the_simulators_fail(
    program: TestClient[Litestar], outside: ConnectorSettings
) -> None:
    schema = schemathesis.openapi.from_dict(program.get("/simulators/schema/openapi.json").json())
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    # Not the switch that makes every later answer slow.
    operations = [operation for operation in found if "/faults/" not in operation.path]
    assert len(operations) > 40
    anything = st.sampled_from(operations).flatmap(lambda operation: operation.as_strategy())

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(anything)
    def call(case: Any) -> None:
        request = case.as_transport_kwargs(base_url="http://testserver.local")
        system = case.path.split("/")[2]
        if system in outside.systems:
            request["headers"]["authorization"] = f"Bearer {outside.systems[system].token}"
        allowed = {
            key: request[key] for key in ("method", "url", "params", "json", "headers") if key in request
        }
        assert program.request(**allowed).status_code < 500

    call()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/people/99999999999999999999", None, 404),
        ("GET", "/people/-1", None, 404),
        ("GET", "/admin/accounts/%00", None, 404),
        ("PUT", "/admin/faults/treasury", {"mode": "down", "times": 10**25}, 400),
        ("PUT", "/admin/faults/treasury", {"mode": "slow", "seconds": 1e9}, 400),
        (
            "POST",
            "/disabled_federation/issue-certificate",
            {"id_number": PERSON, "issued_on": "9999-12-31"},
            400,
        ),
        ("POST", "/civil_affairs/end-orphan", {"id_number": PERSON, "reason": "7"}, 400),
        ("POST", "/social_insurance/settle-firm-premium", {"uscc": FIRM, "premium_months": 10**30}, 400),
    ],
)
def test_what_no_register_holds_is_refused(
    program: TestClient[Litestar], method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    assert program.request(method, f"/simulators{path}", json=body).status_code == status
