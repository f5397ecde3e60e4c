"""亮证: once, within a minute, to the purpose what it needs, with the holder's word where the type asks for it."""

import base64
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from kernel.audit import AuditEvent, seal_chain, verify_chain
from kernel.clock import FixedClock
from kernel.ephemeral import MemoryStore
from kernel.errors import Conflict, Forbidden, Gone
from kernel.house import House, open_house
from kernel.settings import Settings
from licenses import keys, offline, service, showing, wallet
from licenses.models import Licence, LicenceUse
from licenses.schemas import Verification, Verifier, Waiting
from licenses.states import Operation
from licenses.uses import check_uses
from tests.licenses.conftest import register
from tests.licenses.samples import FIELDS
from tests.made_once import lay_tables

ROOT = Path(__file__).parents[2]
COUNTER = Verifier("黄石港区政务大厅3号窗口", is_known=True, purpose="counter")
POLICE = Verifier("黄石港区公安局执勤席", is_known=True, purpose="police")
STRANGER = Verifier("门卫", is_known=False, purpose="anyone")


def _issue(house: House, holder: int, type_id: str, **fields: object) -> Licence:
    with house.database.write() as session:
        return service.issue(
            session,
            house,
            type_id=type_id,
            holder_id=holder,
            fields=FIELDS[type_id] | fields,
            actor="test",
        )


def _show(house: House, holder: int, licence: Licence) -> str:
    with house.database.read() as session:
        return showing.show(session, house, [holder], licence.id, holder).token


def _scan(house: House, token: str, verifier: Verifier = COUNTER) -> Verification | Waiting:
    with house.database.write(timeout=60) as session:
        return showing.scan(session, house, token, verifier=verifier, cause="办理优待卡")


def _seen(answer: Verification | Waiting) -> set[str]:
    assert isinstance(answer, Verification)
    return {field.id for field in answer.fields}


def _uses(house: House) -> list[LicenceUse]:
    with house.database.read() as session:
        return list(session.scalars(sa.select(LicenceUse)))


def test_a_code_has_more_than_120_bits_and_only_its_hash_is_kept(house: House, holder_here: int) -> None:
    token = _show(house, holder_here, _issue(house, holder_here, "driving-licence"))
    assert len(base64.urlsafe_b64decode(token + "==")) * 8 >= 120
    assert isinstance(house.ephemeral, MemoryStore)
    assert not any(token in key for key in house.ephemeral._values)


def test_a_code_lives_a_minute_and_the_next_is_made_in_half_of_it(
    house: House, holder_here: int, clock: FixedClock
) -> None:
    licence = _issue(house, holder_here, "driving-licence")
    with house.database.read() as session:
        first, second = (
            showing.show(session, house, [holder_here], licence.id, holder_here) for _ in range(2)
        )
    assert first.expires_at - clock.now() == timedelta(seconds=60)
    assert first.renew_at - clock.now() == timedelta(seconds=30)
    assert first.token != second.token


