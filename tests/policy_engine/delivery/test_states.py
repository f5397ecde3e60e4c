from typing import Any

import pytest

from kernel.errors import IllegalTransition
from policy_engine.delivery.states import (
    AWARD,
    CLAIM,
    LABELS,
    OFFER,
    PAYMENT,
    AwardState,
    ClaimState,
    Machine,
    OfferState,
    PaymentState,
)

MACHINES = ((OFFER, OfferState), (CLAIM, ClaimState), (AWARD, AwardState), (PAYMENT, PaymentState))


@pytest.mark.parametrize(("machine", "states"), MACHINES)
def test_every_state_is_reached_or_is_where_a_life_begins(machine: Machine[Any], states: type) -> None:
    reached = {target for targets in machine.table.values() for target in targets}
    beginnings = {
        "offer": {OfferState.MATCHED},
        "claim": {ClaimState.DRAFT},
        "award": {AwardState.RECOGNISED},
        "payment": {PaymentState.DUE},
    }
    assert set(states) - reached <= beginnings[machine.name]


@pytest.mark.parametrize(("machine", "states"), MACHINES)
def test_every_state_has_a_word_for_people(machine: Machine[Any], states: type) -> None:
    assert all(LABELS[state] for state in states)


def test_a_refused_claim_can_always_be_appealed() -> None:
    assert CLAIM.move(ClaimState.REFUSED, "appeal") == ClaimState.APPEALED


def test_only_the_deciding_stage_grants_or_refuses() -> None:
    assert CLAIM.sources("grant") == CLAIM.sources("refuse") == {ClaimState.REVIEW}


def test_money_in_flight_cannot_be_cancelled() -> None:
    outside = {
        PaymentState.INSTRUCTED,
        PaymentState.TREASURY_ACCEPTED,
        PaymentState.BANK_SENT,
        PaymentState.PAID,
    }
    assert not PAYMENT.sources("cancel") & outside


def test_no_payment_is_instructed_without_a_reservation() -> None:
    assert PAYMENT.sources("instruct") == {PaymentState.RESERVED}


def test_a_confirmed_offer_is_not_withdrawn_by_a_match() -> None:
    for command in ("doubt", "exclude", "withdraw", "lapse", "rematch"):
        assert not OFFER.may(OfferState.CONFIRMED, command)


def test_an_unlisted_move_is_refused_with_words_for_people() -> None:
    with pytest.raises(IllegalTransition, match="已批准"):
        CLAIM.move(ClaimState.GRANTED, "refuse")


def test_where_several_ways_lead_on_one_must_be_named() -> None:
    with pytest.raises(IllegalTransition):
        CLAIM.move(ClaimState.REVIEW, "grant")
    assert CLAIM.move(ClaimState.REVIEW, "grant", ClaimState.NOTICE) == ClaimState.NOTICE
