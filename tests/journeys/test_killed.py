"""The server is killed at the worst moment and started again: no confirmed claim and no event is lost."""

import signal
import time
from collections.abc import Iterator

import pytest

from tests.journeys.conftest import Demo, fresh_home
from tests.journeys.visitor import signed_in

pytestmark = [pytest.mark.xdist_group("killed"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demonstration of its own, because it is not treated kindly."""
    running = Demo(fresh_home(tmp_path_factory))
    running.start()
    yield running
    running.stop()


def _kill_and_start(demo: Demo) -> None:
    assert demo.stop(signal.SIGKILL) == -signal.SIGKILL
    demo.client = demo.visitor(timeout=30)
    demo.start()


def test_a_confirmed_claim_survives(fragile: Demo) -> None:
    visitor = signed_in(fragile, "resident")
    [offer] = [one for one in visitor.get("/tong/api/v1/offers").json() if one["amount_fen"]][:1]
    detail = visitor.get(f"/tong/api/v1/offers/{offer['id']}").json()
    account = detail["accounts"][0]["id"] if detail["accounts"] else None
    confirmed = visitor.post(f"/tong/api/v1/offers/{offer['id']}/confirm", json={"account_id": account})
    assert confirmed.status_code == 201, confirmed.text
    _kill_and_start(fragile)
    again = signed_in(fragile, "resident")
    claim = again.get(f"/tong/api/v1/claims/{confirmed.json()['claim_id']}")
    assert claim.status_code == 200
    twice = again.post(f"/tong/api/v1/offers/{offer['id']}/confirm", json={"account_id": account})
    assert twice.json()["claim_id"] == confirmed.json()["claim_id"]


@pytest.mark.parametrize("pause", [0.0, 0.02, 0.08])
def test_an_event_reported_before_the_kill_arrives_after_it(fragile: Demo, pause: float) -> None:
    level = {0.0: "4", 0.02: "3", 0.08: "2"}[pause]
    parent = fragile.account("parent")
    fragile.simulate("disabled_federation", "issue-certificate", id_number=parent["identifier"], level=level)
    time.sleep(pause)  # the report is on its way, being taken in, or being worked on
    _kill_and_start(fragile)
    visitor = signed_in(fragile, "parent")
    for _ in range(100):
        facts = {one["attribute"]: one["value"] for one in visitor.get("/tong/api/v1/facts").json()}
        if facts.get("person.disability_level") == int(level):
            break
        time.sleep(0.1)
    assert facts.get("person.disability_level") == int(level)
    licences = visitor.get("/tong/api/v1/licences").json()
    assert [one["state"] for one in licences] == ["01"]


def test_a_second_start_on_the_same_home_is_refused_by_name(fragile: Demo) -> None:
    second = Demo(fragile.home)
    with pytest.raises(RuntimeError, match="already runs"):
        second.start()
    second.stop()
