"""The audit chain shows tampering; notices number themselves and push after the commit."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel.audit import GENESIS, AuditEvent, record, row_hash, seal_chain, verify_chain
from kernel.audit_head import HeadBroken, known_head, remember_head
from kernel.crypto import Vault
from kernel.house import House
from kernel.notices import (
    NewNotice,
    Notice,
    inbox,
    inbox_channel,
    mark_read,
    notify,
    notify_all,
    service,
    set_preference,
    since,
    unread_count,
    verify_number,
)
from kernel.notices.service import wants
from kernel.wording import as_said


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
        assert seal_chain(session, any_house.vault) == 5
    _record(any_house, 3)
    with any_house.database.write() as session:
        assert seal_chain(session, any_house.vault) == 3
    with any_house.database.read() as session:
        assert verify_chain(session, any_house.vault) == []


def test_a_changed_row_is_named(any_house: House) -> None:
    _record(any_house, 5)
    with any_house.database.write() as session:
        seal_chain(session, any_house.vault)
    with any_house.database.write() as session:
        session.execute(sa.update(AuditEvent).where(AuditEvent.position == 3).values(action="thing.forged"))
    with any_house.database.read() as session:
        assert any("row 3" in finding for finding in verify_chain(session, any_house.vault))


def test_a_deleted_row_is_missed(any_house: House) -> None:
    _record(any_house, 5)
    with any_house.database.write() as session:
        seal_chain(session, any_house.vault)
    with any_house.database.write() as session:
        session.execute(sa.delete(AuditEvent).where(AuditEvent.position == 2))
    with any_house.database.read() as session:
        assert any("missing" in finding for finding in verify_chain(session, any_house.vault))


def test_swapped_rows_are_named(any_house: House) -> None:
    _record(any_house, 5)
    with any_house.database.write() as session:
        seal_chain(session, any_house.vault)
    with any_house.database.write() as session:
        for position, other in ((2, 99), (4, 2), (99, 4)):
            session.execute(
                sa.update(AuditEvent).where(AuditEvent.position == position).values(position=other)
            )
    with any_house.database.read() as session:
        findings = " ".join(verify_chain(session, any_house.vault))
    assert "row 2 (number 4)" in findings
    assert "row 4 (number 2)" in findings


def test_whoever_can_only_write_to_the_store_cannot_chain_a_forged_row(any_house: House) -> None:
    """The whole chain rebuilt with another key, as somebody without ours would: every row is named."""
    _record(any_house, 3)
    with any_house.database.write() as session:
        seal_chain(session, any_house.vault)
        session.execute(sa.update(AuditEvent).values(position=None, action="thing.forged"))
    with any_house.database.write() as session:
        seal_chain(session, Vault.ephemeral())
    with any_house.database.read() as session:
        assert len(verify_chain(session, any_house.vault)) == 3


def test_rows_deleted_from_the_end_are_missed(any_house: House) -> None:
    home, vault = any_house.settings.home, any_house.vault
    _record(any_house, 5)
    with any_house.database.write() as session:
        seal_chain(session, vault)
    with any_house.database.read() as session:
        assert remember_head(session, home, vault)
    with any_house.database.write() as session:
        session.execute(sa.delete(AuditEvent).where(AuditEvent.position >= 4))
    _record(any_house, 3)
    with any_house.database.write() as session:
        seal_chain(session, vault)
    with any_house.database.read() as session:
        assert not remember_head(session, home, vault)  # what is remembered is not given up for a forged end
        findings = verify_chain(session, vault, known_head(home, vault))
    assert any("remembered outside" in one for one in findings)


def test_a_forged_memory_of_the_chain_is_refused(any_house: House) -> None:
    home, vault = any_house.settings.home, any_house.vault
    _record(any_house, 1)
    with any_house.database.write() as session:
        seal_chain(session, vault)
    with any_house.database.read() as session:
        remember_head(session, home, vault)
    kept = home / "audit-head.json"
    kept.write_bytes(kept.read_bytes().replace(b'"position":1', b'"position":0'))
    with pytest.raises(HeadBroken):
        known_head(home, vault)


def test_a_chain_begun_before_the_key_goes_on_with_it(house: House) -> None:
    _record(house, 2)
    with house.database.write() as session:
        previous = GENESIS
        for position, row in enumerate(session.scalars(sa.select(AuditEvent)), start=1):
            row.position, row.previous_hash = position, previous
            row.row_hash = previous = row_hash(row, previous, None)
    home, vault = house.settings.home, house.vault
    with house.database.read() as session:
        remember_head(session, home, vault)
    _record(house, 2)
    with house.database.write() as session:
        seal_chain(session, vault)
    with house.database.read() as session:
        assert verify_chain(session, vault, known_head(home, vault)) == []
        assert len(verify_chain(session, vault)) == 2


def test_no_line_of_ours_deletes_or_changes_an_audit_row() -> None:
    """There is no door: neither by the table's name nor by its class."""
    root = Path(__file__).parents[2]
    for package in ("kernel", "connectors", "identity", "licenses", "policy_engine", "portals"):
        for path in (root / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for door in ("delete(AuditEvent", "update(AuditEvent", "DELETE FROM audit_event"):
                assert door not in text, f"{path}: {door}"


def _notify(house: House, subject_id: int, title: str) -> int:
    with house.database.write() as session:
        return notify(
            session,
            subject_id=subject_id,
            kind="offer",
            title=as_said(title),
            body=as_said("…"),
            link=None,
            now=house.clock.now(),
        )


def test_a_notice_is_pushed_to_its_reader_only(house: House) -> None:
    heard: list[bytes] = []
    house.ephemeral.subscribe(inbox_channel(1), heard.append)
    number = _notify(house, 1, "一")
    _notify(house, 2, "二")
    assert heard == [str(number).encode()]


def test_many_notices_are_each_written_pushed_and_wait_for_a_summons(any_house: House) -> None:
    heard: list[bytes] = []
    any_house.ephemeral.subscribe(inbox_channel(2), heard.append)
    first = _notify(any_house, 1, "零")
    letters = [
        NewNotice(subject_id=one, kind="offer", title=as_said(f"题{one}"), body=as_said("…"), link="/x")
        for one in (1, 2, 3)
    ]
    with any_house.database.write() as session:
        numbers = notify_all(session, letters, now=any_house.clock.now())
        assert heard == []
    assert heard == [str(numbers[1]).encode()]
    with any_house.database.read() as session:
        assert [one.title for one in inbox(session, 1)] == ["题1", "零"]
        assert [one.number for one in inbox(session, 1)] == [numbers[0], first]
        waiting = session.scalars(sa.select(Notice).order_by(Notice.number)).all()
        assert [row.number for row in waiting] == [first, *numbers]
        assert {row.summon_at for row in waiting} == {any_house.clock.now()}
        written = {row.number: row.check_number for row in waiting}
        assert len(set(written.values())) == 4
        for number, check_number in written.items():
            found = verify_number(session, check_number)
            assert found is not None
            assert found.number == number


def test_a_check_number_in_use_is_not_given_again(any_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["1", "1", "1", "2", "2", "3"])

    def draw(_count: int) -> str:
        return next(drawn)

    monkeypatch.setattr(service, "new_digits", draw)
    for title in ("一", "二"):
        _notify(any_house, 1, title)
    letter = NewNotice(subject_id=1, kind="offer", title=as_said("三"), body=as_said("…"))
    with any_house.database.write() as session:
        notify_all(session, [letter], now=any_house.clock.now())
        assert [one.check_number for one in inbox(session, 1)] == ["3", "2", "1"]


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
