"""A mini-app comes in by review alone: asked for by one, approved by another, never wider than its applicant may ask."""

from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy.orm import Session

from identity.clients import review
from identity.clients.portals import ensure_portals
from identity.clients.schemas import DEVICE, ClientSettings
from identity.clients.service import (
    find_client,
    has_secret,
    register,
    required,
    settings_of,
    suspend_client,
)
from identity.seats import service as seats
from kernel.clock import FixedClock
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.house import House
from kernel.ids import new_id
from kernel.web.principal import Principal
from tests.identity.conftest import People, settle

WANTED = review.Wanted(
    client_id="bus-app",
    name="公交小程序",
    redirect_uris=("https://bus.example/callback",),
    scopes=("openid", "profile", "tong"),
)
PURPOSE = "查询公交并为老人办理优待卡"


@pytest.fixture
def people(house: House) -> People:
    with house.database.write() as session:
        ensure_portals(session, house=house)
    return settle(house)


@pytest.fixture
def session(house: House, people: People) -> Iterator[Session]:
    with house.database.write() as opened:
        yield opened


@pytest.fixture
def developer(people: People) -> Principal:
    """The head of a firm, acting for it."""
    return Principal(
        subject_id=people.daughter,
        name="周小兰",
        capacity="enterprise",
        acting_for=people.firm,
        acting_for_name="磁湖演示科技有限公司",
        seat=None,
        scopes=frozenset({"rongtong"}),
        acr="L2",
        client_id="rongtong",
        grant_id=new_id(),
    )


@pytest.fixture
def reviewer(session: Session, people: People, developer: Principal) -> Principal:
    post = seats.create_seat(
        session, division_code="420203", department="数据局", title="安全席", duties=["admin.security"]
    )
    return msgspec.structs.replace(
        developer,
        subject_id=people.official,
        capacity="seat",
        acting_for=people.official,
        seat=seats.describe_seat(session, post),
    )


def ask(session: Session, house: House, by: Principal, **changes: object):  # type: ignore[no-untyped-def]
    wanted = msgspec.structs.replace(WANTED, **changes)
    return review.apply_for(session, wanted, purpose=PURPOSE, by=by, now=house.clock.now())


def test_nothing_is_registered_before_somebody_else_approves(
    session: Session, house: House, developer: Principal, reviewer: Principal
) -> None:
    now = house.clock.now()
    asked = ask(session, house, developer)
    assert find_client(session, "bus-app") is None
    with pytest.raises(Conflict, match="审核中"):
        ask(session, house, developer)
    own = msgspec.structs.replace(reviewer, subject_id=developer.subject_id)
    for scopes, by, error in (
        (["openid"], own, Forbidden),
        (["openid", "licences"], reviewer, InvalidInput),
        (list[str](), reviewer, InvalidInput),
    ):
        with pytest.raises(error):
            review.approve(session, asked, scopes=scopes, by=by, vault=house.vault, now=now)
    review.approve(session, asked, scopes=["openid", "profile"], by=reviewer, vault=house.vault, now=now)
    client = required(session, "bus-app")
    assert client.scopes == {"openid", "profile"}  # less than was asked for
    assert not client.is_first_party
    with pytest.raises(Conflict, match="审核过"):
        review.refuse(session, asked, reason="已经批准过了", by=reviewer, now=now)


def test_a_secret_is_drawn_by_its_owner_and_changes_with_an_overlap(
    session: Session, house: House, developer: Principal, reviewer: Principal, clock: FixedClock
) -> None:
    asked = ask(session, house, developer)
    review.approve(session, asked, scopes=["openid"], by=reviewer, vault=house.vault, now=clock.now())

    def draw(by: Principal, *, is_leaked: bool = False) -> str:
        return review.draw_secret(
            session, "bus-app", by=by, vault=house.vault, now=clock.now(), is_leaked=is_leaked
        )

    for stranger in (reviewer, msgspec.structs.replace(developer, acting_for=developer.subject_id)):
        with pytest.raises(NotFound):
            draw(stranger)
    first, second = draw(developer), draw(developer)
    client = required(session, "bus-app")
    assert has_secret(client, first, house.vault, clock.now())
    assert has_secret(client, second, house.vault, clock.now())
    third = draw(developer, is_leaked=True)
    assert not has_secret(client, second, house.vault, clock.now())
    assert has_secret(client, third, house.vault, clock.now())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": ("openid", "zhengtong")}, "scopes"),
        ({"scopes": ("openid", "service")}, "scopes"),
        ({"scopes": ("openid", "members")}, "scopes"),
        ({"capacities": ("seat",)}, "capacities"),
        ({"redirect_uris": ("http://bus.example/callback",)}, "redirect_uri"),
        ({"redirect_uris": ()}, "redirect_uri"),
        ({"client_id": "rongtong"}, "client_id"),
    ],
)
def test_what_a_developer_may_not_have_is_told(
    session: Session, house: House, developer: Principal, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(session, house, developer, **changes)
    assert field in {one.where for one in refused.value.errors}


def test_anothers_client_is_neither_changed_nor_named(
    session: Session, house: House, developer: Principal, reviewer: Principal, people: People
) -> None:
    now = house.clock.now()
    asked = ask(session, house, developer)
    review.approve(session, asked, scopes=["openid"], by=reviewer, vault=house.vault, now=now)
    other = msgspec.structs.replace(developer, subject_id=people.mother, acting_for=people.mother)
    with pytest.raises(InvalidInput):
        ask(session, house, other)
    suspend_client(session, "bus-app", now=now)
    again = ask(session, house, developer, redirect_uris=("https://bus.example/other",))
    review.approve(session, again, scopes=["openid"], by=reviewer, vault=house.vault, now=now)
    assert find_client(session, "bus-app") is None  # new settings do not lift a suspension
    alone = msgspec.structs.replace(developer, capacity="self", acting_for=developer.subject_id)
    with pytest.raises(Forbidden):
        ask(session, house, alone, client_id="mine")


def test_what_an_application_does_not_name_stays_as_it_was(
    session: Session, house: House, developer: Principal, reviewer: Principal
) -> None:
    """The shell said more of this client than an application can say."""
    now = house.clock.now()

    def approved(**changes: object) -> ClientSettings:
        asked = ask(session, house, developer, **changes)
        review.approve(session, asked, scopes=["openid", "tong"], by=reviewer, vault=house.vault, now=now)
        return settings_of(required(session, "bus-app"))

    first = approved()
    more = msgspec.structs.replace(
        first,
        backchannel_logout_uri="https://bus.example/logout",
        default_max_age=3600,
        requires_par=True,
        grant_types=(*first.grant_types, DEVICE),
        about={"policy_uri": "https://bus.example/policy"},
    )
    register(session, "bus-app", more, vault=house.vault, now=now)
    secret = required(session, "bus-app").secret_hash
    again = approved(name="公交与渡轮")
    assert again == msgspec.structs.replace(more, name="公交与渡轮")
    assert required(session, "bus-app").secret_hash == secret
    public = approved(is_public=True)
    assert public == msgspec.structs.replace(more, auth_method="none")
    assert required(session, "bus-app").secret_hash is None
    assert approved().auth_method == "client_secret_basic"
