"""The generated city: nobody who can exist, families that make sense, proportions as published."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from identity.registry.identifiers import id_check_character, normalise, uscc_check_character
from policy_engine.catalogue import catalogue
from policy_engine.profiles.city import generate
from policy_engine.profiles.layout import FRAME_NAMES, column_types
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.validation import require_valid
from tests.policy_engine.profiles.conftest import AS_OF, NOON


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for proportions to show."""
    directory = tmp_path_factory.mktemp("town")
    generate(40_000, 4_000, 11, directory, as_of=AS_OF)
    return directory


def read(directory: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(directory / f"{name}.parquet")


def share(flags: pl.Series) -> float:
    return float(flags.cast(pl.Float64).to_numpy().mean())


@pytest.fixture(scope="module")
def persons(town: Path) -> pl.DataFrame:
    age = (pl.lit(AS_OF) - pl.col("birth_date")).dt.total_days() / 365.2425
    return read(town, "persons").with_columns(age=age)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate(300, 30, 3, tmp_path / name, as_of=AS_OF)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_another_seed_gives_another_city(tmp_path: Path) -> None:
    for seed in (1, 2):
        generate(300, 30, seed, tmp_path / str(seed), as_of=AS_OF)
    assert not read(tmp_path / "1", "persons").equals(read(tmp_path / "2", "persons"))


def test_a_city_of_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 100"):
        generate(5, 1, 1, tmp_path, as_of=AS_OF)


def test_there_are_exactly_as_many_as_asked_for(town: Path) -> None:
    assert read(town, "persons").height == 40_000
    assert read(town, "firms").height == 4_000


def test_every_identity_number_is_well_formed_and_under_a_code_never_assigned(town: Path) -> None:
    people = read(town, "registry").filter(kind="person", identifier_kind="id_number")
    joined = people.join(read(town, "persons"), on="subject_id")
    assert "429999" not in catalogue().divisions
    assert people["identifier"].is_unique().all()
    for number, born, sex in joined.select("identifier", "birth_date", "sex").iter_rows():
        assert number[:6] == "429999"
        assert number[6:14] == born.strftime("%Y%m%d")
        assert (int(number[16]) % 2 == 1) == (sex == "男")
        assert number[17] == id_check_character(number[:17])


def test_every_credit_code_passes_its_check_under_a_code_never_assigned(town: Path) -> None:
    codes = read(town, "registry").filter(kind="firm")["identifier"]
    assert codes.is_unique().all()
    for code in codes:
        assert code[2:8] == "429999"
        assert normalise("uscc", code)[17] == uscc_check_character(code[:17])


def test_no_telephone_number_can_be_dialled(town: Path) -> None:
    phones = read(town, "registry")["phone"].drop_nulls()
    assert phones.str.contains(r"^100\d{8}$").all()
    assert phones.is_unique().all()


def test_some_names_have_a_dot_and_some_rare_characters(town: Path) -> None:
    names = read(town, "registry").filter(kind="person")["name"]
    assert names.str.contains("·").any()
    assert names.str.contains("[𬱖𫖯𬴂㛃䶮]").any()
    assert (names.str.len_chars() <= 50).all()


def test_account_numbers_are_never_whole(town: Path) -> None:
    registry = read(town, "registry")
    assert registry["payee_account"].drop_nulls().str.contains(r"\*\*\*\* \*\*\*\* \d{4}$").all()
    assert (registry["payee_account"].is_not_null() == registry["has_payee_account"]).all()


def test_every_household_has_one_head_who_is_grown_up(persons: pl.DataFrame) -> None:
    heads = persons.filter(relation_to_head="户主")
    assert heads["owner_id"].is_unique().all()
    assert heads.height == persons["owner_id"].n_unique()
    assert (heads["age"] >= 18).all()


def test_spouses_are_mutual_of_two_sexes_and_of_similar_age(persons: pl.DataFrame) -> None:
    pairs = persons.filter(pl.col("spouse_id").is_not_null()).join(
        persons, left_on="spouse_id", right_on="subject_id", suffix="_other"
    )
    assert (pairs["subject_id"] == pairs["spouse_id_other"]).all()
    assert (pairs["sex"] != pairs["sex_other"]).all()
    assert (pairs["age"] >= 19).all()
    assert share((pairs["age"] - pairs["age_other"]).abs() < 10) > 0.99


def test_parents_were_of_an_age_to_have_the_child(persons: pl.DataFrame) -> None:
    for parent, oldest in (("mother_id", 46.1), ("father_id", 62.1)):
        pairs = persons.join(persons, left_on=parent, right_on="subject_id", suffix="_parent")
        gap = pairs["age_parent"] - pairs["age"]
        assert pairs.height > 8_000
        assert (gap > 17.9).all()
        assert (gap < oldest).all()


def test_children_live_with_their_mother(persons: pl.DataFrame) -> None:
    children = persons.filter((pl.col("age") < 18) & pl.col("mother_id").is_not_null())
    mothers = persons.select("subject_id", "owner_id")
    together = children.join(mothers, left_on="mother_id", right_on="subject_id", suffix="_mother")
    assert (together["owner_id"] == together["owner_id_mother"]).all()


def test_siblings_are_a_year_apart_or_twins(persons: pl.DataFrame) -> None:
    children = persons.filter((pl.col("age") < 17) & pl.col("mother_id").is_not_null())
    spacing = children.sort("mother_id", "birth_date").select(
        pl.col("birth_date").diff().over("mother_id").dt.total_days().alias("days")
    )["days"]
    assert share(spacing.drop_nulls().is_between(2, 299)) < 0.001


def test_ages_and_households_follow_the_census(persons: pl.DataFrame) -> None:
    assert share(persons.select(pl.col("age").ge(65)).to_series()) == pytest.approx(0.146, abs=0.006)
    assert share(persons.select(pl.col("age").lt(15)).to_series()) == pytest.approx(0.163, abs=0.006)
    assert persons.height / persons["owner_id"].n_unique() == pytest.approx(2.65, abs=0.12)
    assert share(persons.select(pl.col("sex").eq("男")).to_series()) == pytest.approx(0.519, abs=0.01)


def test_yangxin_has_about_a_thousand_of_ninety_to_ninety_four_per_two_and_a_half_million(
    persons: pl.DataFrame,
) -> None:
    nineties = share(persons.select(pl.col("age").is_between(90, 95, closed="left")).to_series())
    yangxin = share(persons.select(pl.col("residence_division").str.starts_with("420222")).to_series())
    assert 500 < nineties * yangxin * 2_500_000 < 1_500


def test_disability_and_relief_are_a_few_per_cent(town: Path, persons: pl.DataFrame) -> None:
    assert 0.02 < share(persons["disability_level"].is_not_null()) < 0.03
    relief = share(persons.join(read(town, "households"), on="owner_id")["is_dibao"])
    assert 0.03 < relief < 0.045


def test_means_are_known_only_where_they_were_lawfully_checked(town: Path) -> None:
    households = read(town, "households")
    known = households.filter(~pl.col("monthly_income__unknown"))
    assert 0.03 < known.height / households.height < 0.05
    assert share(known["is_dibao"] | known["is_dibao_marginal"]) > 0.85
    assert households.filter("is_dibao")["monthly_income__unknown"].sum() == 0
    assert households.filter(pl.col("monthly_income__unknown"))["monthly_income"].is_null().all()


def test_care_need_is_known_only_to_a_part_of_the_severely_disabled(persons: pl.DataFrame) -> None:
    assessed = persons.filter(~pl.col("has_long_term_care_need__unknown"))
    assert assessed["disability_level"].is_in([1, 2]).all()
    severe = persons.filter(pl.col("disability_level") <= 2)
    assert 0.2 < share(severe["has_long_term_care_need__unknown"]) < 0.8


def test_a_recognised_allowance_has_number_dates_and_less_income_than_the_standard(town: Path) -> None:
    relief = read(town, "households").filter("is_dibao")
    assert relief["dibao_number"].is_unique().all()
    assert (relief["dibao_from"] <= AS_OF).all()
    assert (relief["dibao_until"] > AS_OF).all()
    sizes = read(town, "persons").group_by("owner_id").len()
    standard = catalogue().parameters["低保标准"]
    for row in relief.join(sizes, on="owner_id").iter_rows(named=True):
        per_head = standard.value_on(AS_OF, row["hukou_division"], row["hukou_type"])
        assert per_head is not None
        assert row["dibao_income"] < per_head * row["len"]


def test_no_adult_is_an_orphan_and_no_orphan_has_parents(persons: pl.DataFrame) -> None:
    orphans = persons.filter("is_orphan")
    assert orphans.height > 0
    assert (orphans["age"] < 18).all()
    assert (orphans["mother_id"].is_null() & orphans["father_id"].is_null()).all()
    assert (persons["is_orphan"] == persons["orphan_care"].is_not_null()).all()


def test_hitech_firms_are_as_many_in_proportion(town: Path) -> None:
    firms = read(town, "firms")
    assert firms["hitech_recognition"].is_not_null().sum() == round(478 * 4_000 / 250_000)
    assert (firms.filter(pl.col("hitech_recognised_on").is_not_null())["firm_kind"] == "企业").all()


def test_legal_representatives_hires_and_borrowers_are_of_the_city(town: Path) -> None:
    persons, firms = read(town, "persons"), read(town, "firms")
    assert firms["legal_representative_id"].is_in(persons["subject_id"].implode()).all()
    for name in ("hires", "loans"):
        items = read(town, name)
        assert items.height > 50
        assert items["person_id"].is_in(persons["subject_id"].implode()).all()
        assert items["owner_id"].is_in(firms["subject_id"].implode()).all()


def test_every_value_is_one_the_catalogue_allows(city: Path) -> None:
    for kind, name in FRAME_NAMES.items():
        frame = read(city, name)
        for attribute in catalogue().entities[kind].base_attributes:
            assert frame.schema[attribute.key] == column_types(catalogue().entities[kind])[attribute.key]
            companion = f"{attribute.key}__unknown"
            known = frame.filter(~pl.col(companion)) if companion in frame.columns else frame
            said = [
                one.isoformat() if isinstance(one, date) else one for one in known[attribute.key].unique()
            ]
            require_valid(
                [
                    FactChange(
                        subject_id=1,
                        attribute=attribute.id,
                        value=value,
                        source="test",
                        event_id="test",
                        observed_at=NOON,
                    )
                    for value in said
                ],
                catalogue(),
            )


def test_a_companion_stands_only_where_something_is_unknown(city: Path) -> None:
    for name in FRAME_NAMES.values():
        frame = read(city, name)
        companions = [column for column in frame.columns if column.endswith("__unknown")]
        assert all(frame[column].any() for column in companions)
