"""用证: asked with purpose and basis, granted in part, used on record, and denied once either side has ended it."""

import base64
import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from kernel.house import House
from kernel.notices import inbox
from licenses import keys, service, wallet
from licenses.credential import verify
from licenses.models import Licence, LicenceConsumer, LicenceUse
from licenses.sharing import consumers, grants
from licenses.sharing.schemas import RequestView, SharedLicence
from licenses.states import Operation
from licenses.uses import check_uses
from tests.licenses.samples import FIELDS

PURPOSE, BASIS = "核定低保边缘家庭", "《社会救助暂行办法》第五十八条"
NUMBER = "11010519491231002X"


@pytest.fixture
def consumer(any_house: House) -> LicenceConsumer:
    with any_house.database.write() as session:
        made, _secret = consumers.register(
            session, any_house, name="黄石市医疗保障局救助系统", kind="department", actor="test"
        )
        consumers.entitle(
            session,
            any_house,
            made,
            type_id="dibao-certificate",
            purpose=PURPOSE,
            basis=BASIS,
            fields=["from_on", "members"],
            since=date(2026, 1, 1),
            until=date(2027, 12, 31),
            actor="test",
        )
        return made


@pytest.fixture
def dibao(any_house: House, holder: int) -> Licence:
    with any_house.database.write() as session:
        return service.issue(
            session,
            any_house,
            type_id="dibao-certificate",
            holder_id=holder,
            fields=FIELDS["dibao-certificate"],
            actor="test",
            valid_until=date(2028, 12, 31),
        )


def _ask(house: House, consumer: LicenceConsumer, *fields: str, number: str = NUMBER) -> RequestView:
    with house.database.write() as session:
        return grants.ask(
            session,
            house,
            consumer,
            identifier=number,
            type_id="dibao-certificate",
            purpose=PURPOSE,
            fields=fields or ["from_on", "members"],
        )


def _grant(house: House, holder: int, request: RequestView, *fields: str, duration: str = "standing") -> None:
    with house.database.write() as session:
        grants.decide(
            session,
            house,
            [holder],
            request.id,
            fields=fields or request.fields,
            duration=duration,  # type: ignore[arg-type]
            until=date(2026, 12, 31) if duration == "until" else None,
        )


def _use(house: House, consumer: LicenceConsumer, request: RequestView) -> SharedLicence:
    with house.database.write(timeout=30) as session:
        return grants.use(session, house, consumer, request.id)


def test_what_leaves_is_what_both_allow_and_the_holder_sees_it_at_once(
    any_house: House, consumer: LicenceConsumer, dibao: Licence, holder: int
) -> None:
    request = _ask(any_house, consumer)
    _grant(any_house, holder, request, "members")
    shared = _use(any_house, consumer, request)
    assert shared.fields == {"members": 2}
    with any_house.database.read() as session:
        signed = verify(shared.credential, keys.public_credential_keys(session).get)
        [use] = wallet.uses_of(session, [holder], dibao.id)
        assert check_uses(session) == []
    assert signed.fields == {"members": 2}
    assert (use.verifier, use.purpose, use.basis, use.fields) == (
        consumer.name,
        PURPOSE,
        BASIS,
        ["保障人数"],
    )


def test_nobody_asks_beyond_what_is_registered(
    any_house: House, consumer: LicenceConsumer, dibao: Licence
) -> None:
    with pytest.raises(InvalidInput):
        _ask(any_house, consumer, "amount_fen")
    with any_house.database.write() as session:
        for type_id, purpose in (("dibao-certificate", "营销"), ("driving-licence", PURPOSE)):
            with pytest.raises(Forbidden):
                grants.ask(
                    session,
                    any_house,
                    consumer,
                    identifier=NUMBER,
                    type_id=type_id,
                    purpose=purpose,
                    fields=["members"],
                )


def test_a_number_that_nobody_bears_looks_like_a_holder_who_does_not_answer(
    any_house: House, consumer: LicenceConsumer, dibao: Licence
) -> None:
    real, made_up = _ask(any_house, consumer), _ask(any_house, consumer, number="110105194912310011")
    assert (real.state, real.fields, real.until) == (made_up.state, made_up.fields, made_up.until)
    for request in (real, made_up):
        with pytest.raises(Forbidden):
            _use(any_house, consumer, request)


def test_the_holder_is_told_and_asked_once(
    any_house: House, consumer: LicenceConsumer, dibao: Licence, holder: int
) -> None:
    assert _ask(any_house, consumer).id == _ask(any_house, consumer).id
    with any_house.database.read() as session:
        told = [one.title for one in inbox(session, holder)]
        assert [one.state for one in grants.grants_of(session, any_house, [holder])] == ["asked"]
    assert sum(consumer.name in title for title in told) == 1


