"""What anybody reads without signing in, and may say against it."""

import uuid

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient

from policy_engine.delivery import service as delivery
from policy_engine.delivery.accounts import repository as accounts
from policy_engine.delivery.claims.stages import stages_of
from policy_engine.delivery.offers.models import Offer
from tests.policy_engine.delivery.city import agent, official
from tests.portals.zhengtong.conftest import City

Public = TestClient[Litestar]


ONWARD: dict[str, delivery.Action] = {"accept": "accept", "joint_review": "recommend", "decide": "grant"}


@pytest.fixture(scope="module")
def posted(city: City) -> uuid.UUID:
    """A firm's claim that was granted, its notice running."""
    house, ports = city.house, city.services.ports
    with house.database.read() as session:
        offers = session.scalars(sa.select(Offer).where(Offer.state == "offered").order_by(Offer.id))
        offer = next(
            one for one in offers if "firm_name" in ports.terms(session, one.policy_id).notice_fields
        )
        account = accounts.accounts_of(session, [offer.subject_id])[0]
    bank, clock = city.services.bank, house.clock
    delivery.verify_account(house.database, house.vault, bank, account.id, clock_now=clock.now)
    with house.database.write() as session:
        claim = delivery.confirm(
            session,
            ports,
            offer_id=offer.id,
            principal=agent(1, offer.subject_id),
            account_id=account.id,
            now=clock.now(),
        )
        for number, stage in enumerate(stages_of(claim)):
            seat = official(
                7300 + number,
                stage.duty,
                division=claim.division[:6] if stage.level > 4 else "420200",
                department=stage.department or "民政局",
            )
            delivery.act_on_claim(
                session,
                ports,
                claim_id=claim.id,
                principal=seat,
                action=ONWARD[stage.outcome],
                reason="",
                now=clock.now(),
            )
        assert claim.state == "notice"
        return claim.id


def test_a_running_notice_is_open_to_all_and_kept_by_nobody(public: Public, posted: uuid.UUID) -> None:
    page = public.get(f"/public/notices/{posted}")
    assert page.status_code == 200
    assert "noindex" in page.headers["x-robots-tag"]
    assert page.headers["cache-control"] == "no-store"
    assert 'name="robots"' in page.text
    assert str(posted) in public.get("/public/notices").text
    (entry,) = [one for one in public.get("/public/api/v1/notices").json() if one["id"] == str(posted)]
    assert entry["firm"]
    assert entry["name"] is None
    assert public.get(f"/public/notices/{uuid.uuid4()}").status_code == 404


def test_anybody_objects_and_reads_the_answer_by_their_code(public: Public, posted: uuid.UUID) -> None:
    path = f"/public/notices/{posted}"
    empty = public.post(path, data={"grounds": ""})
    assert empty.status_code == 400
    assert "请写明异议" in empty.text
    foreign = public.post(path, data={"grounds": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    done = public.post(path, data={"grounds": "去年裁员了", "contact": ""})
    assert "公示暂停" in done.text
    made = public.post(f"/public/api/v1/notices/{posted}/objections", json={"grounds": "数字不对"})
    assert made.status_code == 201
    receipt = made.json()["receipt"]
    assert public.get(f"/public/api/v1/objections/{receipt}").json()["outcome"] == ""
    assert "正在核查" in public.get(f"/public/objections?receipt={receipt}").text
    assert public.get("/public/api/v1/objections/nothing").status_code == 404
    codes = [public.post(path, data={"grounds": "又"}).status_code for _ in range(4)]
    assert codes[-1] == 429


def test_the_register_is_pages_json_and_csv(public: Public) -> None:
    for path in ("", "/register", "/register/firms", "/register/people", "/objections"):
        assert public.get(f"/public{path}").status_code == 200
    register = public.get("/public/api/v1/register").json()
    assert register["policies"]
    assert len(register["policies"][0]["content_hash"]) == 64
    assert register["log_at"].endswith("/licenses/log")
    assert public.get("/public/api/v1/register/firms?count=5").json()["found"] >= 0
    table = public.get("/public/register/policies.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert register["policies"][0]["policy_id"] in table.text
    for name in ("firms", "people"):
        assert public.get(f"/public/register/{name}.csv").status_code == 200
