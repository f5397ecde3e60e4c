"""The benchmarks of matching run, small: they compare every verdict and amount with their rivals, and fail where one differs."""

import importlib

import pytest


def test_polars_by_hand_says_the_same_of_two_hundred_policies() -> None:
    bulk = importlib.import_module("benchmarks.bulk_two_hundred_policies")
    whole, one = bulk.measure(residents=1000, rounds=1)
    assert whole["eligible"] > 0
    assert whole["unknown"] > 0
    assert one["changes"] > 0


def test_growth_is_told_at_every_size() -> None:
    growth = importlib.import_module("benchmarks.growth_of_the_city")
    figures = list(growth.measure(residents=10_000, rounds=1))
    assert [one["residents"] for one in figures] == sorted(one["residents"] for one in figures)
    assert figures[-1]["residents"] == 10_000


def test_duckdb_says_the_same_of_two_hundred_policies() -> None:
    pytest.importorskip("duckdb", reason="comes with what the benchmarks need")
    (figure,) = importlib.import_module("benchmarks.bulk_beside_duckdb").measure(residents=1000, rounds=1)
    assert figure["eligible"] > 0


def test_engines_that_judge_one_by_one_say_the_same_of_the_same_people() -> None:
    for rival in ("clips", "zen", "openfisca_core"):
        pytest.importorskip(rival, reason="comes with what the benchmarks need")
    figures = importlib.import_module("benchmarks.subject_engines").measure(subjects=60)
    assert {one["rival"] for one in figures} == {
        "our_generated_code_on_rows_made_before",
        "clips",
        "zen",
        "durable_rules_statuses_given",
        "openfisca",
    }
