"""Outside systems and what got stuck: seen by who runs the house, settled by name."""

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from connectors.events import repository as events
from connectors.events.service import reject
from connectors.resilience import Watch
from connectors.resilience.breaker import FAILURES
from identity.registry import service as registry
from kernel.audit import AuditEvent
from kernel.outbox import Message, OutboxMessage, dead_letters, enqueue
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.files.jobs import folder_of, handlers
from policy_engine.profiles.files.service import FILE_TOPIC
from tests.conftest import NOON
from tests.portals.zhengtong.conftest import City, Enter

LETTERS = "/zhengtong/system/letters"


def bury(city: City, topic: str = "test.stuck", error: str = "ValueError: no") -> uuid.UUID:
    with city.house.database.write() as session:
        number = enqueue(session, topic, f"key:{uuid.uuid4()}", {}, now=NOON)
        session.execute(
            sa.update(OutboxMessage)
            .where(OutboxMessage.message_id == number)
            .values(dead_at=NOON, attempts=12, error=error)
        )
    return number


def stuck_letters(city: City) -> set[uuid.UUID]:
    with city.house.database.read() as session:
        return {row.message_id for row in dead_letters(session)}


def last_act(city: City) -> AuditEvent:
    with city.house.database.read() as session:
        found = session.scalar(sa.select(AuditEvent).order_by(AuditEvent.number.desc()).limit(1))
    assert found is not None
    return found


@pytest.fixture
def refused(city: City) -> int:
    with city.house.database.write() as session:
        reject(
            session,
            city.house.vault,
            "tax",
            "invalid-input: jkrq",
            f'{{"event_id":"{uuid.uuid4()}"}}'.encode(),
            came_by="poll",
            now=NOON,
            is_genuine=True,
        )
        return events.open_refusals(session)[-1].number


@pytest.fixture
def unapplied(city: City) -> str:
    event_id = f"evt-{uuid.uuid4().hex}"
    with city.house.database.write() as session:
        profiles.note_event(session, "tax", event_id, outcome="rejected", reason="没有档案", now=NOON)
    return event_id


def test_a_stuck_task_is_tried_again_or_dropped_with_a_reason(enter: Enter, city: City) -> None:
    seat, first, second = enter("administrator"), bury(city), bury(city)
    assert "ValueError" in seat.get(LETTERS).text
    assert seat.post(f"{LETTERS}/{first}").status_code == 303
    assert stuck_letters(city) & {first, second} == {second}
    without = seat.post(f"{LETTERS}/{second}", {"act": "drop", "reason": " "})
    assert without.status_code == 400
    assert "原因" in without.text
    assert seat.post(f"{LETTERS}/{second}", {"act": "drop", "reason": "来源已更正"}).status_code == 303
    assert stuck_letters(city) & {first, second} == set()
    act = last_act(city)
    assert (act.action, act.detail) == ("outbox.drop", {"reason": "来源已更正"})
    assert act.seat_id is not None
    assert seat.post(f"{LETTERS}/{second}").status_code == 404


def test_a_reason_is_told_in_words_where_it_has_some(enter: Enter, city: City) -> None:
    number = bury(city, "payment.poll", "OutsideFailure: 国库没有按时答复，稍后自动再试。")
    page = enter("administrator").get(LETTERS).text
    assert "查询支付结果" in page
    assert page.index("国库没有按时答复") < page.index("<code>OutsideFailure</code>")
    assert enter("administrator").post(f"{LETTERS}/{number}").status_code == 303


def test_all_of_one_kind_are_tried_again_at_once(enter: Enter, city: City) -> None:
    wanted, other = {bury(city, "test.many") for _ in range(3)}, bury(city, "test.other")
    api = enter("administrator", accept="application/json")
    answer = api.post("/zhengtong/api/v1/dead-letters/topics/test.many/replay", json={})
    assert answer.json() == {"count": 3}
    assert stuck_letters(city) & (wanted | {other}) == {other}


def test_a_refused_event_tells_why_it_is_refused_still(enter: Enter, city: City, refused: int) -> None:
    seat = enter("administrator")
    assert "jkrq" in seat.get(LETTERS).text
    again = seat.post(f"/zhengtong/system/refused/{refused}")
    assert again.status_code == 400
    assert "没有办成" in again.text
    dropped = seat.post(f"/zhengtong/system/refused/{refused}", {"act": "drop", "reason": "重复报送"})
    assert dropped.status_code == 303
    with city.house.database.read() as session:
        row = events.find_rejected(session, refused)
    assert row is not None
    assert (row.settled_as, row.sealed) == ("dropped", None)


def test_an_event_without_its_original_can_only_be_dropped(enter: Enter, city: City, unapplied: str) -> None:
    seat = enter("administrator", accept="application/json")
    listed = seat.get("/zhengtong/api/v1/stuck-events").json()["not_applied"]
    one = next(row for row in listed if row["event_id"] == unapplied)
    assert one["may_be_taken_again"] is False
    path = f"/zhengtong/api/v1/sources/tax/events/{unapplied}"
    assert seat.post(f"{path}/replay", json={}).status_code == 404
    assert seat.post(f"{path}/drop", json={"reason": "已不需要"}).status_code == 204
    assert seat.post(f"{path}/drop", json={"reason": "已不需要"}).status_code == 404
    with city.house.database.read() as session:
        row = profiles.find_event(session, "tax", unapplied)
    assert row is not None
    assert row.outcome == "dropped"


