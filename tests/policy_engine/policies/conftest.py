"""People on seats for the life of a policy."""

import uuid
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from kernel.web.principal import Principal, SeatView
from policy_engine.policies import reviewing
from policy_engine.policies.published import NOTHING, PublishedPolicies, PublishedSet
from policy_engine.policies.reviewing import Review
from tests.conftest import NOON


def official(number: int, *duties: str, division: str = "420200") -> Principal:
    """A person on a seat of their own; person and seat share the number."""
    seat = SeatView(
        id=number, title=f"席位{number}", division=division, department="民政局", duties=frozenset(duties)
    )
    return Principal(
        subject_id=number,
        name=f"公务员{number}",
        capacity="seat",
        acting_for=number,
        acting_for_name="",
        seat=seat,
        scopes=frozenset(),
        acr="urn:dongchu:acr:2",
        client_id="zhengtong",
        grant_id=uuid.UUID(int=number),
    )


FINDINGS = Review(legality="与上位法一致", fair_competition="不限制竞争", funds="预算已列")
FIGURES = {"gains": 1, "loses": 0, "stays": 0}


def bring_to_approval(
    session: Session,
    version_id: uuid.UUID,
    author: Principal,
    publisher: Principal,
    *,
    published: PublishedSet = NOTHING,
    now: datetime = NOON,
) -> None:
    """Every step between a draft and its approval, by those whose steps they are."""
    reviewing.submit(session, version_id, actor=author, now=now)
    reviewing.review(session, version_id, actor=publisher, published=published, findings=FINDINGS, now=now)
    reviewing.verify(session, version_id, actor=author, published=published, now=now)
    reviewing.fund(session, version_id, actor=official(3, "payment.approve"), note="社会救助科目", now=now)
    reviewing.note_shadow_run(session, version_id, actor=publisher, figures=FIGURES, now=now)


def approve(
    session: Session,
    version_id: uuid.UUID,
    author: Principal,
    publisher: Principal,
    *,
    published: PublishedSet = NOTHING,
    now: datetime = NOON,
) -> None:
    """From a draft to an approved version."""
    bring_to_approval(session, version_id, author, publisher, published=published, now=now)
    reviewing.approve(session, version_id, actor=publisher, published=published, now=now)


@pytest.fixture
def author() -> Principal:
    return official(1, "policy.author")


@pytest.fixture
def publisher() -> Principal:
    return official(2, "policy.publish")


@pytest.fixture
def published_policies() -> PublishedPolicies:
    return PublishedPolicies()
