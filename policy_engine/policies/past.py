"""Which versions were in force on an earlier day: told from the hands put to them, which are never erased."""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from policy_engine.policies import repository
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.published import PublishedSet, published_set
from policy_engine.policies.states import CANARY_PERMILLE, FULL_PERMILLE

_REACHES = {"publish": CANARY_PERMILLE, "widen": FULL_PERMILLE}


def published_on(session: Session, day: date) -> PublishedSet:
    """The set as it stood at the end of a day in Shanghai, each version as far as it had been rolled out by then."""
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=SHANGHAI).astimezone(UTC)
    hands = repository.approvals_before(session, midnight)
    versions = {
        one.id: one for one in repository.versions_among(session, {hand.version_id for hand in hands})
    }
    reached: dict[uuid.UUID, int] = {}
    stopped: set[uuid.UUID] = set()
    for hand in hands:
        if hand.action in _REACHES:
            reached[hand.version_id] = _REACHES[hand.action]
        if hand.action == "widen":  # earlier versions are superseded for good
            stopped.update(_earlier(versions, versions[hand.version_id]))
        elif hand.action in ("suspend", "recall", "revoke"):
            stopped.add(hand.version_id)
        elif hand.action == "resume":
            stopped.discard(hand.version_id)
    in_force = [(row, reached[row.id]) for row in versions.values() if row.id in reached.keys() - stopped]
    return published_set(repository.current_epoch(session), in_force)


def _earlier(versions: Mapping[uuid.UUID, PolicyVersion], version: PolicyVersion) -> set[uuid.UUID]:
    return {
        one.id
        for one in versions.values()
        if one.policy_id == version.policy_id and one.version < version.version
    }