def test_nobody_else_settles_anything(enter: Enter, city: City, refused: int, unapplied: str) -> None:
    letter = bury(city)
    for seat in (enter("auditor"), enter("street")):
        assert seat.get(LETTERS).status_code == 403
        for path in (f"{LETTERS}/{letter}", LETTERS, f"/zhengtong/system/refused/{refused}"):
            assert seat.post(path, {"act": "drop", "reason": "不该可以"}).status_code == 403
        answer = seat.post("/zhengtong/system/not-applied", {"source": "tax", "event_id": unapplied})
        assert answer.status_code == 403
    assert letter in stuck_letters(city)


def test_a_system_that_is_down_is_shown_as_down_and_how_old_its_data_are(enter: Enter, city: City) -> None:
    watch = Watch(city.house.ephemeral, city.house.clock)
    with city.house.database.write() as session:
        events.note_read(session, ["housing"], now=NOON - timedelta(hours=2))
    for _ in range(FAILURES):
        watch.breaker("housing").failed()
    watch.notes("housing").failed(NOON, "outside-timeout")
    page = enter("auditor").get("/zhengtong/system/connectors").text
    assert "有系统中断" in page
    assert "已过时" in page
    listed = enter("auditor", accept="application/json").get("/zhengtong/api/v1/connectors").json()
    housing = next(one for one in listed if one["system"] == "housing")
    assert (housing["condition"], housing["is_stale"]) == ("down", True)
    watch.breaker("housing").succeeded()
    assert enter("street").get("/zhengtong/system/connectors").status_code == 403


def id_number_of(city: City, subject_id: int) -> str:
    with city.house.database.read() as session:
        return registry.identifier_of(session, subject_id, vault=city.house.vault)


def test_a_file_is_handed_in_taken_in_the_background_and_its_rejects_taken_home(
    enter: Enter, city: City
) -> None:
    seat, api = enter("administrator"), enter("administrator", accept="application/json")
    content = f"身份证号,失业保险缴费月数\n{id_number_of(city, city.cast.elder)},17\n=1+1,18\n".encode()
    sent = {"source": "human_resources", "observed_on": "2026-11-23"}
    answer = seat.upload("/zhengtong/system/files", {"file": ("月数.csv", content), **fields(sent)})
    assert answer.status_code == 303
    place = answer.headers["location"]
    file_id = place.rsplit("/", 1)[1]
    assert "排队中" in seat.get(place).text
    take_file(city, file_id)
    page = seat.get(place).text
    assert "已完成" in page
    assert "=1+1" in page
    home = seat.get(f"{place}/rejects.csv")
    assert "attachment" in home.headers["content-disposition"]
    assert ",'=1+1," in home.text
    assert last_act(city).action == "facts.file.rejects"
    shown = api.get(f"/zhengtong/api/v1/fact-files/{file_id}").json()
    assert (shown["rejected"], shown["state"]) == (1, "done")
    again = seat.upload("/zhengtong/system/files", {"file": ("again.csv", content), **fields(sent)})
    assert again.headers["location"] == place
    assert list(folder_of(city.house).iterdir()) == []


def fields(sent: dict[str, str]) -> dict[str, tuple[None, str]]:
    return {name: (None, value) for name, value in sent.items()}


def take_file(city: City, file_id: str) -> None:
    with city.house.database.read() as session:
        row = session.scalar(sa.select(OutboxMessage).where(OutboxMessage.topic == FILE_TOPIC))
    assert row is not None
    message = Message(row.number, row.message_id, row.topic, row.key, {"file_id": file_id}, 1, uuid.uuid4())
    handlers(city.house)[FILE_TOPIC](message)


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"source": "human_resources", "observed_on": "2026-11-24"}, "observed_on"),
        ({"source": "human_resources", "observed_on": "gestern"}, "observed_on"),
        ({"source": "nobody", "observed_on": "2026-11-23"}, "source"),
        ({"source": "education", "observed_on": "2026-11-23"}, "列“失业保险缴费月数”："),
    ],
)
def test_a_file_that_cannot_be_taken_leaves_nothing_behind(
    enter: Enter, city: City, sent: dict[str, str], named: str
) -> None:
    content = "身份证号,失业保险缴费月数\n".encode()
    answer = enter("administrator").upload(
        "/zhengtong/system/files", {"file": ("a.csv", content), **fields(sent)}
    )
    assert answer.status_code == 400
    assert named in answer.text
    assert not list(folder_of(city.house).glob("*"))
    api = enter("administrator", accept="application/json")
    refused = api.upload("/zhengtong/api/v1/fact-files", {"file": ("a.csv", content), **fields(sent)})
    assert refused.status_code == 400
    assert refused.json()["errors"]


def test_only_who_runs_the_house_hands_in_files(enter: Enter) -> None:
    assert enter("auditor").get("/zhengtong/system/files").status_code == 403
    sent = {"file": ("a.csv", b"x"), **fields({"source": "tax"})}
    assert enter("street").upload("/zhengtong/system/files", sent).status_code == 403
    assert enter("administrator").post("/zhengtong/system/files", {"source": "tax"}).status_code == 400
