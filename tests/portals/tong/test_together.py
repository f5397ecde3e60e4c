"""What may not be had together is weighed for the person, who still chooses."""

from dataclasses import replace

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.terms import Limit, Terms
from policy_engine.policies.document import LimitPer
from portals.shared.together import Together, choice_on, together
from tests.portals.tong.conftest import Enter, principal
from tests.portals.zhengtong.conftest import City

HIGHER, LOWER = "elder-care-service", "disability-nursing"


@pytest.fixture(scope="module")
def torn(city: City) -> int:
    """Somebody who could have care at home and the nursing subsidy, of which only the higher is paid."""
    both = sa.select(Offer.unit_id).where(
        Offer.policy_id.in_([HIGHER, LOWER]), Offer.subject_id == Offer.unit_id
    )
    grouped = both.group_by(Offer.unit_id).having(sa.func.count() == 2).order_by(Offer.unit_id)
    with city.house.database.read() as session:
        return session.scalars(grouped).all()[0]


@pytest.fixture
def found(city: City, torn: int) -> Together:
    return together(city.services, principal(city, torn, torn, ("tong",)))


def test_the_higher_is_in_the_best_choice_and_the_lower_says_why_not(found: Together) -> None:
    assert HIGHER in [one.policy_id for one in found.taken]
    left = {one.benefit.policy_id: one for one in found.without}[LOWER]
    assert (left.reason, [one.policy_id for one in left.against]) == ("lower", [HIGHER])
    by_id = {one.policy_id: one for one in found.taken}
    assert left.loss_fen == by_id[HIGHER].yearly_fen - left.benefit.yearly_fen
    assert left.sentence.startswith("与“居家社区养老服务补贴”只发较高的一项。选这一项，一年少 ")


def test_the_sum_is_of_what_is_taken(found: Together) -> None:
    assert found.yearly_fen == sum(one.yearly_fen for one in found.taken) > 0


def test_each_of_the_two_tells_of_the_other(found: Together) -> None:
    who = next(one.who for one in found.taken if one.policy_id == HIGHER)
    stands = {id: choice_on(found, id, who) for id in (HIGHER, LOWER, "dibao")}
    assert [one and (one.stands, one.rivals[0].policy_id) for one in stands.values()] == [
        ("better", LOWER),
        ("other", HIGHER),
        None,
    ]


@pytest.mark.parametrize("per", ["year", "life"])
def test_what_is_used_up_is_left_out_with_the_day_from_which_it_can_be_had_again_if_any(
    city: City, torn: int, per: LimitPer
) -> None:
    ports = city.services.ports

    def limited(session: Session, policy_id: str, version: int | None = None) -> Terms:
        terms = ports.terms(session, policy_id, version)
        used_up = (Limit(times=0, per=per),)
        return msgspec.structs.replace(terms, period="once", limits=used_up) if policy_id == HIGHER else terms

    services = replace(city.services, ports=replace(ports, terms=limited))
    found = together(services, principal(city, torn, torn, ("tong",)))
    assert HIGHER not in [one.policy_id for one in found.taken]
    left = {one.benefit.policy_id: one for one in found.without}[HIGHER]
    next_year = city.services.house.clock.today().year + 1
    assert (left.reason, left.against) == ("limit", ())
    words = {"year": f"自 {next_year}-01-01 起可以再申请", "life": "最多享受 0 次，次数已经用完"}
    assert words[per] in left.sentence
    assert LOWER in [one.policy_id for one in found.taken]


def test_one_persons_choice_is_not_anothers(found: Together) -> None:
    assert choice_on(found, LOWER, "somebody-else") is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/tong", "有几项只能选一项"),
        ("/tong/together", "与“居家社区养老服务补贴”只发较高的一项"),
        (f"/tong/services/{LOWER}", "与“居家社区养老服务补贴”只发较高的一项"),
        (f"/tong/services/{HIGHER}", "与“重度残疾人护理补贴”不能同时享受"),
    ],
)
def test_pages_say_so(enter: Enter, torn: int, path: str, words: str) -> None:
    answer = enter(torn).get(path)
    assert answer.status_code == 200
    assert words in answer.text


def test_the_offer_says_so_before_it_is_confirmed(enter: Enter, city: City, torn: int) -> None:
    with city.house.database.read() as session:
        offer_id = session.scalars(
            sa.select(Offer.id).where(Offer.policy_id == LOWER, Offer.unit_id == torn)
        ).one()
    assert "只能选一项" in enter(torn).get(f"/tong/offers/{offer_id}").text


def test_english_names_the_benefits_in_english(enter: Enter, torn: int) -> None:
    text = enter(torn, language="en").get("/tong/together").text
    assert "Of this and “Care at home in old age” only the higher is paid." in text


def test_the_interface_tells_the_same_without_any_number_of_a_subject(enter: Enter, torn: int) -> None:
    answer = enter(torn, accept="application/json").get("/tong/api/v1/together")
    assert answer.status_code == 200
    assert LOWER in [one["benefit"]["policy_id"] for one in answer.json()["without"]]
    assert str(torn) not in answer.text


def test_who_has_nothing_to_choose_is_told_so(enter: Enter, city: City) -> None:
    text = enter(city.cast.daughter).get("/tong/together").text
    assert "这些没有算进去" not in text
