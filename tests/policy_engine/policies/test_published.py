"""The set of policies in force, in the order in which it can be worked out."""

from datetime import date

import pytest

from policy_engine.policies.dependencies import StatusLoop
from policy_engine.policies.published import publish_documents
from policy_engine.policies.rollout import rollout_bucket
from tests.policy_engine.policies.documents import benefit, clause, status


def test_statuses_come_before_what_stands_on_them() -> None:
    on_status = benefit(id="aaa-first-by-name", eligibility=[clause("老年人")])
    published = publish_documents([(on_status, "official"), (status(), "official")])
    assert [one.document.id for one in published.policies] == ["trial-status", "aaa-first-by-name"]
    assert [one.name for one in published.statuses] == ["老年人"]


def test_ring_of_statuses_cannot_be_published() -> None:
    with pytest.raises(StatusLoop):
        publish_documents([(status(eligibility=[clause("not(老年人)")]), "official")])


def test_policy_is_in_force_from_its_first_to_its_last_day() -> None:
    document = benefit(effective_from=date(2026, 1, 1), effective_to=date(2026, 12, 31))
    published = publish_documents([(document, "official")])
    in_force = [
        len(published.effective_on(day)) for day in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31))
    ]
    assert in_force == [0, 1, 1]
    assert published.effective_on(date(2027, 1, 1)) == ()


def test_only_official_figures_are_no_demonstration() -> None:
    published = publish_documents([(benefit(), "official"), (benefit(id="trial-other"), "press")])
    assert {one.document.id: one.is_demonstration for one in published.policies} == {
        "trial-allowance": False,
        "trial-other": True,
    }


def test_policy_is_found_by_id_and_version() -> None:
    published = publish_documents([(benefit(), "official")])
    assert published.named("trial-allowance") is published.policies[0]
    assert published.named("trial-allowance", 2) is None
    assert published.named("trial-nothing") is None


def test_buckets_are_spread_evenly_and_differ_between_policies() -> None:
    first = [rollout_bucket("trial-allowance", number) for number in range(20_000)]
    second = [rollout_bucket("trial-other", number) for number in range(20_000)]
    assert 150 <= sum(one < 10 for one in first) <= 250
    assert sum(one == other for one, other in zip(first, second, strict=True)) < 100