@pytest.mark.parametrize("how", ["refused", "withdrawn", "revoked", "consumer ended", "entitlement ended"])
def test_after_any_end_nothing_leaves_and_nothing_is_recorded(
    any_house: House, consumer: LicenceConsumer, dibao: Licence, holder: int, clock: FixedClock, how: str
) -> None:
    request = _ask(any_house, consumer)
    with any_house.database.write() as session:
        kept = [] if how == "refused" else request.fields
        grants.decide(session, any_house, [holder], request.id, fields=kept, duration="standing")
        if how == "withdrawn":
            grants.withdraw(session, any_house, [holder], request.id)
        elif how == "revoked":
            service.operate(session, any_house, dibao.id, Operation.CANCEL, reason="不再符合", actor="test")
        elif how == "consumer ended":
            consumers.end(session, any_house, consumer.access_id, actor="test")
    if how == "entitlement ended":
        clock.move(timedelta(days=500))
    with any_house.database.write() as session:
        if how == "consumer ended":
            with pytest.raises(Unauthenticated):
                consumers.authenticate(session, any_house, consumer.access_id, "any")
            return
        with pytest.raises((Forbidden, Conflict)):
            grants.use(session, any_house, consumer, request.id)
        assert session.scalar(sa.select(sa.func.count()).select_from(LicenceUse)) == 0


def test_a_grant_until_a_day_ends_with_it(
    any_house: House, consumer: LicenceConsumer, dibao: Licence, holder: int, clock: FixedClock
) -> None:
    request = _ask(any_house, consumer)
    _grant(any_house, holder, request, duration="until")
    clock.move(timedelta(days=38))
    assert _use(any_house, consumer, request).fields == {"from_on": "2026-01-01", "members": 2}
    clock.move(timedelta(days=1))
    with pytest.raises(Forbidden):
        _use(any_house, consumer, request)


def test_once_is_once_also_when_many_try(
    any_house: House, consumer: LicenceConsumer, dibao: Licence, holder: int
) -> None:
    request = _ask(any_house, consumer)
    _grant(any_house, holder, request, duration="once")
    outcomes: list[str] = []

    def use() -> None:
        try:
            outcomes.append(type(_use(any_house, consumer, request)).__name__)
        except Forbidden:
            outcomes.append("denied")

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["SharedLicence"] + ["denied"] * 7
    with any_house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(LicenceUse)) == 1


def test_the_next_version_goes_on_under_the_same_grant(
    any_house: House, consumer: LicenceConsumer, dibao: Licence, holder: int
) -> None:
    request = _ask(any_house, consumer)
    _grant(any_house, holder, request)
    with any_house.database.write() as session:
        service.change(
            session, any_house, dibao.id, FIELDS["dibao-certificate"] | {"members": 3}, actor="test"
        )
    assert _use(any_house, consumer, request).fields["members"] == 3


def test_others_can_neither_answer_nor_use(
    any_house: House, consumer: LicenceConsumer, dibao: Licence, holder: int
) -> None:
    request = _ask(any_house, consumer)
    with any_house.database.write() as session:
        for act in (grants.withdraw, grants.decide):
            more = {} if act is grants.withdraw else {"fields": ["members"], "duration": "once"}
            with pytest.raises(NotFound):
                act(session, any_house, [holder + 1], request.id, **more)  # type: ignore[arg-type, operator]
        other, _secret = consumers.register(
            session, any_house, name="别的系统", kind="mini-app", actor="test"
        )
        with pytest.raises(NotFound):
            grants.use(session, any_house, other, request.id)
        with pytest.raises(NotFound):
            grants.look(session, other, request.id)


def test_an_answer_stands_and_grants_no_more_than_was_asked(
    any_house: House, consumer: LicenceConsumer, dibao: Licence, holder: int
) -> None:
    request = _ask(any_house, consumer, "members")
    with pytest.raises(InvalidInput):
        _grant(any_house, holder, request, "from_on")
    _grant(any_house, holder, request)
    with pytest.raises(Conflict):
        _grant(any_house, holder, request)


def test_a_secret_is_long_and_only_its_hash_is_kept(any_house: House) -> None:
    with any_house.database.write() as session:
        made, secret = consumers.register(session, any_house, name="某系统", kind="mini-app", actor="test")
        assert consumers.authenticate(session, any_house, made.access_id, secret).id == made.id
        for access_id, wrong in ((made.access_id, secret + "x"), ("lc0", secret), ("", "")):
            with pytest.raises(Unauthenticated):
                consumers.authenticate(session, any_house, access_id, wrong)
    assert len(base64.urlsafe_b64decode(secret + "==")) == 32
    assert secret.encode() not in made.secret_hash
