"""A simulation compares two matches of one city: its sums must be those of the matches, and every mover counted once."""

from datetime import date
from decimal import Decimal

import msgspec
import polars as pl
import pytest

from policy_engine.catalogue.scopes import changed_standards, standards_on
from policy_engine.matching.bulk import match_city
from policy_engine.matching.full_year import yearly_cost
from policy_engine.matching.simulation import Change, Simulation, simulate
from policy_engine.policies.document import PolicyDocument, YearlyCap
from policy_engine.policies.library import library
from policy_engine.policies.published import NOTHING, PublishedSet, publish_documents
from policy_engine.profiles.city import generate
from policy_engine.profiles.snapshot import Snapshot, from_directory
from tests.policy_engine.matching.town import AS_OF
from tests.policy_engine.policies.documents import benefit, clause


def for_people_from(age: int, amount: str, version: int = 1) -> PolicyDocument:
    return benefit(
        id="elder-grant",
        version=version,
        eligibility=[clause(f"年龄 >= {age}", source="notice"), clause("not(已死亡)", source="notice")],
        benefit={"formula": amount, "period": "month", "source": "notice"},
    )


def published(*documents: PolicyDocument) -> PublishedSet:
    return publish_documents([(one, "official") for one in documents])


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    directory = tmp_path_factory.mktemp("simulated")
    generate(3000, 300, 5, directory, as_of=AS_OF)
    return from_directory(directory)


@pytest.fixture(scope="module")
def dibao() -> PolicyDocument:
    return next(one.document for one in library() if one.document.id == "dibao")


def summed(changes: tuple[Change, ...]) -> Change:
    names = [name for name in Change.__struct_fields__ if name != "key"]
    return Change(key="", **{name: sum(getattr(one, name) for one in changes) for name in names})


def run(snapshot: Snapshot, present: PublishedSet, draft: PolicyDocument, **standards: int) -> Simulation:
    others = [one for one in present.documents.values() if one.id != draft.id]
    return simulate(snapshot, present, published(*others, draft), draft, as_of=AS_OF, standards=standards)


def test_of_a_new_policy_everybody_eligible_gains(snapshot: Snapshot) -> None:
    draft = for_people_from(70, "100")
    found = run(snapshot, NOTHING, draft)
    eligible = match_city(snapshot, published(draft), AS_OF).eligible
    assert found.before.version is None
    assert found.whole.gains == eligible.height > 0
    assert found.whole.stays == found.whole.loses == 0
    assert found.after.cost_fen == eligible.height * 100_00
    assert found.after.yearly_fen == 12 * found.after.cost_fen


def test_a_narrower_and_higher_version_takes_from_some_and_raises_the_rest(snapshot: Snapshot) -> None:
    old, new = for_people_from(70, "100"), for_people_from(80, "150", version=2)
    found = run(snapshot, published(old), new)
    assert found.whole.gains == 0
    assert found.whole.loses == found.before.eligible - found.after.eligible > 0
    assert found.whole.stays == found.whole.raised == found.after.eligible > 0
    assert found.whole.cost_before_fen == found.before.cost_fen
    assert found.whole.cost_after_fen == found.after.cost_fen


def test_the_same_version_again_moves_nobody(snapshot: Snapshot) -> None:
    draft = for_people_from(70, "100")
    whole = run(snapshot, published(draft), draft).whole
    assert (whole.gains, whole.loses, whole.raised, whole.lowered) == (0, 0, 0, 0)
    assert whole.stays > 0


def test_groups_add_up_to_the_whole(snapshot: Snapshot) -> None:
    found = run(snapshot, published(for_people_from(70, "100")), for_people_from(65, "90", version=2))
    assert summed(found.divisions) == found.whole
    assert summed(found.ages) == found.whole
    assert [one.key for one in found.ages] == ["60", "80"]


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (date(1946, 11, 23), "80"),
        (date(1946, 11, 24), "60"),
        (date(1966, 11, 23), "60"),
        (date(1966, 11, 24), "35"),
    ],
)
def test_a_band_begins_on_the_birthday(snapshot: Snapshot, born: date, band: str) -> None:
    people = (
        snapshot.frames["person"]
        .head(1)
        .with_columns(birth_date=pl.lit(born), is_deceased=pl.lit(value=False))
    )
    alone = msgspec.structs.replace(snapshot, frames={**snapshot.frames, "person": people})
    [change] = run(alone, NOTHING, for_people_from(0, "1")).ages
    assert change.key == band


def test_a_higher_standard_raises_those_who_live_below_it(snapshot: Snapshot, dibao: PolicyDocument) -> None:
    found = run(snapshot, published(dibao), dibao, 低保标准=100)
    assert found.whole.loses == found.whole.lowered == 0
    assert found.whole.raised == found.whole.stays > 0
    assert found.after.cost_fen > found.before.cost_fen
    assert found.ages == ()


