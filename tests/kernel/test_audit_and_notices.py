"""The audit chain shows tampering; notices number themselves and push after the commit."""

import sqlalchemy as sa

from kernel.audit import AuditEvent, record, seal_chain, verify_chain
from kernel.house import House
from kernel.notices import (
    inbox,
    inbox_channel,
    mark_read,
    notify,
    set_preference,
    since,
    unread_count,
    verify_number,
)
from kernel.notices.service import wants


def _record(house: House, count: int) -> None:
    with house.database.write() as session:
        for number in range(count):
            record(
                session,
                actor="test",
                action="thing.do",
                object_kind="thing",
                object_id=number,
                detail={"n": number},
                now=house.clock.now(),
            )


def test_an_untouched_chain_verifies(any_house: House) -> None:
    _record(any_house, 5)
    with any_house.database.write() as session:
        assert seal_chain(session) == 5
    _record(any_house, 3)
    with any_house.database.write() as session:
        assert seal_chain(session) == 3
    with any_house.database.read() as session:
        assert verify_chain(session) == []


def test_a_changed_row_is_named(any_house: House) -> None:
    _record(any_house, 5)
    with any_house.database.write() as session:
        seal_chain(session)
    with any_house.database.write() as session:
        session.execute(sa.update(AuditEvent).where(AuditEvent.position == 3).values(action="thing.forged"))
    with any_house.database.read() as session:
        assert any("row 3" in finding for finding in verify_chain(session))


def test_a_deleted_row_is_missed(any_house: House) -> None:
    _record(any_house, 5)
    with any_house.database.write() as session:
        seal_chain(session)
    with any_house.database.write() as session:
        session.execute(sa.delete(AuditEvent).where(AuditEvent.position == 2))
    with any_house.database.read() as session:
        assert any("missing" in finding for finding in verify_chain(session))


def _notify(house: House, subject_id: int, title: str) -> int:
    with house.database.write() as session:
        return notify(
            session,
            subject_id=subject_id,
            kind="offer",
            title=title,
            body="…",
            link=None,
            now=house.clock.now(),
        )


def test_a_notice_is_pushed_to_its_reader_only(house: House) -> None:
    heard: list[bytes] = []
    house.ephemeral.subscribe(inbox_channel(1), heard.append)
    number = _notify(house, 1, "一")
    _notify(house, 2, "二")
    assert heard == [str(number).encode()]


def test_a_stream_replays_what_came_after(any_house: House) -> None:
    first = _notify(any_house, 1, "一")
    second = _notify(any_house, 1, "二")
    _notify(any_house, 2, "别人的")
    with any_house.database.read() as session:
        assert [notice.number for notice in since(session, 1, first)] == [second]
        assert [notice.title for notice in inbox(session, 1)] == ["二", "一"]


def test_reading_clears_the_count_once(any_house: House) -> None:
    number = _notify(any_house, 1, "一")
    with any_house.database.write() as session:
        assert unread_count(session, 1) == 1
        mark_read(session, 1, number, now=any_house.clock.now())
        session.flush()
        assert unread_count(session, 1) == 0


def test_a_number_read_out_on_the_phone_can_be_checked(any_house: House) -> None:
    _notify(any_house, 1, "一")
    with any_house.database.read() as session:
        [notice] = inbox(session, 1)
        found = verify_number(session, notice.check_number)
        assert found is not None
        assert found.number == notice.number
        assert verify_number(session, "0000000000") is None


def test_refusing_a_channel_is_remembered(any_house: House) -> None:
    with any_house.database.write() as session:
        assert wants(session, 1, "sms")
        set_preference(session, 1, "sms", is_enabled=False)
    with any_house.database.read() as session:
        assert not wants(session, 1, "sms")
