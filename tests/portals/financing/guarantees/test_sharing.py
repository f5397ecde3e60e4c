"""Losses divided by shares and recoveries divided back: exact, never below nothing, ending everybody at nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portals.financing.guarantees.pool.rules import PARTIES, Party, rule_of, rules
from portals.financing.guarantees.pool.sharing import divide, give_back

RULE = rule_of("sme-pool")


def test_every_rule_divides_the_whole_loss() -> None:
    assert all(sum(one.with_guarantor.values()) == 1000 for one in rules().values())
    assert divide(1_000_000_01, RULE.with_guarantor) == {
        "bank": 200_000_00,
        "guarantor": 400_000_01,
        "pool": 200_000_00,
        "city": 200_000_00,
    }


@given(st.integers(0, 10**13), st.dictionaries(st.sampled_from(PARTIES), st.integers(0, 10**6), min_size=1))
def test_parts_add_up_and_stay_within_a_fen_of_the_share(amount: int, weights: dict[Party, int]) -> None:
    total = sum(weights.values())
    if not total:
        with pytest.raises(ValueError, match="weights above nothing"):
            divide(amount, weights)
        return
    parts = divide(amount, weights)
    assert sum(parts.values()) == amount
    assert all(abs(part * total - amount * weights[party]) < total for party, part in parts.items())


@given(st.integers(1, 10**12), st.lists(st.integers(1, 10**12), max_size=8), st.booleans())
def test_recoveries_keep_the_shares_and_end_at_nothing(
    loss: int, wishes: list[int], has_guarantor: bool
) -> None:
    shares = RULE.shares(has_guarantor=has_guarantor)
    borne = divide(loss, shares)
    for wish in [*wishes, 10**13]:
        recovered = min(wish, sum(borne.values()))
        if not recovered:
            break
        parts = give_back(recovered, borne)
        borne = {party: fen - parts.get(party, 0) for party, fen in borne.items()}
        assert all(fen >= 0 for fen in borne.values())
        left = sum(borne.values())
        # Each recovery may move a party by one fen from its share, never further.
        assert all(
            abs(fen * 1000 - left * shares[party]) <= 1000 * (len(wishes) + 2) for party, fen in borne.items()
        )
    assert sum(borne.values()) == 0
