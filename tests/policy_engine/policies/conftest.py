"""People on seats for the life of a policy."""

import uuid

import pytest

from kernel.web.principal import Principal, SeatView
from policy_engine.policies.published import PublishedPolicies


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


@pytest.fixture
def author() -> Principal:
    return official(1, "policy.author")


@pytest.fixture
def publisher() -> Principal:
    return official(2, "policy.publish")


@pytest.fixture
def published_policies() -> PublishedPolicies:
    return PublishedPolicies()
