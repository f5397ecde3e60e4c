"""Generated code through the chain, on four threads at once, leaves what the reference evaluator says of everybody."""

from benchmarks.made_policies import published_made
from benchmarks.soak import AS_OF, soak
from policy_engine.matching.network import networks_of


def test_four_threads_of_random_changes() -> None:
    published = published_made(60)
    found = soak(published, changes=800, threads=4, seconds=20, check_every=100, families=3)
    assert found["wrong"] == 0
    assert found["changes"] > 200
    assert found["grown_mib"] < 48


def test_two_hundred_policies_are_judged_by_generated_code() -> None:
    assert networks_of(published_made(), AS_OF).compiled is not None