def test_what_cannot_be_put_on_record_is_not_shown(
    house: House, holder_here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is made before the answer, in the same transaction: without it there is no answer."""
    token = _show(house, holder_here, _issue(house, holder_here, "social-security-card"))

    def no_log(*_: object, **__: object) -> None:
        raise RuntimeError("the log cannot be written")

    monkeypatch.setattr("licenses.uses.commit_to", no_log)
    with pytest.raises(RuntimeError):
        _scan(house, token)
    assert _uses(house) == []
    monkeypatch.undo()
    with pytest.raises(Gone):  # the code is spent all the same: nobody tries again until it works
        _scan(house, token)


def test_each_purpose_sees_what_it_needs_and_no_more(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "driving-licence", portrait="ref:1", file_number="4202-1")
    seen = [
        _seen(_scan(house, _show(house, holder_here, licence), who)) for who in (STRANGER, COUNTER, POLICE)
    ]
    assert seen == [
        {"class"},
        {"class", "portrait"},
        {"class", "portrait", "first_issued_on", "file_number"},
    ]
    assert [(use.verifier, use.is_verifier_known) for use in _uses(house)] == [
        ("门卫", False),
        (COUNTER.name, True),
        (POLICE.name, True),
    ]


def test_the_verifier_compares_a_face_and_a_masked_name(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "driving-licence", portrait="ref:1")
    answer = _scan(house, _show(house, holder_here, licence))
    assert isinstance(answer, Verification)
    assert answer.holder_name == "**芸"
    assert ("portrait", "ref:1") in [(field.id, field.value) for field in answer.fields]


def test_of_fifty_parallel_scans_one_succeeds_and_leaves_one_record(any_house: House, holder: int) -> None:
    token = _show(any_house, holder, _issue(any_house, holder, "driving-licence"))
    outcomes: list[str] = []

    def scan() -> None:
        try:
            outcomes.append(type(_scan(any_house, token)).__name__)
        except Gone:
            outcomes.append("gone")

    threads = [threading.Thread(target=scan) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["Verification"] + ["gone"] * 49
    assert len(_uses(any_house)) == 1


@pytest.fixture
def wide_house(postgres_url: str, redis_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[House]:
    settings = Settings(home=tmp_path, database_url=postgres_url, redis_url=redis_url, is_demo=True)
    opened = open_house(settings, clock)
    lay_tables(opened.database)
    yield opened
    opened.database.close()
    opened.ephemeral.close()


@pytest.mark.postgres
def test_four_processes_on_postgresql_and_redis_agree_on_one_success(wide_house: House) -> None:
    holder = register(wide_house)
    token = _show(wide_house, holder, _issue(wide_house, holder, "driving-licence"))
    place = {
        "home": str(wide_house.settings.home),
        "database_url": wide_house.settings.database_url,
        "redis_url": wide_house.settings.redis_url,
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.licenses.scanning_process", token, "13"]
    scanners = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(4)
    ]
    for one in scanners:
        assert one.stdin is not None
        one.stdin.write(msgspec.json.encode(place).decode() + "\n")
        one.stdin.flush()
    for one in scanners:
        assert one.stdout is not None
        assert one.stdout.readline().strip() == "ready"
    answers = [one.communicate("go\n", timeout=60)[0] for one in scanners]
    assert sum(int(answer) for answer in answers) == 1
    assert len(_uses(wide_house)) == 1


def test_a_licence_revoked_after_the_code_was_shown_denies(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "driving-licence")
    token = _show(house, holder_here, licence)
    with house.database.write() as session:
        service.operate(session, house, licence.id, Operation.REVOKE_LICENCE, reason="x", actor="test")
    answer = _scan(house, token, POLICE)
    assert isinstance(answer, Verification)
    assert (answer.result, answer.fields) == ("not_valid", [])


def test_the_holder_reads_who_asks_and_agrees_once(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "dibao-certificate")
    waiting = _scan(house, _show(house, holder_here, licence), STRANGER)
    assert isinstance(waiting, Waiting)
    assert (_uses(house), showing.is_answered(house, waiting.handle)) == ([], False)
    with house.database.read() as session:
        ask = showing.asked_of(session, house, holder_here, licence.id)
        assert showing.asked_of(session, house, holder_here + 1, licence.id) is None
    assert ask is not None
    assert (ask.verifier, ask.is_verifier_known, ask.cause, ask.fields) == ("门卫", False, "办理优待卡", [])
    showing.answer(house, holder_here, licence.id, ask.ask, is_granted=True)
    with pytest.raises(Gone):
        showing.answer(house, holder_here, licence.id, ask.ask, is_granted=True)
    assert showing.is_answered(house, waiting.handle)
    with house.database.write() as session:
        assert showing.collect(session, house, waiting.handle).result == "valid"
    with house.database.write() as session, pytest.raises(Gone):
        showing.collect(session, house, waiting.handle)
    assert len(_uses(house)) == 1


def test_a_no_shows_nothing_and_leaves_no_use(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "dibao-certificate")
    waiting = _scan(house, _show(house, holder_here, licence))
    assert isinstance(waiting, Waiting)
    with house.database.read() as session:
        ask = showing.asked_of(session, house, holder_here, licence.id)
    assert ask is not None
    assert set(ask.fields) == {"保障起始日期", "保障人数"}
    showing.answer(house, holder_here, licence.id, ask.ask, is_granted=False)
    with house.database.write() as session, pytest.raises(Forbidden):
        showing.collect(session, house, waiting.handle)
    assert _uses(house) == []


def test_nobody_else_answers_for_the_holder(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "dibao-certificate")
    waiting = _scan(house, _show(house, holder_here, licence))
    assert isinstance(waiting, Waiting)
    with house.database.read() as session:
        ask = showing.asked_of(session, house, holder_here, licence.id)
    assert ask is not None
    with pytest.raises(Gone):
        showing.answer(house, holder_here + 1, licence.id, ask.ask, is_granted=True)


def test_what_is_only_referred_to_is_not_shown_here(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "resident-id")
    with house.database.read() as session, pytest.raises(Conflict):
        showing.show(session, house, [holder_here], licence.id, holder_here)
    with house.database.read() as session:
        assert not wallet.licence_of(session, house, [holder_here], licence.id).may_be_shown


def _take_along(house: House, holder: int, licence: Licence) -> offline.OfflineCode:
    with house.database.write() as session:
        return offline.make(session, house, [holder], licence.id)


def test_an_offline_code_is_short_and_says_as_of_when(
    house: House, clock: FixedClock, holder_here: int
) -> None:
    code = _take_along(house, holder_here, _issue(house, holder_here, "graduation-certificate"))
    with house.database.read() as session:
        public = keys.public_credential_keys(session)
    assert len(code.text.encode()) <= 500
    reading = offline.read(code.text, public.get, clock.now() + timedelta(days=29))
    assert (reading.result, reading.as_of, reading.holder) == ("valid", clock.now(), "**芸")
    assert reading.fields == {"学校": "黄石演示大学", "学历层次": "本科"}
    stale = offline.read(code.text, public.get, clock.now() + timedelta(days=31))
    assert (stale.result, stale.as_of) == ("undetermined", clock.now())
    assert [use.kind for use in _uses(house)] == ["offline"]


def test_an_offline_code_that_was_changed_is_not_ours(house: House, holder_here: int) -> None:
    code = _take_along(house, holder_here, _issue(house, holder_here, "driving-licence"))
    other = "B" if code.text[20] == "A" else "A"
    with house.database.read() as session:
        public = keys.public_credential_keys(session)
        for text in (code.text[:20] + other + code.text[21:], "DC1:", "DC1:AAAA", code.text[4:], "DC1:证"):
            assert offline.read(text, public.get, house.clock.now()).result == "not_valid"
            assert offline.verify_offline(session, house, text).result == "not_valid"


def test_with_a_network_an_offline_code_tells_todays_status(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "driving-licence")
    code = _take_along(house, holder_here, licence)
    with house.database.write() as session:
        assert offline.verify_offline(session, house, code.text).result == "valid"
        service.operate(session, house, licence.id, Operation.WITHHOLD, reason="x", actor="test")
        assert offline.verify_offline(session, house, code.text).result == "not_valid"
    with house.database.write() as session, pytest.raises(Conflict):
        offline.make(session, house, [holder_here], licence.id)


def test_long_values_stay_out_of_an_offline_code(house: House, holder_here: int) -> None:
    school = "很" * 190
    code = _take_along(
        house, holder_here, _issue(house, holder_here, "graduation-certificate", school=school)
    )
    assert len(code.text) <= 500


@pytest.mark.parametrize("statement", ["DELETE FROM licence_use", "UPDATE licence_use SET verifier='另一个'"])
def test_a_record_of_use_that_is_deleted_or_edited_by_sql_is_named(
    house: House, holder_here: int, statement: str
) -> None:
    licence = _issue(house, holder_here, "driving-licence")
    _scan(house, _show(house, holder_here, licence))
    with house.database.write() as session:
        while seal_chain(session, house.vault):
            pass
        assert check_uses(session) == []
        session.execute(sa.text(statement))
    with house.database.read() as session:
        [finding] = check_uses(session)
    assert str(licence.id) in finding


def test_deleting_the_record_and_its_trail_breaks_the_chain(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "driving-licence")
    for _ in range(2):
        _scan(house, _show(house, holder_here, licence))
    with house.database.write() as session:
        while seal_chain(session, house.vault):
            pass
        first = session.scalars(sa.select(LicenceUse).order_by(LicenceUse.id)).first()
        assert first is not None
        session.execute(sa.delete(LicenceUse).where(LicenceUse.id == first.id))
        session.execute(sa.delete(AuditEvent).where(AuditEvent.object_id == str(first.id)))
        assert "missing" in verify_chain(session, house.vault)[0]


def test_a_use_that_was_slipped_in_is_noticed(house: House, holder_here: int) -> None:
    licence = _issue(house, holder_here, "driving-licence")
    _scan(house, _show(house, holder_here, licence))
    with house.database.write() as session:
        use = session.scalars(sa.select(LicenceUse)).one()
        copied = {column.name: getattr(use, column.name) for column in LicenceUse.__table__.columns}
        session.execute(sa.insert(LicenceUse).values(copied | {"id": uuid.uuid4()}))
        assert check_uses(session) == ["there are uses that the audit trail does not know"]