def test_changed_standards_are_rounded_to_fen_and_leave_the_others_alone() -> None:
    now, then = standards_on(AS_OF), changed_standards(AS_OF, {"低保标准": 55})
    for old, new in zip(now["低保标准"].rows, then["低保标准"].rows, strict=True):
        assert old.value is not None
        assert new.value is not None
        assert abs(new.value - old.value * Decimal("1.055")) <= Decimal("0.005")
        assert new.value == round(new.value, 2)
    assert {name: table for name, table in then.items() if name != "低保标准"} == {
        name: table for name, table in now.items() if name != "低保标准"
    }


def test_an_unknown_standard_is_refused() -> None:
    with pytest.raises(KeyError):
        changed_standards(AS_OF, {"没有的标准": 10})


def test_overlaps_count_subjects_of_both(snapshot: Snapshot) -> None:
    other = benefit(
        id="women",
        eligibility=[clause('性别 = "女"', source="notice")],
        benefit={"formula": "1", "period": "once", "source": "notice"},
    )
    draft = for_people_from(70, "100")
    found = run(snapshot, published(other), draft)
    sides = [
        set(match_city(snapshot, published(one), AS_OF).eligible["subject_id"]) for one in (draft, other)
    ]
    assert [(one.policy_id, one.subjects) for one in found.overlaps] == [("women", len(sides[0] & sides[1]))]
    assert found.overlaps[0].subjects > 0


def test_nobody_is_no_error(snapshot: Snapshot) -> None:
    found = run(snapshot, NOTHING, for_people_from(200, "1"))
    assert found.whole.gains == 0
    assert found.divisions == found.ages == found.overlaps == ()


def held_to(eligible: list[tuple[int, int, int]], snapshot: Snapshot, **parts: object) -> int:
    """The cost of a year of these subjects, units and amounts (in yuan)."""
    document = benefit(
        benefit={"formula": "1", "period": parts.pop("period", "month"), "source": "notice"}, **parts
    )
    rows = pl.DataFrame(
        [(subject, unit, amount * 100) for subject, unit, amount in eligible],
        schema=["subject_id", "unit_id", "amount_fen"],
        orient="row",
    )
    return yearly_cost(document, rows, snapshot) // 100


TWO_OF_ONE = [(1, 11, 100), (1, 12, 300), (2, 21, 50)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, 12 * 450),
        ({"limits": [{"times": 3, "per": "year"}]}, 3 * 450),
        ({"limits": [{"times": 1, "per": "quarter"}]}, 4 * 450),
        ({"limits": [{"times": 14, "per": "year", "scope": "subject"}]}, 12 * 300 + 2 * 100 + 12 * 50),
        ({"limits": [{"times": 1, "per": "month", "scope": "subject"}]}, 12 * 350),
        ({"period": "once", "limits": [{"times": 1, "per": "year", "scope": "subject"}]}, 350),
        ({"period": "once", "limits": [{"times": 2, "per": "life", "scope": "subject"}]}, 450),
        ({"yearly_caps": [{"yuan": 1000, "source": "notice"}]}, 1000 + 1000 + 600),
        ({"yearly_caps": [{"yuan": 1000, "source": "notice", "scope": "subject"}]}, 1000 + 600),
        (
            {"limits": [{"times": 1, "per": "year"}], "yearly_caps": [{"yuan": 80, "source": "notice"}]},
            80 + 80 + 50,
        ),
    ],
)
def test_a_year_costs_what_limits_and_caps_let_pass(
    snapshot: Snapshot, parts: dict[str, object], expected: int
) -> None:
    assert held_to(TWO_OF_ONE, snapshot, **parts) == expected


def test_a_cap_of_the_household_bounds_all_its_members(snapshot: Snapshot) -> None:
    home, count = snapshot.frames["person"]["owner_id"].value_counts().filter(pl.col("count") > 1).row(0)
    people = snapshot.frames["person"].filter(owner_id=home)["subject_id"].to_list()
    assert count == len(people)
    caps = [{"yuan": 1500, "source": "notice", "scope": "household"}]
    assert held_to([(one, one, 100) for one in people], snapshot, yearly_caps=caps) == 1500


def test_a_simulation_says_what_limits_and_caps_keep_back(snapshot: Snapshot) -> None:
    draft = msgspec.structs.replace(
        for_people_from(70, "100"), yearly_caps=(YearlyCap(yuan=500, source="notice"),)
    )
    after = run(snapshot, NOTHING, draft).after
    assert after.yearly_fen == after.eligible * 500_00
    assert after.held_back_fen == after.eligible * 700_00
