"""Seats: taken over at once, acted on for a time, and never so that one person watches over their own doing."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from identity.seats import service as seats
from identity.seats.naming import post_names
from kernel.clock import FixedClock
from kernel.errors import Conflict, Forbidden, InvalidInput
from kernel.house import House
from kernel.i18n import ENGLISH, Named, Translations
from kernel.ids import new_id
from kernel.web.principal import Principal
from tests.identity.conftest import People, settle

DAY = timedelta(days=1)


@pytest.fixture
def people(house: House) -> People:
    return settle(house)


@pytest.fixture
def session(house: House, people: People) -> Iterator[Session]:
    with house.database.write() as opened:
        yield opened


def post(session: Session, title: str, *duties: str) -> int:
    return seats.create_seat(session, division_code="420203", department="数据局", title=title, duties=duties)


@pytest.mark.parametrize(
    "duties",
    [
        ("admin.system", "admin.security"),
        ("admin.system", "audit.read"),
        ("admin.security", "audit.read"),
        ("audit.read", "claim.decide"),
    ],
)
def test_a_post_that_watches_over_itself_is_not_made(session: Session, duties: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        post(session, "席位", *duties)


def test_no_person_holds_two_of_the_three_administrations(
    session: Session, house: House, people: People
) -> None:
    now = house.clock.now()
    system, security = post(session, "系统席", "admin.system"), post(session, "安全席", "admin.security")
    audit = post(session, "审计席", "audit.read")
    seats.assign_seat(session, seat_id=system, subject_id=people.mother, now=now)
    for other in (security, audit):
        with pytest.raises(Conflict):
            seats.assign_seat(session, seat_id=other, subject_id=people.mother, now=now)
        with pytest.raises(Conflict):
            seats.let_act(
                session,
                seat_id=other,
                subject_id=people.mother,
                from_at=now + DAY,
                until_at=now + 2 * DAY,
                now=now,
            )
    with pytest.raises(Conflict):  # whoever works on claims does not audit
        seats.assign_seat(session, seat_id=audit, subject_id=people.official, now=now)


def test_a_deputy_due_tomorrow_counts_today(session: Session, house: House, people: People) -> None:
    now = house.clock.now()
    audit = post(session, "审计席", "audit.read")
    seats.let_act(
        session,
        seat_id=people.seat,
        subject_id=people.mother,
        from_at=now + DAY,
        until_at=now + 5 * DAY,
        now=now,
    )
    with pytest.raises(Conflict):
        seats.assign_seat(session, seat_id=audit, subject_id=people.mother, now=now)


def test_a_deputy_acts_from_day_to_day_beside_the_holder(
    session: Session, house: House, people: People, clock: FixedClock
) -> None:
    now = clock.now()
    seats.let_act(
        session,
        seat_id=people.seat,
        subject_id=people.mother,
        from_at=now + DAY,
        until_at=now + 3 * DAY,
        now=now,
    )
    assert seats.seats_of(session, people.mother, now) == []
    (acting,) = seats.seats_of(session, people.mother, now + DAY)
    assert acting.until_at == now + 3 * DAY
    assert len(seats.seats_of(session, people.official, now + DAY)) == 1
    assert seats.seats_of(session, people.mother, now + 3 * DAY) == []
    seats.end_acting(session, seat_id=people.seat, subject_id=people.mother, now=now)
    assert seats.seats_of(session, people.mother, now + DAY) == []


def test_nobody_seats_themselves(session: Session, house: House, people: People) -> None:
    security = seats.describe_seat(session, post(session, "安全席", "admin.security"))
    by = Principal(
        subject_id=people.mother,
        name="陈桂英",
        capacity="seat",
        acting_for=people.mother,
        acting_for_name="陈桂英",
        seat=security,
        scopes=frozenset({"zhengtong"}),
        acr="L3",
        client_id="zhengtong",
        grant_id=new_id(),
    )
    with pytest.raises(Forbidden):
        seats.assign_seat(
            session, seat_id=people.seat, subject_id=people.mother, now=house.clock.now(), by=by
        )
    with pytest.raises(Conflict, match="账户"):
        seats.assign_seat(session, seat_id=people.seat, subject_id=people.baby, now=house.clock.now(), by=by)


def test_files_in_which_a_post_signed_can_be_read_in_english(session: Session, house: House) -> None:
    seat_id = post(session, "市数据局登记席", "claim.accept")
    seats.name_in_english(
        session, seat_id, department_en="Data Bureau", title_en="registrar", now=house.clock.now()
    )
    names = post_names(session)
    assert names.named("数据局·市数据局登记席") == Named("数据局·市数据局登记席", "Data Bureau · registrar")
    assert names.said("数据局·市数据局登记席") == "数据局·市数据局登记席"
    with Translations.load().speaking(ENGLISH):
        assert names.said("数据局·市数据局登记席") == "Data Bureau · registrar"
        assert names.said("数据局·别的席位") == "数据局·别的席位"
        assert names.said("王小明") == "王小明"
    seats.close_seat(session, seat_id, now=house.clock.now())
    assert post_names(session).named("市数据局登记席").en == "registrar"
    assert seats.describe_seat(session, seat_id).post.en == "Data Bureau · registrar"
