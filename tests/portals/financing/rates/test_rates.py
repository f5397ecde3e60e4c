"""LPR as officials keep it: two hands, a source, and nothing that was never announced."""

from collections.abc import Iterator
from datetime import date

import msgspec
import pytest
from sqlalchemy.orm import Session

from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.house import House
from kernel.ids import new_id
from portals.financing.rates import repository, service
from portals.financing.rates.schemas import NewRate
from tests.policy_engine.delivery.city import official
from tests.portals.financing.hall import Hall

FIRST, SECOND = official(81, "financing.oversee"), official(82, "financing.pool")
ANNOUNCED = NewRate(
    kind="lpr_1y",
    since=date(2026, 10, 20),
    rate_bp=290,
    source_title="2026年10月20日贷款市场报价利率公告",
    source_url="https://www.pbc.gov.cn/lpr/20261020",
)


@pytest.fixture
def session(house: House) -> Iterator[Session]:
    with house.database.write() as opened:
        service.install_known(opened, now=house.clock.now())
        yield opened


def rate_bp(session: Session, day: date) -> int | None:
    found = repository.rate_on(session, "lpr_1y", day)
    return None if found is None else found.rate_bp


def test_a_rate_counts_from_its_day_once_another_hand_confirmed_it(session: Session, house: House) -> None:
    now = house.clock.now()
    row = service.propose(session, ANNOUNCED, by=FIRST, now=now)
    assert rate_bp(session, date(2026, 11, 1)) == 300
    with pytest.raises(Forbidden):
        service.decide(session, row.id, "confirm", by=FIRST, now=now)
    service.decide(session, row.id, "confirm", by=SECOND, now=now)
    assert [rate_bp(session, day) for day in (date(2026, 10, 19), date(2026, 10, 20))] == [300, 290]
    assert rate_bp(session, date(2024, 10, 20)) is None
    with pytest.raises(Conflict):
        service.decide(session, row.id, "refuse", by=SECOND, now=now)
    with pytest.raises(Conflict):
        service.propose(session, ANNOUNCED, by=FIRST, now=now)
    with pytest.raises(NotFound):
        service.decide(session, new_id(), "confirm", by=SECOND, now=now)


def test_a_correction_takes_the_place_of_what_it_corrects_and_both_stay_readable(
    session: Session, house: House
) -> None:
    now = house.clock.now()
    for value in (290, 295):
        wanted = msgspec.structs.replace(ANNOUNCED, rate_bp=value)
        row = service.propose(session, wanted, by=FIRST, now=now)
        service.decide(session, row.id, "confirm", by=SECOND, now=now)
    refused = service.propose(session, msgspec.structs.replace(ANNOUNCED, rate_bp=280), by=FIRST, now=now)
    service.decide(session, refused.id, "refuse", by=SECOND, now=now)
    assert rate_bp(session, date(2026, 11, 1)) == 295
    kept = {one.rate_bp: one.state for one in service.views(session, FIRST) if one.since == ANNOUNCED.since}
    assert kept == {290: "replaced", 295: "in_force", 280: "refused"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"rate_bp": 40_000}, "rate_bp"),
        ({"rate_bp": -300}, "rate_bp"),
        ({"rate_bp": 0}, "rate_bp"),
        ({"since": date(2027, 1, 1)}, "since"),
        ({"since": date(1999, 1, 1)}, "since"),
        ({"source_title": " "}, "source_title"),
        ({"source_url": "http://www.pbc.gov.cn"}, "source_url"),
        ({"source_url": "https://x y"}, "source_url"),
    ],
)
def test_what_cannot_have_been_announced_is_refused(
    session: Session, house: House, change: dict[str, object], where: str
) -> None:
    wanted = msgspec.structs.replace(ANNOUNCED, **change)
    with pytest.raises(InvalidInput) as refused:
        service.propose(session, wanted, by=FIRST, now=house.clock.now())
    assert [one.where for one in refused.value.errors] == [where]


def test_on_pages_and_api_two_officials_keep_it(house: House) -> None:
    hall = Hall(house)
    form = {
        "kind": "lpr_1y",
        "since": "2026-10-20",
        "rate": "2.90",
        "source_title": ANNOUNCED.source_title,
        "source_url": ANNOUNCED.source_url,
    }
    first = hall.official("financing.oversee", subject_id=601)
    second = hall.official("financing.pool", subject_id=602)
    for wrong, said in (
        ({"rate": "400"}, "0到100之间"),
        ({"rate": "12"}, "不超过10%"),
        ({"since": "2026-02-31"}, "没有这一天：2026-02-31"),
        ({"kind": "shibor"}, "请选择利率的种类"),
    ):
        assert said in first.send("/financing/rates", 400, **{**form, **wrong})
    first.send("/financing/rates", **form)
    (waiting,) = first.get("/financing/rates")
    assert (waiting["state"], waiting["may_decide"]) == ("proposed", False)
    assert "与公告一致，生效" not in first.page("/financing/rates")
    first.post(f"/financing/rates/{waiting['id']}/decision", {"outcome": "confirm"}, status=403)
    assert "与公告一致，生效" in second.page("/financing/rates")
    second.send(f"/financing/rates/{waiting['id']}/confirm")
    assert [one["state"] for one in second.get("/financing/rates")] == ["in_force"]
    second.post("/financing/rates", msgspec.to_builtins(ANNOUNCED) | {"rate_bp": -1}, status=400)
    hall.official("claim.decide").page("/financing/rates", 403)
