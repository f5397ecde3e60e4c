"""What matches do to offers and awards."""

from typing import Literal

import msgspec
import pytest
import sqlalchemy as sa

from kernel import notices
from kernel.errors import IllegalTransition, NotFound
from kernel.outbox import Worker
from policy_engine.delivery import service
from policy_engine.delivery.claims import accounts_found
from policy_engine.delivery.claims import repository as claims
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.states import OfferState
from policy_engine.profiles.objections.service import choose_quiet
from tests.policy_engine.delivery.city import (
    BABY,
    FATHER,
    FIRM,
    GRANDMOTHER,
    MOTHER,
    NURSING,
    STRANGER,
    Bank,
    Office,
    decider,
    person,
)


def test_an_eligible_match_becomes_an_offer_with_a_notice(office: Office) -> None:
    office.reconcile(office.effect())
    assert office.offer().state == OfferState.OFFERED
    with office.database.read() as session:
        (letter,) = notices.inbox(session, GRANDMOTHER)
    assert "您可能符合" in letter.title
    assert "不索要验证码" in letter.body


def test_the_same_match_again_changes_nothing(office: Office) -> None:
    office.reconcile(office.effect())
    office.reconcile(office.effect())
    with office.database.read() as session:
        assert len(notices.inbox(session, GRANDMOTHER)) == 1


def test_an_older_match_never_overwrites_a_newer(office: Office) -> None:
    office.reconcile(office.effect(sequence=10))
    result = office.reconcile(office.effect(sequence=9, verdict="ineligible"))
    assert result.stale == 1
    assert office.offer().state == OfferState.OFFERED


def test_within_one_batch_the_newest_match_of_a_key_wins(office: Office) -> None:
    office.reconcile(office.effect(sequence=11), office.effect(sequence=10, verdict="ineligible"))
    assert office.offer().state == OfferState.OFFERED


def test_nobody_outside_the_first_per_cent_is_told(office: Office) -> None:
    office.town.policies["nursing"] = msgspec.structs.replace(NURSING, rollout_permille=0)
    office.reconcile(office.effect())
    assert office.offer().state == OfferState.MATCHED
    with office.database.read() as session:
        assert notices.inbox(session, GRANDMOTHER) == []


def test_widening_offers_to_those_who_were_matched(office: Office) -> None:
    office.town.policies["nursing"] = msgspec.structs.replace(NURSING, rollout_permille=0)
    office.reconcile(office.effect())
    office.town.policies["nursing"] = NURSING
    with office.database.write() as session:
        page = service.widen_rollout(session, office.ports, policy_id="nursing", after=None, now=office.now)
    assert (page.changed, page.after) == (1, None)
    assert office.offer().state == OfferState.OFFERED


@pytest.mark.parametrize("mode", ["one_tap", "automatic"])
def test_widening_leaves_alone_who_asked_since_not_to_be_found(
    office: Office, mode: Literal["one_tap", "automatic"]
) -> None:
    reached = msgspec.structs.replace(NURSING, mode=mode)
    office.town.policies["nursing"] = msgspec.structs.replace(reached, rollout_permille=0)
    office.reconcile(office.effect(), office.effect(subject_id=STRANGER))
    office.town.policies["nursing"] = reached
    with office.database.write() as session:
        choose_quiet(session, GRANDMOTHER, is_quiet=True, now=office.now)
        page = service.widen_rollout(session, office.ports, policy_id="nursing", after=None, now=office.now)
    assert page.changed == 1
    assert office.offer().state == OfferState.MATCHED
    assert office.offer(subject_id=STRANGER).state != OfferState.MATCHED
    with office.database.read() as session:
        assert notices.inbox(session, GRANDMOTHER) == []
        assert session.query(Claim).filter_by(subject_id=GRANDMOTHER).count() == 0


def test_an_unknown_fact_takes_the_offer_back_and_says_what_is_missing(office: Office) -> None:
    office.reconcile(office.effect())
    office.reconcile(office.effect(sequence=11, verdict="unknown"))
    assert office.offer().state == OfferState.UNKNOWN
    assert office.offer().missing == ["person.has_long_term_care_need"]


def test_an_offer_taken_back_returns_when_the_facts_do(office: Office) -> None:
    office.reconcile(office.effect())
    office.reconcile(office.effect(sequence=11, verdict="ineligible"))
    office.reconcile(office.effect(sequence=12))
    assert office.offer().state == OfferState.OFFERED


def test_an_ineligible_match_makes_no_row(office: Office) -> None:
    office.reconcile(office.effect(verdict="ineligible"))
    with office.database.read() as session:
        assert session.query(Offer).count() == 0


def decline(office: Office) -> Offer:
    with office.database.write() as session:
        return service.decline(
            session,
            office.ports,
            offer_id=office.offer().id,
            principal=person(GRANDMOTHER),
            reason="",
            now=office.now,
        )


def test_a_declined_offer_rests_until_the_policy_changes(office: Office) -> None:
    office.reconcile(office.effect())
    decline(office)
    office.reconcile(office.effect(sequence=11))
    assert office.offer().state == OfferState.DECLINED
    office.reconcile(office.effect(sequence=12, version=2))
    assert office.offer().state == OfferState.OFFERED


def test_a_confirmed_offer_is_never_changed_by_a_match(office: Office) -> None:
    office.claimed()
    before = office.offer()
    office.reconcile(office.effect(sequence=50, verdict="ineligible"))
    after = office.offer()
    assert (after.state, after.amount_fen, after.sequence) == (
        before.state,
        before.amount_fen,
        before.sequence,
    )


