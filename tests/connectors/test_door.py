"""The door for pushed events: what is well signed and well formed enters once; everything else changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from connectors.events import repository, service
from connectors.events.departments import DEPARTMENTS
from connectors.events.models import ReceivedEvent, RejectedEvent
from connectors.settings import ConnectorSettings, rotate
from kernel.clock import FixedClock
from kernel.house import House
from kernel.outbox import OutboxMessage
from tests.connectors.conftest import PERSON, Push, certificate, envelope


def count(house: House, table: type) -> int:
    with house.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def reasons(house: House) -> list[str]:
    with house.database.read() as session:
        return [row.reason for row in repository.latest_rejected(session)]


def test_an_event_is_stored_sealed_and_passed_on(house: House, push: Push) -> None:
    response = push(envelope("certificate_issued", certificate(), "evt-00000001"))
    assert response.status_code == 200
    assert response.json()["event_id"] == "evt-00000001"
    with house.database.read() as session:
        message = session.scalars(sa.select(OutboxMessage)).one()
        row = session.scalars(sa.select(ReceivedEvent)).one()
        event = service.open_event(session, house.vault, message.payload)
    assert message.topic == "department.event"
    assert event.source == "disabled_federation"
    assert event.subject("person").identifiers[0].value == PERSON
    written = f"{message.payload} {message.key}".encode() + row.sealed + row.digest
    assert PERSON.encode() not in written
    assert "柳如是".encode() not in written


def test_the_same_event_twice_gets_the_same_answer_and_one_message(house: House, push: Push) -> None:
    body = envelope("certificate_issued", certificate())
    assert push(body).content == push(body).content
    assert (count(house, ReceivedEvent), count(house, OutboxMessage)) == (1, 1)


def test_the_same_content_spaced_otherwise_is_the_same_event(house: House, push: Push) -> None:
    body = envelope("certificate_issued", certificate())
    spaced = msgspec.json.format(body, indent=4)
    assert push(body).json() == push(spaced).json()
    assert count(house, OutboxMessage) == 1


def test_the_same_id_with_other_content_is_a_conflict(house: House, push: Push) -> None:
    push(envelope("certificate_issued", certificate("1"), "evt-00000001"))
    response = push(envelope("certificate_issued", certificate("2"), "evt-00000001"))
    assert response.status_code == 409
    assert (count(house, ReceivedEvent), count(house, RejectedEvent)) == (1, 1)


def test_two_departments_may_use_the_same_id(house: House, push: Push) -> None:
    push(envelope("certificate_issued", certificate(), "evt-00000001"))
    data = {"sfzh": PERSON, "xm": "柳如是", "gezh": "GE1", "yyfs": "2", "rdrq": "20261101"}
    assert push(envelope("orphan_recognised", data, "evt-00000001"), "civil_affairs").status_code == 200
    assert count(house, ReceivedEvent) == 2


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"webhook-signature": "v1,AAAA"}, "signature: signature_wrong"),
        ({"webhook-signature": ""}, "signature: signature_missing"),
        ({"webhook-timestamp": "x"}, "signature: timestamp_missing"),
        ({"webhook-id": "evt-00000002"}, "signature: signature_wrong"),
    ],
)
def test_a_wrong_signature_is_refused_and_noted(
    house: House, push: Push, headers: dict[str, str], reason: str
) -> None:
    assert push(envelope("certificate_issued", certificate()), headers=headers).status_code == 401
    assert reasons(house) == [reason]
    assert (count(house, ReceivedEvent), count(house, OutboxMessage)) == (0, 0)


def test_another_departments_key_does_not_open_this_door(
    house: House, push: Push, outside: ConnectorSettings
) -> None:
    key = outside.systems["civil_affairs"].signing_keys[0]
    assert push(envelope("certificate_issued", certificate()), key=key).status_code == 401
    assert count(house, ReceivedEvent) == 0


def test_an_old_push_is_refused_even_if_it_was_good(
    door: TestClient[Litestar], push: Push, clock: FixedClock
) -> None:
    request = push(envelope("certificate_issued", certificate())).request
    clock.move(timedelta(minutes=6))
    response = door.post(request.url.path, content=request.content, headers=dict(request.headers))
    assert response.status_code == 401


def test_a_replay_within_the_tolerance_changes_nothing(
    house: House, door: TestClient[Litestar], push: Push, clock: FixedClock
) -> None:
    first = push(envelope("certificate_issued", certificate()))
    clock.move(timedelta(minutes=4))
    request = first.request
    again = door.post(request.url.path, content=request.content, headers=dict(request.headers))
    assert (again.status_code, again.content) == (200, first.content)
    assert count(house, OutboxMessage) == 1


def test_a_signed_id_must_be_the_events_own(house: House, push: Push) -> None:
    body = envelope("certificate_issued", certificate(), "evt-00000001")
    assert push(body, event_id="evt-00000002").status_code == 400
    assert count(house, ReceivedEvent) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 5000,
        envelope("certificate_issued", {}),
        envelope("certificate_issued", "\x00"),
        envelope("unheard_of", certificate()),
        envelope("certificate_issued", certificate() | {"cjdj": "7"}),
        envelope("certificate_issued", certificate() | {"more": 1}),
        envelope("certificate_issued", certificate()).replace(b"+08:00", b""),
        envelope("certificate_issued", certificate()).replace(b"2026-11-23T", b"2027-11-23T"),
        envelope("certificate_issued", certificate(), "short"),
    ],
)
def test_a_malformed_event_is_refused_with_the_reason_and_noted(
    house: House, push: Push, body: bytes
) -> None:
    response = push(body, event_id="evt-00000001")
    assert response.status_code == 400
    assert response.json()["errors"][0]["what"]
    assert (count(house, ReceivedEvent), count(house, OutboxMessage), count(house, RejectedEvent)) == (
        0,
        0,
        1,
    )


def test_what_is_noted_of_a_refusal_names_nobody(house: House, push: Push) -> None:
    push(envelope("certificate_issued", certificate() | {"cjdj": "7", "cjrzh": f"{PERSON}47"}))
    with house.database.read() as session:
        row = repository.latest_rejected(session)[0]
    assert PERSON not in row.reason
    assert "cjrzh" in row.reason


def test_too_much_is_refused_before_it_is_read(house: House, push: Push) -> None:
    body = envelope("certificate_issued", certificate() | {"xm": "长" * 40_000})
    assert push(body).status_code == 413
    assert count(house, ReceivedEvent) == 0


def test_an_unknown_department_has_no_door(door: TestClient[Litestar]) -> None:
    assert door.post("/connectors/events/astrology", content=b"{}").status_code == 404


def test_a_flood_of_refusals_does_not_fill_the_log(house: House, door: TestClient[Litestar]) -> None:
    statuses = {door.post("/connectors/events/health", content=b"{}").status_code for _ in range(125)}
    assert statuses == {401, 429}
    assert count(house, RejectedEvent) == 120


def test_after_a_rotation_both_keys_open_the_door(house: House, clock: FixedClock) -> None:
    home = house.settings.home
    old = ConnectorSettings.embedded("http://127.0.0.1:9", home).systems["health"].signing_keys[0]
    fresh = rotate(home, "health", now=clock.now(), overlap=timedelta(days=1))
    keys = ConnectorSettings.embedded("http://127.0.0.1:9", home).systems["health"].signing_keys
    assert [key.secret for key in keys] == [fresh.secret, old.secret]
    assert [key.is_live(clock.now() + timedelta(days=2)) for key in keys] == [True, False]


def test_a_callback_of_the_treasury_is_passed_on_as_a_hint(house: House, push: Push) -> None:
    data = {
        "instruction_id": "pay-00000001",
        "status": "paid",
        "amount": "100.00",
        "reason": None,
        "bank_reference": "YH1",
    }
    assert push(envelope("order_status_changed", data), "treasury").status_code == 200
    with house.database.read() as session:
        message = session.scalars(sa.select(OutboxMessage)).one()
    assert (message.topic, message.key) == ("payment.callback", "payment:pay-00000001")
    assert message.payload["status"] == "paid"


def test_the_treasury_calls_back_for_many_orders_in_one_event(push: Push, house: House) -> None:
    data = {"instruction_ids": ["pay-00000001", "pay-00000002"]}
    assert push(envelope("orders_settled", data), "treasury").status_code == 200
    assert push(envelope("orders_settled", {"instruction_ids": []}), "treasury").status_code == 400
    with house.database.read() as session:
        message = session.scalars(sa.select(OutboxMessage)).one()
    assert (message.topic, message.payload["instruction_ids"]) == (
        "payment.callback",
        data["instruction_ids"],
    )


def test_sixteen_deliveries_at_once_make_one_message(any_house: House) -> None:
    body = envelope("certificate_issued", certificate())
    department = DEPARTMENTS["disabled_federation"]

    def deliver(_: int) -> service.Receipt:
        with any_house.database.write() as session:
            now = any_house.clock.now()
            return service.accept(session, any_house.vault, department, body, came_by="push", now=now)

    with ThreadPoolExecutor(8) as pool:
        receipts = set(pool.map(deliver, range(16)))
    assert len(receipts) == 1
    assert (count(any_house, ReceivedEvent), count(any_house, OutboxMessage)) == (1, 1)


RANDOM = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)


@RANDOM
@given(body=st.binary(max_size=300), is_signed=st.booleans())
def test_no_bytes_whatever_make_the_door_fail(push: Push, body: bytes, is_signed: bool) -> None:
    headers: dict[str, str] = {} if is_signed else {"webhook-signature": "v1,AAAA"}
    assert push(body, event_id="evt-00000001", headers=headers).status_code in (400, 401, 429)


@RANDOM
@given(
    data=st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*certificate(), "x"]), inner),
        max_leaves=12,
    ),
    kind=st.sampled_from(["certificate_issued", "certificate_cancelled", "x"]),
)
def test_no_json_whatever_makes_the_door_fail(push: Push, data: object, kind: str) -> None:
    assert push(envelope(kind, data)).status_code in (400, 429)
