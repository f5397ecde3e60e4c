"""The best lawful bundle, against trying everything; and a reason for all that is left out."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.policies.document import CapScope, Limit, YearlyCap
from policy_engine.policies.stacking import (
    Bundle,
    Right,
    StackingRules,
    best_bundle,
    of_same,
    rules_of,
    yearly_fen,
)
from tests.policy_engine.policies.documents import benefit

CHILD, OTHER = 1, 2
SOME = benefit()
ONE_UNIT = (Limit(times=1, per="life", scope="subject"),)


def right(policy_id: str, fen: int, *, unit_id: int = CHILD, **more: Any) -> Right:
    return Right(policy_id=policy_id, unit_id=unit_id, subject_id=9, yearly_fen=fen, **more)


def rules(**documents: dict[str, Any]) -> StackingRules:
    return rules_of(msgspec.structs.replace(SOME, id=id, **parts) for id, parts in documents.items())


def ids(bundle: Bundle) -> list[str]:
    return [one.policy_id for one in bundle.taken]


def test_what_does_not_stand_against_each_other_is_all_had() -> None:
    found = best_bundle([right("nursing", 100), right("living", 50)], rules(nursing={}, living={}))
    assert (ids(found), found.left_out) == (["nursing", "living"], ())


@pytest.mark.parametrize("who_says", ["nursing", "living"])
def test_of_two_that_exclude_each_other_the_richer_is_had(who_says: str) -> None:
    other = {"nursing": "living", "living": "nursing"}[who_says]
    found = best_bundle(
        [right("nursing", 100), right("living", 50)], rules(**{who_says: {"excludes": [other]}, other: {}})
    )
    assert ids(found) == ["nursing"]
    left = found.left_out[0]
    assert (left.right.policy_id, left.reason, left.declared_by, left.loss_fen) == (
        "living",
        "excluded",
        who_says,
        50,
    )
    assert left.against == (right("nursing", 100),)


def test_the_lower_of_two_is_left_out_as_lower() -> None:
    found = best_bundle(
        [right("nursing", 100), right("living", 50)], rules(nursing={"choose_higher_with": ["living"]})
    )
    assert [(one.right.policy_id, one.reason) for one in found.left_out] == [("living", "lower")]


def test_another_unit_stands_in_nobodys_way() -> None:
    found = best_bundle(
        [right("nursing", 100), right("living", 50, unit_id=OTHER)],
        rules(nursing={"excludes": ["living"]}),
    )
    assert len(found.taken) == 2


def test_two_smaller_ones_together_are_more_than_the_largest() -> None:
    found = best_bundle(
        [right("large", 100), right("left", 60), right("right", 70)],
        rules(large={"excludes": ["left", "right"]}),
    )
    assert ids(found) == ["right", "left"]
    assert (found.left_out[0].loss_fen, len(found.left_out[0].against)) == (30, 2)


def test_what_presupposes_another_comes_with_it() -> None:
    law = rules(topup={"requires": ["base"]}, rival={"excludes": ["base"]})
    found = best_bundle([right("rival", 100), right("base", 40), right("topup", 90)], law)
    assert ids(found) == ["topup", "base"]


def test_what_presupposes_another_that_cannot_be_had_is_left_out_and_says_so() -> None:
    found = best_bundle([right("topup", 90)], rules(topup={"requires": ["base"]}))
    left = found.left_out[0]
    assert (left.reason, left.requires, left.loss_fen) == ("requires", ("base",), None)


def test_what_was_granted_before_may_be_presupposed() -> None:
    found = best_bundle([right("topup", 90)], rules(topup={"requires": ["base"]}), granted={("base", CHILD)})
    assert ids(found) == ["topup"]


def test_what_was_paid_out_stays_though_more_could_have_been_had() -> None:
    law = rules(hired={"excludes": ["grown"]})
    found = best_bundle([right("hired", 10, is_paid_out=True), right("grown", 500)], law)
    assert ids(found) == ["hired"]
    assert (found.left_out[0].reason, found.left_out[0].loss_fen) == ("excluded", None)


def test_of_equals_the_one_held_stays() -> None:
    law = rules(young={"excludes": ["zealous"]})
    found = best_bundle([right("young", 100), right("zealous", 100, is_held=True)], law)
    assert ids(found) == ["zealous"]


def test_no_more_units_than_the_limit_and_the_richest_of_them() -> None:
    law = rules(hired={"limits": (Limit(times=2, per="year", scope="subject"),)})
    found = best_bundle([right("hired", fen, unit_id=fen) for fen in (10, 30, 20)], law)
    assert [one.yearly_fen for one in found.taken] == [30, 20]
    assert [(one.reason, one.loss_fen) for one in found.left_out] == [("limit", 10)]


def test_a_cap_of_the_year_lowers_what_rights_bring_together() -> None:
    cap = YearlyCap(yuan=1, source="notice", scope="household", together_with=("living",))
    law = rules(nursing={"yearly_caps": (cap,)}, living={}, warmth={})
    rights = [right("nursing", 70, household_id=5), right("living", 60, unit_id=OTHER, household_id=5)]
    found = best_bundle([*rights, right("warmth", 10)], law)
    assert (len(found.taken), found.yearly_fen) == (3, 110)
    elsewhere = [rights[0], msgspec.structs.replace(rights[1], household_id=6)]
    assert best_bundle(elsewhere, law).yearly_fen == 130


def test_under_a_cap_the_richest_is_no_longer_the_best_to_have() -> None:
    cap = YearlyCap(yuan=1, source="notice", together_with=("living",))
    law = rules(nursing={"yearly_caps": (cap,), "excludes": ["warmth"]}, living={}, warmth={})
    found = best_bundle([right("nursing", 90), right("living", 90), right("warmth", 50)], law)
    assert (set(ids(found)), found.yearly_fen) == ({"living", "warmth"}, 140)
    assert found.left_out[0].loss_fen == 40


@pytest.mark.parametrize(
    ("period", "periods", "expected"),
    [("month", None, 1200), ("month", 3, 300), ("quarter", None, 400), ("once", None, 100), ("year", 9, 100)],
)
def test_worth_is_of_the_next_twelve_months(period: Any, periods: int | None, expected: int) -> None:
    assert yearly_fen(100, period, periods) == expected


NAMES = ("aaa", "bbb", "ccc", "ddd", "eee")


@st.composite
def laws(draw: st.DrawFn) -> StackingRules:
    others = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)

    def document(id: str) -> dict[str, Any]:
        parts = {part: draw(others) for part in ("excludes", "choose_higher_with", "requires")}
        made: dict[str, Any] = {part: [one for one in listed if one != id] for part, listed in parts.items()}
        if draw(st.booleans()):
            scopes: tuple[CapScope, ...] = ("unit", "subject")
            scope = draw(st.sampled_from(scopes))
            together = tuple(one for one in draw(others) if one != id)
            made["yearly_caps"] = (YearlyCap(yuan=1, source="notice", scope=scope, together_with=together),)
        return made

    return rules(**{id: document(id) | ({"limits": ONE_UNIT} if draw(st.booleans()) else {}) for id in NAMES})


@st.composite
def rights_of(draw: st.DrawFn) -> list[Right]:
    keys = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from((CHILD, OTHER))), unique=True))
    return [
        right(id, draw(st.sampled_from((0, 30, 60, 90))), unit_id=unit, is_held=draw(st.booleans()))
        for id, unit in keys
    ]


def is_lawful(chosen: Iterable[Right], law: StackingRules) -> bool:
    chosen = list(chosen)
    for one in chosen:
        had = {other.policy_id for other in chosen if other.unit_id == one.unit_id}
        if not one.is_held and not law.requires.get(one.policy_id, frozenset()) <= had:
            return False
        if len(of_same(one, chosen)) > law.most_units.get(one.policy_id, len(chosen)):
            return False
    return not any(law.between(one, other) for one, other in combinations(chosen, 2))


def everything(rights: list[Right], law: StackingRules) -> list[tuple[Right, ...]]:
    sizes = range(len(rights) + 1)
    return [chosen for size in sizes for chosen in combinations(rights, size) if is_lawful(chosen, law)]


@given(rights_of(), laws())
def test_nothing_lawful_is_worth_more(rights: list[Right], law: StackingRules) -> None:
    found = best_bundle(rights, law)
    assert found.is_exact
    assert is_lawful(found.taken, law)
    best = max(
        (law.worth(chosen), sum(one.is_held for one in chosen), len(chosen))
        for chosen in everything(rights, law)
    )
    assert best == (found.yearly_fen, sum(one.is_held for one in found.taken), len(found.taken))


@given(rights_of(), laws())
def test_whatever_is_left_out_has_its_reason_and_its_price(rights: list[Right], law: StackingRules) -> None:
    found = best_bundle(rights, law)
    assert sorted(one.key for one in rights) == sorted(
        [one.key for one in found.taken] + [one.right.key for one in found.left_out]
    )
    lawful = everything(rights, law)
    for left in found.left_out:
        assert left.against or left.requires
        worths = [law.worth(chosen) for chosen in lawful if left.right in chosen]
        assert left.loss_fen == (found.yearly_fen - max(worths) if worths else None)


@given(rights_of(), laws(), st.randoms())
def test_the_order_of_asking_changes_nothing(rights: list[Right], law: StackingRules, dice: Any) -> None:
    shuffled = list(rights)
    dice.shuffle(shuffled)
    assert best_bundle(shuffled, law) == best_bundle(rights, law)