def test_a_stranger_cannot_decline(office: Office) -> None:
    office.reconcile(office.effect())
    with pytest.raises(NotFound), office.database.write() as session:
        service.decline(
            session,
            office.ports,
            offer_id=office.offer().id,
            principal=person(STRANGER),
            reason="",
            now=office.now,
        )


def test_an_offer_lapses_after_its_days_and_can_no_longer_be_tapped(office: Office) -> None:
    office.reconcile(office.effect())
    account_id = office.account()
    office.clock.set(office.now.replace(year=2027, month=11))
    with office.database.write() as session:
        assert service.lapse_offers(session, now=office.now) == 1
    with pytest.raises(IllegalTransition):
        office.confirm(office.offer(), account_id)


def test_a_corrected_policy_takes_its_offers_back_with_an_apology(office: Office) -> None:
    office.reconcile(office.effect())
    with office.database.write() as session:
        service.recall(
            session,
            office.ports,
            policy_id="nursing",
            apology="标准有误，特此致歉。",
            after=None,
            now=office.now,
        )
    assert office.offer().state == OfferState.WITHDRAWN
    office.reconcile(office.effect(sequence=11))
    assert office.offer().state == OfferState.WITHDRAWN
    with office.database.read() as session:
        assert "致歉" in notices.inbox(session, GRANDMOTHER)[0].body


def test_of_two_parents_one_confirms_and_the_others_offer_is_withdrawn(office: Office) -> None:
    office.reconcile(office.effect("childcare", MOTHER, BABY), office.effect("childcare", FATHER, BABY))
    office.confirm(office.offer("childcare", MOTHER, BABY), office.account(MOTHER))
    assert office.offer("childcare", FATHER, BABY).state == OfferState.WITHDRAWN
    office.reconcile(office.effect("childcare", FATHER, BABY, sequence=11))
    assert office.offer("childcare", FATHER, BABY).state == OfferState.WITHDRAWN


def test_a_babys_notice_goes_to_both_parents(office: Office) -> None:
    office.reconcile(office.effect("childcare", BABY))
    with office.database.read() as session:
        assert [len(notices.inbox(session, parent)) for parent in (MOTHER, FATHER, BABY)] == [1, 1, 0]


def test_automatic_delivery_asks_no_tap_but_an_official(office: Office) -> None:
    account_id = office.account(FIRM)
    office.reconcile(office.effect("retention", FIRM))
    with office.database.read() as session:
        offer = office.offer("retention", FIRM)
        assert offer.state == OfferState.CONFIRMED
        claim = claims.latest_of_offer(session, offer.id)
    assert claim is not None
    assert (claim.state, claim.channel, claim.account_id) == ("review", "automatic", account_id)


def test_one_batch_with_two_automatic_matches_of_one_unit_makes_one_claim(office: Office) -> None:
    office.reconcile(office.effect("retention", FIRM, 302), office.effect("retention", 303, 302))
    with office.database.read() as session:
        assert session.query(Claim).count() == 1


def test_who_asked_not_to_be_found_is_offered_nothing_and_may_still_apply(office: Office) -> None:
    with office.database.write() as session:
        choose_quiet(session, GRANDMOTHER, is_quiet=True, now=office.clock.now())
    office.reconcile(office.effect())
    with office.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Offer)) == 0
        assert notices.inbox(session, GRANDMOTHER) == []
    with office.database.write() as session:
        choose_quiet(session, GRANDMOTHER, is_quiet=False, now=office.clock.now())
    office.reconcile(office.effect())
    assert office.offer().state == OfferState.OFFERED


def test_who_asks_not_to_be_found_later_keeps_what_was_offered(office: Office) -> None:
    office.reconcile(office.effect())
    with office.database.write() as session:
        choose_quiet(session, GRANDMOTHER, is_quiet=True, now=office.clock.now())
    office.reconcile(office.effect(sequence=20))
    assert office.offer().state == OfferState.OFFERED


def check_accounts(office: Office, bank: Bank) -> None:
    handlers = accounts_found.handlers(office.database, office.clock, office.house.vault, office.ports, bank)
    Worker(office.database, office.clock, handlers).run_until_idle()


def claim_of(office: Office, offer: Offer) -> Claim:
    with office.database.read() as session:
        claim = claims.latest_of_offer(session, offer.id)
    assert claim is not None
    return claim


def test_nobody_taps_so_the_bank_is_asked_behind_the_claim(any_office: Office) -> None:
    office = any_office
    account_id = office.account(FIRM, is_verified=False)
    office.reconcile(office.effect("retention", FIRM))
    claim = claim_of(office, office.offer("retention", FIRM))
    assert claim.account_id is None
    bank = Bank()
    check_accounts(office, bank)
    check_accounts(office, bank)
    assert claim_of(office, office.offer("retention", FIRM)).account_id == account_id


def test_money_that_waited_for_the_banks_word_is_paid_when_it_comes(office: Office) -> None:
    office.budget(10_000_000, "retention")
    office.account(FIRM, is_verified=False)
    office.reconcile(office.effect("retention", FIRM))
    office.act(claim_of(office, office.offer("retention", FIRM)), decider(), "grant")
    with office.database.read() as session:
        assert [one.state for one in session.query(Payment)] == ["account_missing"]
    check_accounts(office, Bank())
    with office.database.read() as session:
        assert [one.state for one in session.query(Payment)] == ["reserved"]


def test_an_account_of_somebody_else_is_never_paid_into(office: Office) -> None:
    office.account(FIRM, is_verified=False)
    office.reconcile(office.effect("retention", FIRM))
    check_accounts(office, Bank("mismatch"))
    assert claim_of(office, office.offer("retention", FIRM)).account_id is None
