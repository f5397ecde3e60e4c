"""What may not be had together: refused when claimed, never offered, switched where the higher counts, never paid twice."""

from datetime import timedelta
from typing import Literal

import msgspec
import pytest

from kernel import notices
from kernel.errors import Conflict
from kernel.outbox.repository import claim as claim_messages
from policy_engine.delivery import rematching, views
from policy_engine.delivery.awards.hearing import RIGHT_ENDED
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.awards.overlaps import SWITCHED
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.published import rivals_among
from policy_engine.delivery.states import AwardState, OfferState, PaymentState
from policy_engine.delivery.terms import Limit
from policy_engine.matching import repository as matches
from policy_engine.policies.library import library
from policy_engine.policies.published import PublishedPolicies
from tests.policy_engine.delivery.city import GRANDMOTHER, NURSING, Office, clerk
from tests.policy_engine.delivery.test_concurrency import together
from tests.policy_engine.delivery.test_money import award_of, end, next_month, payments_of

Bond = Literal["excludes", "higher_of"]


def add_rival(office: Office, bond: Bond, amount_fen: int = 20_000) -> None:
    """A second policy, bound to the nursing subsidy."""
    names = {"nursing": "elderly", "elderly": "nursing"}
    base = {
        "nursing": NURSING,
        "elderly": msgspec.structs.replace(NURSING, policy_id="elderly", title="高龄津贴"),
    }
    for policy_id, other in names.items():
        bound = {bond: frozenset({other})}
        office.town.policies[policy_id] = msgspec.structs.replace(base[policy_id], **bound)
    office.town.amounts["elderly"] = amount_fen
    office.budget(10_000_000)
    office.budget(10_000_000, "elderly")


def months(office: Office, policy_id: str) -> list[str]:
    """The months paid or to be paid under a policy."""
    with office.database.read() as session:
        rows = session.query(Payment).filter_by(policy_id=policy_id).order_by(Payment.period).all()
        return [row.period for row in rows if row.state != PaymentState.CANCELLED]


def test_a_claim_beside_an_excluded_right_is_refused_with_the_reason(office: Office) -> None:
    add_rival(office, "excludes")
    account_id = office.account()
    office.reconcile(office.effect("nursing"), office.effect("elderly"))
    office.grant(office.confirm(office.offer("nursing"), account_id))
    with pytest.raises(Conflict, match="已享受“重度残疾人护理补贴”"):
        office.confirm(office.offer("elderly"), account_id)
    assert months(office, "elderly") == []


def test_a_claim_beside_an_open_claim_names_its_case(office: Office) -> None:
    add_rival(office, "excludes")
    account_id = office.account()
    office.reconcile(office.effect("nursing"), office.effect("elderly"))
    first = office.confirm(office.offer("nursing"), account_id)
    with pytest.raises(Conflict, match=first.case_number or "?"):
        office.confirm(office.offer("elderly"), account_id)


@pytest.mark.parametrize("bond", ["excludes", "higher_of"])
def test_what_would_be_refused_is_not_offered(office: Office, bond: Bond) -> None:
    add_rival(office, bond, amount_fen=10_000)
    office.grant(office.claimed("nursing"))
    assert office.reconcile(office.effect("elderly")).offered == 0
    with office.database.read() as session:
        assert offers.find_offer(session, "elderly", GRANDMOTHER, GRANDMOTHER) is None


def test_what_pays_more_is_offered_and_takes_the_place_without_a_gap(office: Office) -> None:
    add_rival(office, "higher_of")
    first = office.grant(office.claimed("nursing"))
    next_month(office)
    assert office.reconcile(office.effect("elderly")).offered == 1
    second = office.grant(
        office.confirm(office.offer("elderly"), office.account(number="6222029999888877776"))
    )
    lower, higher = award_of(office, first), award_of(office, second)
    assert (lower.state, lower.end_reason) == (AwardState.ENDED, SWITCHED)
    assert lower.ends_on == higher.starts_on - timedelta(days=1)
    next_month(office)
    assert months(office, "nursing") == ["2026-11"]
    assert months(office, "elderly") == ["2026-12", "2027-01"]


