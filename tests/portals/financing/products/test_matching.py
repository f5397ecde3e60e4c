"""One demand, and the whole city, against every product: what the reference says, verdict by verdict and fen by fen."""

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.catalogue.contexts import context_of
from policy_engine.matching.reference import match_by_reference
from policy_engine.policies.judgement import judge_context
from policy_engine.policies.library import library
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.profiles.evaluation import facts_for
from policy_engine.profiles.schemas import Family
from portals.financing.products.library import product_library
from portals.financing.products.matching import Asked, Match, match_demand, match_firms, misfits_of
from portals.financing.products.offered import OfferedSet, offered_set
from tests.policy_engine.matching.comparison import in_columns, shaken_city
from tests.policy_engine.matching.strangers import stranger_family
from tests.policy_engine.matching.town import AS_OF

MOST = {"collateral": ("none", "guarantee", "mortgage", "receivables", "patents", "person")}
PURPOSES = ("working_capital", "equipment", "premises", "research", "export", "green", "refinancing")


@pytest.fixture(scope="module")
def offered() -> OfferedSet:
    city = publish_documents((one.document, "official") for one in library())
    return offered_set((one.document for one in product_library()), city)


def some_demand(dice: random.Random) -> Asked:
    return Asked(
        amount_fen=dice.choice([100, 1_000_000, 5_000_000, 30_000_000, 50_000_000, 200_000_000, 10**10]),
        term_months=dice.choice([1, 3, 6, 12, 24, 36, 60, 61]),
        purpose=dice.choice(PURPOSES),
        collateral=frozenset(dice.sample(MOST["collateral"], dice.randint(1, 3))),
        repayment=dice.choice([None, None, "interest_first", "equal_instalments"]),
    )


def by_the_reference(offered: OfferedSet, family: Family, asked: Asked) -> list[tuple[str, str, int | None]]:
    """Status by status, clause by clause, range by range, in plain Python."""
    firm = facts_for(family, family.owner.subject_id)
    names = [one.name for one in offered.engine.statuses]
    context = context_of(firm, AS_OF, names)
    for policy in offered.engine.policies:
        status = policy.document.status
        if status is not None:
            verdict = judge_context(policy.document, context).verdict
            if verdict != "unknown":
                context[status.name] = verdict == "eligible"
    found = []
    for product in offered.products:
        judged = judge_context(product.policy, context)
        limit_fen = judged.amount_fen if judged.verdict == "eligible" and not judged.defect else None
        misfits = misfits_of(product.document, asked, limit_fen)
        verdict = "ineligible" if judged.defect or misfits else judged.verdict
        found.append((product.document.id, verdict, limit_fen))
    return found


def told(matches: list[Match]) -> list[tuple[str, str, int | None]]:
    return [(one.product.document.id, one.verdict, one.limit_fen) for one in matches]


@given(seed=st.integers(0, 10**6))
def test_one_demand_is_matched_as_the_reference_does(offered: OfferedSet, seed: int) -> None:
    family = stranger_family(seed, "firm", unknown=0.15)
    asked = some_demand(random.Random(seed))  # noqa: S311
    firm = facts_for(family, family.owner.subject_id)
    assert told(match_demand(offered, firm, asked, AS_OF)) == by_the_reference(offered, family, asked)


def test_the_city_is_matched_as_the_reference_does(offered: OfferedSet, tmp_path: Path) -> None:
    snapshot = shaken_city(tmp_path)
    ours, open_rows, _ours = in_columns(match_firms(offered, snapshot, AS_OF))
    reference = match_by_reference(snapshot, offered.engine, AS_OF)
    theirs, open_too, _defects = in_columns(reference)
    ids = offered.by_id.keys()
    assert ours == {row: fen for row, fen in theirs.items() if row[0] in ids}
    assert open_rows == {row for row in open_too if row[0] in ids}
    assert {row[0] for row in ours} >= {"guarantee-small", "fuhe-renewal"}


def test_more_than_the_limit_says_what_could_be_had(offered: OfferedSet) -> None:
    product = offered.by_id["dongchu-tax-credit"].document
    asked = Asked(
        amount_fen=100_000_000, term_months=12, purpose="working_capital", collateral=frozenset({"none"})
    )
    assert misfits_of(product, asked, 80_000_000) == ("limit",)
    assert misfits_of(product, asked, 100_000_000) == ()
    assert misfits_of(product, asked, None) == ()


def test_a_product_whose_time_is_over_is_not_offered(offered: OfferedSet) -> None:
    old = msgspec.structs.replace(product_library()[0].document, valid_until=AS_OF.replace(day=1))
    late: OfferedSet = offered_set([old], PublishedSet(0, ()))
    family = stranger_family(1, "firm")
    firm = facts_for(family, family.owner.subject_id)
    assert match_demand(late, firm, some_demand(random.Random(1)), AS_OF) == []  # noqa: S311
