"""What the generated families and firms meet: known for everybody, within the catalogue, and not against itself."""

from pathlib import Path

import polars as pl
import pytest

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.profiles.city import generate
from policy_engine.profiles.layout import FRAME_NAMES, UNKNOWN_SUFFIX
from tests.policy_engine.profiles.conftest import AS_OF


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[EntityKind, pl.DataFrame]:
    directory: Path = tmp_path_factory.mktemp("town")
    generate(12_000, 2_500, 5, directory, as_of=AS_OF)
    return {kind: pl.read_parquet(directory / f"{name}.parquet") for kind, name in FRAME_NAMES.items()}


def test_no_fact_is_unknown_for_everybody(frames: dict[EntityKind, pl.DataFrame]) -> None:
    for kind, frame in frames.items():
        companions = [one for one in frame.columns if one.endswith(UNKNOWN_SUFFIX)]
        assert not [f"{kind}.{one}" for one in companions if frame[one].all()]


def test_every_label_is_one_of_the_catalogue(frames: dict[EntityKind, pl.DataFrame]) -> None:
    for kind, frame in frames.items():
        for one in catalogue().entities[kind].base_attributes:
            if one.type == "enum":
                assert set(frame[one.key].drop_nulls().unique()) <= set(one.values), one.id


def test_no_amount_is_below_zero(frames: dict[EntityKind, pl.DataFrame]) -> None:
    for kind, frame in frames.items():
        for one in catalogue().entities[kind].base_attributes:
            if one.type == "money":
                assert (frame[one.key].drop_nulls() >= 0).all(), one.id


def test_students_have_not_graduated(frames: dict[EntityKind, pl.DataFrame]) -> None:
    students = frames["person"].filter(pl.col("school_stage").is_in(["普通高中", "中职", "高职", "本科"]))
    assert students.height > 100
    assert (students["graduates_on"] >= AS_OF).all()


def test_a_parents_situation_is_reported_for_few_children_and_no_grown_up(
    frames: dict[EntityKind, pl.DataFrame],
) -> None:
    persons = frames["person"]
    reported = persons.filter(pl.col("father_situation").is_not_null())
    assert 0 < reported.height < persons.height // 500
    assert (reported["birth_date"] > AS_OF.replace(year=AS_OF.year - 19)).all()


def test_who_bought_a_home_has_a_day_a_kind_and_a_tax(frames: dict[EntityKind, pl.DataFrame]) -> None:
    homes = frames["household"]
    bought = homes.filter(pl.col("bought_on").is_not_null())
    assert bought.height > 100
    assert bought.filter(
        (pl.col("bought_rank") < 1) | (pl.col("deed_tax_paid") >= pl.col("taxable_price"))
    ).is_empty()
    assert (homes.filter(pl.col("bought_on").is_null())["bought_area"] == 0).all()


def test_the_latest_birth_of_a_household_is_its_youngest_child(
    frames: dict[EntityKind, pl.DataFrame],
) -> None:
    youngest = frames["person"].group_by("owner_id").agg(pl.col("birth_date").max())
    families = frames["household"].filter(pl.col("latest_birth_order") > 0)
    joined = families.join(youngest, left_on="subject_id", right_on="owner_id")
    assert joined.height > 500
    assert joined.filter(pl.col("latest_birth_on") != pl.col("birth_date")).is_empty()


def test_interns_are_young_and_only_they_are_paid_as_such(frames: dict[EntityKind, pl.DataFrame]) -> None:
    hires = frames["hire"]
    assert (hires.filter(kind="就业见习")["age_at_hire"] < 27).all()
    assert (hires.filter(pl.col("intern_pay") > 0)["kind"] == "就业见习").all()


def test_only_makers_above_scale_have_a_year_of_it(frames: dict[EntityKind, pl.DataFrame]) -> None:
    firms = frames["firm"]
    assert (firms.filter("is_above_scale")["first_above_scale_year"] > 1990).all()
    assert (firms.filter(~pl.col("is_above_scale"))["first_above_scale_year"] == 0).all()