def test_a_month_that_the_lower_has_been_ordered_for_is_not_paid_again(office: Office) -> None:
    add_rival(office, "higher_of")
    office.grant(office.claimed("nursing"))
    office.approve()
    office.reconcile(office.effect("elderly"))
    office.grant(office.confirm(office.offer("elderly"), office.account(number="6222029999888877776")))
    assert (months(office, "nursing"), months(office, "elderly")) == (["2026-11"], [])
    next_month(office)
    assert (months(office, "nursing"), months(office, "elderly")) == (["2026-11"], ["2026-12"])


def test_of_two_claims_under_way_the_lower_right_pays_for_nothing_beside_the_higher(office: Office) -> None:
    add_rival(office, "higher_of")
    account_id = office.account()
    office.reconcile(office.effect("nursing"), office.effect("elderly"))
    lower, higher = (office.confirm(office.offer(one), account_id) for one in ("nursing", "elderly"))
    office.grant(higher)
    office.grant(lower)
    next_month(office)
    assert (months(office, "nursing"), months(office, "elderly")) == ([], ["2026-11", "2026-12"])


def beside(office: Office, claim: Claim) -> list[tuple[str, str]]:
    """What the claim's file says of other benefits: kind and title."""
    with office.database.read() as session:
        file = views.claim_file(session, office.ports, claim.id, clerk(), now=office.now)
        return [(one.kind, one.title) for one in file.beside]


def test_the_file_tells_what_ends_when_the_claim_is_granted(office: Office) -> None:
    add_rival(office, "higher_of")
    office.grant(office.claimed("nursing"))
    office.reconcile(office.effect("elderly"))
    higher = office.confirm(office.offer("elderly"), office.account(number="6222029999888877776"))
    assert beside(office, higher) == [("lower", "重度残疾人护理补贴")]


def test_the_file_tells_of_the_other_claim_under_way(office: Office) -> None:
    add_rival(office, "higher_of")
    account_id = office.account()
    office.reconcile(office.effect("nursing"), office.effect("elderly"))
    lower, higher = (office.confirm(office.offer(one), account_id) for one in ("nursing", "elderly"))
    assert beside(office, lower) == [("higher", "高龄津贴")]
    assert beside(office, higher) == [("lower", "重度残疾人护理补贴")]


def test_the_file_tells_what_excludes_the_claim_and_what_it_presupposes(office: Office) -> None:
    policies = office.town.policies
    policies["elderly"] = msgspec.structs.replace(NURSING, policy_id="elderly", title="高龄津贴")
    policies["third"] = msgspec.structs.replace(NURSING, policy_id="third", title="困难老人补贴")
    office.town.amounts["elderly"] = 20_000
    office.budget(10_000_000)
    office.budget(10_000_000, "elderly")
    claim = office.claimed("nursing")
    office.grant(office.claimed("elderly"))
    assert beside(office, claim) == []
    bound = msgspec.structs.replace(policies["nursing"], excludes=frozenset({"elderly"}))
    policies["nursing"] = bound
    assert beside(office, claim) == [("excluded", "高龄津贴")]
    policies["nursing"] = msgspec.structs.replace(bound, requires=frozenset({"elderly", "third"}))
    assert beside(office, claim) == [("missing", "困难老人补贴"), ("excluded", "高龄津贴")]


def test_a_once_paid_benefit_excludes_as_long_as_its_limit_says(office: Office) -> None:
    add_rival(office, "excludes")
    once = msgspec.structs.replace(office.town.policies["nursing"], period="once", limits=(Limit(),))
    office.town.policies["nursing"] = once
    claim = office.grant(office.claimed("nursing"))
    office.approve()
    [payment] = payments_of(office, claim)
    with office.database.write() as session:
        award = session.get(Award, payment.award_id)
        assert award is not None
        award.state, award.end_reason = AwardState.ENDED, "completed"
    assert office.reconcile(office.effect("elderly")).offered == 0
    yearly = msgspec.structs.replace(once, limits=(Limit(per="year"),))
    office.town.policies["nursing"] = yearly
    office.clock.set(office.now.replace(year=2027))
    assert office.reconcile(office.effect("elderly", sequence=11)).offered == 1


