"""Shared data are asked for with purpose and basis, granted for a time, and every access is on record."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connectors.exchange.client import ExchangeClient
from connectors.exchange.messages import ExchangeQuestion, SignedAnswer
from connectors.settings import ConnectorSettings
from connectors.simulators.app import TEMPLATES, create_app
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from kernel.clock import FixedClock
from kernel.errors import OutsideRefused, OutsideUnavailable
from kernel.web.pages import Pages
from policy_engine.profiles.exchange.models import ExchangeAccess
from tests.conftest import NOON
from tests.connectors.conftest import PERSON, free_port, populate, serving
from tests.portals.zhengtong.conftest import City, Enter, SilentExchange

API = "/zhengtong/api/v1/exchange"
ASKED = {
    "dataset": "marriage-register",
    "fields": ["djlx", "djrq"],
    "purpose": "核对婚姻状况，办理低保",
    "basis": "《社会救助暂行办法》第五十八条",
    "until_on": "2026-12-31",
}


@pytest.fixture
def exchange(city: City) -> Iterator[SilentExchange]:
    found = city.services.exchange
    assert isinstance(found, SilentExchange)
    found.known, found.failure = {PERSON: {"djlx": "1", "djrq": "20200520", "hyzh": "HY1"}}, None
    found.asked.clear()
    yield found
    found.failure = None


def ask(enter: Enter, seat: str = "health", **changed: Any) -> Any:
    return enter(seat, accept="application/json").post(f"{API}/grants", json=ASKED | changed)


def accesses(city: City, grant_id: str) -> list[ExchangeAccess]:
    with city.house.database.read() as session:
        statement = sa.select(ExchangeAccess).where(ExchangeAccess.grant_id == uuid.UUID(grant_id))
        return list(session.scalars(statement.order_by(ExchangeAccess.asked_at)))


def query(enter: Enter, grant_id: str, seat: str = "health", **changed: Any) -> Any:
    sent = {"identifier": PERSON, "fields": ["djlx"]} | changed
    return enter(seat, accept="application/json").post(f"{API}/grants/{grant_id}/queries", json=sent)


def decide(enter: Enter, grant_id: str, seat: str = "civil_affairs", **decision: Any) -> Any:
    sent = {"is_granted": True} | decision
    return enter(seat, accept="application/json").post(f"{API}/grants/{grant_id}/decision", json=sent)


def test_conditional_data_wait_for_their_owner_and_are_then_used_on_record(
    enter: Enter, city: City, exchange: SilentExchange
) -> None:
    grant = ask(enter).json()
    assert grant["state"] == "requested"
    assert query(enter, grant["id"]).status_code == 403
    assert decide(enter, grant["id"], seat="health").status_code == 404
    assert decide(enter, grant["id"], is_granted=False).status_code == 400
    assert decide(enter, grant["id"]).status_code == 204
    assert decide(enter, grant["id"]).status_code == 409
    answer = query(enter, grant["id"])
    assert answer.json()["record"] == {"djlx": "1"}
    assert (exchange.asked[-1].purpose, exchange.asked[-1].fields) == (ASKED["purpose"], ("djlx",))
    (noted,) = accesses(city, grant["id"])
    assert (noted.outcome, noted.receipt) == ("answered", answer.json()["receipt"])
    assert PERSON.encode() not in noted.subject_index
    assert query(enter, grant["id"], fields=["hyzh"]).status_code == 403
    assert query(enter, grant["id"], identifier="?").status_code == 400
    assert query(enter, grant["id"], seat="street").status_code == 404
    assert (
        enter("civil_affairs", accept="application/json")
        .post(f"{API}/grants/{grant['id']}/end", json={})
        .status_code
        == 204
    )
    assert query(enter, grant["id"]).status_code == 403


def test_an_access_that_fails_stays_on_record(enter: Enter, city: City, exchange: SilentExchange) -> None:
    grant = ask(enter, dataset="household-register", fields=["xm"]).json()
    assert grant["state"] == "granted"
    exchange.failure = OutsideUnavailable("暂时无法连接")
    assert query(enter, grant["id"], fields=["xm"]).status_code == 503
    assert [one.outcome for one in accesses(city, grant["id"])] == ["outside-unavailable"]
    exchange.failure = None
    exchange.known.clear()
    assert query(enter, grant["id"], fields=["xm"]).json()["record"] == {}
    assert [one.outcome for one in accesses(city, grant["id"])] == ["outside-unavailable", "empty"]


def test_what_is_withheld_is_refused_at_once(enter: Enter) -> None:
    grant = ask(enter, dataset="investigation-records", fields=["ajbh"]).json()
    assert (grant["state"], "不予共享" in grant["reason"]) == ("refused", True)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"dataset": "nothing"}, 404),
        ({"fields": []}, 400),
        ({"fields": ["bdcqzh"]}, 400),
        ({"purpose": "看"}, 400),
        ({"basis": ""}, 400),
        ({"until_on": "2026-11-01"}, 400),
        ({"until_on": "2029-01-01"}, 400),
    ],
)
def test_a_request_without_its_reasons_is_not_taken(
    enter: Enter, changed: dict[str, Any], status: int
) -> None:
    assert ask(enter, **changed).status_code == status


def test_an_expired_grant_is_over(enter: Enter, city: City, exchange: SilentExchange) -> None:
    grant = ask(enter, dataset="household-register", fields=["xm"], until_on="2026-11-23").json()
    clock = city.clock
    assert isinstance(clock, FixedClock)
    assert query(enter, grant["id"], fields=["xm"]).status_code == 200
    with city.house.database.write() as session:
        session.execute(
            sa.text("UPDATE exchange_grant SET until_on = :on WHERE id = :id"),
            {"on": "2026-11-22", "id": uuid.UUID(grant["id"]).hex},
        )
    assert query(enter, grant["id"], fields=["xm"]).status_code == 403


def test_the_page_does_the_same(enter: Enter, exchange: SilentExchange) -> None:
    seat = enter("health")
    sent = {
        "dataset": "household-register",
        "fields": ["household-register:xm", "marriage-register:djlx"],
        "purpose": "核对户籍信息",
        "basis": "《户口登记条例》",
        "until_on": "2026-12-01",
    }
    assert seat.post("/zhengtong/exchange", sent | {"until_on": "?"}).status_code == 400
    assert seat.post("/zhengtong/exchange", sent).status_code == 303
    listed = enter("health", accept="application/json").get(f"{API}/grants").json()
    grant = next(one for one in listed if one["purpose"] == "核对户籍信息")
    assert grant["fields"] == ["xm"]
    page = seat.post(
        f"/zhengtong/exchange/{grant['id']}", {"act": "query", "identifier": PERSON, "fields": "xm"}
    )
    assert page.status_code == 200
    assert "查询结果" in page.text
    assert PERSON not in seat.get("/zhengtong/exchange").text
    assert enter("author").get("/zhengtong/exchange").status_code == 403


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectorSettings]:
    home: Path = tmp_path_factory.mktemp("province")
    port = free_port()
    outside = ConnectorSettings.embedded(f"http://127.0.0.1:{port}", home)
    settings = SimulatorSettings(
        home=home, outside=outside, events_url="http://127.0.0.1:9", is_pushing=False
    )
    world = World(settings, FixedClock(NOON))
    populate(world)
    pages = Pages({"connectors": TEMPLATES}, is_demonstration=True)
    with serving(create_app(settings, FixedClock(NOON), world=world, pages=pages), port):
        yield outside


def question(dataset: str = "household-register", *fields: str) -> ExchangeQuestion:
    return ExchangeQuestion(
        f"q-{uuid.uuid4().hex}", "g-1", dataset, PERSON, fields or ("xm", "hh"), "核对户籍", "条例"
    )


def test_the_simulated_exchange_answers_signed_and_the_client_verifies(province: ConnectorSettings) -> None:
    client = ExchangeClient(province.systems["exchange"], FixedClock(NOON), first_pause=0.001)
    answer = client.ask(question())
    assert answer.record == {"xm": "柳如是", "hh": "H001"}
    assert answer.receipt
    with pytest.raises(OutsideRefused):
        client.ask(question("investigation-records", "ajbh"))
    client.close()
    stranger = msgspec.structs.replace(
        province.systems["exchange"], signing_keys=province.systems["tax"].signing_keys
    )
    client = ExchangeClient(stranger, FixedClock(NOON), first_pause=0.001)
    with pytest.raises(OutsideRefused) as refused:
        client.ask(question())
    assert refused.value.code == "signature_wrong"
    client.close()


def test_an_answer_to_another_query_is_thrown_away(
    province: ConnectorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ExchangeClient(province.systems["exchange"], FixedClock(NOON), first_pause=0.001)
    kept: list[SignedAnswer] = []
    change = client._caller.change

    def replayed(*arguments: Any, **named: Any) -> Any:
        kept.append(change(*arguments, **named))
        return kept[0]

    monkeypatch.setattr(client._caller, "change", replayed)
    client.ask(question())
    with pytest.raises(OutsideRefused):
        client.ask(question())
    client.close()
