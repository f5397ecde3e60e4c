"""Columns must say what the reference says: verdict by verdict and fen by fen, whatever is absent or unknown."""

import random

import polars as pl
import pytest

from policy_engine.catalogue import catalogue
from policy_engine.compile import NotLowerable
from policy_engine.matching.bulk import match_city
from policy_engine.policies.published import PublishedPolicy, PublishedSet, publish_documents
from policy_engine.profiles.city import generate
from policy_engine.profiles.snapshot import Snapshot, from_directory
from tests.policy_engine.matching.comparison import by_the_oracle, in_columns
from tests.policy_engine.matching.town import AS_OF, ELDER, everything
from tests.policy_engine.policies.documents import benefit, clause


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    directory = tmp_path_factory.mktemp("city")
    generate(1200, 200, 7, directory, as_of=AS_OF)
    return from_directory(directory)


@pytest.fixture(scope="module")
def shaken(snapshot: Snapshot) -> Snapshot:
    """Values dealt out anew in every column, and a fifth of all facts unknown: no city is so unlikely."""
    dice = random.Random(11)  # noqa: S311
    frames = {}
    for kind, frame in snapshot.frames.items():
        small = frame.filter(pl.col("owner_id") % 3 == 0)
        columns = []
        for attribute in catalogue().entities[kind].base_attributes:
            pool = small[attribute.key].drop_nulls().unique().sort().to_list() or [None]
            dealt = [dice.choice([*pool, None]) for _ in range(small.height)]
            columns.append(pl.Series(attribute.key, dealt, dtype=frame.schema[attribute.key]))
            unknown = [dice.random() < 0.2 for _ in range(small.height)]
            columns.append(pl.Series(f"{attribute.key}__unknown", unknown, dtype=pl.Boolean))
        frames[kind] = small.select("subject_id", "owner_id").with_columns(columns)
    return Snapshot(frames, 0, AS_OF)


def test_a_generated_city(snapshot: Snapshot) -> None:
    published = everything()
    expected = by_the_oracle(snapshot, published)
    assert in_columns(match_city(snapshot, published, AS_OF)) == expected
    assert {row[0] for row in expected[0]} >= {"elder-allowance", "childcare-subsidy", "cared-elder"}


def test_a_city_shaken_through(shaken: Snapshot) -> None:
    published = everything()
    expected = by_the_oracle(shaken, published)
    assert in_columns(match_city(shaken, published, AS_OF)) == expected
    assert len({row[0] for row in expected[1]}) >= 15


def test_one_policy_stands_on_the_statuses_under_it(snapshot: Snapshot) -> None:
    whole = match_city(snapshot, everything(), AS_OF).eligible
    alone = match_city(snapshot, everything(), AS_OF, policies=["elder-allowance"]).eligible
    assert alone.equals(whole.filter(policy_id="elder-allowance"))


def test_an_amount_that_a_policy_does_not_give_is_a_defect(snapshot: Snapshot) -> None:
    nothing = benefit(id="nothing", benefit={"formula": "0", "period": "month", "source": "notice"})
    result = match_city(snapshot, publish_documents([(nothing, "official")]), AS_OF)
    assert result.eligible.height == 0
    assert result.defects["nothing"] > 0


def test_a_new_version_in_rollout_matches_once_each(snapshot: Snapshot) -> None:
    old = benefit(id="trial")
    new = benefit(id="trial", version=2, benefit={"formula": "150", "period": "month", "source": "notice"})
    both = PublishedSet(
        1,
        (
            PublishedPolicy(old, None, "official", 0, 100, 1000),
            PublishedPolicy(new, None, "official", 0, 0, 100),
        ),
    )
    kept = match_city(snapshot, both, AS_OF, is_rollout_kept=True).eligible
    everybody = match_city(snapshot, both, AS_OF).eligible
    assert kept["unit_id"].is_duplicated().sum() == 0
    assert set(kept["amount_fen"]) == {10_000, 15_000}
    assert set(everybody["amount_fen"]) == {15_000}
    assert everybody.height == kept.height


def test_what_has_no_columnar_form_is_refused(snapshot: Snapshot) -> None:
    every = benefit(eligibility=[clause("some x in 家庭.成员 satisfies x.年龄 > 年龄")])
    with pytest.raises(NotLowerable, match="批量"):
        match_city(snapshot, publish_documents([(ELDER, "official"), (every, "official")]), AS_OF)


def test_a_city_without_policies_matches_nobody(snapshot: Snapshot) -> None:
    result = match_city(snapshot, PublishedSet(0, ()), AS_OF)
    assert (result.eligible.height, result.unknown.height) == (0, 0)