def test_two_excluding_claims_at_one_moment_come_to_one(any_office: Office) -> None:
    add_rival(any_office, "excludes")
    account_id = any_office.account()
    any_office.reconcile(any_office.effect("nursing"), any_office.effect("elderly"))
    waiting = [any_office.offer("nursing"), any_office.offer("elderly")]
    results = together(lambda hand: any_office.confirm(waiting[hand % 2], account_id).policy_id)
    with any_office.database.read() as session:
        assert session.query(Claim).count() == 1
    assert {isinstance(one, Conflict) for one in results} == {True, False}


def test_one_document_naming_another_binds_both() -> None:
    named = {one.document.id: one.document for one in library()}
    rivals = rivals_among(named.values())
    for document in named.values():
        for other in document.excludes:
            assert other in rivals[document.id][0]
            assert document.id in rivals[other][0]
        for other in set(document.choose_higher_with) - set(document.excludes):
            assert document.id in rivals[other][1] | rivals[other][0]
    assert any(rivals.values())


def test_what_presupposes_another_benefit_waits_for_its_grant(office: Office) -> None:
    add_rival(office, "excludes")
    plain = msgspec.structs.replace(office.town.policies["nursing"], excludes=frozenset())
    office.town.policies["nursing"] = plain
    office.town.policies["elderly"] = msgspec.structs.replace(
        office.town.policies["elderly"], excludes=frozenset(), requires=frozenset({"nursing"})
    )
    account_id = office.account()
    office.reconcile(office.effect("nursing"), office.effect("elderly"))
    with pytest.raises(Conflict, match="以“重度残疾人护理补贴”为前提"):
        office.confirm(office.offer("elderly"), account_id)
    office.grant(office.confirm(office.offer("nursing"), account_id))
    assert office.confirm(office.offer("elderly"), account_id).policy_id == "elderly"


def work_off(office: Office, topic: str) -> int:
    """Hand the waiting messages of a topic to their handler, each twice."""
    handler = rematching.handlers(office.house, PublishedPolicies(), office.ports)[topic]
    with office.database.write() as session:
        waiting = claim_messages(session, now=office.now, lease_for=timedelta(minutes=1), limit=50)
    mine = [one for one in waiting if one.topic == topic]
    for message in [*mine, *mine]:
        handler(message)
    return len(mine)


@pytest.mark.parametrize("bond", ["excludes", "higher_of"])
def test_what_an_ended_right_stood_in_the_way_of_is_offered_once(office: Office, bond: Bond) -> None:
    add_rival(office, bond, amount_fen=10_000)
    claim = office.grant(office.claimed("nursing"))
    effect = office.effect("elderly")
    with office.database.write() as session:
        matches.keep(session, [effect])
    assert office.reconcile(effect).offered == 0
    end(office, award_of(office, claim))
    assert work_off(office, RIGHT_ENDED) == 1
    assert office.offer("elderly").state == OfferState.OFFERED
    with office.database.read() as session:
        heads = [one.title for one in notices.inbox(session, GRANDMOTHER)]
    assert sum("高龄津贴" in one for one in heads) == 1


def test_who_no_longer_qualifies_is_offered_nothing_when_a_right_ends(office: Office) -> None:
    add_rival(office, "excludes", amount_fen=10_000)
    claim = office.grant(office.claimed("nursing"))
    with office.database.write() as session:
        matches.keep(session, [office.effect("elderly", verdict="ineligible")])
    end(office, award_of(office, claim))
    work_off(office, RIGHT_ENDED)
    with office.database.read() as session:
        assert offers.find_offer(session, "elderly", GRANDMOTHER, GRANDMOTHER) is None


def test_a_right_without_rivals_ends_quietly(office: Office) -> None:
    office.budget(1_000_000)
    claim = office.grant(office.claimed("nursing"))
    end(office, award_of(office, claim))
    assert work_off(office, RIGHT_ENDED) == 0
