"""What the health check says a step would bring is what it would bring, or nothing is said."""

from typing import Any

import pytest

from policy_engine.matching.evaluation import FamilyCase
from policy_engine.matching.explanation import near_misses
from policy_engine.policies.published import publish_documents
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from portals.financing.profile.health import amount_then
from tests.policy_engine.matching.town import AS_OF, NOON
from tests.policy_engine.policies.documents import benefit, clause

HOME, GRANNY = 1, 2


def subject(subject_id: int, kind: Any, **facts: Any) -> KnownSubject:
    known = {key: KnownFact(value, "civil_affairs", NOON) for key, value in facts.items()}
    return KnownSubject(subject_id, kind, HOME, None, "420222100", 1, known)


@pytest.mark.parametrize(
    ("formula", "condition", "amount_fen"),
    [
        ("100", "家庭.家庭月收入 > 0", 10_000),
        ("家庭.家庭月收入", "家庭.家庭月收入 > 0", None),
        ("家庭.家庭月收入 * 2", "家庭.家庭月收入 >= 500", None),
    ],
    ids=["the same for all", "as large as what is lacking", "a share of it"],
)
def test_an_amount_is_said_only_where_a_longer_step_brings_no_more(
    formula: str, condition: str, amount_fen: int | None
) -> None:
    document = benefit(
        eligibility=[
            clause("年龄 >= 60", id="age", source="notice"),
            clause("年龄 < 120", id="alive", source="notice"),
            clause(condition, id="lacking", source="notice"),
        ],
        benefit={"formula": formula, "period": "month", "source": "notice"},
    )
    home = subject(HOME, "household", monthly_income=0, is_dibao=False)
    family = Family(home, (subject(GRANNY, "person", birth_date="1940-01-01"),), 1)
    case = FamilyCase(family, publish_documents([(document, "official")]), AS_OF)
    (near,) = near_misses(case, frozenset({GRANNY}))
    assert amount_then(near, case) == amount_fen
